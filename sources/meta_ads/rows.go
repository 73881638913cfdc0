package metaads

import (
	"fmt"
	"strings"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// insight is one row of an answer. All its numbers are strings.
type insight struct {
	AccountID    string          `json:"account_id"`
	Currency     string          `json:"account_currency"`
	CampaignID   string          `json:"campaign_id"`
	CampaignName string          `json:"campaign_name"`
	Impressions  httpkit.Integer `json:"impressions"`
	LinkClicks   httpkit.Integer `json:"inline_link_clicks"`
	Spend        httpkit.Decimal `json:"spend"` // in units of the account's currency
	Actions      []action        `json:"actions"`
	Values       []action        `json:"action_values"`
	Attribution  string          `json:"attribution_setting"`
	Start        string          `json:"date_start"`
	Stop         string          `json:"date_stop"`
}

// action is how often one type of action happened, or what it was worth.
type action struct {
	Type  string          `json:"action_type"`
	Value httpkit.Decimal `json:"value"`
}

// results lists the action types that stand for a result, best first. The
// first alternative of which anything is there is taken; the types within one
// are parts that add up. Meta counts a purchase under all of its types at once.
var results = map[string][][]string{
	"purchase": {{"omni_purchase"}, {"purchase"}, {"offsite_conversion.fb_pixel_purchase"}},
	"lead":     {{"lead"}, {"onsite_conversion.lead_grouped", "offsite_conversion.fb_pixel_lead"}},
}

// alternatives returns the action types to look for under a result option.
func alternatives(result string) [][]string {
	if known, ok := results[result]; ok {
		return known
	}
	return [][]string{{result}}
}

// pick adds up the first alternative that is in the list; found is false when
// none is.
func pick(list []action, alternatives [][]string) (sum kpi.Micros, found bool, err error) {
	for _, parts := range alternatives {
		for _, a := range list {
			for _, part := range parts {
				if a.Type != part || !a.Value.Known {
					continue
				}
				found = true
				if sum, err = sum.Add(a.Value.Micros); err != nil {
					return 0, true, fmt.Errorf("%s: %w", part, err)
				}
			}
		}
		if found {
			return sum, true, nil
		}
	}
	return 0, false, nil
}

// metrics reads the figures of a row. Meta leaves out link clicks and actions
// that did not happen, so in a row these are zero. Results without any value
// have an unknown revenue: the pixel does not send it.
func (i insight) metrics(result string) (kpi.Metrics, error) {
	if i.Impressions.Value < 0 || i.LinkClicks.Value < 0 {
		return kpi.Metrics{}, fmt.Errorf("a count is below zero")
	}
	m := kpi.Metrics{Has: kpi.Clicks | kpi.Conversions, Clicks: i.LinkClicks.Value}
	if i.Impressions.Known {
		m.Has, m.Impressions = m.Has|kpi.Impressions, i.Impressions.Value
	}
	if i.Spend.Known {
		m.Has, m.Cost = m.Has|kpi.Cost, i.Spend.Micros
	}
	types := alternatives(result)
	var err error
	if m.Conversions, _, err = pick(i.Actions, types); err != nil {
		return kpi.Metrics{}, err
	}
	value, valued, err := pick(i.Values, types)
	if err != nil {
		return kpi.Metrics{}, err
	}
	if valued || m.Conversions == 0 {
		m.Has, m.Revenue = m.Has|kpi.Revenue, value
	}
	return m, nil
}

// slot reads the day of a row. A row over several days, as hours without
// time_increment are, is no day.
func (i insight) slot(days kpi.DateRange) (sources.Slot, error) {
	if i.Start != i.Stop {
		return sources.Slot{}, fmt.Errorf("a row covers %q to %q: expected one day", sources.Clean(i.Start), sources.Clean(i.Stop))
	}
	date, err := kpi.ParseDate(i.Start)
	if err != nil {
		return sources.Slot{}, fmt.Errorf("date_start: %w", err)
	}
	if !days.Contains(date) {
		return sources.Slot{}, fmt.Errorf("a row is of %s, which was not asked for (%s)", date, days)
	}
	return sources.Slot{Date: date, Grain: sources.Day}, nil
}

// row makes a Row of an insight that answers the query for days.
func (p *poll) row(i insight, days kpi.DateRange) (sources.Row, error) {
	account := p.query.Account
	if i.AccountID != strings.TrimPrefix(account.ID, "act_") {
		return sources.Row{}, fmt.Errorf("a row is of account %q", sources.Clean(i.AccountID))
	}
	if i.Currency != "" && kpi.Currency(i.Currency) != account.Currency {
		return sources.Row{}, fmt.Errorf("a row is in %q: expected %s", sources.Clean(i.Currency), account.Currency)
	}
	slot, err := i.slot(days)
	if err != nil {
		return sources.Row{}, err
	}
	metrics, err := i.metrics(p.options.Result)
	if err != nil {
		return sources.Row{}, err
	}
	e := sources.Entity{Level: sources.LevelAccount, ID: account.ID, Name: account.Name}
	if p.query.Level == sources.LevelCampaign {
		e = sources.Entity{Level: sources.LevelCampaign, ID: sources.Clean(i.CampaignID), Name: sources.Clean(i.CampaignName)}
		if e.ID == "" {
			return sources.Row{}, fmt.Errorf("a row of %s has no campaign_id", slot.Date)
		}
		if e.Name == "" {
			e.Name = e.ID
		}
	}
	e.Attribution, e.Action = sources.Clean(i.Attribution), p.options.Result
	return sources.Row{Entity: e, Slot: slot, Metrics: metrics}, nil
}
