// Package snapchatads reads campaigns of Snapchat Ads through the stats of the
// Marketing API v1, by day and on demand by hour.
//
// What to know about the figures: clicks are swipe-ups and taps ("swipes");
// conversions are booked on the impression or swipe that led to them, after a
// swipe or a mere view within the windows of the options, so past slots grow
// for 28 days. Figures refresh about every 15 minutes and are final two days
// after the end of a day. Snapchat's pages disagree on whether hours carry
// conversions: so the type declares days, and hours that are refused with
// conversions are asked for without them.
//
// Source of the facts, unless a comment says otherwise: the measurement pages
// of developers.snap.com. Unconfirmed: whether hours carry conversions, and what
// action_report_time is where it is not sent, so that it always is.
package snapchatads

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Snapchat Ads"

// Options are what the config says of a source of type snapchat_ads.
type Options struct {
	ClientID     string         `yaml:"client_id"`
	ClientSecret sources.Secret `yaml:"client_secret"`
	RefreshToken sources.Secret `yaml:"refresh_token"`
	TokenFile    string         `yaml:"token_file"`   // where a refresh token that Snapchat renews is kept
	Accounts     []string       `yaml:"accounts"`     // ad account ids; empty means all that are reachable
	Result       string         `yaml:"result"`       // a key of results, or one of Snapchat's conversion metrics
	SwipeWindow  string         `yaml:"swipe_window"` // 1_DAY, 7_DAY or 28_DAY
	ViewWindow   string         `yaml:"view_window"`  // none, 1_HOUR, 3_HOUR, 6_HOUR, 1_DAY or 7_DAY
	BaseURL      string         `yaml:"base_url"`
	TokenURL     string         `yaml:"token_url"`
}

// results names the metrics of each kind of result: how many, what they were worth
// and how many followed a view. Of other metrics it is not confirmed that the last one
// exists.
var results = map[string][3]string{
	"purchase": {"conversion_purchases", "conversion_purchases_value", "conversion_purchases_view"},
	"sign_up":  {"conversion_sign_ups", "", "conversion_sign_ups_view"},
}

// Definition describes the type snapchat_ads. Restates is the longest window.
// Calls are limited by second, not by day. Delay is an assumption.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "snapchat_ads",
		Summary: "Snapchat Ads campaigns: cost, swipes and purchases or sign-ups by day",
		Docs:    "https://developers.snap.com/api/marketing-api/Ads-API/measurement",
		Lag:     lag,
		Credentials: []string{
			`In Ads Manager, under business details, make an OAuth app.`,
			"Sign in as a member with the role \"Reports\", for the scope `snapchat-marketing-api` (Snapchat has no other), and keep the refresh token.",
		},
		Link:        link,
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    28,
		History:     365,
		MinInterval: 15 * time.Minute,
		Calls:       1,
		Window:      1,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.35},
			{Age: 24 * time.Hour, Share: 0.66},
			{Age: 3 * 24 * time.Hour, Share: 0.82},
			{Age: 7 * 24 * time.Hour, Share: 0.92},
			{Age: 28 * 24 * time.Hour, Share: 1},
		},
		Views:       func(options any) bool { return options.(*Options).metrics()[2] != "" },
		Attribution: func(any) string { return "in the windows asked for, as Snapchat reports them" },
		Options:     func() any { return &Options{Result: "purchase", SwipeWindow: "28_DAY", ViewWindow: "1_DAY"} },
		Open:        open,
	}
}

// source is one set of credentials.
type source struct {
	options   Options
	env       sources.Env
	client    *httpkit.Client
	names     httpkit.Names
	bareHours atomic.Bool // hours were refused with conversions
}

var (
	accountPattern = httpkit.NewPattern(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	metricPattern  = httpkit.NewPattern(`^conversion_[a-z_]{1,60}$`)
	swipePattern   = httpkit.NewPattern(`^(1|7|28)_DAY$`)
	viewPattern    = httpkit.NewPattern(`^(none|[136]_HOUR|[17]_DAY)$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://adsapi.snapchat.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://accounts.snapchat.com/login/oauth2/access_token")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Header: http.Header{}, Classify: classify,
		OAuth: &httpkit.OAuth{
			TokenURL: tokenURL, ClientID: o.ClientID,
			ClientSecret: o.ClientSecret.Reveal(), RefreshToken: o.RefreshToken.Reveal(), Keep: env.Path(o.TokenFile),
			SignIn: "sign in again and replace refresh_token",
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
	switch _, known := results[o.Result]; {
	case !known && !metricPattern.MatchString(o.Result):
		return fmt.Errorf("result %q: expected purchase, sign_up or a metric such as conversion_add_cart", sources.Clean(o.Result))
	case !swipePattern.MatchString(o.SwipeWindow):
		return fmt.Errorf("swipe_window %q: expected 1_DAY, 7_DAY or 28_DAY", sources.Clean(o.SwipeWindow))
	case !viewPattern.MatchString(o.ViewWindow):
		return fmt.Errorf("view_window %q: expected none, 1_HOUR, 3_HOUR, 6_HOUR, 1_DAY or 7_DAY", sources.Clean(o.ViewWindow))
	}
	for _, id := range o.Accounts {
		if !accountPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no account id: expected one such as 8adc3db7-8148-4fbf-999c-8d2266369d74", sources.Clean(id))
		}
	}
	return nil
}

// metrics are the names of the metrics that hold the results and what they
// were worth; the latter is "" where nobody says.
func (o *Options) metrics() [3]string {
	known, ok := results[o.Result]
	switch {
	case !ok:
		return [3]string{o.Result}
	case o.ViewWindow == "none":
		known[2] = ""
	}
	return known
}
