package monitor

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/ecb"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/store"
)

// bank is a source of rates on a simulated bank that follows the rig's clock.
func (r *rig) bank() (RateSource, *simulator.Simulator) {
	r.Helper()
	sim := simulator.New(world.Conformance(), r.clock.now)
	server := httptest.NewServer(sim)
	r.Cleanup(server.Close)
	d := ecb.Definition()
	o := d.Options().(*ecb.Options)
	o.BaseURL = server.URL + "/ecb"
	opened, err := d.Open(o, sources.Env{Name: "rates", Now: r.clock.now, Log: slog.New(slog.DiscardHandler), Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		r.Fatal(err)
	}
	return RateSource{Name: "rates", Type: "ecb", Source: opened.(sources.RateSource), History: 40}, sim
}

// pricer is the poller of the rig's only source of rates.
func (r *rig) pricer() *pricer {
	return &pricer{m: r.Monitor, src: r.o.RateSources[0], asked: map[kpi.Currency]bool{}}
}

// priced opens a rig with an account in dollars whose every day spent a hundred.
func priced(t *testing.T, at string, change func(*Options)) (*rig, *simulator.Simulator) {
	t.Helper()
	var sim *simulator.Simulator
	r := newRig(t, instant(t, at), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("us", "USD", "Europe/Berlin")}
		var src RateSource
		src, sim = r.bank()
		o.RateSources = []RateSource{src}
		if change != nil {
			change(o)
		}
	})
	if err := r.putRates(t.Context()); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for d := kpi.DateOf(r.clock.now(), time.UTC); len(lines) < 20; d-- {
		lines = append(lines, d.String()+",A,1,100,1,200")
	}
	r.export("us", lines...)
	r.poll()
	return r, sim
}

// hundred is a hundred dollars at what the bank quotes on a day.
func hundred(t *testing.T, day kpi.Date, restated bool) string {
	t.Helper()
	units, err := kpi.ParseRate(simulator.ECBUnits("USD", day, restated))
	if err != nil {
		t.Fatal(err)
	}
	return (kpi.Micros(100 * float64(kpi.MicrosPerUnit) * float64(kpi.RateOne) / float64(units))).Decimal(2)[:5]
}

// spent is the spend of a day as of an instant, to the cent.
func (r *rig) spent(day kpi.Date, asOf time.Time) string {
	r.Helper()
	return r.show(day.String()+".."+day.String(), asOf).Total.Metrics.Cost.Decimal(2)[:5]
}

var friday = kpi.NewDate(2026, 11, 20)

