package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// TestWhoOwesCommissionSaysWhatBecomesOfIt: a commission that nobody counts would be
// missing in the profit, and one that no source tells can be counted by nobody.
func TestWhoOwesCommissionSaysWhatBecomesOfIt(t *testing.T) {
	dir := home(t)
	for name, c := range map[string]struct{ side, economics, want string }{
		"a commission that is left out": {"advertiser", "margin: 45%", "add payout: {model: reported}"},
		"one that is counted":           {"advertiser", "margin: 45%, payout: {model: reported}", ""},
		"one that is stated":            {"advertiser", "margin: 45%, payout: {model: revenue_share, share: 8%}", ""},
		"one that is earned":            {"publisher", "margin: 100%", ""},
		"one that is earned and owed":   {"publisher", "margin: 100%, payout: {model: reported}", "tells no payouts"},
	} {
		cfg := write(t, filepath.Join(dir, "shop.yaml"), "currency: EUR\ntimezone: Europe/Berlin\nsources:\n  - name: awin\n    type: awin\n    token: env:AWIN_TOKEN\n    side: "+c.side+
			"\n    currency: EUR\n    timezone: Europe/Berlin\n    base_url: http://127.0.0.1:1\nchannels:\n  - {name: Partners, results: {source: awin}, economics: {"+c.economics+"}}\n")
		code, _, stderr := adtop(t, "report", "--config", cfg)
		if c.want == "" && strings.Contains(stderr, "shop.yaml") || c.want != "" && (code == 0 || !strings.Contains(stderr, "shop.yaml:4:") || !strings.Contains(stderr, c.want)) {
			t.Errorf("%s: exit code %d: %s", name, code, stderr)
		}
	}
}

// TestFeedAndMetricsTellWhatIsNotSettledWithPartners, and nothing of it where there is
// nothing to settle.
func TestFeedAndMetricsTellWhatIsNotSettledWithPartners(t *testing.T) {
	results := func(n kpi.Micros) kpi.Metrics {
		return kpi.Metrics{Has: kpi.Conversions | kpi.Revenue, Conversions: n * kpi.MicrosPerUnit, Revenue: 10 * n * kpi.MicrosPerUnit}
	}
	day := kpi.NewDate(2026, 11, 20)
	channel := func(name string, f snapshot.Figures, e kpi.Economics) snapshot.Channel {
		f.Known, f.Metrics = true, results(8)
		return snapshot.Channel{Name: name, Economics: e, Now: f, Series: snapshot.Series{Slots: []snapshot.Slot{{Start: day.Start(time.UTC), Figures: f}}}}
	}
	s := &snapshot.Snapshot{Currency: "EUR", Zone: time.UTC, Channels: []snapshot.Channel{
		channel("Partners", snapshot.Figures{Pending: snapshot.Undecided{Reported: results(5), Counted: results(4)}}, kpi.Economics{}),
		channel("Held", snapshot.Figures{Payable: kpi.Payable{Capped: 5_000_000, Held: 7_500_000, Until: day + 30}}, kpi.Economics{PayoutCap: 1_000_000, HoldDays: 30}),
		channel("Search", snapshot.Figures{}, kpi.Economics{}),
	}}
	var said []string
	for _, row := range cells(t, string(channelDays(s, kpi.DateRange{From: day, To: day}).csv())) {
		said = append(said, strings.Join([]string{row["channel"], row["pending_conversions"], row["pending_conversions_counted"], row["pending_revenue"],
			row["pending_revenue_counted"], row["payouts_beyond_cap"], row["on_hold"]}, " "))
	}
	if got := strings.Join(said, "\n"); got != "Partners 5 4 50.00 40.00  \nHeld     5.00 7.50\nSearch      " {
		t.Errorf("the feed says\n%s", got)
	}
	e := &exposition{}
	exposeChannels(e, s)
	for _, want := range []string{
		`pending_conversions{channel="Partners"} 5`, `pending_counted_conversions{channel="Partners"} 4`, `pending_revenue{channel="Partners",currency="EUR"} 50`,
		`pending_counted_revenue{channel="Partners",currency="EUR"} 40`, `payouts_beyond_cap{channel="Held",currency="EUR"} 5`, `on_hold{channel="Held",currency="EUR"} 7.5`,
	} {
		name, _, _ := strings.Cut(want, "{")
		if text := e.text.String(); !strings.Contains(text, "\nadtop_channel_today_"+want+"\n") || strings.Count(text, "\nadtop_channel_today_"+name+"{") != 1 {
			t.Errorf("not %s alone:\n%s", want, text)
		}
	}
}

