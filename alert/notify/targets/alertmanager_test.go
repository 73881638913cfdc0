package targets

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/alert/notify"
	"adtop/pattern"
	"adtop/snapshot"
)

// startAlertmanager starts the real one on a free port and returns its address.
// Without it the test is skipped, except where the machine is meant to have it.
func startAlertmanager(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("prometheus-alertmanager is not installed: .ci/run does that")
		}
		t.Skip("prometheus-alertmanager is not installed")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	if err := os.WriteFile(config, []byte("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "--config.file="+config, "--storage.path="+dir, "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listening := regexp.MustCompile(`msg="Listening on" address=(127\.0\.0\.1:\d+)`)
	var said bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(log, &said))
	address := ""
	for address == "" && lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			address = "http://" + found[1]
		}
	}
	drained := make(chan struct{})
	go func() { defer close(drained); io.Copy(io.Discard, log) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-drained; cmd.Wait() })
	if address == "" {
		t.Fatalf("it does not listen:\n%s", said.String())
	}
	return address
}

// listed asks the Alertmanager itself for the active alerts: state by name.
func listed(t *testing.T, address string) map[string]string {
	t.Helper()
	answer, err := http.Get(address + "/api/v2/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var all []struct {
		Labels map[string]string
		EndsAt time.Time
		Status struct{ State string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, a := range all {
		states[a.Labels["alertname"]+", "+a.Labels["team_name"]] = a.Status.State
		if left := time.Until(a.EndsAt); left > alertmanagerKeeps || left < alertmanagerKeeps-time.Minute {
			t.Errorf("it would end by itself in %s", left)
		}
	}
	return states
}

func makeSilence(t *testing.T, address, comment, matchers string) (id string) {
	t.Helper()
	return putSilence(t, address, "", comment, matchers, time.Now().Add(2*time.Hour))
}

// putSilence makes a silence, or changes the one of an id as amtool does.
func putSilence(t *testing.T, address, id, comment, matchers string, ends time.Time) string {
	t.Helper()
	body := fmt.Sprintf(`{"id":%q,"matchers":[%s],"startsAt":%q,"endsAt":%q,"createdBy":"anna","comment":%q}`,
		id, matchers, time.Now().Format(time.RFC3339), ends.Format(time.RFC3339), comment)
	answer, err := http.Post(address+"/api/v2/silences", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var made struct{ SilenceID string }
	if said, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 || json.Unmarshal(said, &made) != nil {
		t.Fatalf("%s: %s", answer.Status, said)
	}
	return made.SilenceID
}

func TestARealAlertmanagerTakesOurAlertsAndTellsItsSilences(t *testing.T) {
	address := startAlertmanager(t)
	here := env
	here.Now = time.Now
	opened, err := Open(&AlertmanagerOptions{URLs: []string{"http://" + closedPort(t), address}}, here)
	if err != nil {
		t.Fatal(err)
	}
	target := opened.(*alertmanager)
	var state []byte
	told := func() (silences []snapshot.Command) {
		t.Helper()
		answers, next, err := target.Answers(t.Context(), state)
		if err != nil {
			t.Fatal(err)
		}
		state = next
		for _, a := range answers {
			if until, err := time.Parse(time.RFC3339, a.Command.Until); err != nil || a.Key != "" || time.Until(until) > 2*time.Hour || time.Until(until) < time.Hour {
				t.Errorf("%+v", a)
			}
			if !strings.HasPrefix(a.Command.ID, "alertmanager/") {
				t.Errorf("%+v", a)
			}
			a.Command.Until, a.Command.ID = "", ""
			silences = append(silences, a.Command)
		}
		return silences
	}

	if got := listed(t, address); len(got) != 0 {
		t.Fatalf("%v", got)
	}
	makeSilence(t, address, "not ours", `{"name":"alertname","value":"NodeDown","isRegex":false,"isEqual":true}`)
	for range 2 { // a second time refreshes it
		if err := target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"unprofitable, paid": "active", "spend spike, paid": "active"}, listed(t, address)); diff != "" {
		t.Fatal(diff)
	}
	if got := told(); len(got) != 0 {
		t.Fatalf("a silence of others: %+v", got)
	}

	makeSilence(t, address, "launch", `{"name":"alertname","value":"spend.*","isRegex":true,"isEqual":true},{"name":"channel","value":"Meta <b>","isRegex":false,"isEqual":true}`)
	got := told()
	if diff := cmp.Diff([]snapshot.Command{{Verb: "silence", By: "anna", Note: "launch", Match: map[string]string{"rule": "/^(?:spend.*)$/", "channel": "/^(?:Meta <b>)$/"}}}, got); diff != "" {
		t.Fatal(diff)
	}
	for text, value := range map[string]string{"rule": "spend spike", "channel": "Meta <b>"} {
		if p, err := pattern.Parse(got[0].Match[text]); err != nil || !p.Present(value) || p.Present(value+"x") && text == "channel" {
			t.Errorf("%s: %v", got[0].Match[text], err)
		}
	}
	if state := listed(t, address)["spend spike, paid"]; state != "suppressed" {
		t.Errorf("there it is %s", state)
	}
	makeSilence(t, address, "team", `{"name":"team_name","value":"paid","isRegex":false,"isEqual":true}`)
	if diff := cmp.Diff([]snapshot.Command{{Verb: "silence", By: "anna", Note: "team", Match: map[string]string{"team-name": "/^(?:paid)$/"}}}, told()); diff != "" {
		t.Fatal(diff)
	}
	makeSilence(t, address, "all but", `{"name":"severity","value":"warning","isRegex":false,"isEqual":false},{"name":"team_name","value":"paid","isRegex":false,"isEqual":true}`)
	if diff := cmp.Diff([]snapshot.Command{{Verb: "silence", By: "anna", Note: "all but", Match: map[string]string{"rule": "/^unprofitable$/", "subject": "/^Meta <b>$/"}}}, told()); diff != "" {
		t.Fatal(diff)
	}
	if got := told(); len(got) != 0 {
		t.Fatalf("told twice: %+v", got)
	}

	stood := target.told
	target.told = nil // as after a start, until the next refresh
	if got := told(); len(got) != 0 {
		t.Fatalf("before anything stands there: %+v", got)
	}
	target.told = stood
	if got := told(); len(got) != 0 {
		t.Fatalf("told again after a start: %+v", got)
	}

	if err := target.Send(t.Context(), message(notify.Resolved, snapshot.Resolved, 1)); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, address); len(got) != 0 {
		t.Errorf("after the end: %v", got)
	}
}

func TestASilenceThatIsExtendedOrEndedThereIsSoHere(t *testing.T) {
	for name, start := range map[string]func(*testing.T) string{"real": startAlertmanager, "fake": fakeSilences} {
		t.Run(name, func(t *testing.T) {
			address := start(t)
			here := env
			here.Now = time.Now
			opened, err := Open(&AlertmanagerOptions{URLs: []string{address}}, here)
			if err != nil {
				t.Fatal(err)
			}
			target := opened.(*alertmanager)
			if err := target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)); err != nil {
				t.Fatal(err)
			}
			var state []byte
			told := func() (commands []snapshot.Command) {
				t.Helper()
				answers, next, err := target.Answers(t.Context(), state)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range answers {
					commands = append(commands, a.Command)
				}
				state = next
				return commands
			}
			const matcher = `{"name":"team_name","value":"paid","isRegex":false,"isEqual":true}`
			id := makeSilence(t, address, "launch", matcher)
			first := told()
			if len(first) != 1 || first[0].Verb != "silence" || first[0].Match["team-name"] == "" {
				t.Fatalf("%+v", first)
			}
			target.told = nil // as after a start, before anything stands there
			ends := time.Now().Add(5 * time.Hour)
			if again := putSilence(t, address, id, "launch", matcher, ends); again != id {
				t.Fatalf("extended, %s became %s", id, again)
			}
			extended := told()
			if len(extended) != 1 || extended[0].Verb != "silence" || extended[0].ID != first[0].ID || extended[0].Until != ends.UTC().Format(time.RFC3339) {
				t.Fatalf("%+v, want the end of %s at %s", extended, first[0].ID, ends)
			}
			if more := told(); len(more) != 0 {
				t.Errorf("told twice: %+v", more)
			}
			expire, err := http.NewRequest(http.MethodDelete, address+"/api/v2/silence/"+id, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(expire)
			if err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
				t.Fatal(answer, err)
			}
			if ended := told(); len(ended) != 1 || ended[0].Verb != "unsilence" || ended[0].ID != first[0].ID {
				t.Fatalf("%+v", ended)
			}
			if more := told(); len(more) != 0 {
				t.Errorf("told twice: %+v", more)
			}
		})
	}
}

