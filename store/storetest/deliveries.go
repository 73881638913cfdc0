package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"adtop/store"
)

// message is one to "team" about a group, decided at a minute.
func message(minute int, event, key string) store.Delivery {
	return store.Delivery{Target: "team", Event: event, Key: key, At: at(minute), Kind: "firing", Severity: "warning", Title: event, Alerts: []string{"alert " + key}, Message: []byte(`{"Title":"` + event + `"}`)}
}

func (f *fixture) queue(messages ...store.Delivery) {
	f.Helper()
	if err := f.Decide(ctx, store.Decision{At: messages[0].At, Deliveries: messages}); err != nil {
		f.Fatal(err)
	}
}

// due is the title of what goes out next, and in how many minutes from the start
// the one after it does.
func (f *fixture) due(minute int) (title string, id int64) {
	f.Helper()
	d, next, err := f.Outgoing(ctx, "team", at(minute))
	switch {
	case err != nil:
		f.Fatal(err)
	case d != nil:
		return d.Title, d.ID
	case !next.IsZero():
		return fmt.Sprintf("at %.0f", next.Sub(start).Minutes()), 0
	}
	return "", 0
}

func (f *fixture) wantDue(minute int, want string) int64 {
	f.Helper()
	title, id := f.due(minute)
	if title != want {
		f.Fatalf("minute %d: %q goes out next, want %q", minute, title, want)
	}
	return id
}

func (f *fixture) attempted(a store.Attempt) {
	f.Helper()
	if err := f.Attempted(ctx, a); err != nil {
		f.Fatal(err)
	}
}

func outbox(_ *testing.T, f *fixture) {
	f.wantDue(0, "")
	f.queue(message(0, "a fires", "a"), message(0, "b fires", "b"), message(1, "a ends", "a"))
	other := message(0, "to somebody else", "a")
	other.Target = "oncall"
	f.queue(other)
	id := f.wantDue(1, "a fires")
	f.attempted(store.Attempt{ID: id, At: at(1), Next: at(5), Error: "no answer"})
	id = f.wantDue(1, "b fires") // it waits for no other group
	f.attempted(store.Attempt{ID: id, At: at(1), Next: at(6), Error: "no answer"})
	f.wantDue(2, "at 5")
	viewer := f.another()
	if d, _, err := viewer.Outgoing(ctx, "team", at(5)); err != nil || d == nil || d.Attempts != 1 || string(d.Message) != `{"Title":"a fires"}` {
		f.Fatalf("another process reads %+v, %v", d, err)
	}
	id = f.wantDue(5, "a fires")
	f.attempted(store.Attempt{ID: id, At: at(5), State: store.Delivered})
	f.attempted(store.Attempt{ID: id, At: at(5), State: store.Undelivered, Next: at(6)}) // what is delivered stays so
	id = f.wantDue(5, "b fires")                                                         // the target is there again
	f.attempted(store.Attempt{ID: id, At: at(5), State: store.Refused, Error: "no such channel"})
	id = f.wantDue(5, "a ends")
	f.attempted(store.Attempt{ID: id, At: at(5), State: store.GivenUp, Error: "too late"})
	f.wantDue(9, "")
	var got []string
	for _, d := range must[[]store.Delivery](f.T)(f.Deliveries(ctx, store.DeliveryFilter{Target: "team", Most: 10}, at(9))) {
		got = append(got, fmt.Sprint(d.Title, ": ", d.State, " after ", d.Attempts, ", ", d.Error, len(d.Message)))
	}
	if want := []string{"a ends: 3 after 1, too late0", "b fires: 2 after 2, no such channel0", "a fires: 1 after 2, 0"}; !slices.Equal(got, want) {
		f.Errorf("the log says %q, want %q", got, want)
	}
	about := must[[]store.Delivery](f.T)(f.Deliveries(ctx, store.DeliveryFilter{Alert: "alert b", Most: 10}, at(9)))
	if len(about) != 1 || about[0].Title != "b fires" {
		f.Errorf("about one alert there is %+v", about)
	}
	if before := must[[]store.Delivery](f.T)(f.Deliveries(ctx, store.DeliveryFilter{Most: 10}, at(0))); len(before) != 3 {
		f.Errorf("%d were decided in the first minute", len(before))
	}
}