func TestReportTellsWhatIsPendingAndWhatItsRateRestsOn(t *testing.T) {
	results := func(n kpi.Micros) kpi.Metrics {
		return kpi.Metrics{Has: kpi.Conversions | kpi.Revenue, Conversions: n * kpi.MicrosPerUnit, Revenue: 10 * n * kpi.MicrosPerUnit}
	}
	var out bytes.Buffer
	picture := &snapshot.Snapshot{Currency: "EUR", Zone: time.UTC, Channels: []snapshot.Channel{
		{Name: "Partners", Now: snapshot.Figures{Known: true, Metrics: results(8), Pending: snapshot.Undecided{Reported: results(5), Counted: results(4)}},
			Approvals: []snapshot.Approval{{Source: "awin", Account: "1", Approved: 342, Rejected: 70, Assumed: 0.85, Behind: 20}}},
		{Name: "Held", Now: snapshot.Figures{Known: true, Metrics: results(8), Payable: kpi.Payable{Capped: 5_000_000, Held: 7_500_000, Until: kpi.NewDate(2026, 12, 30)}}},
		{Name: "Search", Now: snapshot.Figures{Known: true, Metrics: results(8)}},
	}}
	if err := writeJSON(&out, picture); err != nil {
		t.Fatal(err)
	}
	var r struct {
		Channels []struct {
			Beyond  *string `json:"payouts_beyond_cap"`
			Held    *string `json:"on_hold"`
			Until   *string `json:"on_hold_until"`
			Pending *struct {
				Revenue string
				Counted struct{ Conversions, Revenue, Cost *string }
			}
			Approval []struct {
				Rate               float64
				Approved, Rejected int
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || len(r.Channels) != 3 {
		t.Fatalf("%v: %s", err, out.String())
	}
	partners, held, search := r.Channels[0], r.Channels[1], r.Channels[2]
	if held.Beyond == nil || *held.Beyond != "5.00" || *held.Held != "7.50" || *held.Until != "2026-12-30" {
		t.Errorf("held: %+v", held)
	}
	if p := partners.Pending; p == nil || p.Revenue != "50.00" || *p.Counted.Conversions != "4.00" || *p.Counted.Revenue != "40.00" || p.Counted.Cost != nil {
		t.Errorf("pending %+v", p)
	}
	if a := partners.Approval; len(a) != 1 || a[0].Approved != 342 || a[0].Rejected != 70 || a[0].Rate != 0.830097 {
		t.Errorf("approval %+v", a)
	}
	if search.Pending != nil || search.Held != nil || search.Until != nil || search.Beyond != nil || search.Approval == nil || len(search.Approval) != 0 {
		t.Errorf("a channel without any: %+v", search)
	}
}

func TestPostbacksAboutATransactionAreFound(t *testing.T) {
	cfg, database := collected(t)
	cache, err := store.Open(t.Context(), database, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Second)
	account := sources.Account{ID: "tracker", Currency: "EUR", Zone: time.UTC}
	_, err = cache.Commit(t.Context(), store.Batch{Source: "tracker", Type: "postback", Account: account, ObservedAt: at, Gives: kpi.Conversions | kpi.Revenue,
		Query:   sources.Query{Account: account, Days: kpi.DateRange{From: kpi.DateOf(at, time.UTC), To: kpi.DateOf(at, time.UTC)}, Level: sources.LevelCampaign, Grain: sources.Hour},
		Records: []sources.Record{sources.Message{Text: "payout=2&txid=T+1"}}})
	if err := errors.Join(err, cache.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args        []string
		code        int
		says, fails string
	}{
		{[]string{"T 1"}, 0, at.Format(time.DateTime) + "  tracker  payout=2&txid=T+1\n", ""},
		{[]string{"T"}, 1, "", "no postback"},
		{nil, 2, "", "name one"},
	} {
		code, stdout, stderr := adtop(t, append([]string{"postbacks", "--config", cfg}, c.args...)...)
		if code != c.code || stdout != c.says || !strings.Contains(stderr, c.fails) {
			t.Errorf("%v: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
}
