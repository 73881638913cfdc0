//go:build !windows

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/snapshot"
)

var checkedAt = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// fresh is a picture in which all is well.
func fresh() *snapshot.Snapshot {
	channel := func(name string, p float64) snapshot.Channel {
		return snapshot.Channel{Name: name, SpentAt: []string{strings.ToLower(name)}, Verdict: kpi.Profitable, P: kpi.Ratio{Value: p, OK: true}, Reason: "It earns.",
			Watermark: checkedAt.Add(-20 * time.Minute),
			Now:       snapshot.Figures{Known: true, Metrics: kpi.Metrics{Has: kpi.Cost | kpi.Conversions, Cost: 12_500_000, Conversions: 2_500_000}}}
	}
	return &snapshot.Snapshot{AsOf: checkedAt, Currency: "EUR", Zone: time.UTC, Collector: snapshot.Collector{Who: "process 7"}, Alarm: snapshot.Alarm{Threshold: 0.8},
		Channels: []snapshot.Channel{channel("Search", 0.02), channel("Social", 0.3), {Name: "unassigned", Unassigned: true}}}
}

func fires(severity snapshot.Severity, channel string) snapshot.Alert {
	return snapshot.Alert{ID: "1", Rule: "unprofitable", Subject: channel, Labels: map[string]string{"channel": channel}, Severity: severity, State: snapshot.Firing, FiredAt: checkedAt,
		Since: checkedAt, Summary: channel + " unprofitable, 97% sure"}
}

// untold is the alert that nothing arrives at a target.
func untold(severity snapshot.Severity) snapshot.Alert {
	return snapshot.Alert{ID: "2", Rule: "notify failing", Subject: "team", Labels: map[string]string{"target": "team"}, Severity: severity, State: snapshot.Firing, FiredAt: checkedAt,
		Since: checkedAt, Summary: "team: alerts do not arrive there"}
}

// TestTheReportSaysHowTargetsStand: who reads it need not know when all is well.
func TestTheReportSaysHowTargetsStand(t *testing.T) {
	s := fresh()
	s.Targets = []snapshot.Target{{Name: "team", Type: "slack", Delivered: checkedAt.Add(-time.Hour), Failing: checkedAt, Problem: "no answer", Next: "Try it.", Waiting: 2, Oldest: checkedAt}, {Name: "new", Type: "email"}}
	var out bytes.Buffer
	if err := writeJSON(&out, s); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Targets []map[string]any `json:"targets"`
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"name": "team", "type": "slack", "health": "error", "problem": "no answer", "next": "Try it.", "failing_since": "2026-11-20T12:00:00Z", "last_delivery": "2026-11-20T11:00:00Z", "waiting": 2.0, "oldest_waiting": "2026-11-20T12:00:00Z"},
		{"name": "new", "type": "email", "health": "waiting", "problem": nil, "next": nil, "failing_since": nil, "last_delivery": nil, "waiting": 0.0, "oldest_waiting": nil},
	}
	if diff := cmp.Diff(want, report.Targets); diff != "" {
		t.Error(diff)
	}
}

