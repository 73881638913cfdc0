package sources

import (
	"strings"
	"testing"
)

func TestClickIsTakenOutOfAPage(t *testing.T) {
	for page, want := range map[string]string{
		"https://a.example/?utm_source=x&gclid=Cj0%20K":     "Cj0 K",
		"a.example/b?yclid=7#c":                             "7",
		"a.example/?fbclid=1&gclid=2":                       "2",
		"a.example/?gclid=a%1bb":                            "ab",
		"a.example/#?gclid":                                 "",
		"a.example/gclid=1":                                 "",
		"a.example/?%zz&msclkid=3":                          "3",
		"a.example/?gclid=" + strings.Repeat("x", maxQuery): "",
		"": "",
	} {
		if got := ClickID(page); got != want {
			t.Errorf("%.60s: %q, want %q", page, got, want)
		}
	}
}

func FuzzClickID(f *testing.F) {
	f.Add("a.example/?gclid=a%1bb&yclid=2#c")
	f.Fuzz(func(t *testing.T, page string) {
		if id := ClickID(page); id != Clean(id) {
			t.Errorf("%q of %q", id, page)
		}
	})
}
