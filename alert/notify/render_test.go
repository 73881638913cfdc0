package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/exp/golden"

	"adtop/snapshot"
)

var berlin = time.FixedZone("CET", 3600)

var noon = time.Date(2026, 11, 30, 11, 0, 0, 0, time.UTC)

// sick is an alert as the rule "unprofitable" writes it.
func sick(channel string, age time.Duration) Alert {
	return Alert{Link: "https://ads.example.com/campaigns?account=1&id=2", Alert: snapshot.Alert{
		ID: "unprofitable/" + channel, Rule: "unprofitable", Subject: channel, Severity: snapshot.Critical, State: snapshot.Firing,
		Since: noon.Add(-age), FiredAt: noon.Add(-age), Summary: channel + " unprofitable, 97% sure: −412 EUR/day",
		Reason: "3 conversions since Sat 05:00, 9.4 needed to break even.", Runbook: "https://wiki.example.com/unprofitable"}}
}

func ended(a Alert, state string) Alert {
	a.State, a.EndedAt = state, noon.Add(-10*time.Minute)
	return a
}

func TestAPageSaysWhatBrokeHowBadSinceWhenWhyAndWhatToDo(t *testing.T) {
	many := []Alert{ended(sick("Bing", 3*time.Hour), snapshot.Resolved)}
	for i := range 16 {
		a := sick(fmt.Sprintf("Channel %d", i), time.Duration(i)*time.Hour)
		if i != 7 {
			a.Severity = snapshot.Warning
		}
		many = append(many, a)
	}
	acked := sick("Meta", 90*time.Minute)
	acked.AckedBy, acked.AckNote, acked.Frozen = "anna", "pausing the campaign", snapshot.NoData
	plain := sick("shop", 50*time.Hour)
	plain.Summary, plain.Runbook, plain.Link, plain.Rule, plain.Severity = "", "", "", "source stale", snapshot.Info
	for name, c := range map[string]struct {
		kind   Kind
		cause  string
		alerts []Alert
	}{
		"first":     {Fired, "first notification", []Alert{sick("Meta", 90*time.Minute)}},
		"again":     {Fired, "repeat interval elapsed", []Alert{sick("Meta", 6*time.Hour)}},
		"group":     {Fired, "new alerts added", many},
		"acked":     {Acked, "", []Alert{acked}},
		"resolved":  {Resolved, "all alerts resolved", []Alert{ended(sick("Meta", 26*time.Hour), snapshot.Resolved), ended(sick("Google", time.Hour), snapshot.Retracted)}},
		"retracted": {Resolved, "all alerts resolved", []Alert{ended(sick("Meta", 90*time.Minute), snapshot.Retracted)}},
		"plain":     {Fired, "first notification", []Alert{plain}},
	} {
		t.Run(name, func(t *testing.T) {
			title, text := Render(c.kind, c.cause, c.alerts, noon, berlin)
			golden.RequireEqual(t, title+"\n\n"+text+"\n")
		})
	}
}

func FuzzAPageHoldsItsLimitsAndNoControlCharacters(f *testing.F) {
	f.Add("Meta\x1b[2J", "why\nnot", "https://x\u202e", 12, true)
	f.Add(strings.Repeat("ä", 5000), strings.Repeat("long ", 5000), "", 1, false)
	f.Add("\xff", "\u200b", "\x00", 3, true)
	f.Fuzz(func(t *testing.T, summary, reason, link string, n int, open bool) {
		a := sick(summary, time.Hour)
		a.Summary, a.Reason, a.Runbook, a.Link, a.AckedBy, a.AckNote = summary, reason, link, link, reason, summary
		if !open {
			a = ended(a, snapshot.Resolved)
		}
		var alerts []Alert
		for range 1 + uint(n)%40 {
			alerts = append(alerts, a)
		}
		title, text := Render(Fired, reason, alerts, noon, berlin)
		if utf8.RuneCountInString(title) > maxTitle || strings.ContainsFunc(title, unicode.IsControl) || title == "" {
			t.Fatalf("title %q", title)
		}
		if strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' }) || !utf8.ValidString(text) {
			t.Fatalf("text %q", text)
		}
		if most := (maxTold + 1) * (2*maxSummary + maxReason + 2*maxLink + 300); utf8.RuneCountInString(text) > most {
			t.Fatalf("%d characters", utf8.RuneCountInString(text))
		}
		if told := strings.Count(text, "\n\n") + 1; told > maxTold+2 {
			t.Fatalf("%d paragraphs", told)
		}
	})
}
