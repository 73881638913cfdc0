package cli

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"adtop/alert/notify/targets"
	"adtop/config"
	"adtop/sources"
	"adtop/store"
)

// told is a config with a webhook "team" and another, "oncall".
func told(t *testing.T, dir, more string) string {
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n2026-11-20,A,1,2.00,1,9.00\n")
	return write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1)+
		"notify:\n  targets:\n    - {name: team, type: webhook, url: env:TEAM}\n    - {name: oncall, type: webhook, url: env:ONCALL}\n"+more)
}

func TestATestMessageSaysInWordsWhatHappened(t *testing.T) {
	const secret = "T0P53CR37"
	bodies := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/gone") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		content, _ := io.ReadAll(r.Body)
		bodies <- string(content)
	}))
	defer server.Close()
	path := told(t, home(t), "")
	t.Setenv("TEAM", server.URL+"/team/"+secret)
	t.Setenv("ONCALL", server.URL+"/gone/"+secret)
	code, stdout, stderr := adtop(t, "notify", "test", "--config", path)
	if code != 1 || !strings.Contains(stdout, "ok  team (webhook): it arrived") || !strings.Contains(stdout, "!!  oncall (webhook): it says no") || !strings.Contains(stdout, "404") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if strings.Contains(stdout+stderr, secret) {
		t.Errorf("a secret is told:\n%s%s", stdout, stderr)
	}
	if body := <-bodies; !strings.Contains(body, "Shop: a test of adtop") {
		t.Errorf("sent %s", body)
	}
	if code, stdout, _ := adtop(t, "notify", "test", "team", "--config", path); code != 0 || strings.Contains(stdout, "oncall") {
		t.Errorf("of one target: exit code %d\n%s", code, stdout)
	}
	server.Close()
	if code, stdout, stderr := adtop(t, "notify", "test", "team", "--config", path); code != 1 || !strings.Contains(stdout, "it was not reached") || strings.Contains(stdout+stderr, secret) {
		t.Errorf("with nobody there: exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := adtop(t, "notify", "test", "nobody", "--config", path); code != 2 || !strings.Contains(stderr, `"nobody"`) {
		t.Errorf("of an unknown target: exit code %d\n%s", code, stderr)
	}
	if err := os.Unsetenv("ONCALL"); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := adtop(t, "notify", "test", "oncall", "--config", path); code != 1 || !strings.Contains(stdout, "shop.yaml:") || !strings.Contains(stdout, "ONCALL is not set") {
		t.Errorf("without its secret: exit code %d\n%s", code, stdout)
	}
}

func TestACollectorThatEndsHasToldWhatItFound(t *testing.T) {
	sent := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		sent <- string(content)
	}))
	defer server.Close()
	dir := home(t)
	path := told(t, dir, "  routes: [{targets: [team], group_wait: 0s, quiet_hours: all}]\n") // the export ended long ago
	t.Setenv("TEAM", server.URL)
	t.Setenv("ONCALL", server.URL)
	for range 2 { // the second one has nothing new to tell
		if code, _, stderr := adtop(t, "collect", "--once", "--config", path); code != 0 {
			t.Fatal(stderr)
		}
	}
	if len(sent) != 1 {
		t.Fatalf("told %d times", len(sent))
	}
	if message := <-sent; !strings.Contains(message, `"alertname":"source stale"`) || !strings.Contains(message, `"status":"firing"`) {
		t.Errorf("told %s", message)
	}
	code, stdout, stderr := adtop(t, "notify", "log", "--config", path)
	if code != 0 || !strings.Contains(stdout, "team  WARNING: partners: no data") || !strings.Contains(stdout, "after 1 attempt") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

