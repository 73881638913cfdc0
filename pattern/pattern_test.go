package pattern

import "testing"

func TestPatternMatchesWholeNamesWithoutCaseAndExpressionsAsWritten(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "anything", true},
		{"", "", true},
		{"*", "", true},
		{"Search*", "search shoes", true},
		{"Search*", "My search", false},
		{"*brand*", "DE BRAND exact", true},
		{"br?nd", "brÄnd", true},
		{"br?nd", "brnd", false},
		{"äöü", "ÄÖÜ", true},
		{"a.b", "axb", false},
		{"[DE] (1+1)*", "[de] (1+1) x", true},
		{"a*b", "a\nb", true},
		{"/^Search/", "Search shoes", true},
		{"/^Search/", "search shoes", false},
		{"/^search/i", "Search shoes", true},
		{"/shoes/", "Search shoes", true},
		{"/^a/b$/", "a/b", true},
		{"/a|b$/i", "xB", true},
	} {
		p, err := Parse(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(test.name); got != test.want {
			t.Errorf("%q matches %q: %t", test.pattern, test.name, got)
		}
	}
}

func TestBrokenPatternIsRefused(t *testing.T) {
	for _, text := range []string{"/", "//", "//i", "/a", "/a/x", "/(/", "/a{9999}/", "/(?=a)/", string(make([]byte, 600))} {
		if p, err := Parse(text); err == nil {
			t.Errorf("%q was read as %v", text, p)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"", "a*", "/a/", "/a/i", "?", "[", "/[/", "(?i)", `\`, "\xff"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		p.Match(name)
		if again, err := Parse(p.String()); err != nil || again.Match(name) != p.Match(name) {
			t.Errorf("%q does not read back as itself: %v", text, err)
		}
	})
}