func TestTheExitCodeSaysWhatAsksForAttention(t *testing.T) {
	for name, c := range map[string]struct {
		o      checkOptions
		change func(s *snapshot.Snapshot)
		want   status
		says   string
	}{
		"all is well":                           {checkOptions{}, func(*snapshot.Snapshot) {}, statusOK, "ADTOP OK - 2 channels, nothing asks for attention | "},
		"this process collects":                 {checkOptions{}, func(s *snapshot.Snapshot) { s.Collector = snapshot.Collector{Here: true} }, statusOK, "OK"},
		"nobody collects":                       {checkOptions{}, func(s *snapshot.Snapshot) { s.Collector = snapshot.Collector{} }, statusUnknown, "UNKNOWN - nobody collects"},
		"a warning":                             {checkOptions{}, func(s *snapshot.Snapshot) { s.Alerts = append(s.Alerts, fires(snapshot.Warning, "Search")) }, statusWarning, "WARNING - Search unprofitable"},
		"a critical alert":                      {checkOptions{}, func(s *snapshot.Snapshot) { s.Alerts = append(s.Alerts, fires(snapshot.Critical, "Search")) }, statusCritical, "CRITICAL - Search"},
		"a target that fails":                   {checkOptions{}, func(s *snapshot.Snapshot) { s.Alerts = append(s.Alerts, untold(snapshot.Warning)) }, statusWarning, "WARNING - team: alerts do not arrive there"},
		"a target that misses what is critical": {checkOptions{}, func(s *snapshot.Snapshot) { s.Alerts = append(s.Alerts, untold(snapshot.Critical)) }, statusCritical, "CRITICAL - team: alerts do not arrive there"},
		"a target, and a channel by itself":     {checkOptions{channel: "Search"}, func(s *snapshot.Snapshot) { s.Alerts = append(s.Alerts, untold(snapshot.Critical)) }, statusOK, "OK"},
		"one that informs":                      {checkOptions{}, func(s *snapshot.Snapshot) { s.Alerts = append(s.Alerts, fires(snapshot.Info, "Search")) }, statusOK, "\nfiring info: Search"},
		"one that looks over": {checkOptions{}, func(s *snapshot.Snapshot) {
			a := fires(snapshot.Warning, "Search")
			a.State = snapshot.Recovering
			s.Alerts = append(s.Alerts, a)
		}, statusWarning, "recovering"},
		"one that is pending": {checkOptions{}, func(s *snapshot.Snapshot) {
			a := fires(snapshot.Critical, "Search")
			a.State = snapshot.Pending
			s.Alerts = append(s.Alerts, a)
		}, statusOK, "\npending critical"},
		"one that ended": {checkOptions{}, func(s *snapshot.Snapshot) {
			a := fires(snapshot.Critical, "Search")
			a.EndedAt, a.State = checkedAt, snapshot.Resolved
			s.Alerts = append(s.Alerts, a)
		}, statusOK, "OK"},
		"one that is acked": {checkOptions{}, func(s *snapshot.Snapshot) {
			a := fires(snapshot.Critical, "Search")
			a.AckedBy, a.AckNote = "ben", "on it"
			s.Alerts = append(s.Alerts, a)
		}, statusOK, "1 muted"},
		"and says who acked it": {checkOptions{}, func(s *snapshot.Snapshot) {
			a := fires(snapshot.Critical, "Search")
			a.AckedBy, a.AckNote = "ben", "on it"
			s.Alerts = append(s.Alerts, a)
		}, statusOK, "(acked by ben: on it)"},
		"one that is silenced": {checkOptions{}, func(s *snapshot.Snapshot) {
			a := fires(snapshot.Critical, "Search")
			a.Silence = "s1"
			s.Alerts = append(s.Alerts, a)
		}, statusOK, "(silenced)"},
		"a channel without data": {checkOptions{}, func(s *snapshot.Snapshot) {
			s.Channels[0].Verdict, s.Channels[0].Problem = kpi.NoData, "search: no good answer for 2h"
		}, statusUnknown, "UNKNOWN - Search: no data, search: no good answer"},
		"a channel that was never fetched": {checkOptions{}, func(s *snapshot.Snapshot) { s.Channels[0].Watermark = time.Time{} }, statusUnknown, "Search: never fetched"},
		"no data and a warning": {checkOptions{}, func(s *snapshot.Snapshot) {
			s.Channels[0].Verdict = kpi.NoData
			s.Alerts = append(s.Alerts, fires(snapshot.Warning, "Social"))
		}, statusUnknown, "UNKNOWN - Search"},
		"no data and a critical alert": {checkOptions{}, func(s *snapshot.Snapshot) {
			s.Channels[0].Verdict = kpi.NoData
			s.Alerts = append(s.Alerts, fires(snapshot.Critical, "Social"))
		}, statusCritical, "CRITICAL - Social unprofitable, 97% sure; Search: no data"},
		"figures older than wished":  {checkOptions{maxAge: 10 * time.Minute}, func(*snapshot.Snapshot) {}, statusUnknown, "figures end 20m0s ago, more than --max-age 10m"},
		"figures as fresh as wished": {checkOptions{maxAge: 30 * time.Minute}, func(*snapshot.Snapshot) {}, statusOK, "age'=1200s;;1800"},
		"another channel": {checkOptions{channel: "Social"}, func(s *snapshot.Snapshot) {
			s.Alerts = append(s.Alerts, fires(snapshot.Critical, "Search"))
			s.Channels[0].Verdict = kpi.NoData
		}, statusOK, "OK - 1 channel"},
		"the channel itself": {checkOptions{channel: "Search"}, func(s *snapshot.Snapshot) { s.Alerts = append(s.Alerts, fires(snapshot.Critical, "Search")) }, statusCritical, "CRITICAL"},
		"the source of the channel": {checkOptions{channel: "Search"}, func(s *snapshot.Snapshot) {
			s.Alerts = append(s.Alerts, snapshot.Alert{Subject: "search", Labels: map[string]string{"source": "search"}, Severity: snapshot.Warning, State: snapshot.Firing, Summary: "search: access refused"})
		}, statusWarning, "access refused"},
		"several channels, one of them meant": {checkOptions{channel: "Social"}, func(s *snapshot.Snapshot) {
			a := fires(snapshot.Critical, "Search")
			a.Subject, a.Labels["channel"] = "google", "Search, Social"
			s.Alerts = append(s.Alerts, a)
		}, statusCritical, "CRITICAL"},
		"a channel that is none":         {checkOptions{channel: "Serach"}, func(*snapshot.Snapshot) {}, statusUnknown, `there is no channel "Serach"`},
		"no channels":                    {checkOptions{}, func(s *snapshot.Snapshot) { s.Channels = nil }, statusUnknown, "no channels"},
		"a name that would end the line": {checkOptions{}, func(s *snapshot.Snapshot) { s.Alerts = append(s.Alerts, fires(snapshot.Warning, "a|b\nOK")) }, statusWarning, "WARNING - a¦b OK unprofitable"},
		"more alerts than a text message has": {checkOptions{}, func(s *snapshot.Snapshot) {
			for range 5 {
				s.Alerts = append(s.Alerts, fires(snapshot.Warning, "Search"))
			}
		}, statusWarning, "; and 2 more | "},
		"a severity that comes after a milder one": {checkOptions{}, func(s *snapshot.Snapshot) {
			s.Alerts = append(s.Alerts, fires(snapshot.Warning, "Search"), fires(snapshot.Critical, "Social"))
		}, statusCritical, "CRITICAL - Social"},
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh()
			c.change(s)
			var out strings.Builder
			if got := check(&out, s, c.o); got != c.want || !strings.Contains(out.String(), c.says) {
				t.Errorf("%s, want %s with %q:\n%s", got, c.want, c.says, out.String())
			}
			if strings.Count(out.String(), "|") > 1 {
				t.Errorf("a second bar:\n%s", out.String())
			}
		})
	}
}

