package sources

import (
	"slices"
	"strings"
	"testing"
)

func TestAVisitIsKnownByItsParametersElseByItsReferrer(t *testing.T) {
	for _, c := range []struct {
		visit Visit
		key   Key
		click string
	}{
		{Visit{}, Key{}, ""},
		{Visit{Source: "news\x1b", Referrer: "https://a.example/"}, Key{Source: "news"}, ""},
		{Visit{Referrer: "https://www.A.example:8080/private?mail=x"}, Key{Referrer: "a.example"}, ""},
		{Visit{Referrer: "android-app://com.google.android.gm"}, Key{Referrer: "com.google.android.gm"}, ""},
		{Visit{Referrer: "b.example./x"}, Key{Referrer: "b.example"}, ""},
		{Visit{Referrer: "https://[::1]/"}, Key{}, ""},
		{Visit{Referrer: "about:blank"}, Key{}, ""},
		{Visit{Landing: "/?a=1&ScCid=s1#x?gclid=no"}, Key{Click: "sccid"}, "s1"},
		{Visit{Landing: "https://shop.example/p?fbclid=f1&gclid=g1"}, Key{Click: "gclid"}, "g1"},
		{Visit{Landing: "/?gclid=&yclid=7&%zz"}, Key{Click: "yclid"}, "7"},
		{Visit{Landing: "/gclid=g1"}, Key{}, ""},
	} {
		if key, click := c.visit.Key(); key != c.key || click != c.click {
			t.Errorf("%+v is %+v, click %q", c.visit, key, click)
		}
	}
}

// FuzzAVisitLeavesNoAddress: what is kept of an address is a host and a kind.
func FuzzAVisitLeavesNoAddress(f *testing.F) {
	f.Add("https://shop.example/?gclid=g1&email=a%40b.example", "https://www.news.example/post")
	f.Fuzz(func(t *testing.T, landing, referrer string) {
		key, click := Visit{Landing: landing, Referrer: referrer}.Key()
		if key.Referrer != "" && !hostPattern.MatchString(key.Referrer) || (key.Click == "") != (click == "") || key.Click != "" && !slices.Contains(ClickKinds, key.Click) {
			t.Fatalf("%q, %q: %+v, %q", landing, referrer, key, click)
		}
		if ParseKey(key.ID()) != key || strings.ContainsAny(key.Name(), "\x1b\n") {
			t.Fatalf("%+v is no key", key)
		}
	})
}

func TestAKeyFromBeforeAFieldWasKnownReadsAsEver(t *testing.T) {
	for id, want := range map[string]Key{"none": {}, "dialled=%2B4930": {Dialled: "+4930"}, "promo=X&utm_campaign=spring&utm_source=google": {Source: "google", Campaign: "spring", Promo: "X"}} {
		if got := ParseKey(id); got != want || got.ID() != id {
			t.Errorf("%q reads %+v, whose id is %q", id, got, got.ID())
		}
	}
}
