package awin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// ClicksOptions are what the config says of a source of type awin_clicks.
type ClicksOptions struct {
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

// ClicksDefinition describes the type awin_clicks. Lag, Restates and History are assumed.
// Calls and Window are those of an advertiser, or of a publisher with one region: a
// question for each day. Delay is not set: there are no results that could be late.
func ClicksDefinition() sources.Definition {
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
		Options:     func() any { return &ClicksOptions{} },
		Open:        openClicks,
	}
}

// clicks reads the reports of a network.
type clicks struct {
	*network
	regions []string
}

func openClicks(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*ClicksOptions)
	if err := o.check(); err != nil {
		return nil, err
	}
	n, err := o.reach().open(env)
	if err != nil {
		return nil, err
	}
	return &clicks{network: n, regions: o.Regions}, nil
}

func (o *ClicksOptions) reach() *reach {
	return &reach{o.Token, o.Side, o.Accounts, o.Currency, o.Timezone, o.BaseURL}
}

var regionPattern = httpkit.NewPattern(`^[A-Z]{2}$`)

// check names the option at fault.
func (o *ClicksOptions) check() error {
	if err := sources.Require(o, "token", "side", "currency", "timezone"); err != nil {
		return err
	}
	if err := o.reach().check(); err != nil {
		return err
	}
	switch {
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
	return nil
}
