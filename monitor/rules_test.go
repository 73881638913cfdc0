package monitor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// of returns the alert of a rule and subject that fired, the newest if several.
func of(alerts []snapshot.Alert, rule, subject string) (snapshot.Alert, bool) {
	for _, a := range alerts {
		if a.Rule == rule && a.Subject == subject && !a.FiredAt.IsZero() {
			return a, true
		}
	}
	return snapshot.Alert{}, false
}

// twoChannels lets every campaign of smallWorld be a channel of its own.
func twoChannels(o *Options) {
	o.Channels = []Channel{{Name: "Search 1", Economics: kpi.Economics{Margin: 500_000}}, {Name: "Search 2", Economics: kpi.Economics{Margin: 500_000}}}
	o.Claim = func(_, _ string, e sources.Entity) Claim {
		return Claim{Channel: b2i(strings.HasSuffix(e.Name, "2")), Fields: kpi.AllFields}
	}
}

func TestATagThatBreaksOnAllChannelsIsOneIncidentAndASteadyWeekIsQuiet(t *testing.T) {
	if testing.Short() {
		t.Skip("watches days, in one goroutine")
	}
	began := instant(t, "2026-11-01T06:00:00Z")
	trouble := began.AddDate(0, 0, 8)
	var sim *simulator.Simulator
	r := newRig(t, began, func(r *rig, o *Options) {
		var src Source
		src, sim = r.google(smallWorld(began.AddDate(0, 0, -40), trouble), 36)
		o.Sources = []Source{src}
		twoChannels(o)
	})
	w := r.weigh()
	var incident snapshot.Alert
	for at := began; incident.ID == "" && at.Before(trouble.AddDate(0, 0, 3)); at = at.Add(2 * time.Hour) {
		r.clock.set(at)
		r.poll()
		r.judge(w)
		for _, a := range r.show("today", time.Time{}).Alerts {
			switch {
			case a.FiredAt.IsZero():
			case at.Before(trouble):
				t.Errorf("%s, before anything was wrong: %s", a.Summary, a.Reason)
			case a.Rule == alert.RuleIncident:
				incident = a
			}
		}
	}
	if incident.ID == "" {
		t.Fatal("no incident in three days")
	}
	t.Logf("found %s after it began: %s", incident.FiredAt.Sub(trouble), incident.Reason)
	alerts := r.show("today", time.Time{}).Alerts
	for _, name := range []string{"Search 1", "Search 2"} {
		if loss, fired := of(alerts, alert.RuleUnprofitable, name); fired && loss.Inhibited != incident.ID {
			t.Errorf("the loss of %s is not explained by it: %+v", name, loss)
		}
	}

	sim.Faults().Set(simulator.Fault{Kind: simulator.RevokedToken, Platform: "google_ads"})
	for range 3 {
		r.clock.set(r.clock.now().Add(2 * time.Hour))
		r.poll()
		r.judge(w)
	}
	s := r.show("today", time.Time{})
	access, fired := of(s.Alerts, alert.RuleSourceAccess, "google")
	if !fired || !access.Asks() {
		t.Fatalf("a revoked token: %+v", s.Alerts)
	}
	for _, a := range s.Alerts {
		if a.Open() && a.ID != access.ID && a.Asks() {
			t.Errorf("%s asks for attention beside it", a.Summary)
		}
	}
}

func TestACampaignThatEndsIsToldAsSpendThatStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("watches days, in one goroutine")
	}
	began := instant(t, "2026-11-05T00:00:00Z")
	ends := began.Add(33 * time.Hour) // ten in the morning
	r := newRig(t, began, func(r *rig, o *Options) {
		spec := smallWorld(began.AddDate(0, 0, -40), began.AddDate(1, 0, 0)).Spec()
		for i := range spec.Accounts[0].Campaigns {
			spec.Accounts[0].Campaigns[i].Ended = ends
		}
		src, _ := r.google(world.New(spec), 36)
		o.Sources = []Source{src}
	})
	w := r.weigh()
	for at := began; at.Before(ends.Add(12 * time.Hour)); at = at.Add(time.Hour) {
		r.clock.set(at)
		r.poll()
		r.judge(w)
		if a, fired := of(r.show("today", time.Time{}).Alerts, alert.RuleSpendStopped, "Shop"); fired {
			if a.FiredAt.Before(ends.Add(3*time.Hour)) || a.FiredAt.After(ends.Add(9*time.Hour)) {
				t.Errorf("it ended at %s, told at %s: %s", ends, a.FiredAt, a.Reason)
			}
			return
		}
	}
	t.Error("nobody was told")
}

// months writes an export of daily figures up to and with the day of the clock.
func (r *rig) months(name string, line func(age int) (clicks, cost, conversions, revenue int)) {
	r.Helper()
	today := kpi.DateOf(r.clock.now(), zoneOf(r.T, "Europe/Berlin"))
	var lines []string
	for age := 40; age >= 0; age-- {
		clicks, cost, conversions, revenue := line(age)
		lines = append(lines, fmt.Sprintf("%s,A,%d,%d,%d,%d", today-kpi.Date(age), clicks, cost, conversions, revenue))
	}
	r.export(name, lines...)
}