// fakeSilences keeps one silence as Alertmanager does.
func fakeSilences(t *testing.T) string {
	kept := map[string]any{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var said any = map[string]string{"silenceID": "1"}
		switch {
		case r.URL.Path == "/api/v2/alerts":
		case r.Method == http.MethodPost:
			if err := json.NewDecoder(r.Body).Decode(&kept); err != nil {
				t.Error(err)
			}
			kept["id"], kept["status"] = "1", map[string]string{"state": "active"}
		case r.Method == http.MethodDelete:
			kept["status"], kept["endsAt"] = map[string]string{"state": "expired"}, time.Now()
		default:
			said = []any{kept}
		}
		if err := json.NewEncoder(w).Encode(said); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnAlertReachesEveryMemberAndOneIsEnough(t *testing.T) {
	var reached [2]atomic.Int32
	status := [2]int{http.StatusOK, http.StatusInternalServerError}
	var urls []string
	for i := range 2 {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			reached[i].Add(1)
			w.WriteHeader(status[i])
		}))
		defer server.Close()
		urls = append(urls, server.URL)
	}
	target := open(t, &AlertmanagerOptions{URLs: urls})
	if err := target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)); err != nil || reached[0].Load() != 1 || reached[1].Load() != 1 {
		t.Errorf("%v, reached %d and %d", err, reached[0].Load(), reached[1].Load())
	}
	status[0] = http.StatusBadGateway
	if refused, _ := tells(t, target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0))); refused {
		t.Error("refused")
	}
	if every := target.(notify.Refreshing).Every(); every*4 != alertmanagerKeeps {
		t.Errorf("told again each %s", every)
	}
}

