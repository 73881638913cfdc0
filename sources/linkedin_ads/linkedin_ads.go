// Package linkedinads reads campaigns of LinkedIn Ads through adAnalytics of
// the Marketing API, by day: it has no hours.
//
// What to know about the figures: days are UTC's, whatever the account's zone
// is, so they do not line up with other channels' days. Clicks are the
// chargeable ones, which for some campaigns include likes and visits of the
// company page. Website conversions include those after a mere view, which
// are told apart: both add up to them by the reference. Values of
// old days change for 30 days and more; on which day a conversion is booked is
// not documented, so the type is declared as mixed.
//
// Source of the facts, unless a comment says otherwise: the pages of
// learn.microsoft.com/linkedin/marketing about ads reporting. Unconfirmed: that the
// end of the range that is asked for is its last day, and after how many days values
// change no more.
package linkedinads

import (
	"fmt"
	"net/http"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "LinkedIn Ads"

// Options are what the config says of a source of type linkedin_ads: a token,
// or a refresh token with the app that it was issued to.
type Options struct {
	Token        sources.Secret `yaml:"token"` // lives 60 days
	ClientID     string         `yaml:"client_id"`
	ClientSecret sources.Secret `yaml:"client_secret"`
	RefreshToken sources.Secret `yaml:"refresh_token"` // issued to approved partners only; lives a year
	Accounts     []string       `yaml:"accounts"`      // account ids; empty means all that are reachable
	Result       string         `yaml:"result"`        // a key of results
	Version      string         `yaml:"version"`       // of the API, "202608"; each lives about a year
	BaseURL      string         `yaml:"base_url"`
	TokenURL     string         `yaml:"token_url"`
}

// results names the metrics of each kind of result: how many, what they were worth
// and how many followed a mere view. Leads of LinkedIn's own forms are no website
// conversions.
var results = map[string][3]string{
	"conversion": {"externalWebsiteConversions", "conversionValueInLocalCurrency", "externalWebsitePostViewConversions"},
	"lead":       {"oneClickLeads"},
}

// Definition describes the type linkedin_ads. Restates is the usual conversion
// window; the longest is 90 days and more. Daily limits exist and are shown in
// the developer portal only. Delay is an assumption.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "linkedin_ads",
		Summary: "LinkedIn Ads campaigns: cost, chargeable clicks and website conversions or leads by UTC day",
		Docs:    "https://learn.microsoft.com/en-us/linkedin/marketing/integrations/ads-reporting/ads-reporting",
		Lag:     lag,
		Credentials: []string{
			`Make an app in LinkedIn's developer portal and ask for the product "Advertising API", which LinkedIn approves.`,
			"Get a token from the portal's token generator with the scopes `r_ads` and `r_ads_reporting`, as a member with the role \"Viewer\" of the ad account.",
			`It ends after 60 days. Only approved partners get a refresh token, which lasts a year from the first sign-in.`,
		},
		Link:        link,
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.Mixed,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    30,
		History:     3650,
		MinInterval: 30 * time.Minute,
		Calls:       1,
		Window:      5,
		Delay: []sources.DelayPoint{
			{Age: 12 * time.Hour, Share: 0.30},
			{Age: 24 * time.Hour, Share: 0.60},
			{Age: 3 * 24 * time.Hour, Share: 0.78},
			{Age: 7 * 24 * time.Hour, Share: 0.89},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Views: func(options any) bool { return results[options.(*Options).Result][2] != "" },
		Attribution: func(options any) string {
			if options.(*Options).Result == "lead" {
				return "as LinkedIn's own forms were sent"
			}
			return "after clicks and views, by the windows of each conversion rule, as LinkedIn reports them"
		},
		Options: func() any { return &Options{Result: "conversion", Version: "202608"} },
		Open:    open,
	}
}

// source is one token.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	names   httpkit.Names
}

var (
	accountPattern = httpkit.NewPattern(`^[0-9]{1,20}$`)
	versionPattern = httpkit.NewPattern(`^20[0-9]{2}(0[1-9]|1[0-2])$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://api.linkedin.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://www.linkedin.com/oauth/v2/accessToken")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	h := httpkit.Options{
		Env: env, Platform: platform, Base: base, Classify: classify,
		Header: http.Header{"Linkedin-Version": {o.Version}, "X-Restli-Protocol-Version": {"2.0.0"}},
	}
	if o.RefreshToken.IsSet() {
		h.OAuth = &httpkit.OAuth{
			TokenURL: tokenURL, ClientID: o.ClientID,
			ClientSecret: o.ClientSecret.Reveal(), RefreshToken: o.RefreshToken.Reveal(),
			SignIn: "sign in again and replace refresh_token; it ends a year after the first sign-in",
		}
	} else {
		h.Header.Set("Authorization", "Bearer "+o.Token.Reveal())
		h.Redact = []string{o.Token.Reveal()}
	}
	client, err := httpkit.New(h)
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	switch {
	case o.Token.IsSet() == o.RefreshToken.IsSet():
		return fmt.Errorf("token: give either token, or refresh_token with client_id and client_secret")
	case o.RefreshToken.IsSet() && (o.ClientID == "" || !o.ClientSecret.IsSet()):
		return fmt.Errorf("refresh_token needs client_id and client_secret")
	case !versionPattern.MatchString(o.Version):
		return fmt.Errorf("version %q: expected one such as 202608", sources.Clean(o.Version))
	case results[o.Result] == [3]string{}:
		return fmt.Errorf("result %q: expected conversion or lead", sources.Clean(o.Result))
	}
	for _, id := range o.Accounts {
		if !accountPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no account id: expected digits, as in 508720451", sources.Clean(id))
		}
	}
	return nil
}
