package monitor

import (
	"math/rand/v2"
	"testing"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// hourlyFeed commits hours of one campaign as a platform with hourly,
// click-dated figures reports them: 40 of cost and three conversions an hour.
type hourlyFeed struct {
	*rig
	random  *rand.Rand
	account sources.Account
	orders  map[time.Time]kpi.Micros // what each hour has in the end
}

// report hands over the days around now; hours for which held says so show no
// conversions yet.
func (f *hourlyFeed) report(held func(time.Time) bool) {
	f.Helper()
	now := f.clock.now()
	today := kpi.DateOf(now, f.account.Zone)
	days := kpi.DateRange{From: today - 2, To: today}
	if len(f.orders) == 0 {
		days.From = today - 30
	}
	b := store.Batch{Source: "google", Type: "google_ads", Account: f.account, ObservedAt: now, Receipt: sources.Receipt{CompleteThrough: now},
		Query: sources.Query{Account: f.account, Days: days, Level: sources.LevelCampaign, Grain: sources.Hour}, Gives: kpi.AllFields}
	for slot := (sources.Slot{Date: days.From, Grain: sources.Hour}); slot.Start(f.account.Zone).Before(now); {
		start := slot.Start(f.account.Zone)
		if _, known := f.orders[start]; !known {
			n := kpi.Micros(0)
			for range 6 {
				n += kpi.Micros(f.random.IntN(2)) * kpi.MicrosPerUnit
			}
			f.orders[start] = n
		}
		m := kpi.Metrics{Has: kpi.AllFields, Impressions: 4000, Clicks: 80, Cost: 40 * kpi.MicrosPerUnit, Conversions: f.orders[start], Revenue: 60 * f.orders[start]}
		if held(start) {
			m.Conversions, m.Revenue = 0, 0
		}
		b.Records = append(b.Records, sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: "1", Name: "Search"}, Slot: slot, Metrics: m})
		if slot.Hour++; slot.Hour >= slot.Date.Hours(f.account.Zone) {
			slot.Date, slot.Hour = slot.Date+1, 0
		}
	}
	if err := f.commit(f.Context(), b); err != nil {
		f.Fatal(err)
	}
}

func TestALossThatWasALateImportIsRetractedAndOneThatWasRealIsNot(t *testing.T) {
	if testing.Short() {
		t.Skip("watches days, in one goroutine")
	}
	for name, c := range map[string]struct {
		late bool // the conversions of the bad hours come after all
		want string
	}{"the import was late": {true, snapshot.Retracted}, "the hours stay empty": {false, snapshot.Resolved}} {
		t.Run(name, func(t *testing.T) {
			began := instant(t, "2026-11-01T00:00:00Z")
			stop := began.AddDate(0, 0, 6).Add(8 * time.Hour)
			r := newRig(t, began, func(r *rig, o *Options) {
				src, _ := r.google(smallWorld(began, stop), 0)
				o.Sources = []Source{src}
			})
			f := &hourlyFeed{r, rand.New(rand.NewPCG(1, 2)), sources.Account{ID: "1", Name: "Shop", Currency: "EUR", Zone: time.UTC}, map[time.Time]kpi.Micros{}}
			w := r.weigh()
			over := stop.Add(16 * time.Hour)
			for at := began; at.Before(over.AddDate(0, 0, 2)); at = at.Add(time.Hour) {
				r.clock.set(at)
				f.report(func(hour time.Time) bool {
					bad := !hour.Before(stop) && hour.Before(over)
					return bad && (!c.late || at.Before(over))
				})
				r.judge(w)
			}
			loss, fired := of(r.alertsNow(), alert.RuleUnprofitable, "Shop")
			if !fired || loss.FiredAt.Before(stop) || loss.State != c.want {
				t.Errorf("fired at %s, ended as %s, on %+v", loss.FiredAt, loss.State, loss.Ground)
			}
			if tracking, fired := of(r.alertsNow(), alert.RuleTracking, "Shop"); !fired || tracking.State != c.want {
				t.Errorf("tracking: fired %v, ended as %s, on %+v", fired, tracking.State, tracking.Ground)
			}
		})
	}
}

func TestAPastMomentShowsAlertsAndSilencesAsTheyWereThen(t *testing.T) {
	r := withAlert(t)
	w := r.weigh()
	r.poll()
	r.judge(w)
	moments := []time.Time{r.clock.now()}
	id := r.alertsNow()[0].ID
	for _, c := range []snapshot.Command{
		{Verb: "silence", Match: map[string]string{"source": "home"}, Until: r.clock.now().AddDate(0, 0, 1).Format(time.RFC3339), Note: "known"},
		{Verb: "ack", ID: id, Note: "looking"},
		{Verb: "unack", ID: id},
	} {
		r.clock.set(r.clock.now().Add(time.Minute))
		c.By = "ops"
		if err := r.Send(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		r.judge(w)
		moments = append(moments, r.clock.now())
	}
	for i, want := range []string{"", "silenced", "acked", "silenced"} {
		s := r.show("today", moments[i])
		if a, found := of(s.Alerts, alert.RuleSourceStale, "home"); !found || a.Muted() != want || len(s.Silences) != b2i(i > 0) {
			t.Errorf("as of moment %d it is %q with %d silences, want %q", i, a.Muted(), len(s.Silences), want)
		}
	}
	then, err := r.Snapshot(t.Context(), snapshot.View{Range: snapshot.Ranges[0], Alert: id, AsOf: moments[2]})
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Snapshot(t.Context(), snapshot.View{Range: snapshot.Ranges[0], Alert: id})
	if err != nil {
		t.Fatal(err)
	}
	if len(then.History) != 3 || len(all.History) != 4 || all.History[2].AckNote != "looking" || all.History[3].AckedBy != "" {
		t.Errorf("its history held %d states, later %d: %+v", len(then.History), len(all.History), all.History)
	}
}

func TestEndedAlertsAreListedForAWeekOrAsLongAsIsAsked(t *testing.T) {
	at := instant(t, "2026-11-20T12:00:00Z")
	r := newRig(t, at, func(*rig, *Options) {})
	for name, days := range map[string]int{"yesterday": 1, "last month": 30, "long ago": 200} {
		ended := at.AddDate(0, 0, -days)
		a, err := toStored(snapshot.Alert{ID: name, Rule: "r", Subject: "s", State: snapshot.Resolved, Since: ended.Add(-time.Hour), EndedAt: ended}, ended)
		if err == nil {
			err = r.o.Store.Decide(t.Context(), store.Decision{At: ended, Alerts: []store.Alert{a}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for days, want := range map[int]int{0: 1, 3: 1, 90: 2, 5000: 3} {
		s, err := r.Snapshot(t.Context(), snapshot.View{Range: snapshot.Ranges[0], Ended: days})
		if err != nil || len(s.Alerts) != want {
			t.Errorf("asked for %d days: %d alerts, want %d (%v)", days, len(s.Alerts), want, err)
		}
	}
}
