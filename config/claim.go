package config

import (
	"adtop/kpi"
	"adtop/pattern"
	"adtop/sources"
)

// Spend names campaigns whose cost counts for a channel.
type Spend struct {
	Source   string          // name of a source
	Account  string          // the platform's id; "" for all
	Campaign pattern.Pattern // of the campaign's name
}

// Result names results that count for a channel: keys of a shop or tracker,
// or campaigns where the source reports results by campaign.
type Result struct {
	Source string // name of a source

	// What is set here has to be present in the key, and match.
	UTMSource, UTMMedium, UTMCampaign, Promo, Dialled pattern.Pattern
	Referrer, ClickID                                 pattern.Pattern `json:",omitzero"`  // of a host, and of a kind of click ids such as "gclid"
	Customers                                         string          `json:",omitempty"` // only those of "new" or "returning" customers; "" for all
	Campaign                                          pattern.Pattern // of a campaign's name; asks for campaigns instead of keys
	None                                              bool            // only results without UTM parameters, code and number: no sender has named itself
}

// Claim says where the figures of an entity count.
type Claim struct {
	Channel int        // index into Config.Channels, -1 when none claims it
	Fields  kpi.Fields // the fields that count there
	Also    []int      // later channels that match too and go without
}

const (
	visits  = kpi.Impressions | kpi.Clicks
	traffic = visits | kpi.Cost
	results = kpi.Conversions | kpi.Revenue | kpi.ViewThrough
)

// Claim assigns an entity of a source's account. The first channel in the
// order of the config that matches gets it, whole, so that nothing is counted
// twice. A channel that takes its results from another source leaves out what
// the platform claims as its own conversions, those after a view among them. Impressions and clicks are those of
// its spend; a channel without any has those that its results come with, such as
// the sessions of an analytics: both are never added up. What results cost counts
// where the channel pays what their source reports: that is spend like any other.
//
// What no channel claims counts with channel -1, as far as it cannot repeat
// what is counted elsewhere: results do not count beside channels that take
// theirs from anywhere else, be it a platform or a second results source, nor do
// the sessions of keys beside clicks that are paid for, nor what keys cost beside
// payouts by a model.
//
// Ad groups and ads count nowhere, being parts of their campaigns. An account
// row counts as a campaign without a name: where a source hands over both,
// the caller must leave one out. gives are the figures that the source can report: what
// campaigns without cost bring, such as those of e-mail, comes from a results source.
func (c *Config) Claim(source, account string, e sources.Entity, gives kpi.Fields) Claim {
	claim := Claim{Channel: -1}
	if e.Level == sources.LevelAdGroup || e.Level == sources.LevelAd {
		return claim
	}
	for i, ch := range c.Channels {
		counting := ch.counting(source, account, e)
		switch {
		case counting == 0:
		case claim.Channel < 0:
			claim.Channel, claim.Fields = i, counting
		default:
			claim.Also = append(claim.Also, i)
		}
	}
	if claim.Channel < 0 {
		claim.Fields = c.unclaimed(source, e, gives)
	}
	return claim
}

// counting returns the fields of an entity that count for the channel, 0 when
// it does not match.
func (ch Channel) counting(source, account string, e sources.Entity) (f kpi.Fields) {
	for _, s := range ch.Spend {
		if s.matches(source, account, e) {
			f |= traffic
			if len(ch.Results) == 0 {
				f |= results
			}
		}
	}
	for _, r := range ch.Results {
		if r.matches(source, e) {
			f |= results
			if len(ch.Spend) == 0 {
				f |= visits
			}
			if ch.Economics.Payout == kpi.ReportedPayout {
				f |= kpi.Cost
			}
		}
	}
	return f
}

// unclaimed returns the fields of an unclaimed entity that count all the same.
func (c *Config) unclaimed(source string, e sources.Entity, gives kpi.Fields) kpi.Fields {
	modelled := func(e kpi.Economics) bool { return e.Payout != kpi.NoPayout && e.Payout != kpi.ReportedPayout }
	origins, spends, pays := map[string]bool{}, false, modelled(c.Economics) // where results come from, "" for the platforms
	for _, ch := range c.Channels {
		origins[ch.ResultSource()] = true
		spends, pays = spends || len(ch.Spend) > 0, pays || modelled(ch.Economics)
	}
	origin, fields := "", kpi.AllFields
	if e.Level == sources.LevelKey || gives&kpi.Cost == 0 || origins[source] {
		origin = source
	}
	if e.Level == sources.LevelKey && spends {
		fields &^= visits
	}
	if e.Level == sources.LevelKey && pays {
		fields &^= kpi.Cost
	}
	if len(origins) > 1 || len(origins) == 1 && !origins[origin] {
		fields &^= results
	}
	return fields
}

func (s Spend) matches(source, account string, e sources.Entity) bool {
	return s.Source == source && e.Level != sources.LevelKey &&
		(s.Account == "" || s.Account == account) && s.Campaign.Present(campaignName(e))
}

// campaignName is "" for an account: its name is not a campaign's.
func campaignName(e sources.Entity) string {
	if e.Level == sources.LevelAccount {
		return ""
	}
	return e.Name
}

func (r Result) matches(source string, e sources.Entity) bool {
	if r.Source != source {
		return false
	}
	if e.Level != sources.LevelKey {
		return !r.None && !r.keyed() && r.Customers == "" && r.Campaign.Present(campaignName(e))
	}
	key := sources.ParseKey(e.ID)
	if r.Customers != "" && r.Customers != key.Customer {
		return false
	}
	if r.None {
		return key.Sent() == sources.Key{}
	}
	return r.Campaign.String() == "" && r.UTMSource.Present(key.Source) && r.UTMMedium.Present(key.Medium) &&
		r.UTMCampaign.Present(key.Campaign) && r.Promo.Present(key.Promo) && r.Dialled.Present(key.Dialled) &&
		r.Referrer.Present(key.Referrer) && r.ClickID.Present(key.Click)
}

// keyed says whether the result asks for something of a key that says where a result
// comes from.
func (r Result) keyed() bool {
	for _, p := range []pattern.Pattern{r.UTMSource, r.UTMMedium, r.UTMCampaign, r.Promo, r.Dialled, r.Referrer, r.ClickID} {
		if p.String() != "" {
			return true
		}
	}
	return false
}
