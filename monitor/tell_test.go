package monitor

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"adtop/alert/notify"
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

// TestAMessageAboutLongNamesGoesOut: as platforms let people call campaigns, and
// however much longer that is as it is kept.
func TestAMessageAboutLongNamesGoesOut(t *testing.T) {
	m := notify.Message{Event: "e", Key: "k", Kind: notify.Fired, At: instant(t, "2026-11-20T12:00:00Z"), Title: "50 campaigns"}
	name := strings.Repeat("<", 512)
	for i := range 50 {
		m.Alerts = append(m.Alerts, notify.Alert{Alert: snapshot.Alert{ID: fmt.Sprint(i, " mine/Shop / ", name), Rule: "mine", Subject: name, Summary: name, Reason: name}})
	}
	d, err := addressed(m, "team")
	if err != nil || len(d.Alerts) < 10 || d.Alerts[0] != m.Alerts[0].ID {
		t.Fatalf("%d alerts, %v", len(d.Alerts), err)
	}
	cache := openStore(t, t.TempDir()+"/cache.db")
	if err := cache.Decide(t.Context(), store.Decision{At: m.At, Deliveries: []store.Delivery{d}}); err != nil {
		t.Fatal(err)
	}
	due, _, err := cache.Outgoing(t.Context(), "team", m.At)
	var kept notify.Message
	if err != nil || due == nil || json.Unmarshal(due.Message, &kept) != nil || len(kept.Alerts) != len(d.Alerts) {
		t.Errorf("kept of it is %+v, %v", kept, err)
	}
}
