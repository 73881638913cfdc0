package monitor

import (
	"slices"
	"testing"

	"adtop/kpi"
	"adtop/snapshot"
)

func TestSettingsOfPlatformsAreSaidInWords(t *testing.T) {
	for setting, want := range map[string]string{
		"":                         "",
		"7d_click_1d_view":         "7-day click, 1-day view",
		"1d_view_7d_click":         "1-day view, 7-day click",
		"1d_engaged_video_view":    "1-day engaged video view",
		"28_DAY swipe, 1_DAY view": "28-day swipe, 1-day view",
		"7_DAY swipe, 3_HOUR view": "7-day swipe, 3-hour view",
		"7_DAY swipe, none view":   "7-day swipe, no view",
		"30d click, 1d view":       "30-day click, 1-day view",
		"14d click or view":        "14-day click or view",
		"LSC":                      "LSC",
	} {
		if got := settingInWords(setting); got != want {
			t.Errorf("%q is %q, want %q", setting, got, want)
		}
	}
}

func TestAttributionIsStatedNotGuessed(t *testing.T) {
	o := &Options{Sources: []Source{{Name: "meta", Attribution: "by the setting of each ad set"}, {Name: "network"}}}
	with := func(setting string, conversions kpi.Micros) snapshot.Campaign {
		return snapshot.Campaign{Source: "meta", Attribution: setting, Now: snapshot.Figures{Metrics: kpi.Metrics{Has: kpi.Conversions, Conversions: conversions}}}
	}
	campaigns := []snapshot.Campaign{with("7-day click", 5), with("1-day view", 1), with("7-day click", 2), with("28-day click", 0), {Source: "other", Attribution: "x"}}
	want := []string{
		"meta: results are counted by the setting of each ad set: 1-day view; 7-day click",
		"network: results are counted as it reports them; it does not say how they are credited",
	}
	if got := o.attributions([]string{"meta", "network"}, campaigns); !slices.Equal(got, want) {
		t.Errorf("stated is %q, want %q", got, want)
	}
}
