package monitor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

func TestTodayIsEachAccountsOwnToday(t *testing.T) {
	// 03:00 on the 20th in Berlin is 21:00 on the 19th in New York.
	r := newRig(t, instant(t, "2026-11-20T02:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("berlin", "EUR", "Europe/Berlin"), r.file("newyork", "EUR", "America/New_York")}
	})
	r.export("berlin", "2026-11-19,A,1,10,0,0", "2026-11-20,A,1,1,0,0")
	r.export("newyork", "2026-11-18,B,1,1000,0,0", "2026-11-19,B,1,100,0,0")
	r.poll()
	euros(t, "today's spend", r.show("today", time.Time{}).Total.Metrics.Cost, "101.00")
	euros(t, "yesterday's spend", r.show("yesterday", time.Time{}).Total.Metrics.Cost, "1010.00")
}

func TestForeignMoneyIsConvertedAtTheRateOfItsDay(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("us", "USD", "America/New_York")}
		o.Rates = []store.Rate{
			{From: "USD", To: "EUR", Date: kpi.NewDate(2026, 11, 1), Rate: 900_000_000_000, Origin: "config"},
			{From: "USD", To: "EUR", Date: kpi.NewDate(2026, 11, 20), Rate: 800_000_000_000, Origin: "config"},
		}
	})
	if err := r.putRates(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.export("us", "2026-11-18,A,1,100,1,200", "2026-11-19,A,1,100,1,200", "2026-11-20,A,1,100,1,200")
	r.poll()
	s := r.show("2026-11-18..2026-11-20", time.Time{})
	euros(t, "spend", s.Total.Metrics.Cost, "260.00")
	euros(t, "revenue", s.Total.Metrics.Revenue, "520.00")
}

func TestAMissingRateLeavesTheRowOutAndSaysSo(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin"), r.file("uk", "GBP", "Europe/London")}
	})
	r.export("home", "2026-11-20,A,1,10,1,30")
	r.export("uk", "2026-11-20,B,1,1000,1,3000")
	r.poll()
	s := r.show("today", time.Time{})
	euros(t, "spend", s.Total.Metrics.Cost, "10.00")
	euros(t, "revenue", s.Total.Metrics.Revenue, "30.00")
	if !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "no exchange rate from GBP to EUR") }) {
		t.Errorf("nothing is said of the missing rate: %q", s.Warnings)
	}
}

func TestAPublishedRateIsCarriedSevenDaysAndOneOfTheConfigUntilTheNext(t *testing.T) {
	day := kpi.NewDate(2026, 11, 1)
	for _, c := range []struct {
		origin string
		after  kpi.Date
		known  bool
	}{{"ecb", 0, true}, {"ecb", 7, true}, {"ecb", 8, false}, {"ecb", -1, false}, {"config", 300, true}, {"config", -1, false}} {
		list := newRates("EUR", []store.Rate{{From: "USD", To: "EUR", Date: day, Rate: 900_000_000_000, Origin: c.origin}})
		if _, err := list.on("USD", day+c.after); (err == nil) != c.known {
			t.Errorf("%s rate %d days later: %v", c.origin, c.after, err)
		}
	}
	if rate, err := newRates("EUR", nil).on("EUR", day); err != nil || rate != kpi.RateOne {
		t.Errorf("money of the display currency: %d, %v", rate, err)
	}
}

func TestWhatNoChannelClaimsIsUnassignedAndCounts(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
		o.Claim = func(_, _ string, e sources.Entity) Claim {
			if e.Name == "Ours" {
				return Claim{Channel: 0, Fields: kpi.AllFields}
			}
			return Claim{Channel: -1, Fields: kpi.AllFields}
		}
	})
	r.export("home", "2026-11-20,Ours,1,10,1,30", "2026-11-20,Stray,1,5,1,7")
	r.poll()
	s := r.show("today", time.Time{})
	euros(t, "total spend", s.Total.Metrics.Cost, "15.00")
	euros(t, "the channel's spend", channel(t, s, "Shop").Now.Metrics.Cost, "10.00")
	stray := channel(t, s, "unassigned")
	euros(t, "unassigned spend", stray.Now.Metrics.Cost, "5.00")
	if !stray.Unassigned || stray.Now.Profit.Known {
		t.Errorf("without economics its profit is not known: %+v", stray.Now.Profit)
	}
}

func TestDeadSourceIsNeverZeroRevenue(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T09:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-19,A,100,40,2,90", "2026-11-20,A,50,10,1,30")
	r.poll()
	w := r.weigh()
	r.judge(w)
	if ch := channel(t, r.show("today", time.Time{}), "Shop"); ch.Verdict == kpi.NoData {
		t.Fatalf("no data while the source answers: %s", ch.Reason)
	}
	if err := os.Remove(filepath.Join(r.dir, "home.csv")); err != nil {
		t.Fatal(err)
	}
	r.clock.set(r.clock.now().Add(3 * time.Hour))
	r.poll()
	r.judge(w)
	s := r.show("today", time.Time{})
	ch := channel(t, s, "Shop")
	euros(t, "revenue", ch.Now.Metrics.Revenue, "30.00")
	if ch.Verdict != kpi.NoData || ch.Problem == "" {
		t.Errorf("verdict %q, problem %q", ch.Verdict, ch.Problem)
	}
	if s.Sources[0].Health != snapshot.Stale {
		t.Errorf("the source is %q", s.Sources[0].Health)
	}
	// The next day nothing was observed at all.
	r.clock.set(r.clock.now().Add(24 * time.Hour))
	r.poll()
	r.judge(w)
	if ch := channel(t, r.show("today", time.Time{}), "Shop"); ch.Now.Known || ch.Now.Metrics.Knows(kpi.Revenue) || ch.Now.Profit.Known {
		t.Errorf("an unobserved day has figures: %+v", ch.Now)
	}
}

