package kpi

import "testing"

// TestConversionsAfterAViewArePartOfTheConversions: every operation keeps the part in
// step with its whole, and money at another rate changes neither.
func TestConversionsAfterAViewArePartOfTheConversions(t *testing.T) {
	m := Metrics{Has: AllFields, Impressions: 900, Clicks: 30, Cost: 50_000_000, Conversions: 40_000_000, Revenue: 800_000_000, ViewThrough: 10_000_000}
	check := func(what string, got Metrics, err error, conversions, views Micros) {
		t.Helper()
		if err != nil || got.Conversions != conversions || got.ViewThrough != views || !got.Knows(ViewThrough|Conversions) {
			t.Errorf("%s: %+v, %v: want %d of %d", what, got, err, views, conversions)
		}
		if share := got.ViewShare(); !share.OK || share.Value != 0.25 {
			t.Errorf("%s: share %+v, want a quarter", what, share)
		}
	}
	sum, err := m.Add(m)
	check("twice", sum, err, 80_000_000, 20_000_000)
	rest, err := sum.Less(m)
	check("less once", rest, err, 40_000_000, 10_000_000)
	half, err := m.Times(500_000)
	check("half of the results", half, err, 20_000_000, 5_000_000)
	converted, err := m.Convert(RateOne / 2)
	check("at another rate", converted, err, 40_000_000, 10_000_000)
}

// TestWhereNobodyTellsOfViewsTheirShareIsUnknown: it is neither none nor all of them.
func TestWhereNobodyTellsOfViewsTheirShareIsUnknown(t *testing.T) {
	all := Metrics{Has: AllFields, Conversions: 4_000_000, ViewThrough: 1_000_000}
	for name, m := range map[string]Metrics{
		"not told":          all.Only(Usual),
		"conversions apart": all.Only(ViewThrough),
		"no conversions":    {Has: AllFields},
	} {
		if share := m.ViewShare(); share.OK {
			t.Errorf("%s: %v", name, share.Value)
		}
	}
	if m := all.Only(Usual); m.ViewThrough != 0 || m.Knows(ViewThrough) {
		t.Errorf("forgotten, it is %+v", m)
	}
	if none := (Metrics{Has: AllFields, Conversions: 4_000_000}).ViewShare(); !none.OK || none.Value != 0 {
		t.Errorf("told to be none, the share is %+v", none)
	}
}
