// Package ga4 reads sessions, key events and revenue of Google Analytics 4
// properties by source, medium and campaign of the session, through the Data API
// v1beta, by day and by hour.
//
// What to know about the figures: they are results without ads, keyed as the UTM
// parameters of links are. A session counts as a click, a key event as a
// conversion; key events may be fractional. Analytics credits differently from the
// ad platforms, so that both are never to be added up. Google's words for "there is
// none" are left out of the key: direct visits have the key without any field. Rows
// that Google folds into "(other)" or holds back for too few users are missing from
// their campaigns; a warning says so. Figures move for one or two days, and credit
// for paid channels for longer.
//
// Unconfirmed: how late figures may be, which differs between properties (the
// option lag_hours); for how many days credit still moves (about twelve); how far
// back hours reach; and that on the day of 25 hours one hour of the answer holds
// two, which is how it is read.
//
// Source of the facts: developers.google.com/analytics/devguides/reporting/data/v1
// and /config/admin/v1.
package ga4

import (
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Google Analytics"

const scope = "https://www.googleapis.com/auth/analytics.readonly"

// Options are what the config says of a source of type ga4.
type Options struct {
	Key        sources.Secret `yaml:"key"`        // the text of a service account's key file
	Properties []string       `yaml:"properties"` // ids; empty means all that are reachable
	KeyEvent   string         `yaml:"key_event"`  // the event that counts as a conversion; "" counts all key events
	Revenue    string         `yaml:"revenue"`    // a key of revenues
	Tier       string         `yaml:"tier"`       // standard or 360: how large the limits are
	LagHours   int            `yaml:"lag_hours"`  // how late figures may be
	BaseURL    string         `yaml:"base_url"`
	AdminURL   string         `yaml:"admin_url"`
	TokenURL   string         `yaml:"token_url"`
}

// revenues are the metrics of each kind of revenue: of purchases, or with
// subscriptions and advertisements.
var revenues = map[string]string{"purchase": "purchaseRevenue", "total": "totalRevenue"}

// tiers say how many times the limits of a standard property each has.
var tiers = map[string]float64{"standard": 1, "360": 10}

const lagHours = 6

// Definition describes the type ga4. DailyCalls is the day's tokens of a standard
// property at twenty a call, which is an assumption, as are Lag and Delay.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "ga4",
		Summary: "Google Analytics 4: sessions, key events and revenue by source, medium and campaign, by the hour",
		Docs:    "https://developers.google.com/analytics/devguides/reporting/data/v1",
		Lag:     lagHours * time.Hour,
		Credentials: []string{
			"In a Google Cloud project enable the Google Analytics Data API and the Google Analytics Admin API.",
			"Make a service account there, without any role, and a JSON key for it.",
			"In Google Analytics, add its e-mail address as a Viewer of the property.",
		},
		Gives:       kpi.Clicks | kpi.Conversions | kpi.Revenue,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    14,
		History:     730,
		MinInterval: 30 * time.Minute,
		Calls:       1,
		Window:      2,
		DailyCalls:  10_000,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.80},
			{Age: 24 * time.Hour, Share: 0.97},
			{Age: 2 * 24 * time.Hour, Share: 0.99},
			{Age: 14 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(any) string {
			return "for the source of the session, as Google Analytics gives it"
		},
		Options: func() any { return &Options{Revenue: "purchase", Tier: "standard", LagHours: lagHours} },
		Open:    open,
	}
}

// source is one service account.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	admin   *httpkit.Request // a question to the Admin API, without its path
}

var (
	propertyPattern = httpkit.NewPattern(`^[0-9]{1,18}$`)
	eventPattern    = httpkit.NewPattern(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	account, err := httpkit.ParseServiceAccount(o.Key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://analyticsdata.googleapis.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	admin, err := httpkit.ParseBase(o.AdminURL, "https://analyticsadmin.googleapis.com")
	if err != nil {
		return nil, fmt.Errorf("admin_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://oauth2.googleapis.com/token")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Classify: classify, Redact: []string{o.Key.Reveal()},
		OAuth: account.OAuth(tokenURL, scope, "make a new key for the service account and replace key; check this machine's clock, too"),
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client, admin: &httpkit.Request{Base: admin}}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "key"); err != nil {
		return err
	}
	switch {
	case o.KeyEvent != "" && !eventPattern.MatchString(o.KeyEvent):
		return fmt.Errorf("key_event %q: expected the name of an event, as in purchase", sources.Clean(o.KeyEvent))
	case revenues[o.Revenue] == "":
		return fmt.Errorf("revenue %q: expected purchase or total", sources.Clean(o.Revenue))
	case tiers[o.Tier] == 0:
		return fmt.Errorf("tier %q: expected standard or 360", sources.Clean(o.Tier))
	case o.LagHours < 1 || o.LagHours > 72:
		return fmt.Errorf("lag_hours %d: expected 1 to 72", o.LagHours)
	}
	for _, id := range o.Properties {
		if !propertyPattern.MatchString(id) {
			return fmt.Errorf("properties: %q is no property id: expected digits, as in 213025502 (not G-…, which is a stream's)", sources.Clean(id))
		}
	}
	return nil
}
