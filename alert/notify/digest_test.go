package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"adtop/kpi"
	"adtop/snapshot"
)

// week is a digest in which everything happens once.
func week() *snapshot.Digest {
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 5, 0, 0, time.UTC) }
	date := func(day int) kpi.Date { return kpi.NewDate(2026, 11, day) }
	figures := func(cost, revenue, profit kpi.Micros) snapshot.Figures {
		return snapshot.Figures{Known: true, Metrics: kpi.Metrics{Has: kpi.Cost | kpi.Revenue, Cost: cost * 1e6, Revenue: revenue * 1e6},
			Contribution: kpi.Amount{Micros: (profit + cost) * 1e6, Known: true}, Profit: kpi.Amount{Micros: profit * 1e6, Known: true}}
	}
	dead := snapshot.Figures{}
	partners := figures(100, 400, 60)
	partners.Pending = snapshot.Undecided{Reported: kpi.Metrics{Has: kpi.Revenue, Revenue: 120e6}, Counted: kpi.Metrics{Has: kpi.Revenue, Revenue: 102e6}}
	partners.Payable = kpi.Payable{Capped: 15e6, Held: 40e6, Until: date(29) + 30}
	return &snapshot.Digest{
		Title: "Acme Shop", Period: snapshot.DigestWeek, AsOf: at(30, 9), Currency: "EUR", Zone: time.UTC, RuleDays: 90,
		Days: kpi.DateRange{From: date(23), To: date(29)}, Past: snapshot.Past{Days: kpi.DateRange{From: date(16), To: date(22)}, Known: at(23, 9)},
		Total: snapshot.Compared{Now: figures(1500, 4000, 700), Before: figures(1400, 4200, 800)},
		Channels: []snapshot.DigestChannel{
			{Name: "Google Search", Compared: snapshot.Compared{Now: figures(900, 3000, 900), Before: figures(900, 3100, 950)}, Verdict: kpi.Profitable, P: kpi.Ratio{Value: 0.01, OK: true}},
			{Name: "TikTok", Compared: snapshot.Compared{Now: figures(600, 1000, -200), Before: figures(500, 1100, -150), Same: figures(590, 980, -190)}, Verdict: kpi.Unprofitable, P: kpi.Ratio{Value: 0.97, OK: true}, Young: []kpi.Date{date(28), date(29)}},
			{Name: "Affiliates", Compared: snapshot.Compared{Now: partners, Before: figures(100, 380, 50)}, Verdict: kpi.Profitable, P: kpi.Ratio{Value: 0.1, OK: true}},
			{Name: "LinkedIn", Compared: snapshot.Compared{Now: dead, Before: dead}, Verdict: kpi.NoData, Unknown: []kpi.Date{date(29)}},
		},
		Movers: []snapshot.Mover{
			{Channel: "TikTok", Name: "Prospecting *EU*", Compared: snapshot.Compared{Now: figures(400, 500, -150), Before: figures(200, 500, 50)}, ByProfit: true, Change: -200e6},
			{Channel: "Google Search", Name: "Brand", Compared: snapshot.Compared{Now: figures(300, 0, 0), Before: figures(250, 0, 0)}, Change: 50e6},
		},
		Fired: []snapshot.Alert{{Rule: "unprofitable", Severity: snapshot.Critical, FiredAt: at(24, 12), Summary: "TikTok unprofitable, 97% sure", AckedBy: "ben", Marked: snapshot.MarkedTrue}},
		Ended: []snapshot.Alert{{Rule: "source stale", Severity: snapshot.Warning, State: snapshot.Resolved, EndedAt: at(27, 8), Summary: "shop: no data since 26 Nov 21:00."}},
		Rules: []snapshot.RuleRecord{{Rule: "source stale", Fired: 4}, {Rule: "unprofitable", Fired: 6, True: 3, False: 1, Retracted: 1}},
		Losses: []snapshot.Loss{
			{Channel: "TikTok", FiredAt: at(24, 12), Days: 6, Lost: kpi.Amount{Micros: 180_555_000, Known: true}, Maturity: kpi.Ratio{Value: 0.62, OK: true}, Before: kpi.Amount{Micros: 80e6, Known: true}, After: kpi.Amount{Micros: 40e6, Known: true}, Saved: kpi.Amount{Micros: 90e6, Known: true}},
			{Channel: "Meta", FiredAt: at(28, 12), Days: 1, Lost: kpi.Amount{}, Maturity: kpi.Ratio{Value: 1, OK: true}, Why: "no whole day has passed since it was told"},
			{Channel: "Display", FiredAt: at(27, 12), Days: 3, Lost: kpi.Amount{Micros: 10e6, Known: true}, Maturity: kpi.Ratio{Value: 1, OK: true}, Saved: kpi.Amount{Known: true}, Why: "its cost was not reduced"},
		},
		Failures: []snapshot.SourceFailure{{Source: "linkedin", Failed: 30, Polls: 400, Down: 11*time.Hour + 42*time.Second, Problem: "auth: token expired."}},
		Notes:    []snapshot.Note{{Date: date(27), Text: "Black Friday", By: "ana"}, {Date: date(28), Text: "feed paused", Channel: "TikTok"}},
		Warnings: []string{"no rate of USD since 20 Nov"},
	}
}

