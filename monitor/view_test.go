package monitor

import (
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// TestConversionsAfterAViewAreThoseOfWhoseConversionsCount: a channel that counts its
// results elsewhere has none of the platform's own, and where nobody tells of views there
// is no zero. Campaigns, the totals and the comparison carry the figure.
func TestConversionsAfterAViewAreThoseOfWhoseConversionsCount(t *testing.T) {
	at := instant(t, "2026-11-20T09:20:00Z")
	const all, views = 12_000_000, 3_000_000
	slot := sources.Slot{Date: kpi.NewDate(2026, 11, 20), Grain: sources.Day}
	row := func(d kpi.Date, id string, has kpi.Fields) sources.Row {
		m := kpi.Metrics{Has: kpi.AllFields, Clicks: 40, Cost: 50_000_000, Conversions: all, Revenue: 90_000_000, ViewThrough: views}
		slot.Date = d
		return sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: id, Name: id}, Slot: slot, Metrics: m.Only(has)}
	}
	var ads, shop told
	r := newRig(t, at, func(r *rig, o *Options) {
		o.Sources = []Source{ads.platform(r, "ads", "Europe/Berlin", sources.Day), shop.platform(r, "shop", "Europe/Berlin", sources.Day)}
		o.Channels = []Channel{
			{Name: "Own", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"ads"}},
			{Name: "Shop", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"ads"}, Results: "shop"},
		}
		results := kpi.Conversions | kpi.Revenue | kpi.ViewThrough
		o.Claim = func(source, _ string, e sources.Entity) Claim {
			switch {
			case source == "shop":
				return Claim{Channel: 1, Fields: results}
			case e.ID == "own":
				return Claim{Channel: 0, Fields: kpi.AllFields}
			}
			return Claim{Channel: 1, Fields: kpi.AllFields &^ results}
		}
	})
	for _, d := range []kpi.Date{slot.Date - 1, slot.Date} {
		ads.rows = append(ads.rows, row(d, "own", kpi.AllFields), row(d, "sold in the shop", kpi.AllFields))
		shop.rows = append(shop.rows, row(d, "orders", kpi.Conversions|kpi.Revenue))
	}
	r.poll()
	s := r.show("today", time.Time{})
	own, sold := channel(t, s, "Own"), channel(t, s, "Shop")
	if m := own.Now.Metrics; !m.Knows(kpi.ViewThrough) || m.ViewThrough != views || m.Conversions != all {
		t.Errorf("the platform's own: %+v", m)
	}
	if m := own.Campaigns[0].Now.Metrics; m.ViewThrough != views {
		t.Errorf("its campaign: %+v", m)
	}
	if m := own.Before.Metrics; m.Knows(kpi.Conversions) && m.ViewThrough != views {
		t.Errorf("the day before: %+v", m)
	}
	if m := sold.Now.Metrics; m.Knows(kpi.ViewThrough) || m.ViewThrough != 0 || m.Conversions != all {
		t.Errorf("what the shop counts: %+v", m)
	}
	if m := s.Total.Metrics; m.ViewThrough != views || m.Conversions != 2*all {
		t.Errorf("the total: %+v", m)
	}
}
