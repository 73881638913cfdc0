//go:build !windows

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"adtop/config"
	"adtop/monitor"
	"adtop/snapshot"
)

// shopSession is a shop whose figures were fetched once, and its session.
func shopSession(t *testing.T) *session {
	t.Helper()
	return sessionAt(t, shop(t, home(t)))
}

func sessionAt(t *testing.T, path string) *session {
	t.Helper()
	if code, _, stderr := adtop(t, "collect", "--once", "--config", path); code != 0 {
		t.Fatal(stderr)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := (&app{}).open(t.Context(), cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s
}

// get asks for a path and returns status, headers and body.
func get(t *testing.T, url string, header ...string) (int, http.Header, string) {
	t.Helper()
	return ask(t, http.MethodGet, url, header...)
}

// ask does so by any method; header are names and values by turns. Nothing is
// unpacked by itself.
func ask(t *testing.T, method, url string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

// TestPrometheusReadsTheMetrics by its own parser, and by promtool where it is.
func TestPrometheusReadsTheMetrics(t *testing.T) {
	s := shopSession(t)
	server := httptest.NewServer((&measured{monitor: s.monitor, started: time.Now(), reload: &lastReload{}}).routes(byAddress))
	defer server.Close()
	code, header, body := get(t, server.URL+"/metrics")
	if code != 200 || header.Get("Content-Type") != expositionType {
		t.Fatalf("%d %s: %s", code, header.Get("Content-Type"), body)
	}
	r := httptest.NewRequest(http.MethodGet, "http://rebound.example:9101/metrics", nil)
	refused := httptest.NewRecorder()
	server.Config.Handler.ServeHTTP(refused, r)
	if refused.Code != http.StatusForbidden {
		t.Errorf("a page that somebody leads here reads the figures: %d", refused.Code)
	}
	value := readsMetrics(t, body)
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"adtop_channel_today_cost", []string{"channel", "Partners", "currency", "EUR"}, 20},
		{"adtop_channel_today_profit", []string{"channel", "Partners", "currency", "EUR"}, 25},
		{"adtop_channel_today_conversions", []string{"channel", "Partners"}, 2},
		{"adtop_source_health", []string{"source", "partners", "state", "ok", "type", "csv"}, 1},
		{"adtop_source_health", []string{"source", "partners", "state", "error"}, 0},
		{"adtop_channel_verdict", []string{"channel", "Partners", "verdict", "too early"}, 1},
		{"adtop_alerts_asking", []string{"severity", "critical"}, 0},
		{"adtop_collecting", nil, 0},
		{"adtop_build_info", []string{"version", version()}, 1},
	} {
		if got, known := value(want.name, want.labels...); !known || got != want.value {
			t.Errorf("%s%v is %v (%v), want %v\n%s", want.name, want.labels, got, known, want.value, body)
		}
	}
	for _, name := range []string{"adtop_source_last_success_timestamp_seconds", "adtop_channel_complete_through_timestamp_seconds", "go_goroutines", "process_start_time_seconds", "process_cpu_seconds_total"} {
		if got, known := value(name); !known || got == 0 {
			t.Errorf("no %s", name)
		}
	}
	for _, name := range []string{"adtop_channel_today_impressions", "adtop_source_quota_used_ratio", "adtop_source_access_expires_timestamp_seconds", "adtop_last_evaluation_timestamp_seconds", "adtop_notify_attempts_total", "adtop_notify_waiting_messages"} {
		if got, known := value(name); known {
			t.Errorf("%s is %v, and nobody knows it", name, got)
		}
	}
}

// readsMetrics reads metrics as Prometheus does, and has promtool look at them
// where it is. What it returns finds the value of the first series with the labels,
// which are names and values by turns.
func readsMetrics(t *testing.T, body string) (value func(name string, labels ...string) (float64, bool)) {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if promtool, err := exec.LookPath("promtool"); err == nil {
		lint := exec.Command(promtool, "check", "metrics")
		lint.Stdin = strings.NewReader(body)
		if said, err := lint.CombinedOutput(); err != nil {
			t.Errorf("promtool: %v: %s", err, said)
		}
	}
	return func(name string, labels ...string) (float64, bool) {
		for _, m := range families[name].GetMetric() {
			has := map[string]string{}
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			fits := true
			for i := 0; i < len(labels); i += 2 {
				fits = fits && has[labels[i]] == labels[i+1]
			}
			if fits {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue(), true
			}
		}
		return 0, false
	}
}

// TestMetricsGrowWithTheConfigAlone: names of campaigns and alerts are no labels.
func TestMetricsGrowWithTheConfigAlone(t *testing.T) {
	series := func(channels, sources, alerts, targets int) int {
		s := fresh()
		s.Channels, s.Sources = nil, nil
		for i := range channels {
			ch := fresh().Channels[0]
			ch.Name = strings.Repeat("c", i+1)
			ch.Campaigns = make([]snapshot.Campaign, 100)
			s.Channels = append(s.Channels, ch)
		}
		for i := range sources {
			s.Sources = append(s.Sources, snapshot.Source{Name: strings.Repeat("s", i+1), Type: "csv", Health: snapshot.Healthy, LastGood: checkedAt})
		}
		for i := range targets {
			s.Targets = append(s.Targets, snapshot.Target{Name: strings.Repeat("t", i+1), Type: "slack", Delivered: checkedAt, Waiting: 1000, Oldest: checkedAt})
		}
		for range alerts {
			s.Alerts = append(s.Alerts, fires(snapshot.Warning, "c"))
		}
		e := &exposition{}
		exposeSources(e, s)
		exposeChannels(e, s)
		exposeAlerts(e, s)
		exposeTargets(e, s, map[monitor.Try]int{{Target: "gone", Ended: "failed"}: 7})
		return len(regexp.MustCompile(`(?m)^[a-z]`).FindAllString(e.text.String(), -1))
	}
	base := series(1, 1, 0, 1)
	if got := series(1, 1, 1000, 1); got != base {
		t.Errorf("alerts add %d series", got-base)
	}
	if perChannel, perSource, perTarget := series(2, 1, 0, 1)-base, series(1, 2, 0, 1)-base, series(1, 1, 0, 2)-base; perChannel > 20 || perSource > 12 || perTarget > 8 {
		t.Errorf("a channel adds %d series, a source %d, a target %d", perChannel, perSource, perTarget)
	}
}

// TestMetricsTellWhetherMessagesArrive: one target takes them, the other one does
// not answer.
func TestMetricsTellWhetherMessagesArrive(t *testing.T) {
	var arrived atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/team" {
			arrived.Add(1)
		} else {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	t.Setenv("TEAM", server.URL+"/team")
	t.Setenv("ONCALL", server.URL+"/oncall")
	path := told(t, home(t), "  routes: [{targets: [team, oncall], group_wait: 0s, quiet_hours: all}]\n") // the export ended long ago
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := (&app{}).open(t.Context(), cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	began := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.monitor.Run(ctx) }()
	tried := func(target, ended string) bool {
		return s.monitor.Attempts()[monitor.Try{Target: target, Ended: ended}] > 0
	}
	for deadline := time.Now().Add(soon); !tried("team", "delivered") || !tried("oncall", "failed"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("tried: %v", s.monitor.Attempts())
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	answer := httptest.NewRecorder()
	(&measured{monitor: s.monitor, reload: &lastReload{}}).serve(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	body := answer.Body.String()
	value := readsMetrics(t, body)
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"adtop_notify_attempts_total", []string{"target", "team", "outcome", "delivered"}, float64(arrived.Load())},
		{"adtop_notify_attempts_total", []string{"target", "team", "outcome", "failed"}, 0},
		{"adtop_notify_attempts_total", []string{"target", "oncall", "outcome", "refused"}, 0},
		{"adtop_notify_failing", []string{"target", "team", "type", "webhook"}, 0},
		{"adtop_notify_failing", []string{"target", "oncall", "type", "webhook"}, 1},
		{"adtop_notify_waiting_messages", []string{"target", "team"}, 0},
	} {
		if got, known := value(want.name, want.labels...); !known || got != want.value {
			t.Errorf("%s%v is %v (%v), want %v\n%s", want.name, want.labels, got, known, want.value, body)
		}
	}
	if n, _ := value("adtop_notify_waiting_messages", "target", "oncall"); n < 1 {
		t.Errorf("%v messages wait for oncall", n)
	}
	const oldest, last = "adtop_notify_oldest_waiting_timestamp_seconds", "adtop_notify_last_success_timestamp_seconds"
	for name, target := range map[string]string{oldest: "oncall", last: "team"} {
		if at, known := value(name, "target", target); !known || at < float64(began.Unix()) {
			t.Errorf("%s of %s is %v (%v)", name, target, at, known)
		}
	}
	healthy := httptest.NewRecorder()
	(&measured{monitor: s.monitor}).health(healthy, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if text := healthy.Body.String(); !strings.Contains(text, `"failing_targets":["oncall"]`) {
		t.Errorf("health says %s", text)
	}
	for name, target := range map[string]string{oldest: "team", last: "oncall"} {
		if at, known := value(name, "target", target); known {
			t.Errorf("%s of %s is %v", name, target, at)
		}
	}
}

func TestHostileNamesStayWithinTheirLabel(t *testing.T) {
	e := &exposition{}
	e.gauge("adtop_x", "A \\ and\na break.")
	names := []string{`a"b`, `a\`, "a\nadtop_y 1", "\xff", "{}", "ä,b=\"c\""}
	for _, name := range names {
		e.is(1, "channel", name)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(e.text.Bytes()))
	if err != nil || len(families) != 1 || len(families["adtop_x"].GetMetric()) != len(names) {
		t.Fatalf("%v %v\n%s", families, err, e.text.String())
	}
	for i, m := range families["adtop_x"].GetMetric() {
		if got := m.GetLabel()[0].GetValue(); got != strings.ToValidUTF8(names[i], "\ufffd") {
			t.Errorf("%q became %q", names[i], got)
		}
	}
}

// TestHealthTurnsBadWithAReason: an engine that does not run is not well, one
// that runs is.
func TestHealthTurnsBadWithAReason(t *testing.T) {
	s := shopSession(t)
	server := httptest.NewServer((&measured{monitor: s.monitor}).routes(byAddress))
	defer server.Close()
	health := func() (code int, answer struct {
		Status, Reason string
		Collecting     bool
	}) {
		t.Helper()
		code, _, body := get(t, server.URL+"/healthz")
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return code, answer
	}
	if code, a := health(); code != 503 || a.Status != "unhealthy" || a.Reason != "the engine does not run" {
		t.Errorf("before the start: %d %+v", code, a)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.monitor.Run(ctx) }()
	<-s.monitor.Settled()
	if code, a := health(); code != 200 || a.Status != "ok" || !a.Collecting {
		t.Errorf("while it runs: %d %+v", code, a)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestTheWatchdogIsToldNothingOfAnEngineThatStands: silence has it started anew.
func TestTheWatchdogIsToldNothingOfAnEngineThatStands(t *testing.T) {
	stuck := monitor.Pulse{Collecting: true, Since: time.Now().Add(-time.Hour), Looked: time.Now().Add(-time.Hour)}
	if stuck.Trouble(time.Now()) == "" {
		t.Fatal("an engine that stands is well")
	}
	told := newSocket(t)
	t.Setenv("NOTIFY_SOCKET", told.path)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", "")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var log bytes.Buffer
	a := &app{err: &log, tellsLog: true}
	logger, _, err := a.openLog()
	if err != nil {
		t.Fatal(err)
	}
	if err := keepAlive(ctx, logger, func() monitor.Pulse { return stuck }); err != nil {
		t.Fatal(err)
	}
	if said := told.hearsNothing(); said != "" || !strings.Contains(log.String(), "has not moved for 1h") {
		t.Errorf("told %q; the log says %s", said, log.String())
	}
}

// TestOthersThanThisMachineNeedTheToken: figures of a business are not for
// everybody in the network. A token that is not there ends the start.
func TestOthersThanThisMachineNeedTheToken(t *testing.T) {
	dir := home(t)
	path := shop(t, dir)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"metrics for all without a token": {[]string{"--metrics", "0.0.0.0:0"}, 1, "need a token"},
		"a feed without a token":          {[]string{"--feed", ":0"}, 1, "need a token"},
		"a token on the command line":     {[]string{"--feed", ":0", "--token", "0123456789abcdef0123"}, 2, "not the token itself"},
		"a token that is not there":       {[]string{"--feed", ":0", "--token", "env:ADTOP_NO_SUCH"}, 1, "ADTOP_NO_SUCH is not set"},
		"no address":                      {[]string{"--metrics", "9101"}, 2, "expected HOST:PORT"},
		"a port that is none":             {[]string{"--metrics", ":99999999"}, 1, "--metrics"},
	} {
		code, _, stderr := adtop(t, append([]string{"collect", "--config", path}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "0123456789abcdef0123") {
			t.Errorf("%s: %d %s", name, code, stderr)
		}
	}
	write(t, dir+"/weak", "short\n")
	if code, _, stderr := adtop(t, "collect", "--config", path, "--feed", ":0", "--token", "file:weak"); code != 1 || !strings.Contains(stderr, "at least 16") || strings.Contains(stderr, "short") {
		t.Errorf("a weak token: %d %s", code, stderr)
	}
	const token = "0123456789abcdef"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := startsService(t, dir, []string{"ADTOP_TEST_TOKEN=" + token}, "collect", "--config", path, "--metrics", "0.0.0.0:0", "--token", "env:ADTOP_TEST_TOKEN")
	_, port, _ := strings.Cut(s.says("msg=answering"), "[::]:")
	url := "http://127.0.0.1:" + port
	if code, _, _ := get(t, url+"/metrics"); code != 401 {
		t.Errorf("without the token: %d", code)
	}
	if code, _, body := get(t, url+"/metrics", "Authorization", "Bearer "+token); code != 200 || !strings.Contains(body, "adtop_build_info") {
		t.Errorf("with the token: %d %s", code, body)
	}
	for text, good := range map[string]string{"title: [\n": "0", string(content): "1"} {
		write(t, path, text)
		s.signal(syscall.SIGHUP)
		s.says("reloaded")
		if _, _, body := get(t, url+"/metrics", "Authorization", "Bearer "+token); !strings.Contains(body, "\nadtop_config_last_reload_successful "+good+"\n") {
			t.Errorf("after a reload, want %s: %s", good, body)
		}
	}
	if code, _, body := get(t, url+"/healthz"); code != 200 {
		t.Errorf("health: %d %s", code, body)
	}
	if code, _, _ := ask(t, http.MethodPost, url+"/metrics", "Authorization", "Bearer "+token); code != 405 {
		t.Errorf("a POST: %d", code)
	}
	s.ends(syscall.SIGTERM)
}
