package alert

import (
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// campaign is a channel that spends and converts by the hour, as the tests of
// the rules shape it.
type campaign struct {
	name    string
	cost    func(hour int) float64 // of an hour, counted from noon; negative is the past
	orders  func(hour int) float64
	claims  func(hour int) float64
	clicks  float64 // by unit of cost
	visible float64
	since   int     // hour in which the detector sees conversions stop; 0 with none
	due     float64 // conversions at break-even since then
	target  kpi.Micros
}

func steady(v float64) func(int) float64 { return func(int) float64 { return v } }

// until is v before an hour and w from it on.
func until(hour int, v, w float64) func(int) float64 {
	return func(h int) float64 {
		if h < hour {
			return v
		}
		return w
	}
}

// at is the picture of some campaigns so many hours after noon. Their spend
// and results are those of one source, "google".
func at(hours int, all ...campaign) *snapshot.Snapshot {
	s := shop(float64(hours), .3)
	s.Channels = nil
	for _, c := range all {
		ch := snapshot.Channel{Name: c.name, SpentAt: []string{"google"}, CountedBy: []string{"google"}, P: kpi.Ratio{Value: .3, OK: true},
			Verdict: kpi.Profitable, Watermark: s.AsOf, Economics: kpi.Economics{Margin: 500_000, TargetCPA: c.target}}
		for h := hours - 36*24; h < hours; h++ {
			span := snapshot.Span{Start: noon.Add(time.Duration(h) * time.Hour), End: noon.Add(time.Duration(h+1) * time.Hour), HasSpend: true, HasResults: true,
				Cost: c.cost(h), Visible: 1}
			span.Clicks = c.clicks * span.Cost
			if c.visible > 0 {
				span.Visible = c.visible
			}
			if c.orders != nil {
				span.Conversions = c.orders(h)
				span.Value = 100 * span.Conversions
			}
			if c.claims != nil {
				span.Claimed = c.claims(h)
			}
			ch.Cohorts = append(ch.Cohorts, span)
		}
		if c.due > 0 {
			ch.Evidence = snapshot.Evidence{Cause: "no conversions", Since: noon.Add(time.Duration(c.since) * time.Hour), Due: c.due}
		}
		for day := range 13 { // twice what would break even, up to the day before
			ch.Evidence.Cohorts = append(ch.Evidence.Cohorts, snapshot.Cohort{Start: noon.AddDate(0, 0, day-14), Due: 10, Seen: 20})
		}
		s.Channels = append(s.Channels, ch)
	}
	return s
}

// open returns the open alert of a rule and subject.
func (k *keeper) open(rule, subject string) (snapshot.Alert, bool) {
	for _, a := range k.alerts {
		if a.Rule == rule && a.Subject == subject && a.Open() {
			return a, true
		}
	}
	return snapshot.Alert{}, false
}

// ended returns how an alert ended, "" when it did not.
func (k *keeper) ended(rule, subject string) string {
	for _, a := range k.alerts {
		if a.Rule == rule && a.Subject == subject && !a.Open() && !a.FiredAt.IsZero() {
			return a.State
		}
	}
	return ""
}

// story is one rule on the channel "A" (or its source), told in pictures.
type story struct {
	pictures []*snapshot.Snapshot
	want     string // state in the end, "" for no alert that fired
}

func (s story) tell(t *testing.T, rule, subject string) {
	t.Helper()
	k := newKeeper(t)
	for _, p := range s.pictures {
		k.step(p)
	}
	got := k.ended(rule, subject)
	if a, open := k.open(rule, subject); open && !a.FiredAt.IsZero() {
		got = a.State
		if a.Inhibited != "" {
			got = "inhibited"
		}
		if a.Frozen != "" {
			got += ", " + a.Frozen
		}
		if a.Summary == "" || a.Reason == "" || !strings.Contains(a.Summary, subject) {
			t.Errorf("it does not say what broke and why: %q, %q", a.Summary, a.Reason)
		}
	}
	if got != s.want {
		t.Errorf("%s of %s is %q, want %q", rule, subject, got, s.want)
	}
}

func blind(s *snapshot.Snapshot) *snapshot.Snapshot {
	for i := range s.Channels {
		s.Channels[i].Verdict = kpi.NoData
	}
	s.Sources[0].Health, s.Sources[0].Problem = snapshot.Stale, "no good answer for 3h"
	return s
}

func TestTrackingBroken(t *testing.T) {
	fine := campaign{name: "A", cost: steady(10), orders: steady(1), clicks: 2}
	stopped := func(due float64) campaign {
		c := fine
		c.orders, c.since, c.due = until(0, 1, 0), 0, due
		return c
	}
	at10, at11, at12 := at(10, stopped(9)), at(11, fine), at(12, fine)
	clickless := at(10, stopped(9))
	for i := range clickless.Channels[0].Cohorts {
		if c := &clickless.Channels[0].Cohorts[i]; !c.Start.Before(noon) {
			c.Clicks = 0
		}
	}
	young := at(10, stopped(9))
	young.Channels[0].Evidence.Cohorts = young.Channels[0].Evidence.Cohorts[10:]
	recovered := func(hours int) *snapshot.Snapshot {
		c := fine
		c.orders = func(h int) float64 {
			if h >= 0 && h < 10 {
				return 0
			}
			return 1
		}
		return at(hours, c)
	}
	for name, s := range map[string]story{
		"fires when twenty were due at its rate and none came": {[]*snapshot.Snapshot{at10}, "firing"},
		"is not sure yet":                         {[]*snapshot.Snapshot{at(3, stopped(3))}, ""},
		"is quiet when advertisements stopped":    {[]*snapshot.Snapshot{clickless}, ""},
		"is quiet with three days of history":     {[]*snapshot.Snapshot{young}, ""},
		"waits while the source is dead":          {[]*snapshot.Snapshot{at10, blind(at(12, stopped(11)))}, "inhibited, no data"},
		"is over when conversions come again":     {[]*snapshot.Snapshot{at10, recovered(14), recovered(15)}, "resolved"},
		"is retracted when they were merely late": {[]*snapshot.Snapshot{at10, at11, at12}, "retracted"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleTracking, "A") })
	}
}

