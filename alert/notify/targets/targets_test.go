package targets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/sources"
)

var noon = time.Date(2026, 11, 30, 11, 0, 0, 0, time.UTC)

var env = Env{Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)}

// hush is a secret of every target under test.
const hush = "s3cr3tS3cr3t"

func secret(text string) sources.Secret { return sources.NewSecret(text) }

// service is a target that speaks HTTP and what its service answers.
type service struct {
	name string
	open func(t *testing.T, address string) notify.Target
	ok   string
}

func open(t *testing.T, options any) notify.Target {
	t.Helper()
	target, err := Open(options, env)
	if err != nil {
		t.Fatalf("%T: %v", options, err)
	}
	return target
}

var services = []service{
	{"slack", func(t *testing.T, address string) notify.Target {
		return open(t, &SlackOptions{URL: secret(address + "/services/T01/B01/" + hush)})
	}, "ok"},
	{"telegram", func(t *testing.T, address string) notify.Target {
		target := open(t, &TelegramOptions{Token: secret("123456:" + hush), Chat: "-1001234567890", Thread: 42}).(*telegram)
		target.api = strings.Replace(target.api, "https://api.telegram.org", address, 1)
		return target
	}, `{"ok":true,"result":{"message_id":17}}`},
	{"teams", func(t *testing.T, address string) notify.Target {
		return open(t, &TeamsOptions{URL: secret(address + "/workflows/1/triggers/manual/paths/invoke?sig=" + hush)})
	}, ""},
	{"ntfy", func(t *testing.T, address string) notify.Target {
		return open(t, &NtfyOptions{URL: address, Topic: secret(hush), Token: secret(hush)})
	}, `{"id":"hwQ2YpKdmg","event":"message"}`},
	{"pagerduty", func(t *testing.T, address string) notify.Target {
		target := open(t, &PagerDutyOptions{RoutingKey: secret(hush), Region: "eu"}).(*pagerDuty)
		target.events = address
		return target
	}, `{"status":"success","message":"Event processed","dedup_key":"k"}`},
	{"alertmanager", func(t *testing.T, address string) notify.Target {
		return open(t, &AlertmanagerOptions{URLs: []string{address + "/"}, User: "adtop", Password: secret(hush)})
	}, ""},
	{"webhook", func(t *testing.T, address string) notify.Target {
		return open(t, &WebhookOptions{URL: secret(address + "/hook?key=" + hush), Secret: secret("sign-" + hush), Token: secret("bearer-" + hush)})
	}, "thanks"},
}

func message(kind notify.Kind, state string, others int) notify.Message {
	m := notify.Message{Event: "event-1", Key: "channel/Meta", Kind: kind, Cause: "first notification", At: noon, Severity: snapshot.Critical,
		Labels: map[string]string{"channel": "Meta <b>"}, Link: "https://ads.example.com/campaigns?account=1&id=2"}
	for i := range 1 + others {
		a := notify.Alert{Link: m.Link, Alert: snapshot.Alert{
			ID: fmt.Sprint(i), Rule: "unprofitable", Subject: "Meta <b>", State: state, Severity: snapshot.Critical, Since: noon.Add(-90 * time.Minute),
			Labels: map[string]string{"channel": "Meta <b>", "source": "meta, shop", "team-name": "paid"}, Summary: "Meta <b> & *co*: −412 EUR/day",
			Reason: "3 conversions since Sat 05:00, 9.4 needed & due.", Runbook: "https://wiki.example.com/unprofitable", Ground: snapshot.Ground{Due: 9.4, Seen: 3}}}
		if i > 0 {
			a.Rule, a.Severity = "spend spike", snapshot.Warning
		}
		if kind == notify.Acked {
			a.AckedBy, a.AckNote = "anna", "on it"
		}
		if kind == notify.Resolved {
			a.EndedAt = noon.Add(-time.Minute)
		}
		m.Alerts = append(m.Alerts, a)
	}
	m.Title, m.Text = notify.Render(kind, m.Cause, m.Alerts, noon, time.UTC)
	return m
}

func note() notify.Message {
	return notify.Message{Event: "event-2", Key: "digest", Kind: notify.Note, At: noon, Title: "Yesterday: 1,204 EUR spent", Text: "ROAS 3.1\nBest: Google Brand", Severity: snapshot.Info}
}

// byStatus says whether a service tells its success by the status alone.
func byStatus(s service) bool { return s.ok == "" || s.name == "webhook" }

