package ui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"adtop/kpi"
)

// TestTheChannelSaysHowManyConversionsRestOnViews: beside how its results are credited,
// and only where it is told that some are.
func TestTheChannelSaysHowManyConversionsRestOnViews(t *testing.T) {
	const said = "followed a view without a click"
	for name, c := range map[string]struct {
		m    kpi.Metrics
		want string
	}{
		"a part of them": {kpi.Metrics{Has: kpi.AllFields, Conversions: 40_000_000, ViewThrough: 12_400_000}, "12.4 of 40 conversions (31%) " + said},
		"none of them":   {kpi.Metrics{Has: kpi.AllFields, Conversions: 40_000_000}, ""},
		"not told":       {kpi.Metrics{Has: kpi.Usual, Conversions: 40_000_000}, ""},
	} {
		a := testApp(120, 60, looks[3])
		s := testSnapshot()
		for i := range s.Channels {
			s.Channels[i].Attribution = []string{"meta: results are counted by the setting of each ad set"}
			s.Channels[i].Now.Metrics = c.m
		}
		a.take(s)
		press(a, "enter", "tab", "tab", "e")
		text := ansi.Strip(a.View().Content)
		if !strings.Contains(text, "ATTRIBUTION") || strings.Contains(text, said) != (c.want != "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: the screen says:\n%s", name, text)
		}
	}
}