func TestRatiosAreSumsDividedLast(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	// The mean of the two ROAS, 10 and 1, would be 5.5.
	r.export("home", "2026-11-20,Small,10,10,1,100", "2026-11-20,Large,90,990,9,990")
	r.poll()
	total := r.show("today", time.Time{}).Total
	if roas := total.Metrics.ROAS(); !roas.OK || roas.Value != 1.09 {
		t.Errorf("ROAS is %v, want 1090/1000", roas)
	}
	if cpa := total.Metrics.CPA(); !cpa.OK || cpa.Value != 100 {
		t.Errorf("CPA is %v, want 1000/10", cpa)
	}
	if poas := total.POAS(); !poas.OK || poas.Value != 0.545 {
		t.Errorf("POAS is %v, want 545/1000", poas)
	}
}

// twoDays observes the 19th at 10:00 and at 23:00 and the 20th at 10:00, in
// Berlin.
func twoDays(t *testing.T) *rig {
	r := newRig(t, instant(t, "2026-11-19T09:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-18,A,1,70,1,140", "2026-11-19,A,1,40,1,80")
	r.poll()
	r.clock.set(instant(t, "2026-11-19T22:00:00Z"))
	r.export("home", "2026-11-18,A,1,71,1,142", "2026-11-19,A,1,100,3,300")
	r.poll()
	r.clock.set(instant(t, "2026-11-20T09:00:00Z"))
	r.export("home", "2026-11-18,A,1,71,1,142", "2026-11-19,A,1,101,3,300", "2026-11-20,A,1,50,1,90")
	r.poll()
	return r
}

func TestThePreviousPeriodIsAsItWasKnownAtTheSameMoment(t *testing.T) {
	s := twoDays(t).show("today", time.Time{})
	euros(t, "spend", s.Total.Metrics.Cost, "50.00")
	euros(t, "spend of yesterday until ten", s.Before.Metrics.Cost, "40.00")
	euros(t, "revenue of yesterday until ten", s.Before.Metrics.Revenue, "80.00")
}

func TestWhatNobodyHadObservedThenIsNotCompared(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T09:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-18,A,1,71,1,142", "2026-11-19,A,1,101,3,300", "2026-11-20,A,1,50,1,90")
	r.poll()
	if before := r.show("today", time.Time{}).Before; before.Known {
		t.Errorf("half a day is compared with a whole one: %+v", before.Metrics)
	}
	over := r.show("yesterday", time.Time{})
	euros(t, "yesterday's spend", over.Total.Metrics.Cost, "101.00")
	euros(t, "spend of the day before, which is over", over.Before.Metrics.Cost, "71.00")
}

func TestAPastMomentAnswersAsItWasKnownThen(t *testing.T) {
	r := twoDays(t)
	for at, want := range map[string]string{
		"2026-11-19T09:30:00Z": "40.00", "2026-11-19T22:30:00Z": "100.00", "2026-11-20T09:00:00Z": "50.00",
	} {
		s := r.show("today", instant(t, at))
		euros(t, "today's spend as of "+at, s.Total.Metrics.Cost, want)
		if !s.AsOf.Equal(instant(t, at)) {
			t.Errorf("as of %s, want %s", s.AsOf, at)
		}
	}
	if s := r.show("today", instant(t, "2026-11-19T08:00:00Z")); s.Total.Known {
		t.Errorf("figures before the first observation: %+v", s.Total.Metrics)
	}
}

func TestFixedFeesEnterProfitOnly(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
		o.Channels[0].Economics.FixedFeesPerMonth = 300_000_000 // 10 a day in November
	})
	r.export("home", "2026-11-20,A,1,20,1,100")
	r.poll()
	ch := channel(t, r.show("today", time.Time{}), "Shop")
	euros(t, "fees", ch.Now.Fees, "10.00")
	euros(t, "contribution", ch.Now.Contribution.Micros, "50.00")
	euros(t, "profit", ch.Now.Profit.Micros, "20.00")
	euros(t, "the campaign's profit", ch.Campaigns[0].Now.Profit.Micros, "30.00")
	if poas := ch.Now.POAS(); poas.Value != 2.5 {
		t.Errorf("POAS is %v, want 50/20", poas)
	}
	w := r.weigh()
	r.judge(w)
	f, err := w.value(0, w.accounts[[2]string{"home", "home"}], store.PartVersion{Part: store.Part{Fields: kpi.AllFields}, Slot: sources.Slot{Date: kpi.NewDate(2026, 11, 20), Grain: sources.Day},
		Metrics: kpi.Metrics{Has: kpi.AllFields, Cost: 20_000_000, Revenue: 100_000_000}})
	if err != nil || f.spend != 40 || f.value != 100 {
		t.Errorf("the evidence weighs %+v (%v), want spend 20/0.5 against 100", f, err)
	}
}