func sameEvent(_ *testing.T, f *fixture) {
	digest := message(0, "digest", "")
	f.queue(digest)
	f.attempted(store.Attempt{ID: f.wantDue(0, "digest"), At: at(0), State: store.Delivered})
	digest.At = at(10)
	f.queue(digest)
	f.wantDue(10, "")
	digest.Target = "oncall"
	f.queue(digest)
	if all := must[[]store.Delivery](f.T)(f.Deliveries(ctx, store.DeliveryFilter{Most: 10}, at(10))); len(all) != 2 {
		f.Errorf("one event for two targets are %d messages", len(all))
	}
}

func toldWhole(t *testing.T, f *fixture) {
	alert := store.Alert{ID: "a", At: at(0), State: "firing", Since: at(0), Detail: []byte("{}")}
	told := store.Told{Target: "team", Key: "a", State: []byte(`{"At":"x"}`)}
	broken := message(0, "a fires", "a")
	broken.Message = nil
	if err := f.Decide(ctx, store.Decision{At: at(0), Alerts: []store.Alert{alert}, Told: []store.Told{told}, Deliveries: []store.Delivery{broken}}); err == nil {
		t.Fatal("a message without content was taken")
	}
	if len(must[[]store.Alert](t)(f.Alerts(ctx, time.Time{}, at(1))))+len(must[[]store.Told](t)(f.Told(ctx))) > 0 {
		t.Error("a part of the decision was stored")
	}
	if err := f.Decide(ctx, store.Decision{At: at(0), Alerts: []store.Alert{alert}, Told: []store.Told{told}, Deliveries: []store.Delivery{message(0, "a fires", "a")}}); err != nil {
		t.Fatal(err)
	}
	if got := must[[]store.Told](t)(f.Told(ctx)); len(got) != 1 || string(got[0].State) != string(told.State) {
		t.Errorf("told %+v", got)
	}
	told.State = nil
	if err := f.Decide(ctx, store.Decision{At: at(1), Told: []store.Told{told}}); err != nil {
		t.Fatal(err)
	}
	if got := must[[]store.Told](t)(f.Told(ctx)); len(got) != 0 {
		t.Errorf("what is over is still told: %+v", got)
	}
}

func reach(_ *testing.T, f *fixture) {
	want := func(minute int, want string) {
		f.Helper()
		r := must[store.Reach](f.T)(f.Reach(ctx, "team", at(minute)))
		got := ""
		for _, moment := range []time.Time{r.Delivered, r.Failing, r.Oldest} {
			if moment.IsZero() {
				got += "- "
			} else {
				got += fmt.Sprintf("%.0f ", moment.Sub(start).Minutes())
			}
		}
		got += fmt.Sprintf("%d %t %t %s", r.Waiting, r.Refused, r.Critical, r.Error)
		if got != want {
			f.Errorf("minute %d: %q, want %q", minute, got, want)
		}
	}
	want(0, "- - - 0 false false ")
	urgent := message(0, "b", "b")
	urgent.Severity = "critical"
	f.queue(message(0, "a", "a"), urgent)
	want(0, "- - 0 2 false false ")
	a := f.wantDue(0, "a")
	f.attempted(store.Attempt{ID: a, At: at(1), Next: at(3), Error: "no answer"})
	want(1, "- 1 0 2 false false no answer")
	f.attempted(store.Attempt{ID: a, At: at(3), Next: at(9), Error: "still none"})
	want(4, "- 1 0 2 false false still none")
	b := f.wantDue(4, "b")
	f.attempted(store.Attempt{ID: b, At: at(4), State: store.Refused, Error: "no such channel"})
	want(4, "- 1 0 1 true true no such channel")
	want(3, "- 1 0 2 false false still none") // as it was then
	want(0, "- - 0 2 false false ")
	f.attempted(store.Attempt{ID: a, At: at(9), State: store.Delivered})
	want(9, "9 - - 0 false false ")
	f.queue(message(10, "c", "c"))
	f.attempted(store.Attempt{ID: f.wantDue(10, "c"), At: at(11), Next: at(20), Error: "no answer"})
	want(12, "9 11 10 1 false false no answer")
}

func oldDeliveries(_ *testing.T, f *fixture) {
	const day = 24 * 60
	f.queue(message(0, "a", "a"), message(89*day, "b", "b"))
	for more, err := true, error(nil); more; {
		if more, err = f.Thin(ctx, at(91*day), store.Retention{Detail: 48 * time.Hour, Hourly: 14 * 24 * time.Hour, History: 700 * 24 * time.Hour}); err != nil {
			f.Fatal(err)
		}
	}
	left := must[[]store.Delivery](f.T)(f.Deliveries(ctx, store.DeliveryFilter{Most: 10}, at(91*day)))
	if len(left) != 1 || left[0].Title != "b" {
		f.Errorf("after a quarter there are %+v", left)
	}
}
