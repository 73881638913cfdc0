// Package googleads reads campaigns of Google Ads, their ad groups and their
// ads through its REST API, by day and by hour: accounts and campaigns with
// searchStream, longer answers page by page with search.
//
// What to know about the figures: conversions are booked on the hour of the
// click, so past slots grow; everything, cost included, may appear up to three
// hours late; idle slots have no row. Hours are wall-clock hours of the
// account. On the day of 25 hours two of them share one name, and Google does
// not say how it reports them: what is reported under that name is booked on
// the first of the two, and a warning says so.
//
// The ads of a campaign add up to it, and so do its networks. Performance Max
// has no ad groups; a warning names the campaigns that are not listed for it.
// An ad is known by its ad group and its own id, as in 7~8.
//
// Unconfirmed: how Google reports the two hours of one name, and that v26 differs in
// nothing that is asked for here from v25, whose definitions were read.
package googleads

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Google Ads"

// Options are what the config says of a source of type google_ads.
type Options struct {
	ClientID        string         `yaml:"client_id"`
	ClientSecret    sources.Secret `yaml:"client_secret"`
	RefreshToken    sources.Secret `yaml:"refresh_token"`
	DeveloperToken  sources.Secret `yaml:"developer_token"`   // ignored by Google since September 2026; sent when set
	LoginCustomerID string         `yaml:"login_customer_id"` // the manager account to come through; empty finds it
	Accounts        []string       `yaml:"accounts"`          // customer ids; empty means all that are reachable
	Version         string         `yaml:"version"`           // of the API, "v26"
	BaseURL         string         `yaml:"base_url"`
	TokenURL        string         `yaml:"token_url"`
}

// Definition describes the type google_ads. Restates is the default conversion
// window; an advertiser can lengthen it to 90 days. DailyCalls is the cap of
// the Explorer access level. Delay is an assumption, not a measurement, and is
// slow on purpose: too slow a curve delays an alert, too fast a one raises
// false alarms until observations have taken over.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "google_ads",
		Summary: "Google Ads campaigns: cost, clicks and conversions by day and hour",
		Docs:    "https://developers.google.com/google-ads/api/rest/reference",
		Lag:     lag,
		Credentials: []string{
			`In a Google Cloud project, enable the Google Ads API and apply for production access: its lowest level is Explorer, 2,880 operations a day.`,
			`Make an OAuth client of that project and publish its consent screen: in "Testing" tokens end after seven days.`,
			"Sign in as a user who may view the accounts (role \"Read only\"), for the scope `https://www.googleapis.com/auth/adwords`, and keep the refresh token. Google has no scope for reading alone.",
			"Behind a manager account, give its number as `login_customer_id`.",
		},
		Link:        link,
		Gives:       kpi.Usual,
		Grain:       sources.Hour,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Deepest:     sources.LevelAd,
		Breakdowns:  []string{byNetwork},
		Restates:    30,
		History:     1125, // 37 months
		MinInterval: 15 * time.Minute,
		Calls:       1,
		Window:      8,
		Totals:      1,
		Shares:      1,
		DailyCalls:  2880,
		Delay: []sources.DelayPoint{
			{Age: time.Hour, Share: 0.30},
			{Age: 6 * time.Hour, Share: 0.50},
			{Age: 24 * time.Hour, Share: 0.68},
			{Age: 3 * 24 * time.Hour, Share: 0.82},
			{Age: 7 * 24 * time.Hour, Share: 0.91},
			{Age: 14 * 24 * time.Hour, Share: 0.96},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(any) string {
			return "on the day of the click, by the model and window of each conversion action, as Google Ads reports them, without those after a mere view"
		},
		Options: func() any { return &Options{Version: "v26"} },
		Open:    open,
	}
}

// source is one set of credentials.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client

	mu     sync.Mutex
	logins map[string]string // customer id -> manager it is reached through, "" for direct access; nil until asked
}

var (
	customerPattern = httpkit.NewPattern(`^[0-9]{1,20}$`)
	versionPattern  = httpkit.NewPattern(`^v[0-9]{1,3}$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://googleads.googleapis.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://oauth2.googleapis.com/token")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	header := http.Header{}
	if o.DeveloperToken.IsSet() {
		header.Set("developer-token", o.DeveloperToken.Reveal())
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Header: header,
		OAuth: &httpkit.OAuth{
			TokenURL: tokenURL, ClientID: o.ClientID,
			ClientSecret: o.ClientSecret.Reveal(), RefreshToken: o.RefreshToken.Reveal(),
			SignIn: "sign in again and replace refresh_token; tokens of a consent screen in testing end after 7 days",
		},
		Redact:   []string{o.DeveloperToken.Reveal()},
		Classify: classify,
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault and brings customer ids into the form
// without dashes.
func (o *Options) check() error {
	if err := sources.Require(o, "client_id", "client_secret", "refresh_token"); err != nil {
		return err
	}
	if !versionPattern.MatchString(o.Version) {
		return fmt.Errorf("version %q: expected one such as v26", o.Version)
	}
	if o.LoginCustomerID = strings.ReplaceAll(o.LoginCustomerID, "-", ""); o.LoginCustomerID != "" && !customerPattern.MatchString(o.LoginCustomerID) {
		return fmt.Errorf("login_customer_id: expected digits, as in 123-456-7890")
	}
	wanted := make([]string, len(o.Accounts))
	for i, id := range o.Accounts {
		if wanted[i] = strings.ReplaceAll(id, "-", ""); !customerPattern.MatchString(wanted[i]) {
			return fmt.Errorf("accounts: %q is no customer id: expected digits, as in 123-456-7890", sources.Clean(id))
		}
	}
	o.Accounts = wanted
	return nil
}
