package cli

import (
	"testing"

	"adtop/kpi"
	"adtop/sources/apple_ads"
	"adtop/sources/linkedin_ads"
	"adtop/sources/reddit_ads"
	"adtop/sources/snapchat_ads"
	"adtop/sources/taboola"
)

// TestWhoCountsNoViewsTellsNone: an option that leaves conversions after a view out
// leaves their figure unknown, while a type that tells of them does so as it comes.
func TestWhoCountsNoViewsTellsNone(t *testing.T) {
	types := registry()
	for _, name := range types.Names() {
		d, err := types.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if d.Gives&kpi.ViewThrough != 0 && d.Views != nil && !d.Views(d.Options()) {
			t.Errorf("%s tells of no views as it comes", d.Type)
		}
		if d.Gives&kpi.ViewThrough == 0 && d.Views != nil {
			t.Errorf("%s tells of views by an option and does not give them", d.Type)
		}
	}
	for name, told := range map[string]bool{
		"taboola":  taboola.Definition().Views(&taboola.Options{Count: "clicks"}),
		"reddit":   redditads.Definition().Views(&redditads.Options{Result: "purchase", Count: "clicks"}),
		"apple":    appleads.Definition().Views(&appleads.Options{Installs: "tap"}),
		"linkedin": linkedinads.Definition().Views(&linkedinads.Options{Result: "lead"}),
		"snapchat": snapchatads.Definition().Views(&snapchatads.Options{Result: "purchase", ViewWindow: "none"}),
	} {
		if told {
			t.Errorf("%s tells of views that it does not count", name)
		}
	}
}
