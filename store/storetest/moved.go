package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// Moved fills stores with random histories, young ones and thinned ones, lets
// move make another store of each and wants the same answers from that.
func Moved(t *testing.T, open Opener, move func(t *testing.T, from store.Store, to string)) {
	for name, w := range map[string]*world{
		"young":   {Rand: rand.New(rand.NewPCG(3, 7)), pace: 1, turn: 1 << 30},
		"thinned": {Rand: rand.New(rand.NewPCG(4, 7)), pace: 151, turn: 1 << 30},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fixture{T: t, open: open, path: filepath.Join(t.TempDir(), "from.db")}
			f.Store = f.another()
			w.assign(f, byName)
			for range 100 {
				b := w.poll()
				w.batches = append(w.batches, b)
				f.commit(b)
			}
			w.decide(f)
			asked := insideOf("1", at(w.clock), group("g", "1", spent(1, 1, 1)))
			asked.Receipt.Expires = at(w.clock + 5000)
			f.commit(asked)
			if name == "thinned" {
				w.thin(f, store.Retention{Detail: 30 * time.Hour, Hourly: 3 * 24 * time.Hour, History: 5 * 24 * time.Hour})
			}
			to := &fixture{T: t, open: open, path: filepath.Join(t.TempDir(), "to.db")}
			move(t, f.Store, to.path)
			to.Store = to.another()
			w.assign(to, byName)
			w.assign(f, byName)
			for minute := -1; minute <= w.clock+1; minute += max(1, w.clock/30) {
				w.sameAnswers(f, to, at(minute))
			}
			if changed := must[int](t)(to.Rebuild(ctx, nil)); changed != 0 {
				t.Errorf("a rebuild changed %d sums", changed)
			}
			w.commitMore(f, to)
		})
	}
}

// decide stores what is decided, acknowledged and wished for.
func (w *world) decide(f *fixture) {
	f.Helper()
	for n := range 30 {
		moment := at(w.IntN(w.clock + 1))
		d := store.Decision{At: moment}
		for i, channel := range []string{"Spring", "Summer & <Sale>"} {
			d.Evaluations = append(d.Evaluations, store.Evaluation{At: moment, Channel: channel, P: w.Float64(), Known: w.IntN(3) > 0, Verdict: "at risk", Reason: "because\nof late conversions", Model: "1", Config: "c0ffee",
				Detail: [][]byte{[]byte(`{"n":1,"name":"a<b"}`), []byte("{ \"n\": 1 }\n"), {0xff, 0}, nil}[(n+i)%4]})
		}
		a := store.Alert{ID: fmt.Sprint("alert ", n%5), At: moment, Rule: "unprofitable", Subject: "Spring", Severity: "page", State: "firing", Since: moment, AckedBy: "ops", Summary: "it loses money"}
		if n%2 == 0 {
			a.EndedAt, a.Detail = moment, []byte(`{"p":0.91}`)
		}
		d.Alerts = append(d.Alerts, a)
		d.Silences = append(d.Silences, store.Silence{ID: fmt.Sprint(n % 3), At: moment, Matchers: map[string]string{"channel": "S*", "rule": ""}, Starts: moment, Ends: moment.Add(time.Hour), By: "ops", Note: "sale"})
		d.Notes = append(d.Notes, store.Note{ID: fmt.Sprint("note ", n%4), At: moment, Channel: []string{"", "Spring"}[n%2], Date: today, Text: "sale", By: "ops", Removed: n%7 == 6})
		for _, err := range []error{
			f.Decide(ctx, d),
			w.deliver(f, n, moment),
			f.PutRates(ctx, moment, []store.Rate{{From: "USD", To: "EUR", Date: today + kpi.Date(n%3), Rate: kpi.RateOne + kpi.Rate(w.IntN(1<<30)), Origin: "config"}}),
			f.Fail(ctx, store.Failure{Source: "ads", Account: []string{"", "1"}[n%2], At: moment, Err: &sources.Error{Kind: sources.Kind(1 + n%6), RetryAfter: time.Duration(n) * time.Second, Next: "wait", Err: errors.New("no")}}),
			f.Send(ctx, store.Command{At: moment, Verb: "ack", Args: map[string]string{"alert": "1"}, By: "ops"}),
			f.PutSetting(ctx, fmt.Sprint("history/", n%4), fmt.Sprintf("[%d,\"\t\"]", n)),
		} {
			if err != nil {
				f.Fatal(err)
			}
		}
	}
	b := batch(at(w.clock), row("a", hour(today, 3), kpi.Metrics{}))
	b.Receipt = sources.Receipt{State: []byte{0, 1, 0xff}, Warnings: []string{"late <data>"}, Quota: sources.Quota{Used: 0.3, Scope: "app"}}
	w.batches = append(w.batches, b)
	f.commit(b)
}

