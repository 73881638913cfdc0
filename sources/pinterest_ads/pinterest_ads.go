// Package pinterestads reads campaigns of Pinterest Ads through the campaign
// analytics of API v5, by day.
//
// What to know about the figures: days are UTC's, whatever the account's zone
// is. Impressions and clicks are the paid ones (_1), not those earned by saves.
// Results are counted on the ad action that led to them, within the windows of
// the options, so past days grow; those after a view
// are told apart, while those after an engagement (a save, a look at the pin from
// close by) are not counted with them. Money is in millionths of the account's
// currency although its columns speak of dollars. Pinterest keeps 90 days here;
// its hours carry no conversions and are not read.
//
// Source of the facts, unless a comment says otherwise: the OpenAPI description
// of API v5 (github.com/pinterest/api-description, 5.23.0). Unconfirmed: how late
// figures are and when they are final, and the numbers of the error codes for a
// token that has expired or lacks a right.
package pinterestads

import (
	"fmt"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Pinterest Ads"

// Options are what the config says of a source of type pinterest_ads.
type Options struct {
	ClientID     string         `yaml:"client_id"`
	ClientSecret sources.Secret `yaml:"client_secret"`
	RefreshToken sources.Secret `yaml:"refresh_token"`
	TokenFile    string         `yaml:"token_file"` // where the refresh token in force is kept: each lives 60 days
	Accounts     []string       `yaml:"accounts"`   // ad account ids; empty means all that are reachable
	Result       string         `yaml:"result"`     // a key of results
	Clicks       string         `yaml:"clicks"`     // outbound (to the website) or pin
	ClickWindow  int            `yaml:"click_window_days"`
	ViewWindow   int            `yaml:"view_window_days"`
	BaseURL      string         `yaml:"base_url"`
	TokenURL     string         `yaml:"token_url"`
}

// results names the columns of each kind of result: how many, what they were worth
// and how many followed a view. TOTAL_CONVERSIONS would count visits of pages too.
var results = map[string][3]string{
	"checkout": {"TOTAL_CHECKOUT", "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR", "TOTAL_VIEW_CHECKOUT"},
	"lead":     {"TOTAL_LEAD", "", "TOTAL_VIEW_LEAD"},
	"signup":   {"TOTAL_SIGNUP", "", "TOTAL_VIEW_SIGNUP"},
}

// clickColumns are the paid clicks.
var clickColumns = map[string]string{"outbound": "OUTBOUND_CLICK_1", "pin": "CLICKTHROUGH_1"}

// windows are the days that a window may have.
var windows = []int{0, 1, 7, 14, 30, 60}

// Definition describes the type pinterest_ads. Restates is the default click
// window. DailyCalls is the limit of trial access. A poll of today and yesterday
// is one call; Calls counts with it its part of the lists of campaigns and of
// the polls of all restated days, which are five, since with many accounts these
// would use up trial access. An account with more than 250 campaigns takes a
// call more for each 250. When figures are complete and Delay are assumptions:
// Pinterest publishes neither.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "pinterest_ads",
		Summary: "Pinterest Ads campaigns: cost, paid clicks and checkouts or leads by UTC day",
		Docs:    "https://developers.pinterest.com/docs/api-features/ads-reporting/",
		Lag:     lag,
		Credentials: []string{
			`Make an app on Pinterest's developer platform and ask for trial or standard access.`,
			"Sign in for the scope `ads:read` and keep the refresh token.",
			"It lives 60 days and is renewed while adtop runs; `token_file` keeps the newest.",
		},
		Link:        link,
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    30,
		History:     89,
		MinInterval: 15 * time.Minute,
		Calls:       3,
		Window:      5,
		DailyCalls:  1000,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.28},
			{Age: 24 * time.Hour, Share: 0.58},
			{Age: 3 * 24 * time.Hour, Share: 0.74},
			{Age: 7 * 24 * time.Hour, Share: 0.86},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(any) string { return "in the windows asked for, as Pinterest reports them" },
		Options: func() any {
			return &Options{Result: "checkout", Clicks: "outbound", ClickWindow: 30, ViewWindow: 1}
		},
		Open: open,
	}
}

// source is one set of credentials.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	names   httpkit.Names
}

var accountPattern = httpkit.NewPattern(`^[0-9]{1,18}$`)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://api.pinterest.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://api.pinterest.com/v5/oauth/token")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Classify: classify,
		OAuth: &httpkit.OAuth{
			TokenURL: tokenURL, ClientID: o.ClientID, Basic: true,
			ClientSecret: o.ClientSecret.Reveal(), RefreshToken: o.RefreshToken.Reveal(), Keep: env.Path(o.TokenFile),
			SignIn: "sign in again and replace refresh_token; it ends after 60 days, unless token_file keeps the newest",
		},
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "client_id", "client_secret", "refresh_token"); err != nil {
		return err
	}
	switch {
	case results[o.Result] == [3]string{}:
		return fmt.Errorf("result %q: expected checkout, lead or signup", sources.Clean(o.Result))
	case clickColumns[o.Clicks] == "":
		return fmt.Errorf("clicks %q: expected outbound or pin", sources.Clean(o.Clicks))
	case !slices.Contains(windows, o.ClickWindow):
		return fmt.Errorf("click_window_days %d: expected one of %v", o.ClickWindow, windows)
	case !slices.Contains(windows, o.ViewWindow):
		return fmt.Errorf("view_window_days %d: expected one of %v", o.ViewWindow, windows)
	}
	for _, id := range o.Accounts {
		if !accountPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no account id: expected digits, as in 549755885175", sources.Clean(id))
		}
	}
	return nil
}