func TestConversionsThatStopOnSeveralChannelsAtOnceAreOneIncident(t *testing.T) {
	stopped := func(name string, cost, due float64, since int) campaign {
		return campaign{name: name, cost: steady(cost), orders: until(since, 1, 0), clicks: 2, since: since, due: due}
	}
	fine := campaign{name: "C", cost: steady(10), orders: steady(1), clicks: 2}
	late := func(name string) campaign { return campaign{name: name, cost: steady(10), orders: steady(1)} }
	again := func(name string) campaign {
		c := late(name)
		c.orders = func(h int) float64 {
			if h >= 0 && h < 5 {
				return 0
			}
			return 1
		}
		return c
	}
	bad := at(5, stopped("A", 10, 3.5, 0), stopped("B", 10, 3.5, 1), fine)
	bad.Channels[0].P.Value, bad.Channels[0].Verdict = .9, kpi.Unprofitable
	k := newKeeper(t)
	k.step(bad)
	a, open := k.open(RuleIncident, "google")
	if !open || a.State != snapshot.Firing || !strings.Contains(a.Reason, "A, B") {
		t.Fatalf("no incident: %+v", k.alerts)
	}
	if loss, _ := k.open(RuleUnprofitable, "A"); loss.State != snapshot.Firing || loss.Inhibited != a.ID {
		t.Errorf("it does not explain the loss: %+v", loss)
	}
	if _, alone := k.open(RuleTracking, "A"); alone {
		t.Error("a channel alone is sure already: the incident is no sooner")
	}
	for name, s := range map[string]story{
		"one channel is none":                 {[]*snapshot.Snapshot{at(5, stopped("A", 10, 6, 0), fine)}, ""},
		"a small part of the spend is none":   {[]*snapshot.Snapshot{at(5, stopped("A", 1, 3.5, 0), stopped("B", 1, 3.5, 0), fine)}, ""},
		"stops of different days are none":    {[]*snapshot.Snapshot{at(30, stopped("A", 10, 3.5, 0), stopped("B", 10, 3.5, 25), fine)}, ""},
		"is over when all convert again":      {[]*snapshot.Snapshot{bad, at(6, again("A"), again("B")), at(7, again("A"), again("B"))}, "resolved"},
		"waits while the source is dead":      {[]*snapshot.Snapshot{bad, blind(at(6, stopped("A", 10, 3.5, 0), stopped("B", 10, 3.5, 1), fine))}, "inhibited, no data"},
		"is retracted when the feed was late": {[]*snapshot.Snapshot{bad, at(6, fine, late("A"), late("B")), at(7, fine, late("A"), late("B"))}, "retracted"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleIncident, "google") })
	}
}