// deliver puts messages into the outbox and tries the first that is due.
func (w *world) deliver(f *fixture, n int, moment time.Time) error {
	target := []string{"team", "oncall"}[n%2]
	err := f.Decide(ctx, store.Decision{At: moment,
		Told:       []store.Told{{Target: target, Key: fmt.Sprint("{channel=\"", n%3, "\"}"), State: []byte(`{"n":1}`)}},
		Deliveries: []store.Delivery{{Target: target, Event: fmt.Sprint(n), Key: fmt.Sprint(n % 3), At: moment, Kind: "firing", Severity: "critical", Title: "Meta loses money", Alerts: []string{"a", fmt.Sprint(n)}, Message: []byte(`{"Title":"x"}`)}}})
	due, _, dueErr := f.Outgoing(ctx, target, moment)
	if due == nil || err != nil || dueErr != nil {
		return errors.Join(err, dueErr)
	}
	a := store.Attempt{ID: due.ID, At: moment, State: store.DeliveryState(n % 4), Next: moment.Add(time.Minute)}
	if a.State != store.Delivered {
		a.Error = "no answer"
	}
	return f.Attempted(ctx, a)
}

// sameAnswers asks two stores everything as of an instant.
func (w *world) sameAnswers(f, other *fixture, instant time.Time) {
	f.Helper()
	var said [2][]any
	for i, s := range []*fixture{f, other} {
		note := func(answer any, err error) {
			f.Helper()
			if err != nil {
				f.Fatal(err)
			}
			said[i] = append(said[i], answer)
		}
		a := w.got(s, instant)
		for _, lines := range [][]string{a.days, a.hours, a.channelDays, a.byHours} {
			slices.Sort(lines)
		}
		note([]any{a.names, a.days, a.hours, a.channelDays, a.byHours}, nil)
		exact, width, err := s.Exact(ctx, instant)
		note([]any{exact, width}, err)
		accounts, err := s.Accounts(ctx, instant)
		note(fmt.Sprint(accounts), err)
		entities, err := s.Entities(ctx, instant)
		note(entities, err)
		totals, err := s.Days(ctx, allDays, instant, nil)
		for i := range totals {
			if w.pace > 1 { // of a thinned sum, only the hour or day is known in which it changed
				totals[i].At = time.Time{}
			}
		}
		note(totals, err)
		hours, err := s.Hours(ctx, allDays, instant, nil)
		note(hours, err)
		polls, err := s.Polls(ctx, time.Time{}, instant)
		note(polls, err)
		health, err := s.Health(ctx, instant)
		note(health, err)
		state, err := s.State(ctx, "ads", "1")
		note(state, err)
		rates, err := s.Rates(ctx, instant)
		note(rates, err)
		evaluations, err := s.Evaluations(ctx, instant)
		note(evaluations, err)
		alerts, err := s.Alerts(ctx, time.Time{}, instant)
		note(alerts, err)
		history, err := s.AlertHistory(ctx, "alert 3", instant)
		note(history, err)
		silenced, err := s.Silences(ctx, time.Time{}, instant)
		note(silenced, err)
		deliveries, err := s.Deliveries(ctx, store.DeliveryFilter{Most: 1000}, instant)
		for i := range deliveries {
			deliveries[i].ID = 0
		}
		note(deliveries, err)
		for _, target := range []string{"team", "oncall"} {
			reach, err := s.Reach(ctx, target, instant)
			note(reach, err)
		}
		told, err := s.Told(ctx)
		note(told, err)
		notes, err := s.Notes(ctx, allDays, instant)
		note(notes, err)
		earlier, later, err := s.Moments(ctx, instant)
		note([]time.Time{earlier, later}, err)
		setting, err := s.Setting(ctx, "history/1")
		note(setting, err)
		commands, err := s.Inbox(ctx)
		for i := range commands {
			commands[i].ID = 0 // given anew
		}
		note(commands, err)
	}
	for i := range said[0] {
		if !reflect.DeepEqual(said[0][i], said[1][i]) {
			f.Fatalf("answer %d as of %s:\n  was %+v\n  is  %+v", i, instant.Format(time.DateTime), said[0][i], said[1][i])
		}
	}
}

// commitMore commits the same to both stores, now and into the past.
func (w *world) commitMore(f, other *fixture) {
	f.Helper()
	for range 20 {
		b := w.poll()
		f.commit(b)
		other.commit(b)
	}
	for minute := -1; minute <= w.clock+1; minute += max(1, w.clock/10) {
		w.sameAnswers(f, other, at(minute))
	}
}
