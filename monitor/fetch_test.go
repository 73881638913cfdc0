package monitor

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// tellInside has the platform report a part of a campaign or an ad group: one
// unit of spend on each of some days.
func (p *told) tellInside(level sources.Level, parent, id string, days kpi.DateRange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for d := days.From; d <= days.To; d++ {
		p.rows = append(p.rows, sources.Row{Entity: sources.Entity{Level: level, ID: id, Name: "Part " + id, Status: "active", Parent: parent}, Slot: sources.Slot{Date: d, Grain: sources.Day}, Metrics: worth(1)})
	}
}

// apart is a platform whose campaign "a" has two ad groups, with an ad in one
// of them, and a rig that has polled it.
func apart(t *testing.T) (*rig, *told) {
	at := instant(t, "2026-11-20T09:20:00Z")
	p := &told{through: at}
	r := newRig(t, at, func(r *rig, o *Options) {
		src := p.platform(r, "ads", "Europe/Berlin", sources.Hour)
		src.Definition.Deepest, src.Definition.OmitsZeros = sources.LevelAd, true
		o.Sources = []Source{src}
		o.Channels[0].Economics.FixedFeesPerMonth = 300 * kpi.MicrosPerUnit
	})
	p.tell("a", at.AddDate(0, 0, -40), at)
	today := kpi.NewDate(2026, 11, 20)
	all := kpi.DateRange{From: today - 90, To: today}
	p.tellInside(sources.LevelAdGroup, "a", "g1", all)
	p.tellInside(sources.LevelAdGroup, "a", "g2", kpi.DateRange{From: today - 1, To: today})
	p.tellInside(sources.LevelAdGroup, "b", "elsewhere", all)
	p.tellInside(sources.LevelAd, "g1", "ad", all)
	r.poll()
	return r, p
}

var groupsOfA = snapshot.Inside{Source: "ads", Account: "1", Campaign: "a"}

