package storetest

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/store"
)

func decisions(t *testing.T, f *fixture) {
	evaluation := func(minute int, channel string, p float64) store.Evaluation {
		return store.Evaluation{At: at(minute), Channel: channel, P: p, Known: true, Verdict: "at risk", Reason: "because", Model: "1", Config: "c0ffee", Detail: []byte(`{"n":1}`)}
	}
	alert := store.Alert{ID: "unprofitable/tiktok", At: at(0), Rule: "unprofitable", Subject: "TikTok", Severity: "page", State: "pending", Since: at(0), Summary: "losing", Detail: []byte(`{}`)}
	firing := alert
	firing.At, firing.State, firing.FiredAt = at(10), "firing", at(10)
	ended := firing
	ended.At, ended.State, ended.EndedAt = at(20), "resolved", at(20)
	younger := alert
	younger.ID, younger.At, younger.Since = "stale/meta", at(5), at(5)
	for _, d := range []store.Decision{
		{At: at(0), Evaluations: []store.Evaluation{evaluation(0, "TikTok", 0.5), evaluation(0, "Google", 0.1)}, Alerts: []store.Alert{alert}},
		{At: at(5), Alerts: []store.Alert{younger}},
		{At: at(10), Evaluations: []store.Evaluation{evaluation(10, "TikTok", 0.9)}, Alerts: []store.Alert{firing}},
		{At: at(20), Alerts: []store.Alert{ended}},
	} {
		if err := f.Decide(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	for minute, want := range map[int][]float64{-1: nil, 0: {0.1, 0.5}, 9: {0.1, 0.5}, 10: {0.1, 0.9}} {
		got := must[[]store.Evaluation](t)(f.Evaluations(ctx, at(minute)))
		if len(got) != len(want) {
			t.Fatalf("minute %d: %+v", minute, got)
		}
		for i, p := range want {
			if got[i].P != p || got[i].Reason != "because" || string(got[i].Detail) != `{"n":1}` {
				t.Errorf("minute %d: %+v, want P %v", minute, got[i], p)
			}
		}
	}
	for _, c := range []struct {
		since, asOf int
		want        []string
	}{
		{-60, -1, nil},
		{-60, 4, []string{"pending"}},
		{-60, 9, []string{"pending", "pending"}},
		{-60, 10, []string{"pending", "firing"}},
		{-60, 20, []string{"pending", "resolved"}},
		{20, 30, []string{"pending"}},
	} {
		var got []string
		for _, a := range must[[]store.Alert](t)(f.Alerts(ctx, at(c.since), at(c.asOf))) {
			got = append(got, a.State)
		}
		if len(got) != len(c.want) || len(got) > 1 && got[1] != c.want[1] {
			t.Errorf("alerts since %d as of %d: %v, want %v", c.since, c.asOf, got, c.want)
		}
	}
	got := must[[]store.Alert](t)(f.Alerts(ctx, at(-60), at(10)))
	if !got[1].FiredAt.Equal(at(10)) || !got[1].EndedAt.IsZero() || !got[1].Open() || got[1].Subject != "TikTok" {
		t.Errorf("alert: %+v", got[1])
	}
	var states []string
	for _, a := range must[[]store.Alert](t)(f.AlertHistory(ctx, alert.ID, at(19))) {
		states = append(states, a.State)
	}
	if !slices.Equal(states, []string{"pending", "firing"}) {
		t.Errorf("history of the alert until minute 19: %v", states)
	}
	for _, p := range []float64{math.NaN(), -0.1, 1.1, math.Inf(1)} {
		if err := f.Decide(ctx, store.Decision{At: at(30), Evaluations: []store.Evaluation{evaluation(30, "TikTok", p)}}); err == nil {
			t.Errorf("P of %v was stored", p)
		}
	}
}

func silences(t *testing.T, f *fixture) {
	first := store.Silence{ID: "s1", At: at(0), Matchers: map[string]string{"channel": "TikTok*"}, Starts: at(5), Ends: at(60), By: "ops", Note: "sale\x1b"}
	ended := first
	ended.At, ended.Ends = at(10), at(10)
	for _, s := range []store.Silence{first, ended} {
		if err := f.Decide(ctx, store.Decision{At: s.At, Silences: []store.Silence{s}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		since, asOf int
		ends        time.Time
	}{{0, 9, at(60)}, {0, 10, at(10)}, {9, 99, at(10)}} {
		got := must[[]store.Silence](t)(f.Silences(ctx, at(c.since), at(c.asOf)))
		if len(got) != 1 || !got[0].Ends.Equal(c.ends) || !got[0].Starts.Equal(at(5)) || got[0].By != "ops" || got[0].Note != "sale" || !maps.Equal(got[0].Matchers, first.Matchers) {
			t.Errorf("silences since %d as of %d: %+v", c.since, c.asOf, got)
		}
	}
	for _, c := range [][2]int{{0, -1}, {10, 99}} {
		if got := must[[]store.Silence](t)(f.Silences(ctx, at(c[0]), at(c[1]))); len(got) != 0 {
			t.Errorf("silences since %d as of %d: %+v", c[0], c[1], got)
		}
	}
}

func notes(t *testing.T, f *fixture) {
	first := store.Note{ID: "n1", At: at(0), Channel: "TikTok", Date: today, Text: "new\x1b landing page", By: "ops"}
	second := store.Note{ID: "n2", At: at(5), Date: today - 1, Text: strings.Repeat("ä", store.MaxNote), By: "ops"}
	removed := first
	removed.At, removed.Removed = at(10), true
	for _, n := range []store.Note{first, second, removed, removed} {
		if err := f.Decide(ctx, store.Decision{At: n.At, Notes: []store.Note{n}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		days kpi.DateRange
		asOf int
		want []string
	}{{allDays, -1, nil}, {allDays, 4, []string{"n1"}}, {allDays, 9, []string{"n2", "n1"}}, {days(today, today), 9, []string{"n1"}}, {allDays, 10, []string{"n2"}}, {days(today, today), 99, nil}} {
		got := must[[]store.Note](t)(f.Notes(ctx, c.days, at(c.asOf)))
		var ids []string
		for _, n := range got {
			ids = append(ids, n.ID)
			if n.ID == "n1" && (n.Text != "new landing page" || n.Channel != "TikTok" || n.By != "ops" || n.Date != today || !n.At.Equal(at(0))) {
				t.Errorf("note: %+v", n)
			}
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("notes on %s as of minute %d: %q, want %q", c.days, c.asOf, ids, c.want)
		}
	}
	for what, text := range map[string]string{"an empty one": "", "one of control characters": "\x1b", "one that is too long": strings.Repeat("a", store.MaxNote+1)} {
		if err := f.Decide(ctx, store.Decision{At: at(20), Notes: []store.Note{{ID: "n3", At: at(20), Date: today, Text: text}}}); err == nil {
			t.Errorf("%s was stored", what)
		}
	}
}

func inbox(t *testing.T, f *fixture) {
	viewer := f.another()
	for _, verb := range []string{"ack", "poll"} {
		if err := viewer.Send(ctx, store.Command{At: at(0), Verb: verb, Args: map[string]string{"alert": "x"}, By: "ops"}); err != nil {
			t.Fatal(err)
		}
	}
	commands := must[[]store.Command](t)(f.Inbox(ctx))
	if len(commands) != 2 || commands[0].Verb != "ack" || !maps.Equal(commands[0].Args, map[string]string{"alert": "x"}) || commands[0].By != "ops" || !commands[0].At.Equal(at(0)) {
		t.Fatalf("inbox: %+v", commands)
	}
	if err := f.Decide(ctx, store.Decision{At: at(1), Applied: []int64{commands[0].ID, commands[1].ID}}); err != nil {
		t.Fatal(err)
	}
	if err := viewer.Send(ctx, store.Command{At: at(2), Verb: "unack"}); err != nil {
		t.Fatal(err)
	}
	left := must[[]store.Command](t)(viewer.Inbox(ctx))
	if len(left) != 1 || left[0].Verb != "unack" || left[0].ID <= commands[1].ID {
		t.Errorf("inbox after the decision: %+v", left)
	}
}