func TestMoneyIsConvertedAtThePublishedRateOfItsDay(t *testing.T) {
	r, sim := priced(t, "2026-11-20T17:00:00Z", nil) // a Friday, after publication
	if s := r.show("today", time.Time{}); s.Total.Metrics.Knows(kpi.Cost) || !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "no exchange rate from USD to EUR") }) {
		t.Errorf("before any rate is known: %+v, %q", s.Total.Metrics, s.Warnings)
	}
	p := r.pricer()
	p.poll(t.Context(), r.clock.now())
	for day := friday - 14; day <= friday; day++ {
		rated := day
		for simulator.ECBUnits("USD", rated, false) == "" {
			rated-- // weekends have the rate of the Friday before
		}
		if got, want := r.spent(day, time.Time{}), hundred(t, rated, false); got != want {
			t.Errorf("%s: %s euros, want %s", day, got, want)
		}
	}
	if s := r.show("today", time.Time{}); len(s.Warnings) != 0 {
		t.Errorf("at the rate of the day itself: %q", s.Warnings)
	}
	if next := r.zoned(p.due); next != "Mon 23 16:15" {
		t.Errorf("asked again on %s", next)
	}
	asked := len(sim.Requests("ecb"))
	for _, request := range sim.Requests("ecb") {
		if strings.Contains(request.Path, "hist.xml") {
			t.Errorf("asked for %s: forty days lie within ninety", request.Path)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// zoned names an instant as the bank's clock does.
func (r *rig) zoned(at time.Time) string {
	return at.In(zoneOf(r.T, "Europe/Berlin")).Format("Mon 02 15:04")
}

func TestALaterOrRestatedRateLeavesPicturesOfBeforeAsTheyWere(t *testing.T) {
	r, sim := priced(t, "2026-11-20T11:00:00Z", nil) // Friday before publication
	p := r.pricer()
	p.poll(t.Context(), r.clock.now())
	morning := r.clock.now().Add(time.Minute)
	r.clock.set(morning)
	if got, want := r.spent(friday, time.Time{}), hundred(t, friday-1, false); got != want {
		t.Errorf("in the morning: %s, want %s at Thursday's rate", got, want)
	}
	r.clock.set(p.due)
	p.poll(t.Context(), r.clock.now())
	evening := r.clock.now().Add(time.Minute)
	r.clock.set(evening)
	if got, want := r.spent(friday, time.Time{}), hundred(t, friday, false); got != want {
		t.Errorf("in the evening: %s, want %s", got, want)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.LateRestatement, Platform: world.ECB})
	r.clock.set(p.due) // Monday
	p.poll(t.Context(), r.clock.now())
	r.clock.set(r.clock.now().Add(time.Minute))
	if got, want := r.spent(friday, time.Time{}), hundred(t, friday, true); got != want {
		t.Errorf("after the correction: %s, want %s", got, want)
	}
	for asOf, want := range map[time.Time]string{morning: hundred(t, friday-1, false), evening: hundred(t, friday, false)} {
		if got := r.spent(friday, asOf); got != want {
			t.Errorf("as of %s: %s, want %s", asOf, got, want)
		}
	}
}

func TestACarriedRateIsLabelledAndEndsAfterAWeek(t *testing.T) {
	r, sim := priced(t, "2026-11-20T17:00:00Z", nil)
	p := r.pricer()
	p.poll(t.Context(), r.clock.now())
	sim.Faults().Set(simulator.Fault{Kind: simulator.Outage, Platform: world.ECB})
	for _, c := range []struct {
		day  kpi.Date
		want string
	}{{1, ""}, {2, "USD is converted at the rate of 2026-11-20, the last that rates published"}, {7, "USD is converted at the rate of 2026-11-20"}, {8, "no exchange rate from USD to EUR on 2026-11-28"}} {
		day, want := c.day, c.want
		r.clock.set(instant(t, "2026-11-20T17:00:00Z").Add(time.Duration(day) * 24 * time.Hour))
		r.export("us", (friday+day).String()+",A,1,100,1,200")
		r.poll()
		p.poll(t.Context(), r.clock.now())
		s := r.show("today", time.Time{})
		said := slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, want) })
		if want == "" && len(s.Warnings) > 0 || !said && want != "" || s.Total.Metrics.Knows(kpi.Cost) != (day <= carryDays) {
			t.Errorf("%d days later: %q, %+v", day, s.Warnings, s.Total.Metrics)
		}
		if own := s.Sources[len(s.Sources)-1]; own.Name != "rates" || own.Problem == "" || len(own.Warnings) != 1 || !strings.Contains(own.Warnings[0], "2026-11-20") {
			t.Errorf("%d days later the source is %+v", day, own)
		}
	}
	if p.due.Sub(r.clock.now()) != rateRetry {
		t.Errorf("asked again after %s", p.due.Sub(r.clock.now()))
	}
}

