// Package redditads reads campaigns of Reddit Ads through the reports of the
// Ads API v3, by day.
//
// What to know about the figures: days are those of the account's zone, which
// is sent with the question. Spend is in millionths of the account's currency.
// Each answer says when its figures were brought up to date, and the watermark
// is not later than that.
//
// Not confirmed by any page or recording, and so up to the options: the unit of
// what results are worth (value_unit; without it there is no revenue), whether
// results after clicks and after views are counted apart (count), and how many
// days one question may cover (days_at_once). Whether results are booked on
// the ad action is an assumption of the type's dating. Hours exist, but the
// form of their timestamps is not confirmed: they are not read.
//
// Source of the facts, unless a comment says otherwise: ads-api.reddit.com/docs/v3.
package redditads

import (
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Reddit Ads"

// Options are what the config says of a source of type reddit_ads.
type Options struct {
	ClientID     string         `yaml:"client_id"`
	ClientSecret sources.Secret `yaml:"client_secret"`
	RefreshToken sources.Secret `yaml:"refresh_token"`
	TokenFile    string         `yaml:"token_file"`   // where a refresh token that Reddit renews is kept
	UserAgent    string         `yaml:"user_agent"`   // Reddit wants one that names the user, "adtop/1.0 (by /u/name)"
	Accounts     []string       `yaml:"accounts"`     // ad account ids; empty means all that are reachable
	Result       string         `yaml:"result"`       // a key of results
	Count        string         `yaml:"count"`        // clicks_and_views or clicks
	ValueUnit    string         `yaml:"value_unit"`   // micros, cents or units; empty leaves revenue out
	DaysAtOnce   int            `yaml:"days_at_once"` // of one question
	BaseURL      string         `yaml:"base_url"`
	TokenURL     string         `yaml:"token_url"`
}

// result names the fields of one kind of result.
type result struct{ clicks, views, value string }

// results are the kinds of result. Reddit spells sign-ups in two ways.
var results = map[string]result{
	"purchase": {"CONVERSION_PURCHASE_CLICKS", "CONVERSION_PURCHASE_VIEWS", "CONVERSION_PURCHASE_TOTAL_VALUE"},
	"lead":     {"CONVERSION_LEAD_CLICKS", "CONVERSION_LEAD_VIEWS", "CONVERSION_LEAD_TOTAL_VALUE"},
	"sign_up":  {"CONVERSION_SIGN_UP_CLICKS", "CONVERSION_SIGN_UP_VIEWS", "CONVERSION_SIGNUP_TOTAL_VALUE"},
	"goal":     {"KEY_CONVERSION_TOTAL_COUNT", "", ""}, // whatever the advertiser chose
}

// valueUnits are how many millionths one of a unit is.
var valueUnits = map[string]kpi.Micros{"micros": 1, "cents": kpi.MicrosPerUnit / 100, "units": kpi.MicrosPerUnit}

// Definition describes the type reddit_ads. Restates is the longest window of
// an account. Calls are limited to about one a second, not by day. History and
// Delay are assumptions.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "reddit_ads",
		Summary: "Reddit Ads campaigns: cost, clicks and purchases, leads or sign-ups by day",
		Docs:    "https://ads-api.reddit.com/docs/v3",
		Lag:     lag,
		Credentials: []string{
			`In Reddit Ads' Business Manager, make a developer application (not one of reddit.com/prefs/apps).`,
			"Sign in for the scope `adsread` with `duration=permanent`, without which there is no refresh token.",
			"Give a `user_agent` with your name in it: Reddit slows down general ones.",
		},
		Link:        link,
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    30,
		History:     365,
		MinInterval: 30 * time.Minute,
		Calls:       1,
		Window:      2,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.28},
			{Age: 24 * time.Hour, Share: 0.58},
			{Age: 3 * 24 * time.Hour, Share: 0.76},
			{Age: 7 * 24 * time.Hour, Share: 0.88},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Views: func(options any) bool { return options.(*Options).asked().views != "" },
		Attribution: func(options any) string {
			if options.(*Options).Count == "clicks" {
				return "after clicks, by the window of the account, as Reddit reports them"
			}
			return "after clicks and views, by the windows of the account, as Reddit reports them"
		},
		Options: func() any {
			return &Options{Result: "purchase", Count: "clicks_and_views", DaysAtOnce: 30}
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

var (
	accountPattern = httpkit.NewPattern(`^(a2|t2)_[a-z0-9]{1,40}$`)
	agentPattern   = httpkit.NewPattern(`^[ -~]{5,200}$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://ads-api.reddit.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://www.reddit.com/api/v1/access_token")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Classify: classify, UserAgent: o.UserAgent,
		OAuth: &httpkit.OAuth{
			TokenURL: tokenURL, ClientID: o.ClientID, Basic: true,
			ClientSecret: o.ClientSecret.Reveal(), RefreshToken: o.RefreshToken.Reveal(), Keep: env.Path(o.TokenFile),
			SignIn: "sign in again with duration=permanent and replace refresh_token",
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
	case !agentPattern.MatchString(o.UserAgent):
		return fmt.Errorf("user_agent %q: Reddit wants one that names you, such as adtop/1.0 (by /u/name)", sources.Clean(o.UserAgent))
	case results[o.Result] == result{}:
		return fmt.Errorf("result %q: expected purchase, lead, sign_up or goal", sources.Clean(o.Result))
	case o.Count != "clicks_and_views" && o.Count != "clicks":
		return fmt.Errorf("count %q: expected clicks_and_views or clicks", sources.Clean(o.Count))
	case o.ValueUnit != "" && valueUnits[o.ValueUnit] == 0:
		return fmt.Errorf("value_unit %q: expected micros, cents or units", sources.Clean(o.ValueUnit))
	case o.DaysAtOnce < 1 || o.DaysAtOnce > 366:
		return fmt.Errorf("days_at_once %d: expected 1 to 366", o.DaysAtOnce)
	}
	for _, id := range o.Accounts {
		if !accountPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no account id: expected one such as a2_abc123", sources.Clean(id))
		}
	}
	return nil
}

// asked are the fields of the results that are asked for.
func (o *Options) asked() result {
	r := results[o.Result]
	if o.Count == "clicks" {
		r.views = ""
	}
	if o.ValueUnit == "" {
		r.value = ""
	}
	return r
}
