package targets

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"adtop/alert/notify"
	"adtop/snapshot"
)

func TestALongKeyIsDigestedForPagerDutyAndStaysStable(t *testing.T) {
	long := strings.Repeat("channel/Meta ", 40)
	if a, b := pagerDedup(long), pagerDedup(long); a != b || len(a) > pagerKey || a == pagerDedup(long+"x") {
		t.Errorf("%q, %q", a, b)
	}
	if got := pagerDedup("channel/Meta"); got != "channel/Meta" {
		t.Errorf("a short key became %q", got)
	}
}

// pagerServer is PagerDuty with one incident, whose state a test sets.
func pagerServer(t *testing.T) (target *answeringPagerDuty, incident *string, asked *[]string) {
	incident, asked = new(string), new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusAccepted)
			io.WriteString(w, `{"status":"success"}`)
			return
		}
		if r.URL.Path != "/incidents" || r.Header.Get("Authorization") != "Token token="+hush || r.Header.Get("Accept") != "application/vnd.pagerduty+json;version=2" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		*asked = append(*asked, r.URL.Query().Get("incident_key"))
		fmt.Fprintf(w, `{"incidents":[%s],"more":false}`, *incident)
	}))
	t.Cleanup(server.Close)
	target = open(t, &PagerDutyOptions{RoutingKey: secret(hush), APIToken: secret(hush), Region: "us"}).(*answeringPagerDuty)
	target.events, target.rest = server.URL, server.URL
	return target, incident, asked
}

func TestWhoAcknowledgesInPagerDutyDoesSoHereOnce(t *testing.T) {
	target, incident, asked := pagerServer(t)
	send := func(m notify.Message) {
		t.Helper()
		if err := target.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var state []byte
	answers := func() []notify.Answer {
		t.Helper()
		got, next, err := target.Answers(t.Context(), state)
		if err != nil {
			t.Fatal(err)
		}
		state = next
		return got
	}
	if got := answers(); len(got)+len(*asked) != 0 {
		t.Fatalf("before any message: %v, asked %v", got, *asked)
	}
	send(message(notify.Fired, snapshot.Firing, 0))
	*incident = `{"status":"triggered","last_status_change_at":"2026-11-30T11:00:00Z","last_status_change_by":{"type":"service_reference","summary":"adtop"}}`
	if got := answers(); len(got) != 0 {
		t.Fatalf("nobody did anything: %v", got)
	}
	*incident = `{"status":"acknowledged","last_status_change_at":"2026-11-30T11:05:00Z","last_status_change_by":{"type":"user_reference","summary":"Anna\u001b[2J Example"}}`
	got := answers()
	if len(got) != 1 || got[0].Key != "channel/Meta" || got[0].Command.Verb != "ack" || got[0].Command.By != "Anna[2J Example" || got[0].Command.Note != "acknowledged in PagerDuty" {
		t.Fatalf("%+v", got)
	}
	target.open = map[string]string{} // as after a restart
	if got := answers(); len(got) != 0 {
		t.Fatalf("told twice: %+v", got)
	}
	*incident = `{"status":"resolved","last_status_change_at":"2026-11-30T11:09:00Z","last_status_change_by":{"type":"user_reference","summary":"Ben"}}`
	if got := answers(); len(got) != 1 || got[0].Command.Verb != "ack" || got[0].Command.Note != "resolved in PagerDuty" {
		t.Fatalf("%+v", got)
	}
	send(message(notify.Resolved, snapshot.Resolved, 0))
	*asked = nil
	if got := answers(); len(got)+len(*asked) != 0 {
		t.Fatalf("after the end: %v, asked %v", got, *asked)
	}
}

// TestAnIncidentThatEndedUnseenIsAskedForNoMore: the program was away when it did, or
// its end is told to nobody.
func TestAnIncidentThatEndedUnseenIsAskedForNoMore(t *testing.T) {
	for name, c := range map[string]struct {
		incident string
		answers  int
	}{
		"by an event": {`{"status":"resolved","last_status_change_at":"2026-11-30T11:09:00Z","last_status_change_by":{"type":"service_reference","summary":"adtop"}}`, 0},
		"by a person": {`{"status":"resolved","last_status_change_at":"2026-11-30T11:09:00Z","last_status_change_by":{"type":"user_reference","summary":"Ben"}}`, 1},
		"deleted":     {"", 0},
	} {
		target, incident, asked := pagerServer(t)
		*incident = c.incident
		if err := target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)); err != nil {
			t.Fatal(err)
		}
		got, state, err := target.Answers(t.Context(), nil)
		if err != nil || len(got) != c.answers || len(*asked) != 1 {
			t.Fatalf("%s: %+v, %v, asked %v", name, got, err, *asked)
		}
		if got, state, err = target.Answers(t.Context(), state); err != nil || len(got) != 0 || len(*asked) != 2 {
			t.Errorf("%s: an open alert is not asked for: %+v, %v, %v", name, got, err, *asked)
		}
		target.open = map[string]string{} // as after a restart
		for range 2 {
			if got, state, err = target.Answers(t.Context(), state); err != nil || len(got) != 0 {
				t.Fatalf("%s: %+v, %v", name, got, err)
			}
		}
		if len(*asked) != 3 || string(state) != "{}" {
			t.Errorf("%s: asked %v, the state is %s", name, *asked, state)
		}
	}
}

func TestWhatAnEventDidInPagerDutyIsNoAnswer(t *testing.T) {
	target, incident, _ := pagerServer(t)
	if err := target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)); err != nil {
		t.Fatal(err)
	}
	*incident = `{"status":"acknowledged","last_status_change_at":"2026-11-30T11:05:00Z","last_status_change_by":{"type":"events_api_v2_inbound_integration_reference","summary":"adtop"}}`
	if got, _, err := target.Answers(t.Context(), nil); len(got) != 0 || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, _, err := target.Answers(t.Context(), []byte("[")); err == nil {
		t.Error("a state that cannot be read is taken for none")
	}
}
