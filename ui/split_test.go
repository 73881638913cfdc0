package ui

import (
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// opening is an app with the campaigns of a channel in view.
func opening(t *testing.T) (*app, *snapshot.Snapshot) {
	t.Helper()
	a := testApp(120, 32, looks[3])
	press(a, "enter")
	s := testSnapshot()
	s.View.Campaigns = a.place.channel
	for i := range s.Channels {
		s.Channels[i].Campaigns = testCampaigns()
	}
	for i := range s.Sources {
		s.Sources[i].Breakdowns = []string{"network", "placement"}
	}
	s.Sources = append(s.Sources, snapshot.Source{Name: testCampaigns()[0].Source, Breakdowns: []string{"network", "placement"}})
	a.take(s)
	return a, s
}

func TestACampaignIsSplitFromItsLine(t *testing.T) {
	a, s := opening(t)
	press(a, "b")
	if text := screenText(a); !strings.Contains(text, "Split ") || !strings.Contains(text, "placement") {
		t.Fatalf("no menu:\n%s", text)
	}
	press(a, "p")
	if in := a.place.inside; in.Breakdown != "placement" || in.Campaign == "" || in.Group != "" {
		t.Fatalf("it led to %+v", in)
	}
	s.View.Inside = a.place.inside
	part := testCampaigns()[0]
	part.ID, part.Name = "instagram/feed", "instagram/feed"
	s.Drill = snapshot.Drill{Of: a.place.inside, Rows: []snapshot.Campaign{part}, Fetched: testNow.Add(-time.Minute), Notes: []string{"parts are estimates"}}
	split := *s
	a.take(&split)
	text := screenText(a)
	for _, want := range []string{"PLACEMENT", "instagram/feed", "by placement", "parts are estimates"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the screen:\n%s", want, text)
		}
	}
	if press(a, "enter"); a.notice != "a part by placement is not made of anything smaller" {
		t.Errorf("enter says %q", a.notice)
	}
}

func TestWhatCannotBeSplitSaysWhy(t *testing.T) {
	a, s := opening(t)
	for i := range s.Sources {
		s.Sources[i].Breakdowns = nil
	}
	a.take(s)
	if press(a, "b"); !strings.HasSuffix(a.notice, "tells no parts of campaigns") {
		t.Errorf("it says %q", a.notice)
	}
	for i := range s.Channels {
		s.Channels[i].Campaigns = []snapshot.Campaign{{Source: "google", Account: "1", Name: "unlisted", Unlisted: true, Now: snapshot.Figures{Known: true}}}
	}
	unlisted := *s
	a.take(&unlisted)
	if press(a, "b"); a.notice != "select or open a campaign to split it" {
		t.Errorf("of what is not listed it says %q", a.notice)
	}
	if press(a, "enter"); a.notice != "of campaigns that are not listed only the sum is known" {
		t.Errorf("enter says %q", a.notice)
	}
}

func TestImpressionShareSaysOnWhichSideItLies(t *testing.T) {
	for share, want := range map[kpi.Share]string{
		{}:                         "—",
		{Value: 0.42, Known: true}: "42%",
		{Value: 0.1, Bound: kpi.Below, Known: true}: "<10%",
		{Value: 0.9, Bound: kpi.Above, Known: true}: ">90%",
	} {
		for _, c := range campaignColumns {
			if c.key != "impr_share" {
				continue
			}
			p := newPen(stylesOf(palette{}), false)
			c.draw(p, &row{now: snapshot.Figures{ImpressionShare: share}}, c.width)
			if text := strings.TrimSpace(p.end(c.width)); !strings.Contains(text, want) || strings.ContainsAny(text, "<>") != strings.ContainsAny(want, "<>") {
				t.Errorf("%+v is written as %q, want %q", share, text, want)
			}
		}
	}
}