// nights is a channel that spends from six in the morning to eight.
func nights(h int) float64 {
	if hour := noon.Add(time.Duration(h) * time.Hour).Hour(); hour < 6 || hour >= 20 {
		return 0
	}
	return 10
}

func TestSpendStopped(t *testing.T) {
	spends := func(cost func(int) float64) campaign { return campaign{name: "A", cost: cost} }
	stops := spends(until(0, 10, 0))
	again := spends(func(h int) float64 {
		if h >= 0 && h < 4 {
			return 0
		}
		return 10
	})
	early := spends(func(h int) float64 { // the budget of a day is used up at noon today: twice the pace
		switch {
		case h >= 0 && h < 12:
			return 0
		case h >= -12 && h < 0:
			return 20
		}
		return 10
	})
	for name, s := range map[string]story{
		"fires after three hours":              {[]*snapshot.Snapshot{at(2, stops), at(3, stops)}, "firing"},
		"is not told after two":                {[]*snapshot.Snapshot{at(2, stops)}, ""},
		"is quiet at night":                    {[]*snapshot.Snapshot{at(14, spends(nights)), at(17, spends(nights))}, ""},
		"is quiet when the budget is used up":  {[]*snapshot.Snapshot{at(4, early), at(11, early)}, ""},
		"a channel that never spent":           {[]*snapshot.Snapshot{at(4, spends(steady(0)))}, ""},
		"a channel that began last week":       {[]*snapshot.Snapshot{at(4, spends(func(h int) float64 { return until(-7*24, 0, 10)(h) * until(0, 1, 0)(h) }))}, ""},
		"is over when it spends again":         {[]*snapshot.Snapshot{at(4, stops), at(5, again), at(6, again)}, "resolved"},
		"a pause of more than a week is usual": {[]*snapshot.Snapshot{at(4, stops), at(8*24, stops), at(8*24+1, stops)}, "resolved"},
		"waits while the source is dead":       {[]*snapshot.Snapshot{at(4, stops), blind(at(5, stops))}, "inhibited, no data"},
		"is retracted when spend came late":    {[]*snapshot.Snapshot{at(4, stops), at(5, spends(steady(10))), at(6, spends(steady(10)))}, "retracted"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleSpendStopped, "A") })
	}
}

func TestWhileHistoryIsBeingFetchedNothingIsComparedWithIt(t *testing.T) {
	k := newKeeper(t)
	for hour := range 4 {
		s := at(hour+6, campaign{name: "A", cost: until(0, 10, 30), orders: steady(.1), claims: until(-9*24, .1, 1), target: 10_000_000})
		s.Channels[0].Partial = true
		k.step(s)
	}
	k.step(func() *snapshot.Snapshot {
		s := at(4, campaign{name: "B", cost: until(0, 10, 0)})
		s.Channels[0].Partial = true
		return s
	}())
	for _, a := range k.alerts {
		t.Errorf("%s: %s", a.Summary, a.Reason)
	}
}

func TestSpendSpike(t *testing.T) {
	spends := func(cost func(int) float64) campaign { return campaign{name: "A", cost: cost} }
	doubled := spends(until(0, 10, 30))
	once := spends(func(h int) float64 {
		if h >= 0 && h < 6 {
			return 30
		}
		return 10
	})
	big := campaign{name: "B", cost: steady(1000)}
	for name, s := range map[string]story{
		"fires at three times the usual":        {[]*snapshot.Snapshot{at(6, doubled)}, "firing"},
		"half as much again is no spike":        {[]*snapshot.Snapshot{at(6, spends(until(0, 10, 15)))}, ""},
		"mornings are no spike of the night":    {[]*snapshot.Snapshot{at(-3, spends(nights)), at(0, spends(nights))}, ""},
		"small change of a large account":       {[]*snapshot.Snapshot{at(6, doubled, big)}, ""},
		"a channel without four weeks":          {[]*snapshot.Snapshot{at(6, spends(until(-24, 0, 30)))}, ""},
		"is usual from the next day on":         {[]*snapshot.Snapshot{at(6, doubled), at(30, doubled), at(31, doubled)}, "resolved"},
		"is over when it spends as before":      {[]*snapshot.Snapshot{at(6, once), at(13, once), at(14, once)}, "resolved"},
		"waits while the source is dead":        {[]*snapshot.Snapshot{at(6, doubled), blind(at(7, doubled))}, "inhibited, no data"},
		"is retracted when it is credited back": {[]*snapshot.Snapshot{at(6, doubled), at(7, spends(steady(10))), at(8, spends(steady(10)))}, "retracted"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleSpendSpike, "A") })
	}
}