func TestMistakesAboutTargetsHaveTheirPlace(t *testing.T) {
	dir := home(t)
	for text, says := range map[string]string{
		"    - {name: x, type: pigeon}\n":                            `there is no type "pigeon"`,
		"    - {name: x, type: webhook, url: env:TEAM, colour: 1}\n": `unknown key "colour"`,
		"    - {name: x, type: slack}\n":                             "url",
		"    - {name: x, type: webhook, url: env:HOME}\n":            "url",
		"  heartbeat: {url: env:HOME}\n":                             "is no address",
	} {
		t.Setenv("TEAM", "http://127.0.0.1:1/")
		t.Setenv("ONCALL", "http://127.0.0.1:1/")
		path := told(t, dir, text)
		if code, _, stderr := adtop(t, "collect", "--once", "--config", path); code != 1 || !strings.Contains(stderr, "shop.yaml:") || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d\n%s", text, code, stderr)
		}
	}
	export := filepath.Join(dir, "export.csv")
	silent := write(t, filepath.Join(dir, "silent.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
	if code, _, stderr := adtop(t, "notify", "test", "--config", silent); code != 1 || !strings.Contains(stderr, "names nobody to tell") {
		t.Errorf("without the section: exit code %d\n%s", code, stderr)
	}
}

func TestTheLogSaysWhatBecameOfEachMessage(t *testing.T) {
	dir := home(t)
	path := told(t, dir, "")
	ctx := context.Background()
	_, database, err := databaseOf(path)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := store.Open(ctx, database, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 14, 3, 0, 0, zoneOfShop(t))
	for i, a := range []store.Attempt{
		{State: store.Delivered},
		{State: store.Refused, Error: "no such channel"},
		{State: store.Undelivered, Next: at.Add(time.Hour), Error: "no answer"},
		{State: store.GivenUp, Error: "no answer"},
	} {
		name := []string{"team", "oncall", "mail", "phone"}[i]
		err := cache.Decide(ctx, store.Decision{At: at, Deliveries: []store.Delivery{{Target: name, Event: name, At: at.Add(time.Duration(i) * time.Minute), Kind: "firing", Title: "WARNING: Meta", Message: []byte("{}")}}})
		due, _, dueErr := cache.Outgoing(ctx, name, at.Add(time.Hour))
		if err != nil || dueErr != nil {
			t.Fatal(err, dueErr)
		}
		a.ID, a.At = due.ID, due.At.Add(time.Second)
		if err := cache.Attempted(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := cache.Close(); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := adtop(t, "notify", "log", "--config", path)
	want := `20 Nov 14:03  team    WARNING: Meta
                      firing, arrived 20 Nov 14:03:01 after 1 attempt
20 Nov 14:04  oncall  WARNING: Meta
                      firing, refused 20 Nov 14:04:01: no such channel
20 Nov 14:05  mail    WARNING: Meta
                      firing, tried again 20 Nov 15:03:00 after 1 attempt: no answer
20 Nov 14:06  phone   WARNING: Meta
                      firing, given up 20 Nov 14:06:01 after 1 attempt: no answer
`
	if code != 0 || stdout != want {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
	if code, stdout, _ := adtop(t, "notify", "log", "--last", "1", "--config", path); code != 0 || strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, "phone") {
		t.Errorf("the last one: exit code %d\n%s", code, stdout)
	}
}

func TestAHeartbeatThatIsNotHeardIsAnErrorWithoutItsAddress(t *testing.T) {
	var status atomic.Int32
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	defer server.Close()
	ping, err := pinger(&config.Heartbeat{URL: sources.Secret{Ref: "env:X"}}, func(string) (string, error) { return server.URL + "/5ecr37", nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := ping(t.Context()); err != nil {
		t.Error(err)
	}
	status.Store(http.StatusNotFound)
	if err := ping(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a wrong address: %v", err)
	}
	server.Close()
	if err := ping(t.Context()); err == nil || strings.Contains(err.Error(), "5ecr37") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestTheExampleConfigExplainsEveryOptionOfEveryTarget(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(filepath.Join("..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range cfg.Notify.Targets {
		if _, err := openTarget(target, targets.Env{}, nil); err != nil {
			t.Error(err)
		}
	}
	for _, typ := range targets.Types() {
		_, block, found := strings.Cut(string(content), "type: "+typ.Name+"\n")
		block, _, _ = strings.Cut(block, "    - name:")
		for _, key := range optionsOf(reflect.TypeOf(typ.Options()).Elem()) {
			if !found || !regexp.MustCompile(`(?m)^ +(# *)?`+key+`:`).MatchString(block) {
				t.Errorf("config.example.yaml does not show the option %s of %s", key, typ.Name)
			}
		}
	}
}
