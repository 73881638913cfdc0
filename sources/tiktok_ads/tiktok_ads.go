// Package tiktokads reads campaigns of TikTok Ads through the integrated
// report of the API for Business, by day and by hour.
//
// What to know about the figures: conversions are booked on the impression or
// the click that led to them, so past slots grow for 28 days; figures are about
// ten minutes old on average, and TikTok does not promise that. Clicks are the
// clicks of TikTok's own definition, mostly those that leave the app. Hours are
// those of the account's clock, and one request covers one day of them.
//
// Metrics of conversions after a view exist (vta_complete_payment and the like). That they
// come by campaign and hour, and are a part of the result that is counted, is confirmed by
// no page or recording: they are not read, since one unknown metric fails the question.
//
// Source of the facts, unless a comment says otherwise: the reference of the
// API for Business v1.3, "Run a synchronous report". Unconfirmed, besides the metrics
// after a view: the wording that an unknown metric is refused with, and the meaning of
// the codes 40101 and 40133.
package tiktokads

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "TikTok Ads"

// Options are what the config says of a source of type tiktok_ads.
type Options struct {
	Token     sources.Secret `yaml:"token"`      // an advertiser's access token; it has no refresh
	AppID     string         `yaml:"app_id"`     // with app_secret: to list the accounts
	AppSecret sources.Secret `yaml:"app_secret"` // not needed where accounts are named
	Accounts  []string       `yaml:"accounts"`   // advertiser ids; empty means all that are reachable
	Result    string         `yaml:"result"`     // a key of results, or one of TikTok's metrics
	Value     string         `yaml:"value"`      // the metric that holds what the results were worth; empty takes the one that goes with result
	Version   string         `yaml:"version"`    // of the API, "v1.3"
	BaseURL   string         `yaml:"base_url"`
}

// results names the metrics of each kind of result: how many, and what they
// were worth. total_complete_payment_rate is a value, whatever its name says.
var results = map[string][2]string{
	"purchase":      {"complete_payment", "total_complete_payment_rate"},
	"app_purchase":  {"purchase", "total_purchase_value"},
	"shop_purchase": {"onsite_shopping", "total_onsite_shopping_value"},
	"lead":          {"form", ""},
	"instant_lead":  {"onsite_form", ""},
}

// Definition describes the type tiktok_ads. Restates is the longest click
// window. Polls of today and yesterday by hour are two calls; calls are limited
// by second (10 in the basic tier), not by day. History and Delay are
// assumptions: TikTok publishes neither.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "tiktok_ads",
		Summary: "TikTok Ads campaigns: cost, clicks and purchases or leads by day and hour",
		Docs:    "https://business-api.tiktok.com/portal/docs?id=1740302848100353",
		Lag:     lag,
		Credentials: []string{
			`On the portal of the API for Business, make an app with the scope "Reporting" (read).`,
			`Have the advertiser authorise it, and exchange the code that the redirect carries (once, soon) for an access token.`,
			"The token lasts until the advertiser takes the authorisation back. Name `accounts`, or give `app_id` and `app_secret`, with which adtop lists them.",
		},
		Link:        link,
		Gives:       kpi.Usual,
		Grain:       sources.Hour,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    28,
		History:     365,
		MinInterval: 10 * time.Minute,
		Calls:       2,
		Window:      29,
		Delay: []sources.DelayPoint{
			{Age: time.Hour, Share: 0.25},
			{Age: 6 * time.Hour, Share: 0.48},
			{Age: 24 * time.Hour, Share: 0.70},
			{Age: 3 * 24 * time.Hour, Share: 0.86},
			{Age: 7 * 24 * time.Hour, Share: 0.97},
			{Age: 28 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(any) string {
			return "after clicks and views, by the windows of each ad group, as TikTok reports them"
		},
		Options: func() any { return &Options{Result: "purchase", Version: "v1.3"} },
		Open:    open,
	}
}

// source is one access token.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
}

var (
	accountPattern = httpkit.NewPattern(`^[0-9]{5,25}$`)
	versionPattern = httpkit.NewPattern(`^v[0-9]{1,3}\.[0-9]{1,2}$`)
	metricPattern  = httpkit.NewPattern(`^[a-z][a-z0-9_]{1,79}$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://business-api.tiktok.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base,
		Header:   http.Header{"Access-Token": {o.Token.Reveal()}},
		Redact:   []string{o.Token.Reveal(), o.AppSecret.Reveal()},
		Classify: classify,
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault, and resolves result into its metrics.
func (o *Options) check() error {
	switch {
	case !o.Token.IsSet():
		return fmt.Errorf("token is missing")
	case len(o.Accounts) == 0 && (o.AppID == "" || !o.AppSecret.IsSet()):
		return fmt.Errorf("accounts is missing: name the advertiser ids, or give app_id and app_secret so that adtop can list them")
	case !versionPattern.MatchString(o.Version):
		return fmt.Errorf("version %q: expected one such as v1.3", sources.Clean(o.Version))
	case !metricPattern.MatchString(o.Result):
		return fmt.Errorf("result %q: expected purchase, app_purchase, shop_purchase, lead, instant_lead or a metric such as conversion", sources.Clean(o.Result))
	case o.Value != "" && !metricPattern.MatchString(o.Value):
		return fmt.Errorf("value %q: expected a metric such as total_purchase_value", sources.Clean(o.Value))
	}
	for _, id := range o.Accounts {
		if !accountPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no advertiser id: expected digits, as in 7000000000000000000", sources.Clean(id))
		}
	}
	o.Accounts = slices.Clone(o.Accounts)
	slices.Sort(o.Accounts)
	o.Accounts = slices.Compact(o.Accounts)
	return nil
}

// metrics are the names of the metrics that hold the results and what they
// were worth; the latter is "" where nobody says.
func (o *Options) metrics() (result, value string) {
	result, value = o.Result, ""
	if known, ok := results[o.Result]; ok {
		result, value = known[0], known[1]
	}
	if o.Value != "" {
		value = o.Value
	}
	return result, value
}

// request asks a path below the version. Paths end with a slash.
func (s *source) request(path string, query map[string][]string) *httpkit.Request {
	return &httpkit.Request{Path: "open_api/" + s.options.Version + path, Query: query}
}