func TestHowAPageArrives(t *testing.T) {
	for _, s := range services {
		t.Run(s.name, func(t *testing.T) {
			var got bytes.Buffer
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				fmt.Fprintf(&got, "%s %s\n", r.Method, r.URL)
				for _, name := range []string{"Authorization", "Idempotency-Key", "X-Adtop-Timestamp", "X-Adtop-Signature"} {
					if value := r.Header.Get(name); value != "" {
						fmt.Fprintf(&got, "%s: %s\n", name, value)
					}
				}
				if r.Header.Get("Content-Type") != "application/json" || json.Indent(&got, body, "", "  ") != nil {
					t.Errorf("not JSON: %s", body)
				}
				got.WriteString("\n\n")
				io.WriteString(w, s.ok)
			}))
			defer server.Close()
			target := s.open(t, server.URL)
			for _, m := range []notify.Message{
				message(notify.Fired, snapshot.Firing, 0), message(notify.Fired, snapshot.Firing, 1), message(notify.Acked, snapshot.Firing, 0),
				message(notify.Resolved, snapshot.Resolved, 0), message(notify.Resolved, snapshot.Retracted, 0), note(),
			} {
				fmt.Fprintf(&got, "== %s, alerts: %d\n", m.Kind, len(m.Alerts))
				if err := target.Send(t.Context(), m); err != nil {
					t.Errorf("%s: %v", m.Kind, err)
				}
			}
			golden.RequireEqual(t, got.Bytes())
		})
	}
}

// tells checks that an error keeps secrets, and returns whether it is a refusal
// and how long it asks to wait.
func tells(t *testing.T, err error) (refused bool, wait time.Duration) {
	t.Helper()
	if err == nil {
		t.Fatal("taken for a success")
	}
	if strings.Contains(err.Error(), hush[:3]) || strings.Contains(err.Error(), "czNjcj") || strings.Contains(err.Error(), "M2NyM3") { // nor the beginning of one, nor in base 64
		t.Errorf("a secret is in %q", err)
	}
	var r notify.Refused
	var l notify.Later
	if errors.As(err, &l) {
		wait = l.After
	}
	return errors.As(err, &r), wait
}

func TestATargetTellsARefusalFromTroubleThatPasses(t *testing.T) {
	echo := "no such thing: /services/T01/B01/" + hush + strings.Repeat(" 123456:"+hush, 30) // the excerpt ends within one
	for _, s := range services {
		for _, c := range []struct {
			name    string
			status  int
			header  string
			refused bool
			wait    time.Duration
		}{
			{"failing", 500, "", false, 0},
			{"out of service for a while", 503, "120", false, 2 * time.Minute},
			{"throttling", 429, "7", false, 7 * time.Second},
			{"throttling for weeks", 429, "9000000", false, maxPatience},
			{"throttling without a time", 429, "", false, 0},
			{"slow to read", 408, "", false, 0},
			{"not understanding", 400, "", true, 0},
			{"not knowing us", 401, "", true, 0},
			{"gone", 410, "5", true, 0},
		} {
			t.Run(s.name+"/"+c.name, func(t *testing.T) {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if c.header != "" {
						w.Header().Set("Retry-After", c.header)
					}
					w.WriteHeader(c.status)
					io.WriteString(w, r.Header.Get("Authorization")+" "+echo)
				}))
				defer server.Close()
				refused, wait := tells(t, s.open(t, server.URL).Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)))
				if refused != c.refused || wait != c.wait {
					t.Errorf("refused: %t, wait: %s", refused, wait)
				}
			})
		}
	}
}

func TestAServiceThatHangsOrCannotBeReachedIsTriedAgain(t *testing.T) {
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-release }))
	defer hanging.Close()
	defer close(release)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, s := range services {
		for name, address := range map[string]string{"hanging": hanging.URL, "gone": gone.URL} {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			if refused, _ := tells(t, s.open(t, address).Send(ctx, message(notify.Fired, snapshot.Firing, 0))); refused {
				t.Errorf("%s, %s: refused", s.name, name)
			}
			cancel()
		}
	}
}

func TestNoMessageFollowsARedirectToAnotherHost(t *testing.T) {
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL+"/login?from="+hush, http.StatusTemporaryRedirect))
	defer server.Close()
	for _, s := range services {
		err := s.open(t, server.URL).Send(t.Context(), message(notify.Fired, snapshot.Firing, 0))
		if tells(t, err); !strings.Contains(err.Error(), "redirected to "+strings.TrimPrefix(other.URL, "http://")) {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	if reached.Load() > 0 {
		t.Error("a message went elsewhere")
	}
}

func TestAnAnswerWithoutEndIsNotReadToItsEnd(t *testing.T) {
	for _, s := range services {
		var sent atomic.Int64
		var done sync.WaitGroup
		done.Add(1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer done.Done()
			for chunk := bytes.Repeat([]byte("x"), 1<<20); sent.Load() < 256<<20; sent.Add(1 << 20) {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}))
		err := s.open(t, server.URL).Send(t.Context(), message(notify.Fired, snapshot.Firing, 0))
		done.Wait()
		server.Close()
		if byStatus(s) != (err == nil) {
			t.Errorf("%s: %v", s.name, err)
		}
		if sent.Load() >= 256<<20 {
			t.Errorf("%s read all of it", s.name)
		}
	}
}