func TestTargetMissed(t *testing.T) {
	// 240 a day at a CPA of 10 is 24 conversions a day; one an hour meets it.
	converts := func(orders float64, visible float64) campaign {
		return campaign{name: "A", cost: steady(10), orders: steady(orders), target: 10_000_000, visible: visible}
	}
	three := func(c campaign) []*snapshot.Snapshot { return []*snapshot.Snapshot{at(1, c), at(2, c), at(3, c)} }
	few := campaign{name: "A", cost: steady(0.1), orders: steady(0.001), target: 10_000_000}
	for name, s := range map[string]story{
		"fires on the third poll":        {three(converts(.6, 1)), "firing"},
		"is not told at the first":       {three(converts(.6, 1))[:2], ""},
		"a target that is met":           {three(converts(1, 1)), ""},
		"a miss within chance":           {three(converts(.93, 1)), ""},
		"young spend asks for less":      {three(converts(.6, .6)), ""},
		"too young to say":               {three(converts(.1, .4)), ""},
		"too few to say":                 {three(few), ""},
		"is over when it is met":         {append(three(converts(.6, 1)), at(4, converts(1, 1)), at(5, converts(1, 1))), "resolved"},
		"waits while the source is dead": {append(three(converts(.6, 1)), blind(at(4, converts(.6, 1)))), "inhibited, no data"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleTargetMissed, "A") })
	}
	roas := at(1, converts(.6, 1))
	roas.Channels[0].Economics.TargetCPA, roas.Channels[0].Economics.TargetROAS = 0, 12_000_000 // it has 6
	k := newKeeper(t)
	for range 3 {
		k.step(roas)
		roas.Channels[0].Watermark = roas.Channels[0].Watermark.Add(time.Hour)
	}
	if a, _ := k.open(RuleTargetMissed, "A"); a.State != snapshot.Firing {
		t.Errorf("a ROAS of 6 where the target is 12: %+v", a)
	}
}

func TestClaimsDrifting(t *testing.T) {
	counts := func(claims, orders func(int) float64) campaign {
		return campaign{name: "A", cost: steady(10), claims: claims, orders: orders}
	}
	week := -9 * 24 // both without the last two days
	double := counts(until(week, 1.2, 2.4), steady(1))
	two := func(c campaign) []*snapshot.Snapshot { return []*snapshot.Snapshot{at(0, c), at(1, c)} }
	for name, s := range map[string]story{
		"fires when a tag counts twice":           {two(double), "firing"},
		"fires when orders lose their parameters": {two(counts(steady(1.2), until(week, 1, .5))), "firing"},
		"claims that were always high":            {two(counts(steady(3), steady(1))), ""},
		"more of both":                            {two(counts(until(week, 1, 3), until(week, 1, 3))), ""},
		"too few to say":                          {two(counts(until(week, .02, .04), steady(.02))), ""},
		"a source that claims nothing":            {two(counts(steady(0), steady(1))), ""},
		"young claims are left out":               {two(counts(until(-2*24, 1, .2), steady(1))), ""},
		"is over when they agree again":           {append(two(double), at(2, counts(steady(1.2), steady(1))), at(3, counts(steady(1.2), steady(1)))), "resolved"},
		"waits while the source is dead":          {append(two(double), blind(at(2, double))), "inhibited, no data"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleClaims, "A") })
	}
}

func TestASourceThatNeedsAPersonIsToldAtOnceAndExplainsItsSilence(t *testing.T) {
	denied := func(s *snapshot.Snapshot) {
		s.Sources[0].Health, s.Sources[0].Denied, s.Sources[0].Problem = snapshot.Failing, true, "sign-in needed"
	}
	k := newKeeper(t)
	k.step(shop(0, .9))
	k.step(shop(1, .9, denied))
	a, open := k.open(RuleSourceAccess, "google")
	if !open || a.State != snapshot.Firing || a.Severity != snapshot.Critical {
		t.Fatalf("after one refusal: %+v", k.alerts)
	}
	if loss, _ := k.open(RuleUnprofitable, "Shopping"); !loss.Asks() {
		t.Errorf("a loss that can still be judged is kept quiet: %+v", loss)
	}
	k.step(shop(2, .9, dead, func(s *snapshot.Snapshot) { s.Sources[0].Denied = true }))
	for _, rule := range []struct{ name, subject string }{{RuleSourceStale, "google"}, {RuleUnprofitable, "Shopping"}} {
		if b, _ := k.open(rule.name, rule.subject); b.Inhibited != a.ID {
			t.Errorf("%s is not explained by it: %+v", rule.name, b)
		}
	}
	k.step(shop(3, .9))
	k.step(shop(4, .9))
	if _, open := k.open(RuleSourceAccess, "google"); open {
		t.Error("it answers again, and is still told to refuse")
	}
}

