package snapshot

import "adtop/kpi"

// Unclaimed is something that no channel claims: results of one origin, or a
// campaign, over the range.
type Unclaimed struct {
	ID     string // names the line within a Snapshot
	Source string // name of a source
	Name   string // for people
	Origin Origin // of results by key; the zero value is the one that nobody knows

	Spend     bool   // it is a campaign whose spend no channel claims
	Account   string // of a campaign: the platform's id
	Campaign  string // its name, or the utm_campaign of most results
	Campaigns int    // how many utm_campaigns the results have

	Metrics kpi.Metrics // in the display currency, whether or not they count under "unassigned"
	Counts  bool        // whether it counts there, and in the totals
	Lines   string      // what binds it, to be added under channels in the config
}

// Origin is by what results can be found: one of these, and a medium with a source.
type Origin struct {
	UTMSource, UTMMedium, UTMCampaign string
	Promo, Dialled                    string
	ClickID                           string // its kind, such as "gclid"
	Referrer                          string // a host
}