// apart builds the picture of what is inside something.
func (r *rig) apart(span string, in snapshot.Inside) *snapshot.Snapshot {
	r.Helper()
	days, err := snapshot.ParseRange(span)
	if err != nil {
		r.Fatal(err)
	}
	s, err := r.Snapshot(r.Context(), snapshot.View{Range: days, Inside: in})
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// ask leaves an inquiry and lets the poller grant it.
func (r *rig) ask(in snapshot.Inside, span string) {
	r.Helper()
	days, err := snapshot.ParseRange(span)
	if err != nil {
		r.Fatal(err)
	}
	if why := r.want(inquiry{inside: in, span: days}); why != "" {
		r.Fatal(why)
	}
	r.pollers["ads"].grant(r.Context(), time.Time{})
}

func TestAViewerHasACampaignTakenApart(t *testing.T) {
	r, p := apart(t)
	run(t, r.Monitor)
	settled(t, r.Monitor)
	viewer := r.second()
	run(t, viewer)
	pictures := viewer.Watch(t.Context(), snapshot.View{Range: snapshot.Range{Name: "30d"}, Inside: groupsOfA})
	before := until(t, pictures, "the picture before", func(s *snapshot.Snapshot) bool { return !s.Collector.Here && s.Total.Known })
	if d := before.Drill; d.Of != groupsOfA || len(d.Rows) != 0 || !d.Fetched.IsZero() || d.Busy {
		t.Errorf("before anybody asked: %+v", d)
	}
	if !before.Sources[0].Drills {
		t.Error("the source does not say that it can")
	}
	if err := viewer.Send(t.Context(), snapshot.Command{Verb: "fetch", Inside: groupsOfA}); err != nil {
		t.Fatal(err)
	}
	after := until(t, pictures, "its ad groups", func(s *snapshot.Snapshot) bool { return len(s.Drill.Rows) == 2 && !s.Drill.Busy })
	row := after.Drill.Rows[0]
	if row.Name != "Part g1" || row.Status != "active" || row.Account != "1" || len(row.Days) != campaignDays || !after.Drill.Fetched.Equal(r.clock.now()) || after.Drill.Problem != "" {
		t.Errorf("first row %+v of %+v", row, after.Drill)
	}
	euros(t, "spend of an ad group in 30 days", row.Now.Metrics.Cost, "30.00")
	euros(t, "its contribution", row.Now.Contribution.Micros, "150.00")
	euros(t, "its profit, without fees", row.Now.Profit.Micros, "120.00")
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.asked[len(p.asked)-1]
	if last.Level != sources.LevelAdGroup || last.Parent != "a" || last.Grain != sources.Day || last.Days.Days() != 60 || last.Days.To != kpi.NewDate(2026, 11, 20) {
		t.Errorf("the platform was asked for %+v, want the days that the viewer shows and compares with", last)
	}
}

func TestWhatIsFetchedOnDemandLeavesEverythingElseAlone(t *testing.T) {
	r, _ := apart(t)
	w := r.weigh()
	r.judge(w)
	before, health := r.show("7d", time.Time{}), *r.pollers["ads"].schedules["1"]
	evidence := w.channels[0].detector.Evidence()
	r.clock.set(r.clock.now().Add(time.Minute))
	r.ask(groupsOfA, "7d")
	r.ask(snapshot.Inside{Source: "ads", Account: "1", Campaign: "a", Group: "g1"}, "7d")
	r.judge(w)
	again := r.weigh() // and a replay does not see it either
	s := r.apart("7d", snapshot.Inside{Source: "ads", Account: "1", Campaign: "a", Group: "g1"})
	if len(s.Drill.Rows) != 1 || s.Drill.Rows[0].Name != "Part ad" {
		t.Fatalf("the ads: %+v", s.Drill)
	}
	if s.Total.Metrics != before.Total.Metrics || len(r.show("7d", time.Time{}).Channels[0].Campaigns) != 1 {
		t.Errorf("it counts: %+v, before %+v", s.Total.Metrics, before.Total.Metrics)
	}
	if !s.Sources[0].LastGood.Equal(before.Sources[0].LastGood) || !s.Sources[0].Watermark.Equal(before.Sources[0].Watermark) || !s.Earlier.Equal(before.Earlier) {
		t.Errorf("the source was last good at %s, complete through %s", s.Sources[0].LastGood, s.Sources[0].Watermark)
	}
	if now := *r.pollers["ads"].schedules["1"]; !reflect.DeepEqual(now.recent, health.recent) || now.window != health.window || now.failed != health.failed {
		t.Error("it moved the regular polls")
	}
	for what, w := range map[string]*weigher{"live": w, "replayed": again} {
		if got := w.channels[0].detector.Evidence(); !reflect.DeepEqual(got, evidence) {
			t.Errorf("%s, the evidence became %+v", what, got)
		}
	}
}

func TestAskingAgainWithinTheIntervalBringsTheCache(t *testing.T) {
	r, p := apart(t)
	calls := func(what string, want int) {
		t.Helper()
		n := 0
		for _, q := range p.asked {
			n += b2i(deeper(q.Level))
		}
		if n != want {
			t.Errorf("%s: %d calls, want %d", what, n, want)
		}
	}
	r.ask(groupsOfA, "today")
	calls("first", 1)
	r.clock.set(r.clock.now().Add(14 * time.Minute))
	r.ask(groupsOfA, "today")
	calls("14 minutes later", 1)
	if p.asked[len(p.asked)-1].Days.Days() != campaignDays {
		t.Errorf("asked for %s, want the last %d days", p.asked[len(p.asked)-1].Days, campaignDays)
	}
	r.ask(groupsOfA, "30d")
	calls("for more days", 2)
	r.clock.set(r.clock.now().Add(15 * time.Minute))
	r.ask(groupsOfA, "today")
	calls("an interval later", 3)
	r.ask(groupsOfA, "2020-01-01..2020-12-31")
	if days := p.asked[len(p.asked)-1].Days; days.Days() != insideDays || days.To != kpi.NewDate(2020, 12, 31) {
		t.Errorf("of a long year %s was asked for", days)
	}
}

func TestWhatTheLastFetchDidNotCoverIsUnknown(t *testing.T) {
	r, _ := apart(t)
	r.ask(groupsOfA, "today")
	if s := r.apart("30d", groupsOfA); len(s.Drill.Rows) != 2 || s.Drill.Rows[0].Now.Known || s.Drill.Problem != "Only 2026-11-07 to 2026-11-20 were fetched." {
		t.Errorf("30 days of which 14 were fetched: %+v", s.Drill)
	}
	s := r.apart("today", groupsOfA)
	if row := s.Drill.Rows[0]; row.Now.Metrics.Cost != kpi.MicrosPerUnit || row.Before.Known || row.Same.Known {
		t.Errorf("a running day is compared with a whole one: %+v", row)
	}
	s = r.apart("yesterday", groupsOfA)
	if row := s.Drill.Rows[0]; row.Before.Metrics.Cost != kpi.MicrosPerUnit {
		t.Errorf("two days that are over: before %+v", row.Before)
	}
	if s := r.apart("24h", groupsOfA); s.Drill.Rows[0].Now.Known {
		t.Errorf("hours of what is told by the day: %+v", s.Drill.Rows[0].Now)
	}
}

func TestAnAdGroupThatIsNotListedAnyMoreIsZero(t *testing.T) {
	r, p := apart(t)
	r.ask(groupsOfA, "today")
	p.mu.Lock()
	kept := p.rows[:0]
	for _, row := range p.rows {
		if row.Entity.ID != "g2" {
			kept = append(kept, row)
		}
	}
	p.rows = kept
	p.mu.Unlock()
	r.clock.set(r.clock.now().Add(time.Hour))
	r.ask(groupsOfA, "today")
	for _, row := range r.apart("today", groupsOfA).Drill.Rows {
		if want := kpi.Micros(b2i(row.ID == "g1")) * kpi.MicrosPerUnit; !row.Now.Known || row.Now.Metrics.Cost != want {
			t.Errorf("%s: %+v, want %s", row.ID, row.Now.Metrics, want.Decimal(2))
		}
	}
}

func TestAFailedFetchOnDemandHoldsUpRegularPollsForAQuotaOnly(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		putOff  bool
		problem string
	}{
		"an outage": {sources.Errorf(sources.Unavailable, "down"), false, "unavailable"},
		"a refusal": {sources.Errorf(sources.Invalid, "no such field"), false, "request refused"},
		"a quota":   {&sources.Error{Kind: sources.QuotaKind, RetryAfter: 2 * time.Hour, Err: fmt.Errorf("code 17")}, true, "quota"},
		"a sign-in": {sources.Errorf(sources.Auth, "token expired"), true, "sign-in needed"},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := apart(t)
			r.ask(groupsOfA, "today")
			before := *r.pollers["ads"].schedules["1"]
			r.clock.set(r.clock.now().Add(20 * time.Minute))
			p.err = c.err
			r.ask(groupsOfA, "today")
			now := r.pollers["ads"].schedules["1"]
			if moved := now.recent != before.recent; moved != c.putOff || now.failed != before.failed || now.held.IsZero() == c.putOff {
				t.Errorf("regular polls put off: %v, failed %d", moved, now.failed)
			}
			s := r.apart("today", groupsOfA)
			if !strings.HasPrefix(s.Drill.Problem, c.problem+": ") || len(s.Drill.Rows) != 2 || s.Drill.Fetched.IsZero() {
				t.Errorf("the picture: %+v", s.Drill)
			}
			if s.Sources[0].Health != snapshot.Healthy {
				t.Errorf("the source is %s: %s", s.Sources[0].Health, s.Sources[0].Problem)
			}
			p.err = nil
			asked := len(p.asked)
			r.ask(groupsOfA, "today")
			if waits := len(p.asked) == asked; waits != c.putOff || r.apart("today", groupsOfA).Drill.Busy != c.putOff {
				t.Errorf("another request waits: %v", waits)
			}
			r.clock.set(r.clock.now().Add(3 * time.Hour))
			r.pollers["ads"].grant(t.Context(), time.Time{})
			if s := r.apart("today", groupsOfA); s.Drill.Problem != "" || s.Drill.Busy {
				t.Errorf("later: %+v", s.Drill)
			}
		})
	}
}