func TestADigestReadsAsASentenceForEachFinding(t *testing.T) {
	m := Digest(week())
	golden.RequireEqual(t, []byte(m.Title+"\n\n"+m.Text+"\n"))
	if m.Kind != Note || len(m.Alerts) != 0 || strings.ContainsAny(m.Title, "\n\x1b") {
		t.Errorf("it is a %s with %d alerts: %q", m.Kind, len(m.Alerts), m.Title)
	}
}

// TestADigestIsTheSameMessageAtEveryAttempt, so that nobody gets it twice, and
// another one the next day.
func TestADigestIsTheSameMessageAtEveryAttempt(t *testing.T) {
	first, again, next := week(), week(), week()
	again.AsOf = again.AsOf.Add(time.Hour)
	next.Days.From, next.Days.To = next.Days.From+1, next.Days.To+1
	if a, b, c := Digest(first), Digest(again), Digest(next); a.Event != b.Event || a.Event == c.Event || a.Key != c.Key {
		t.Errorf("events %q, %q, %q, keys %q, %q", a.Event, b.Event, c.Event, a.Key, c.Key)
	}
}

// TestADigestOfManyAlertsFitsIntoTheOutbox, and still tells the rest.
func TestADigestOfManyAlertsFitsIntoTheOutbox(t *testing.T) {
	d := week()
	for range 2000 {
		a := d.Fired[0]
		a.Summary = strings.Repeat("<", 60) + " stopped"
		d.Fired, d.Ended = append(d.Fired, a), append(d.Ended, d.Ended[0])
	}
	m := Digest(d)
	if !strings.Contains(m.Text, "And 1951 more fired.\n") || !strings.Contains(m.Text, "And 1951 more ended.\n") || !strings.Contains(m.Text, "Sources that failed") || strings.Contains(m.Text, "…") {
		t.Errorf("%s", m.Text)
	}
	d.Warnings = []string{strings.Repeat("<", 100_000)}
	packed, err := json.Marshal(Digest(d))
	if err != nil || len(packed) > 256<<10 || !strings.HasSuffix(Digest(d).Text, "…") {
		t.Errorf("%d bytes, %v", len(packed), err)
	}
}

// TestADigestIsNeverCertain: 100% would say that nothing else is possible.
func TestADigestIsNeverCertain(t *testing.T) {
	d := week()
	d.Channels[1].P.Value = 0.9999
	if text := Digest(d).Text; !strings.Contains(text, "now unprofitable 99%.") {
		t.Errorf("%s", text)
	}
}

// TestADigestOfNothingClaimsNothing: no figure of it is zero.
func TestADigestOfNothingClaimsNothing(t *testing.T) {
	m := Digest(&snapshot.Digest{Title: "New", Period: snapshot.DigestDay, Currency: "EUR", Zone: time.UTC})
	if !strings.Contains(m.Title, "profit unknown") || !strings.Contains(m.Text, "Cost unknown, revenue unknown") || strings.Contains(m.Text, " 0.00") {
		t.Errorf("%s\n%s", m.Title, m.Text)
	}
}