func TestASpikeInAnExportIsToldAndRetractedWhenTheMoneyIsCreditedBack(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T23:30:00Z"), func(r *rig, o *Options) {
		src := r.file("home", "EUR", "Europe/Berlin")
		src.History = 60
		o.Sources = []Source{src}
	})
	spike := 300
	w := r.weigh()
	look := func() (snapshot.Alert, bool) {
		r.months("home", func(age int) (int, int, int, int) {
			if day := kpi.DateOf(r.clock.now(), zoneOf(t, "Europe/Berlin")) - kpi.Date(age); day == kpi.NewDate(2026, 11, 20) {
				return 500, spike, 20, 900
			}
			return 500, 100, 20, 900
		})
		r.poll()
		r.judge(w)
		return of(r.show("today", time.Time{}).Alerts, alert.RuleSpendSpike, "Shop")
	}
	if a, fired := look(); !fired || a.State != snapshot.Firing {
		t.Fatalf("three times the usual day: %+v", a)
	}
	spike = 110
	for range 2 {
		r.clock.set(r.clock.now().Add(time.Hour))
		look()
	}
	if a, _ := of(r.show("today", time.Time{}).Alerts, alert.RuleSpendSpike, "Shop"); a.State != snapshot.Retracted {
		t.Errorf("credited back, it is %s: %s", a.State, a.Reason)
	}
}

func TestClaimsThatDriftFromTheShopAreTold(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T20:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin"), r.file("shop", "EUR", "Europe/Berlin")}
		for i := range o.Sources {
			o.Sources[i].History = 60
		}
		o.Channels[0].Spend, o.Channels[0].Results = []string{"home"}, "shop"
		o.Claim = func(source, _ string, _ sources.Entity) Claim {
			if source == "home" {
				return Claim{Fields: kpi.Cost | kpi.Clicks}
			}
			return Claim{Fields: kpi.Conversions | kpi.Revenue}
		}
	})
	w := r.weigh()
	for _, double := range []bool{false, true} {
		for range 2 {
			r.clock.set(r.clock.now().Add(7 * time.Hour)) // past days are read again every six
			r.months("home", func(age int) (int, int, int, int) {
				if double && age < 10 {
					return 500, 100, 50, 0
				}
				return 500, 100, 25, 0
			})
			r.months("shop", func(int) (int, int, int, int) { return 0, 0, 20, 900 })
			r.poll()
			r.judge(w)
		}
		a, fired := of(r.show("today", time.Time{}).Alerts, alert.RuleClaims, "Shop")
		if fired != double {
			t.Errorf("counted twice: %v, told: %v %s", double, fired, a.Summary)
		}
	}
}

func TestARuleOfTheConfigReadsTodayTheWeekAndThePeriodBefore(t *testing.T) {
	compiled, err := alert.Compile(alert.Options{Name: "dear", For: alert.Hold{Polls: 2},
		Expr:    "channel.today.cost > 200 && channel.last_7d.cost > 700 && account.today.cost >= channel.cost",
		Summary: "{channel.name}: {channel.today.cost} today, {channel.last_7d.cost} in a week, CPA {channel.cpa}"})
	if err != nil {
		t.Fatal(err)
	}
	campaigns, err := alert.Compile(alert.Options{Name: "dear campaign", Expr: "campaign.today.cost > 200 && campaign.name == 'A'"})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
		o.Rules = []*alert.Rule{compiled, campaigns}
	})
	w := r.weigh()
	for range 2 {
		r.clock.set(r.clock.now().Add(time.Hour))
		r.months("home", func(age int) (int, int, int, int) { return 500, 100 + 200*b2i(age == 0), 20, 900 })
		r.poll()
		r.judge(w)
		r.start(r.o) // a restart in between
		w = r.weigh()
	}
	a, fired := of(r.show("today", time.Time{}).Alerts, "dear", "Shop")
	if !fired || a.Summary != "Shop: 300 today, 900 in a week, CPA 15" {
		t.Errorf("%+v", a)
	}
	if !slices.ContainsFunc(r.alertsNow(), func(a snapshot.Alert) bool {
		return a.Rule == "dear campaign" && strings.HasPrefix(a.Subject, "Shop / A")
	}) {
		t.Errorf("no campaign is told: %+v", r.alertsNow())
	}
}

// alertsNow reads the alerts without the figures.
func (r *rig) alertsNow() []snapshot.Alert {
	r.Helper()
	s := &snapshot.Snapshot{AsOf: r.clock.now()}
	if err := r.builder.alerts(r.Context(), s); err != nil {
		r.Fatal(err)
	}
	return s.Alerts
}
