package monitor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// TestADigestTellsWhatAWeekBrought: the whole days up to yesterday, against the
// week before as it was known at the same moment.
func TestADigestTellsWhatAWeekBrought(t *testing.T) {
	r, trouble, _ := troubled(t)
	now := trouble.AddDate(0, 0, 3) // 12 November
	r.clock.set(now)
	d, err := r.Digest(t.Context(), snapshot.DigestWeek, now)
	if err != nil {
		t.Fatal(err)
	}
	if d.Days != (kpi.DateRange{From: kpi.NewDate(2026, 11, 5), To: kpi.NewDate(2026, 11, 11)}) || d.Past.Days.To != kpi.NewDate(2026, 11, 4) {
		t.Fatalf("it is of %s, against %s", d.Days, d.Past.Days)
	}
	s := r.show("2026-11-05..2026-11-11", time.Time{})
	if d.Total.Now != s.Total || len(d.Channels) != 1 || d.Channels[0].Now != s.Channels[0].Now {
		t.Errorf("the total is %+v, and of the report %+v", d.Total.Now, s.Total)
	}
	loss, found := of(d.Fired, alert.RuleUnprofitable, "Shop")
	if !found || !loss.FiredAt.After(trouble) {
		t.Fatalf("fired: %+v", d.Fired)
	}
	i := slices.IndexFunc(d.Rules, func(r snapshot.RuleRecord) bool { return r.Rule == alert.RuleUnprofitable })
	if i < 0 || d.Rules[i].Fired != 1 || d.Rules[i].Precision().OK {
		t.Errorf("rules: %+v", d.Rules)
	}
	if len(d.Losses) != 1 || d.Losses[0].Channel != "Shop" || !d.Losses[0].Lost.Known || d.Losses[0].Lost.Micros <= 0 {
		t.Fatalf("losses: %+v", d.Losses)
	}
	if day, err := r.Digest(t.Context(), snapshot.DigestDay, now); err != nil || day.Days.Days() != 1 || len(day.Fired) > len(d.Fired) {
		t.Errorf("of a day: %+v, %v", day, err)
	}
	if _, err := r.Digest(t.Context(), "month", now); err == nil || !strings.Contains(err.Error(), "day or week") {
		t.Errorf("of a month: %v", err)
	}
}