func TestASuccessThatSaysSomethingElseIsNone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<html>Sign in to the guest network "+hush)
	}))
	defer server.Close()
	for _, s := range services {
		if byStatus(s) {
			continue
		}
		if refused, _ := tells(t, s.open(t, server.URL).Send(t.Context(), message(notify.Fired, snapshot.Firing, 0))); refused {
			t.Errorf("%s: refused", s.name)
		}
	}
}

func (c *client) through(transport http.RoundTripper) { c.http.Transport = transport }

func TestACertificateThatNobodyVouchesForGetsNoMessage(t *testing.T) {
	var reached atomic.Int32
	for _, s := range services {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			reached.Add(1)
			io.WriteString(w, s.ok)
		}))
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		server.StartTLS()
		target := s.open(t, server.URL)
		tells(t, target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)))
		if reached.Load() > 0 {
			t.Errorf("%s sent a message", s.name)
		}
		// With one that is vouched for, it does.
		target.(interface{ through(http.RoundTripper) }).through(server.Client().Transport)
		if err := target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)); err != nil || reached.Load() != 1 {
			t.Errorf("%s: %v", s.name, err)
		}
		reached.Store(0)
		server.Close()
	}
}

func TestOptionsThatCannotWorkAreRefusedByTheirName(t *testing.T) {
	for want, options := range map[string]any{
		"url is missing":                      &SlackOptions{},
		"url: not an address":                 &WebhookOptions{URL: secret("ftp://" + hush)},
		"token is missing":                    &TelegramOptions{Chat: "1"},
		"token: not the token":                &TelegramOptions{Token: secret("https://" + hush), Chat: "1"},
		"chat is missing":                     &TelegramOptions{Token: secret(hush)},
		"topic is missing":                    &NtfyOptions{URL: "https://ntfy.sh"},
		"topic: expected its name":            &NtfyOptions{URL: "https://ntfy.sh", Topic: secret("https://ntfy.sh/" + hush)},
		"routing_key is missing":              &PagerDutyOptions{Region: "us"},
		`region: "de"`:                        &PagerDutyOptions{RoutingKey: secret(hush), Region: "de"},
		"urls is missing":                     &AlertmanagerOptions{},
		"urls: not an address":                &AlertmanagerOptions{URLs: []string{"alertmanager:9093"}},
		"user and password: give both":        &AlertmanagerOptions{URLs: []string{"http://a:9093"}, User: "adtop"},
		"user and token: give one":            &AlertmanagerOptions{URLs: []string{"http://a:9093"}, User: "a", Password: secret(hush), Token: secret(hush)},
		"host is missing":                     &EmailOptions{TLS: "starttls"},
		`tls: "ssl"`:                          &EmailOptions{Host: "h", From: "a@b", To: []string{"c@d"}, TLS: "ssl"},
		"port: 70000":                         &EmailOptions{Host: "h", From: "a@b", To: []string{"c@d"}, TLS: "none", Port: 70000},
		`to: "c"`:                             &EmailOptions{Host: "h", From: "a@b", To: []string{"c"}, TLS: "none"},
		`from: "a"`:                           &EmailOptions{Host: "h", From: "a", To: []string{"c@d"}, TLS: "none"},
		"url: for telegram use type":          &ShoutrrrOptions{URL: secret("telegram://" + hush + "@telegram?chats=1")},
		"url: no service that can be relied":  &ShoutrrrOptions{URL: secret("logger://" + hush)},
		"url: not an address of shoutrrr":     &ShoutrrrOptions{URL: secret("discord://%zz" + hush)},
		"url: discord: failed to initialize":  &ShoutrrrOptions{URL: secret("discord://" + hush)},
		"no target has options *targets.Type": &Type{},
	} {
		_, err := Open(options, env)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), hush) {
			t.Errorf("%T: %v, want %s", options, err, want)
		}
	}
}

func TestEveryTypeOpensWithWhatItsOptionsBeginWith(t *testing.T) {
	var names []string
	for _, typ := range Types() {
		if _, err := Open(typ.Options(), env); err == nil || strings.HasPrefix(err.Error(), "no target") {
			t.Errorf("%s without options: %v", typ.Name, err)
		}
		names = append(names, typ.Name)
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(Types()) {
		t.Error("two types have one name")
	}
}