func TestQuotaIsToldBeforeItIsUsedUp(t *testing.T) {
	used := func(share float64) func(*snapshot.Snapshot) {
		return func(s *snapshot.Snapshot) { s.Sources[0].QuotaUsed = kpi.Ratio{Value: share, OK: true} }
	}
	for name, s := range map[string]story{
		"scarce":              {[]*snapshot.Snapshot{shop(0, .3, used(.95))}, "firing"},
		"half used":           {[]*snapshot.Snapshot{shop(0, .3, used(.5))}, ""},
		"ample again":         {[]*snapshot.Snapshot{shop(0, .3, used(.95)), shop(1, .3, used(.1)), shop(2, .3, used(.1))}, "resolved"},
		"still rather scarce": {[]*snapshot.Snapshot{shop(0, .3, used(.95)), shop(1, .3, used(.8)), shop(2, .3, used(.8))}, "firing"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleSourceQuota, "google") })
	}
}

func TestATokenIsToldAWeekBeforeItExpires(t *testing.T) {
	left := func(d time.Duration) func(*snapshot.Snapshot) {
		return func(s *snapshot.Snapshot) { s.Sources[0].Expires = s.AsOf.Add(d) }
	}
	for name, s := range map[string]story{
		"in two weeks":   {[]*snapshot.Snapshot{shop(0, .3, left(14*24*time.Hour))}, ""},
		"in three days":  {[]*snapshot.Snapshot{shop(0, .3, left(3*24*time.Hour))}, "firing"},
		"it cannot tell": {[]*snapshot.Snapshot{shop(0, .3)}, ""},
		"it was renewed": {[]*snapshot.Snapshot{shop(0, .3, left(time.Hour)), shop(1, .3, left(60*24*time.Hour))}, "resolved"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleTokenExpiring, "google") })
	}
	k := newKeeper(t)
	k.step(shop(0, .3, left(3*24*time.Hour)))
	k.step(shop(1, .3, left(3*time.Hour)))
	if a, _ := k.open(RuleTokenExpiring, "google"); a.Severity != snapshot.Critical {
		t.Errorf("three hours before its end it is %s", a.Severity)
	}
}

func TestATargetThatIsNotReachedIsToldAfterFiveMinutesAndARefusalAtOnce(t *testing.T) {
	failing := func(since time.Duration, refused, critical bool) func(*snapshot.Snapshot) {
		return func(s *snapshot.Snapshot) {
			s.Targets = []snapshot.Target{{Name: "team", Refused: refused, Critical: critical, Problem: "no answer"}}
			if since > 0 {
				s.Targets[0].Failing = s.AsOf.Add(-since)
			}
		}
	}
	for name, s := range map[string]story{
		"it is reached":           {[]*snapshot.Snapshot{shop(0, .3, failing(0, false, false))}, ""},
		"for a minute":            {[]*snapshot.Snapshot{shop(0, .3, failing(time.Minute, false, false))}, ""},
		"for five minutes":        {[]*snapshot.Snapshot{shop(0, .3, failing(5*time.Minute, false, false))}, "firing"},
		"it refused":              {[]*snapshot.Snapshot{shop(0, .3, failing(time.Second, true, false))}, "firing"},
		"something arrives again": {[]*snapshot.Snapshot{shop(0, .3, failing(time.Hour, false, false)), shop(1, .3, failing(0, false, false))}, "resolved"},
		"once fired, it goes on":  {[]*snapshot.Snapshot{shop(0, .3, failing(time.Hour, false, false)), shop(1, .3, failing(time.Second, false, false))}, "firing"},
		"it left the config":      {[]*snapshot.Snapshot{shop(0, .3, failing(time.Hour, false, false)), shop(1, .3)}, "resolved"},
	} {
		t.Run(name, func(t *testing.T) { s.tell(t, RuleNotify, "team") })
	}
	k := newKeeper(t)
	k.step(shop(0, .3, failing(time.Hour, false, true)))
	if a, _ := k.open(RuleNotify, "team"); a.Severity != snapshot.Critical || a.Labels["target"] != "team" || !a.Asks() {
		t.Errorf("where something critical did not arrive: %+v", a)
	}
}