// TestADigestSaysWhatFailedAndWhatIsUnknown: a dead source is no day without cost.
func TestADigestSaysWhatFailedAndWhatIsUnknown(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-10T09:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-08,A,50,10,1,30", "2026-11-08,B,50,40,2,90")
	r.poll()
	w := r.weigh()
	r.judge(w)
	for hour := range 30 { // the next day's export is broken
		r.clock.set(instant(t, "2026-11-10T10:00:00Z").Add(time.Duration(hour) * time.Hour))
		r.export("home", "2026-11-09,A,50,oops,1,30")
		r.poll()
		r.judge(w)
	}
	d, err := r.Digest(t.Context(), snapshot.DigestDay, instant(t, "2026-11-11T16:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Failures) != 1 || d.Failures[0].Source != "home" || d.Failures[0].Failed == 0 || d.Failures[0].Down < 13*time.Hour || !strings.Contains(d.Failures[0].Problem, "oops") {
		t.Errorf("failures: %+v", d.Failures)
	}
	if d.Total.Now.Known || len(d.Channels[0].Unknown) != 1 || len(d.Movers) != 0 {
		t.Errorf("total %+v, unknown %v, movers %+v", d.Total.Now, d.Channels[0].Unknown, d.Movers)
	}
}

// TestAccountsThatCouldNotBeListedOnceWereAwayUntilTheNextAnswer, not all day.
func TestAccountsThatCouldNotBeListedOnceWereAwayUntilTheNextAnswer(t *testing.T) {
	begin := instant(t, "2026-11-09T00:00:00Z")
	r := newRig(t, begin, func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-08,A,50,10,1,30")
	for hour := range 24 {
		r.clock.set(begin.Add(time.Duration(hour) * time.Hour))
		r.poll()
		if hour == 10 {
			failure := store.Failure{Source: "home", At: r.clock.now().Add(30 * time.Minute), Err: sources.Errorf(sources.Unavailable, "no answer")}
			if err := r.o.Store.Fail(t.Context(), failure); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := r.builder.failures(t.Context(), begin, begin.AddDate(0, 0, 1))
	if err != nil || len(got) != 1 || got[0].Failed != 1 || got[0].Down != time.Hour {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestADigestNamesTheCampaignsThatChangedMost, by profit, whichever way.
func TestADigestNamesTheCampaignsThatChangedMost(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-10T09:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-08,A,50,10,1,100", "2026-11-08,B,50,40,2,90", "2026-11-08,C,1,1,0,0",
		"2026-11-09,A,50,10,1,104", "2026-11-09,B,50,90,2,90", "2026-11-09,C,1,1,0,0")
	r.poll()
	r.judge(r.weigh())
	d, err := r.Digest(t.Context(), snapshot.DigestDay, r.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Movers) != 2 || d.Movers[0].Name != "B" || !d.Movers[0].ByProfit || d.Movers[0].Change != -50_000_000 || d.Movers[1].Name != "A" || d.Movers[1].Change != 2_000_000 {
		t.Errorf("movers: %+v", d.Movers)
	}
}

// TestMoneySavedIsSaidOnlyWhereItFollows: of the cost that was taken away, at the
// rate at which it lost.
func TestMoneySavedIsSaidOnlyWhereItFollows(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	days := kpi.DateRange{From: kpi.NewDate(2026, 11, 16), To: kpi.NewDate(2026, 11, 22)}
	trouble := kpi.NewDate(2026, 11, 17)
	d := &snapshot.Digest{Days: days, Zone: berlin}
	// A day costs 100 before and in the trouble, in which it contributes 40.
	rows := func(after kpi.Micros, maturity float64) (all []snapshot.Day) {
		for date := days.From - 20; date <= days.To+1; date++ {
			f := snapshot.Figures{Known: true, Metrics: kpi.Metrics{Has: kpi.Cost, Cost: 100_000_000}, Contribution: kpi.Amount{Micros: 150_000_000, Known: true}, Maturity: kpi.Ratio{Value: 1, OK: true}}
			switch {
			case date > trouble+1:
				f.Metrics.Cost, f.Contribution.Micros = after, after*4/10
			case date >= trouble:
				f.Contribution.Micros, f.Maturity.Value = 40_000_000, maturity
			}
			all = append(all, snapshot.Day{Date: date, Figures: f})
		}
		return all
	}
	at := func(date kpi.Date) time.Time { return date.Start(berlin).Add(9 * time.Hour) }
	open := snapshot.Alert{Subject: "Shop", Since: at(trouble), FiredAt: at(trouble + 1)}
	over := open
	over.EndedAt = at(trouble + 3)
	late := open
	late.Since, late.FiredAt = at(days.To), at(days.To)
	for name, c := range map[string]struct {
		a           snapshot.Alert
		days        []snapshot.Day
		lost, saved string // saved is "" where nothing can be said
		why         string
	}{
		"cost was halved":                     {open, rows(50_000_000, 1), "180.00", "120.00", ""}, // 60 + 4×30; 4×50×0.6
		"and the alert ended":                 {over, rows(50_000_000, 1), "120.00", "60.00", ""},
		"it was paused":                       {open, rows(0, 1), "60.00", "240.00", ""},
		"cost went on":                        {open, rows(100_000_000, 1), "300.00", "0.00", "not reduced"},
		"cost grew":                           {open, rows(130_000_000, 1), "372.00", "0.00", "not reduced"},
		"its results are still coming in":     {open, rows(50_000_000, 0.6), "180.00", "", "still coming in"},
		"it was told on the last day":         {late, rows(50_000_000, 1), "30.00", "", "no whole day"},
		"the days before are not known":       {open, rows(50_000_000, 1)[16:], "180.00", "", "cost of some days"},
		"the days of the alert are not known": {open, rows(50_000_000, 1)[:22], "", "", "cost of some days"},
	} {
		l, err := lossOf(c.a, c.days, d)
		if err != nil {
			t.Fatal(err)
		}
		if l.Lost.Known != (c.lost != "") || c.lost != "" && l.Lost.Micros.Decimal(2) != c.lost {
			t.Errorf("%s: lost %+v, want %q", name, l.Lost, c.lost)
		}
		if l.Saved.Known != (c.saved != "") || c.saved != "" && l.Saved.Micros.Decimal(2) != c.saved || !strings.Contains(l.Why, c.why) {
			t.Errorf("%s: saved %+v because %q, want %q %q", name, l.Saved, l.Why, c.saved, c.why)
		}
	}
}