// TestFiguresForGraphsAreAsTheGuidelinesSay: 'label'=value[unit];warn;crit;min;max,
// and what is not known is not there.
func TestFiguresForGraphsAreAsTheGuidelinesSay(t *testing.T) {
	s := fresh()
	s.Channels[1] = snapshot.Channel{Name: "It's = odd | really", Verdict: kpi.TooEarly, Watermark: checkedAt, Reason: "Young."}
	var out strings.Builder
	check(&out, s, checkOptions{})
	line, _, _ := strings.Cut(out.String(), "\n")
	_, figures, _ := strings.Cut(line, " | ")
	want := `'Search p_unprofitable'=2.0%;60;80.0;0;100 'Search age'=1200s 'Search cost EUR'=12.50 'Search conversions'=2.5 'It''s - odd ¦ really age'=0s`
	if figures != want {
		t.Errorf("%s\nwant\n%s", figures, want)
	}
	shape := regexp.MustCompile(`^('([^'=|]|'')+'=-?[0-9.]+(s|%)?(;[0-9.]*){0,4} ?)+$`)
	if !shape.MatchString(figures) {
		t.Errorf("no plugin writes %q", figures)
	}
}

// TestACheckOfTheRealCache: while somebody collects it is OK, afterwards it is
// not, and no mistake looks like a state of the channels.
func TestACheckOfTheRealCache(t *testing.T) {
	dir := home(t)
	path := shop(t, dir)
	if code, out, _ := adtop(t, "check", "--config", path); code != 3 || !strings.HasPrefix(out, "ADTOP UNKNOWN - ") || strings.Count(out, "\n") != 1 {
		t.Errorf("before the first start: %d %q", code, out)
	}
	s := startsService(t, dir, nil, "collect", "--config", path)
	s.says("msg=collecting")
	deadline := time.Now().Add(20 * time.Second)
	for code, out := 3, ""; code != 0; time.Sleep(50 * time.Millisecond) {
		if code, out, _ = adtop(t, "check", "--config", path); time.Now().After(deadline) {
			t.Fatalf("while it collects: %d %q", code, out)
		}
	}
	if code, out, _ := adtop(t, "check", "--config", path, "--channel", "Partners", "--max-age", "1ns"); code != 3 || !strings.Contains(out, "more than --max-age 1ns") {
		t.Errorf("with figures that are too old: %d %q", code, out)
	}
	s.ends(syscall.SIGTERM)
	if code, out, _ := adtop(t, "check", "--config", path); code != 3 || !strings.Contains(out, "nobody collects") {
		t.Errorf("after the end: %d %q", code, out)
	}
	for name, args := range map[string][]string{
		"no config":       {"check", "--config", dir + "/none.yaml"},
		"an unknown flag": {"check", "--frobnicate"},
		"an argument":     {"check", "everything"},
		"a negative age":  {"check", "--max-age", "-1h"},
		"a wrong theme":   {"check", "--theme", "pink"},
	} {
		if code, out, _ := adtop(t, args...); code != 3 || !strings.HasPrefix(out, "ADTOP UNKNOWN - ") {
			t.Errorf("%s: %d %q", name, code, out)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&app{}).glance(ctx, path); err == nil {
		t.Error("a check that was broken off found something")
	}
}
