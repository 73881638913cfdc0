//go:build !windows

package cli

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheDigestIsPrintedInEveryFormat: as text, for a wiki, and for a program.
func TestTheDigestIsPrintedInEveryFormat(t *testing.T) {
	dir := home(t)
	path := shop(t, dir)
	day := func(ago int) string { return dayAgo(t, ago) }
	write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n"+day(1)+",Brand *EU*,10,20.00,2,90.00\n"+day(2)+",Brand *EU*,10,30.00,1,40.00\n")
	if code, _, stderr := adtop(t, "collect", "--once", "--config", path); code != 0 {
		t.Fatal(stderr)
	}
	code, out, stderr := adtop(t, "report", "--config", path, "--digest")
	if code != 0 || !strings.HasPrefix(out, "Shop, ") || !strings.Contains(out, "profit 25.00 EUR (+35.00)") || !strings.Contains(out, "Brand *EU* (Partners): profit +35.00, to 25.00 EUR.") || !strings.Contains(out, "None fired, none ended.") {
		t.Errorf("text: %d %s %s", code, out, stderr)
	}
	code, out, _ = adtop(t, "report", "--config", path, "--digest", "day", "--format", "markdown")
	if code != 0 || !strings.HasPrefix(out, "# Shop, ") || !strings.Contains(out, "\n## Channels\n\n- Partners: cost 20.00 EUR") || !strings.Contains(out, `- Brand \*EU\* (Partners)`) {
		t.Errorf("markdown: %d %s", code, out)
	}
	code, out, _ = adtop(t, "report", "--config", path, "--digest=week", "--format", "json")
	var d jsonDigest
	if err := json.Unmarshal([]byte(out), &d); code != 0 || err != nil {
		t.Fatalf("%d %v: %s", code, err, out)
	}
	if d.Version != 1 || d.Period != "week" || d.Range.From != day(7) || d.Range.To != day(1) || *d.Total.Cost != "50.00" || d.Total.Previous != nil || d.Compared != nil || len(d.Channels) != 1 {
		t.Errorf("JSON: %s", out)
	}
	for _, args := range [][]string{{"--digest", "month"}, {"--digest=month"}, {"--digest", "--format", "pdf"}, {"day"}, {"--format", "markdown"}} {
		if code, _, stderr := adtop(t, append([]string{"report", "--config", path}, args...)...); code != 2 {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
}
