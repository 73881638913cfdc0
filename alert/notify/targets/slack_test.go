package targets

import (
	"strings"
	"testing"
)

func TestALongTextIsManySectionsOfSlackAndNoneTooLong(t *testing.T) {
	paragraph := strings.Repeat("<&> ", 600) // 7,800 characters when escaped
	parts := slackParts(strings.Repeat("short\n\n", 100) + strings.Repeat(paragraph+"\n\n", 60))
	if len(parts) != slackSections+1 || parts[slackSections] != "…" || !strings.HasPrefix(parts[0], "short\n\nshort") {
		t.Fatalf("%d sections, the first is %.40q", len(parts), parts[0])
	}
	for _, part := range parts[1:slackSections] {
		if n := len([]rune(part)); n > slackSection || n < slackSection-10 || strings.Contains(strings.NewReplacer("&lt;", "", "&gt;", "", "&amp;", "").Replace(part), "&") {
			t.Errorf("%d characters, its end is %q", n, part[len(part)-20:])
		}
	}
}
