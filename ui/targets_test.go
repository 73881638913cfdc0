package ui

import (
	"strings"
	"testing"
	"time"

	"adtop/snapshot"
)

// TestATargetThatFailsSaysSinceWhenWhyAndWhatToDo, among the sources.
func TestATargetThatFailsSaysSinceWhenWhyAndWhatToDo(t *testing.T) {
	a := testApp(120, 32, looks[3])
	press(a, "3", "down")
	for _, want := range []string{
		"oncall · pagerduty · failing", "Nothing arrives since 13:50: no answer within 10s", "→ It is tried again by itself, a day long; 'adtop notify test oncall'",
		"2 messages still to arrive, the oldest from 13:50.", "The last message arrived at 22 Nov 12:32.",
	} {
		if text := screenText(a); !strings.Contains(text, want) {
			t.Errorf("the screen does not say %q:\n%s", want, text)
		}
	}
	if cmd := press(a, "r"); cmd != nil || !strings.Contains(screenText(a), "no source is selected") {
		t.Errorf("a target is asked for figures:\n%s", screenText(a))
	}
	a.snap.Targets[1] = snapshot.Target{Name: "oncall", Type: "pagerduty"}
	a.arrange()
	if text := screenText(a); !strings.Contains(text, "oncall · pagerduty · waiting") || !strings.Contains(text, "No message has arrived yet") {
		t.Errorf("a new target:\n%s", text)
	}
}

// notifyAlert is what fires when nothing arrives at a target that is named like a
// channel.
func notifyAlert(s *snapshot.Snapshot) snapshot.Alert {
	s.Targets[0].Name = s.Channels[0].Name
	at := testNow.Add(-10 * time.Minute)
	return snapshot.Alert{
		ID: "9", Rule: "notify failing", Subject: s.Targets[0].Name, Labels: map[string]string{"target": s.Targets[0].Name}, Severity: snapshot.Critical, State: snapshot.Firing,
		Since: at, FiredAt: at, Summary: s.Targets[0].Name + ": alerts do not arrive there", Reason: "Since 23 Nov 14:17: HTTP 502. It is tried again by itself, a day long.",
	}
}

func TestAnAlertAboutATargetLeadsToItsLine(t *testing.T) {
	a := testApp(120, 32, looks[3])
	a.snap.Alerts = []snapshot.Alert{notifyAlert(a.snap)}
	a.arrange()
	press(a, "2", "enter", "enter")
	if text := screenText(a); a.place.screen != sources || !strings.Contains(text, a.snap.Targets[0].Name+" · slack · healthy") {
		t.Errorf("it leads to %s:\n%s", a.place.screen, text)
	}
}

func TestTheTextModeSaysWhenATargetBeginsToFail(t *testing.T) {
	before, after := testSnapshot(), testSnapshot()
	fails := notifyAlert(after)
	fails.Subject, fails.Summary = "team", "team: alerts do not arrive there"
	after.Alerts = append(after.Alerts, fails)
	teller := testTeller()
	teller.tell(before, testNow)
	told := strings.Join(teller.tell(after, testNow), "\n")
	for _, want := range []string{"14:32 team, alert", "critical, fires: alerts do not arrive there. Since 23 Nov 14:17: HTTP 502. It is tried again by itself"} {
		if !strings.Contains(told, want) {
			t.Errorf("it does not say %q:\n%s", want, told)
		}
	}
}
