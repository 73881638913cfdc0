package monitor

import (
	"context"
	"strings"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// told is a platform that answers with the rows that a test gives it.
type told struct {
	mu      sync.Mutex
	account sources.Account
	rows    []sources.Row
	through time.Time // of its receipts; zero: the end of all rows
	err     error     // instead of an answer
	asked   []sources.Query
}

func (p *told) Accounts(context.Context) ([]sources.Account, error) {
	return []sources.Account{p.account}, nil
}

func (p *told) Fetch(_ context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, q)
	if p.err != nil {
		return sources.Receipt{}, p.err
	}
	for _, r := range p.rows {
		if r.Entity.Level == q.Level && partOf(r.Entity) == q.Breakdown && (q.Parent == "" || r.Entity.Parent == q.Parent) && q.Days.Contains(r.Slot.Date) && r.Slot.Grain <= q.Grain {
			if err := yield(r); err != nil {
				return sources.Receipt{}, err
			}
		}
	}
	return sources.Receipt{CompleteThrough: p.through}, nil
}

// partOf is the dimension that a row is a part by, as in instagram and
// instagram/feed.
func partOf(e sources.Entity) string {
	switch {
	case e.Breakdown == "":
		return ""
	case strings.Contains(e.Breakdown, "/"):
		return "placement"
	}
	return "network"
}

// tell has the platform report a campaign: every hour that begins from one
// instant on and before another costs one, and brings one conversion worth ten.
func (p *told) tell(campaign string, from, to time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, last := kpi.DateOf(from, p.account.Zone), kpi.DateOf(to, p.account.Zone)
	for d := first; d <= last; d++ {
		for n := range d.Hours(p.account.Zone) {
			slot := sources.Slot{Date: d, Grain: sources.Hour, Hour: n}
			if at := slot.Start(p.account.Zone); !at.Before(from) && at.Before(to) {
				p.rows = append(p.rows, sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: campaign, Name: "Campaign " + campaign}, Slot: slot, Metrics: worth(1)})
			}
		}
	}
}

func worth(cost kpi.Micros) kpi.Metrics {
	return kpi.Metrics{Has: kpi.AllFields, Impressions: 100 * int64(cost), Clicks: 10 * int64(cost), Cost: cost * kpi.MicrosPerUnit, Conversions: cost * kpi.MicrosPerUnit, Revenue: 10 * cost * kpi.MicrosPerUnit}
}

// platform is a source that asks p.
func (p *told) platform(r *rig, name, zone string, grain sources.Grain) Source {
	r.Helper()
	p.account = sources.Account{ID: "1", Name: "Account of " + name, Currency: "EUR", Zone: zoneOf(r.T, zone)}
	return Source{Name: name, Source: p, Every: 15 * time.Minute, Definition: sources.Definition{Type: "told", Gives: kpi.AllFields, Grain: grain, Dating: sources.ByClick, Restates: 40, Calls: 1}}
}
