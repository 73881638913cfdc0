package ui

import (
	"fmt"
	"runtime"
	"testing"

	"adtop/kpi"
	"adtop/snapshot"
)

// narrowed is the channel screen of one of two accounts with so many campaigns in
// each.
func narrowed(campaigns int) *app {
	s := testSnapshot()
	c := &s.Channels[0]
	c.Accounts, c.Campaigns = nil, nil
	for _, account := range []string{"1", "2"} {
		c.Accounts = append(c.Accounts, snapshot.Campaign{Source: "google", Account: account, ID: account, Name: "Account " + account, Now: figures(1000, 20, 3000, 1)})
		for i := range campaigns {
			c.Campaigns = append(c.Campaigns, snapshot.Campaign{Source: "google", Account: account, ID: fmt.Sprint(account, "-", i), Name: fmt.Sprint("Campaign ", i), Now: figures(float64(1000-i%900), 20, 3000, 1)})
		}
	}
	a := testApp(120, 32, looks[0])
	a.take(s)
	a.goTo(place{screen: channel, channel: c.Name, account: accountID{"google", "1"}, names: [3]string{"Account 1"}})
	shown := *s
	shown.View = a.wanted
	a.take(&shown)
	return a
}

// frameBytes is what a frame of a takes of the heap when all of it is drawn.
func frameBytes(a *app) uint64 {
	const frames = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range frames {
		a.stale = true
		a.View()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / frames
}

// TestAFrameOfAnAccountCostsNoMoreForMoreCampaigns: they are picked out once a
// picture, not for every panel of every frame.
func TestAFrameOfAnAccountCostsNoMoreForMoreCampaigns(t *testing.T) {
	few, many := narrowed(50), narrowed(1000)
	if n := many.campaigns.count(); n != 1000 {
		t.Fatalf("%d campaigns are listed", n)
	}
	few.View()
	many.View()
	if of50, of1000 := frameBytes(few), frameBytes(many); of1000 > of50*3/2 {
		t.Errorf("a frame takes %d bytes with 1000 campaigns, %d with 50", of1000, of50)
	}
}

// TestWhatIsOpenedFollowsThePictureAndThePlace: nothing of before is shown.
func TestWhatIsOpenedFollowsThePictureAndThePlace(t *testing.T) {
	a := narrowed(3)
	if rows := a.subject().rows; len(rows) != 3 || rows[0].Account != "1" {
		t.Fatalf("%d campaigns are listed", len(rows))
	}
	next := *a.snap
	next.Channels = append([]snapshot.Channel(nil), next.Channels...)
	next.Channels[0].Campaigns = next.Channels[0].Campaigns[:2]
	next.Channels[0].Accounts = append([]snapshot.Campaign(nil), next.Channels[0].Accounts...)
	next.Channels[0].Accounts[0].Verdict = kpi.AtRisk
	a.take(&next)
	if s := a.subject(); len(s.rows) != 2 || s.verdict != kpi.AtRisk {
		t.Errorf("after another picture %d campaigns are listed, %q", len(s.rows), s.verdict)
	}
	to := a.place
	to.account.id = "2"
	a.goTo(to)
	if rows := a.subject().rows; len(rows) != 0 {
		t.Errorf("after another place %d campaigns are listed", len(rows))
	}
	to.account.id = "1"
	to.inside = snapshot.Inside{Source: "google", Account: "1", Campaign: "1-0", Group: "g"}
	a.goTo(to)
	if s := a.subject(); s.url != "" {
		t.Fatalf("it has the page %s", s.url)
	}
	a.group = &snapshot.Campaign{ID: "g", URL: "https://example.com/g"}
	if s := a.subject(); s.url != a.group.URL || s.made != "AD" {
		t.Errorf("after another ad group the page is %q", s.url)
	}
}

func BenchmarkViewOfAnAccount(b *testing.B) {
	a := narrowed(1000)
	b.ReportAllocs()
	for b.Loop() {
		a.stale = true
		a.View()
	}
}
