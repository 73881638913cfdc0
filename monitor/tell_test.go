package monitor

import (
	"testing"

	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// TestAnAlertOfAChannelLeadsToTheCampaignThatLosesMost, and to the one that spent
// most where none loses.
func TestAnAlertOfAChannelLeadsToTheCampaignThatLosesMost(t *testing.T) {
	linked := sources.Definition{Link: func(account, campaign string) string { return "https://ads.example/" + account + "/" + campaign }}
	b := newBuilder(Options{Sources: []Source{{Name: "google", Definition: linked}, {Name: "file"}}})
	campaign := func(source, id string) *weighedCampaign {
		e := sources.Entity{Level: sources.LevelCampaign, ID: id}
		return &weighedCampaign{member: claimed{Entity: store.Entity{Source: source, Account: "7", Entity: e}}}
	}
	all := []*weighedCampaign{campaign("file", "export"), campaign("google", "big"), campaign("google", "small")}
	for want, verdicts := range map[string][]campaignVerdict{
		"https://ads.example/7/big":   {{}, {}, {}},
		"https://ads.example/7/small": {{Loss: 900}, {Loss: 10}, {Loss: 20}},
	} {
		if got := b.leading(all, verdicts); got != want {
			t.Errorf("leads to %q, want %q", got, want)
		}
	}
	page := pages(nil, map[string]string{"Meta": b.leading(all, make([]campaignVerdict, 3))})
	for want, a := range map[string]snapshot.Alert{
		"https://ads.example/7/big": {Subject: "Meta", Labels: map[string]string{"channel": "Meta", "source": "google"}},
		"":                          {Subject: "google", Labels: map[string]string{"source": "google"}},
	} {
		if got := page(a); got != want {
			t.Errorf("%s leads to %q, want %q", a.Subject, got, want)
		}
	}
}
