// Package awinclicks reads clicks and impressions of the Awin network by day: those of
// an advertiser by publisher, or those of a publisher by advertiser. What came of the
// clicks is read by the type awin.
//
// What to know about the figures: they are Awin's performance reports, whose rows are
// sums of all the days that were asked for, so that each day is a question of its own.
// There is no money in what is read and there are no results: a channel takes its
// traffic from here and its results from awin. A campaign is the partner, by its number
// in Awin, on whose name claims can be made. A partner may be listed for a transaction
// alone, without clicks. Days are those of the zone in the options, of which Awin knows
// some only; the currency in the options is the one that channels are shown in.
//
// Awin allows 20 calls a minute for all accounts of a user, whatever they ask: this
// source makes 18 at most and waits a minute when it is refused all the same, as when
// another source has the same token.
//
// Sources of the facts: help.awin.com/apidocs (get-publisher-performance-report,
// get-advertiser-performance-report). Unconfirmed: the form of errors, how late clicks
// and impressions are (Lag is assumed), for how long they change (Restates is assumed),
// how far back the reports reach (History is assumed), and that a partner has one row a
// day: a second one is an unreadable answer. The report by campaign, which tells the
// days apart in one answer, is not read: it knows no impressions.
package awinclicks

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Awin"

// The sides of the network, as its paths name them in the plural.
const (
	publisher  = "publisher"
	advertiser = "advertiser"
)

const lag = 3 * time.Hour

// Options are what the config says of a source of type awin_clicks.
type Options struct {
	Token    sources.Secret `yaml:"token"`    // of the user; it reaches all of the user's accounts
	Side     string         `yaml:"side"`     // publisher or advertiser
	Accounts []string       `yaml:"accounts"` // ids; all of that side when empty
	Regions  []string       `yaml:"regions"`  // of the advertisers that a publisher works with, such as DE
	Currency kpi.Currency   `yaml:"currency"` // of accounts that have no money here
	Timezone string         `yaml:"timezone"` // one of zones: in which days are counted
	BaseURL  string         `yaml:"base_url"`
}

// zones are those in which Awin counts days.
var zones = []string{
	"America/Sao_Paulo", "Australia/Sydney", "Canada/Central", "Canada/Eastern", "Canada/Mountain", "Canada/Pacific", "Europe/Berlin", "Europe/Dublin",
	"Europe/Helsinki", "Europe/London", "Europe/Paris", "US/Central", "US/Eastern", "US/Mountain", "US/Pacific", "UTC",
}

// Definition describes the type awin_clicks. Lag, Restates and History are assumed.
// Calls and Window are those of an advertiser, or of a publisher with one region: a
// question for each day. Delay is not set: there are no results that could be late.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "awin_clicks",
		Summary: "Awin affiliate clicks and impressions by partner and day, of an advertiser or a publisher; no cost, no results",
		Docs:    "https://help.awin.com/apidocs/get-publisher-performance-report",
		Credentials: []string{
			"Take the token of your source of type `awin`, or make one at ui.awin.com/awin-api as a user who may view the accounts.",
			"An advertiser needs a plan with access to the API: Accelerate or Advanced.",
			"Name it in the spend of a channel that takes its results from `awin`: clicks cost nothing there, and commission is for the channel's economics.",
		},
		Gives:       kpi.Impressions | kpi.Clicks,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    3,
		History:     365,
		MinInterval: 30 * time.Minute,
		Lag:         lag,
		Calls:       2,
		Window:      4,
		Options:     func() any { return &Options{} },
		Open:        open,
	}
}

// source is the accounts of one token.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	pace    pace
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://api.awin.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{Env: env, Platform: platform, Base: base, Classify: classify,
		Header: http.Header{"Authorization": {"Bearer " + o.Token.Reveal()}}, Redact: []string{o.Token.Reveal()}})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client, pace: pace{calls: callsAMinute}}, nil
}

var (
	currencyPattern = httpkit.NewPattern(`^[A-Z]{3}$`)
	regionPattern   = httpkit.NewPattern(`^[A-Z]{2}$`)
	idPattern       = httpkit.NewPattern(`^[1-9][0-9]{0,17}$`)
)

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "token", "side", "currency", "timezone"); err != nil {
		return err
	}
	switch {
	case o.Side != publisher && o.Side != advertiser:
		return fmt.Errorf("side %q: expected publisher or advertiser", sources.Clean(o.Side))
	case !currencyPattern.MatchString(string(o.Currency)):
		return fmt.Errorf("currency %q: expected an ISO 4217 code such as EUR", sources.Clean(string(o.Currency)))
	case !slices.Contains(zones, o.Timezone):
		return fmt.Errorf("timezone %q: Awin counts days in one of %s", sources.Clean(o.Timezone), strings.Join(zones, ", "))
	case o.Side == publisher && len(o.Regions) == 0:
		return fmt.Errorf("regions: a publisher's clicks are asked for by region: expected those of its advertisers, such as [DE]")
	case o.Side == advertiser && len(o.Regions) > 0:
		return fmt.Errorf("regions: an advertiser's clicks are not asked for by region: leave it out")
	}
	for i, region := range o.Regions {
		if !regionPattern.MatchString(region) || slices.Contains(o.Regions[:i], region) {
			return fmt.Errorf("regions: %q: expected each at most once, in two capital letters such as DE", sources.Clean(region))
		}
	}
	for _, id := range o.Accounts {
		if !idPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q: expected the number of an account, such as 45628", sources.Clean(id))
		}
	}
	return nil
}