func TestOneRequestWaitsForEachCampaignAndTheNewestTwentyAtASource(t *testing.T) {
	r, p := apart(t)
	for n := range 2 * maxInquiries {
		for range 2 {
			if why := r.want(inquiry{inside: snapshot.Inside{Source: "ads", Account: "1", Campaign: fmt.Sprint(n)}, span: snapshot.Ranges[0]}); why != "" {
				t.Fatal(why)
			}
		}
	}
	before := len(p.asked)
	r.pollers["ads"].grant(t.Context(), time.Time{})
	if asked := p.asked[before:]; len(asked) != maxInquiries || asked[0].Parent != fmt.Sprint(maxInquiries) {
		t.Errorf("%d calls, first for %q", len(asked), asked[0].Parent)
	}
	for what, in := range map[string]snapshot.Inside{"an unknown source": {Source: "x", Account: "1", Campaign: "a"}, "no campaign": {Source: "ads", Account: "1"}} {
		if r.want(inquiry{inside: in}) == "" {
			t.Errorf("%s was accepted", what)
		}
	}
	r.o.Sources[0].Definition.Deepest = sources.LevelAdGroup
	if r.want(inquiry{inside: snapshot.Inside{Source: "ads", Account: "1", Campaign: "a", Group: "g1"}}) == "" {
		t.Error("ads of a source that tells ad groups only")
	}
}

func TestACommandWaitsInTheInboxUntilTheHolderTakesIt(t *testing.T) {
	r, _ := apart(t)
	if err := r.Send(t.Context(), snapshot.Command{Verb: "fetch", Inside: groupsOfA}); err != nil {
		t.Fatal(err)
	}
	viewer := r.second()
	s, err := viewer.Snapshot(t.Context(), snapshot.View{Range: snapshot.Range{Name: "today"}, Inside: groupsOfA})
	if err != nil || !s.Drill.Busy {
		t.Errorf("at the viewer: %+v, %v", s, err)
	}
	d := store.Decision{At: r.clock.now()}
	if _, err := r.commands(t.Context(), s, &d); err != nil || len(d.Applied) != 1 {
		t.Fatal(d, err)
	}
	if err := r.o.Store.Decide(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if s := r.apart("today", groupsOfA); !s.Drill.Busy {
		t.Error("at the holder, it does not wait any more")
	}
	if s, err := viewer.Snapshot(t.Context(), s.View); err != nil || s.Drill.Busy {
		t.Errorf("a viewer sees the inbox only: %v", err)
	}
	r.pollers["ads"].grant(t.Context(), time.Time{})
	if s := r.apart("today", groupsOfA); s.Drill.Busy || len(s.Drill.Rows) != 2 {
		t.Errorf("granted: %+v", s.Drill)
	}
}