func FuzzASilenceCoversWhatItsMatchersSay(f *testing.F) {
	f.Add("alertname", "unprofitable", false, false)
	f.Add("channel", "M.*", true, true)
	f.Add("source", "(", true, false)
	f.Add("", "", false, true)
	f.Fuzz(func(t *testing.T, name, value string, regex, negative bool) {
		name, value = strings.ToValidUTF8(name, "?"), strings.ToValidUTF8(value, "?") // as JSON is read
		equal := !negative
		s := amSilence{Matchers: []matcher{{name, value, regex, &equal}}}
		a := message(notify.Fired, snapshot.Firing, 0).Alerts[0]
		labels := labelsOf(a)
		covered := s.covers(labels)
		if !regex && covered != ((labels[name] == value) == equal) {
			t.Fatalf("%+v covers: %t", s.Matchers, covered)
		}
		there := map[string]string{"rule": labelName, "subject": labelSubject, "severity": labelSeverity, "channel": "channel", "team-name": "team_name"}
		names := map[string]string{}
		for ours, name := range there {
			names[name] = ours
		}
		match, same := s.translate(names)
		if !same {
			return
		}
		for ours, text := range match {
			p, err := pattern.Parse(text)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if p.Present(labels[there[ours]]) != covered {
				t.Fatalf("%q on %q: here %t, there %t", text, labels[name], !covered, covered)
			}
		}
	})
}
