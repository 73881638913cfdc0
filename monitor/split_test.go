package monitor

import (
	"reflect"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
)

// tellPart has the platform report a part of a campaign: some units of spend
// today.
func (p *told) tellPart(campaign, part string, cost kpi.Micros) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows = append(p.rows, sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: campaign, Name: "Campaign " + campaign, Breakdown: part, Status: "active"},
		Slot: sources.Slot{Date: kpi.NewDate(2026, 11, 20), Grain: sources.Day}, Metrics: worth(cost)})
}

// split is a platform that splits campaigns, polled once.
func split(t *testing.T) (*rig, *told) {
	r, p := apart(t)
	r.o.Sources[0].Definition.Breakdowns = []string{"network", "placement"}
	p.tellPart("a", "instagram", 3)
	p.tellPart("a", "facebook", 2)
	p.tellPart("b", "facebook", 7)
	p.tellPart("a", "instagram/feed", 4)
	return r, p
}

func by(dimension string) snapshot.Inside {
	in := groupsOfA
	in.Breakdown = dimension
	return in
}

func TestACampaignIsSplitByNetworkOrPlacement(t *testing.T) {
	r, p := split(t)
	w := r.weigh()
	r.judge(w)
	before, evidence := r.show("today", time.Time{}), w.channels[0].detector.Evidence()
	r.clock.set(r.clock.now().Add(time.Minute))
	r.ask(by("network"), "today")
	r.ask(by("placement"), "today")
	for dimension, want := range map[string]map[string]string{"network": {"instagram": "3.00", "facebook": "2.00"}, "placement": {"instagram/feed": "4.00"}} {
		s := r.apart("today", by(dimension))
		if len(s.Drill.Rows) != len(want) || s.Drill.Of != by(dimension) || s.Drill.Problem != "" {
			t.Errorf("%s: %+v", dimension, s.Drill)
		}
		for _, row := range s.Drill.Rows {
			if row.ID != row.Name || row.URL != "" || row.Verdict != "" || row.Status != "active" {
				t.Errorf("part %+v", row)
			}
			euros(t, row.Name, row.Now.Metrics.Cost, want[row.ID])
		}
	}
	last := p.asked[len(p.asked)-1]
	if last.Level != sources.LevelCampaign || last.Breakdown != "placement" || last.Grain != sources.Day || last.Parent != "" {
		t.Errorf("the platform was asked for %+v", last)
	}
	r.judge(w)
	s := r.show("today", time.Time{})
	if s.Total.Metrics != before.Total.Metrics || len(s.Channels[0].Campaigns) != len(before.Channels[0].Campaigns) || !s.Earlier.Equal(before.Earlier) || !s.Sources[0].LastGood.Equal(before.Sources[0].LastGood) {
		t.Errorf("parts count: %+v, before %+v", s.Total.Metrics, before.Total.Metrics)
	}
	for what, w := range map[string]*weigher{"live": w, "replayed": r.weigh()} {
		if got := w.channels[0].detector.Evidence(); !reflect.DeepEqual(got, evidence) {
			t.Errorf("%s, the evidence became %+v", what, got)
		}
	}
}

func TestTheSplitOfAnotherCampaignComesFromTheCache(t *testing.T) {
	r, p := split(t)
	p.tell("b", r.clock.now().AddDate(0, 0, -1), r.clock.now())
	r.clock.set(r.clock.now().Add(16 * time.Minute))
	r.poll()
	r.ask(by("network"), "today")
	asked := len(p.asked)
	other := by("network")
	other.Campaign = "b"
	r.ask(other, "today")
	if len(p.asked) != asked {
		t.Errorf("the platform was asked again: %+v", p.asked[asked:])
	}
	if s := r.apart("today", other); len(s.Drill.Rows) != 1 || s.Drill.Rows[0].Now.Metrics.Cost != 7*kpi.MicrosPerUnit {
		t.Errorf("%+v", s.Drill)
	}
}

func TestOnlyWhatASourceKnowsIsAskedFor(t *testing.T) {
	r, _ := split(t)
	if why := r.want(inquiry{inside: by("device")}); why == "" {
		t.Error("a split that the source does not know was accepted")
	}
	if got := r.apart("today", by("network")).Sources[0].Breakdowns; len(got) != 2 {
		t.Errorf("the source says that it can split by %q", got)
	}
	c := snapshot.Command{Verb: "fetch", Inside: by("network")}
	if got := fromInbox(toInbox(c)).Inside; got != c.Inside {
		t.Errorf("through the inbox it became %+v", got)
	}
}