func TestRatesOfTheConfigWinUntilTheyAreWithdrawn(t *testing.T) {
	fixed := store.Rate{From: "USD", To: "EUR", Date: kpi.NewDate(2026, 11, 10), Rate: 500_000_000_000, Origin: "config"}
	r, _ := priced(t, "2026-11-20T17:00:00Z", func(o *Options) { o.Rates = []store.Rate{fixed} })
	r.pricer().poll(t.Context(), r.clock.now())
	if got := r.spent(friday, time.Time{}); got != "50.00" {
		t.Errorf("on a fixed day: %s", got)
	}
	if got, want := r.spent(kpi.NewDate(2026, 11, 9), time.Time{}), hundred(t, kpi.NewDate(2026, 11, 9), false); got != want {
		t.Errorf("before the config fixes it: %s, want %s", got, want)
	}
	before := r.clock.now().Add(time.Minute)
	r.clock.set(before.Add(time.Hour))
	o := r.o
	o.Rates = nil
	r.start(o)
	if err := r.putRates(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.clock.set(r.clock.now().Add(time.Minute))
	r.pricer().poll(t.Context(), r.clock.now())
	r.clock.set(r.clock.now().Add(time.Minute))
	if got, want := r.spent(friday, time.Time{}), hundred(t, friday, false); got != want {
		t.Errorf("after the line was deleted: %s, want %s", got, want)
	}
	if got := r.spent(friday, before); got != "50.00" {
		t.Errorf("as of before: %s", got)
	}
}

func TestCurrencyThatNobodyPublishesStaysAnError(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T17:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("ru", "RUB", "Europe/Moscow")}
		src, _ := r.bank()
		o.RateSources = []RateSource{src}
	})
	r.export("ru", "2026-11-20,A,1,100,1,200")
	r.poll()
	r.pricer().poll(t.Context(), r.clock.now())
	s := r.show("today", time.Time{})
	if s.Total.Metrics.Knows(kpi.Cost) || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "no exchange rate from RUB to EUR") {
		t.Errorf("%+v, %q", s.Total.Metrics, s.Warnings)
	}
	stored, err := r.o.Store.Rates(t.Context(), r.clock.now())
	if err != nil || len(stored) != 0 {
		t.Errorf("%d rates of currencies that no account has, %v", len(stored), err)
	}
}

// TestLateRatesAreAskedForAFewTimes holds the publication up: the bank's clock is
// hours behind.
func TestLateRatesAreAskedForAFewTimes(t *testing.T) {
	r, sim := priced(t, "2026-11-20T11:00:00Z", nil)
	p := r.pricer()
	p.poll(t.Context(), r.clock.now())
	sim.Faults().Set(simulator.Fault{Kind: simulator.ClockSkew, Platform: world.ECB, Wait: -10 * time.Hour})
	r.clock.set(p.due)
	polls := 0
	for ; r.zoned(p.due) < "Fri 20 23" && polls < 20; polls++ {
		r.clock.set(p.due)
		p.poll(t.Context(), r.clock.now())
	}
	if polls != rateTries+1 || r.zoned(p.due) != "Mon 23 16:15" {
		t.Errorf("%d polls, next on %s", polls, r.zoned(p.due))
	}
}

// TestDollarAccountIsShownInEurosAndWeighed runs everything: a simulated Google Ads
// account in dollars, whose detector has to hear of figures that came before rates.
func TestDollarAccountIsShownInEurosAndWeighed(t *testing.T) {
	now := instant(t, "2026-11-20T17:00:00Z")
	spec := smallWorld(now.AddDate(0, 0, -12), now.AddDate(1, 0, 0)).Spec()
	spec.Accounts[0].Currency = "USD"
	spec.Shop.Rates = map[kpi.Currency]float64{"USD": 0.9}
	w := world.New(spec)
	r := newRig(t, now, func(r *rig, o *Options) {
		src, _ := r.google(w, 10)
		o.Sources = []Source{src}
		rates, _ := r.bank()
		o.RateSources = []RateSource{rates}
	})
	view := snapshot.View{Range: snapshot.Range{Name: "yesterday"}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pictures := r.Watch(ctx, view)
	run(t, r.Monitor)
	settled(t, r.Monitor)
	s := until(t, pictures, "a judged picture in euros", func(s *snapshot.Snapshot) bool {
		return s.Total.Metrics.Knows(kpi.Cost) && channel(t, s, "Shop").P.OK
	})
	spent := kpi.Micros(0)
	for _, c := range spec.Accounts[0].Campaigns {
		spent += w.Day(spec.Accounts[0].ID, c.ID, friday-1, now).Cost
	}
	units, err := kpi.ParseRate(simulator.ECBUnits("USD", friday-1, false))
	if err != nil {
		t.Fatal(err)
	}
	want := float64(spent) * float64(kpi.RateOne) / float64(units)
	if got := float64(s.Total.Metrics.Cost); got < want-5 || got > want+5 {
		t.Errorf("%v millionths of euros, want %v", got, want)
	}
	if slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "USD") }) {
		t.Errorf("%q", s.Warnings)
	}
}
