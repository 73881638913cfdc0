package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"adtop/snapshot"
)

func TestLabelsOfAnAlertHaveAnOrder(t *testing.T) {
	labels := map[string]string{"source": "meta", "d": "4", "b": "2", "a": "1", "c": "3"}
	for range 20 {
		if text := labelText(labels); text != "source meta · a 1 · b 2 · c 3 · d 4" {
			t.Fatalf("got %q", text)
		}
	}
}

func TestTheStoryOfAnAlertSaysWhoWasTold(t *testing.T) {
	a := testApp(160, 40, looks[3])
	a.snap.View.Alert = "1"
	at := testNow.Add(-29 * time.Minute)
	a.snap.Told = []snapshot.Notice{
		{Target: "oncall", Kind: "firing", At: at, Arrived: at, Attempts: 1},
		{Target: "team", Kind: "firing", At: at, Arrived: at, Attempts: 2},
		{Target: "mail", Kind: "firing", At: at, Attempts: 3, Problem: "no such mailbox"},
		{Target: "hook", Kind: "firing", At: at},
		{Target: "oncall", Kind: "acknowledged", At: testNow, Arrived: testNow, Attempts: 1},
		{Target: "oncall", Kind: "firing", At: testNow, Arrived: testNow, Attempts: 1}, // a repeat
	}
	press(a, "2", "enter")
	const want = "told oncall 14:03, team 14:03 (2 attempts), oncall (acknowledged) 14:32; not told mail: no such mailbox, hook: on its way"
	if text := ansi.Strip(a.View().Content); !strings.Contains(text, want) {
		t.Errorf("the story does not say %q:\n%s", want, text)
	}
	told := a.snap.Told
	a = testApp(160, 40, looks[3])
	a.snap.View.Alert, a.snap.Told = "2", told // the picture is of another one still
	press(a, "2", "enter")
	if text := ansi.Strip(a.View().Content); strings.Contains(text, "told oncall") {
		t.Errorf("what was told of another alert is shown:\n%s", text)
	}
}
