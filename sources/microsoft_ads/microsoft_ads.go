// Package microsoftads reads campaigns of Microsoft Advertising (Bing) through
// the Reporting service v13, REST, by day and by hour. A report is submitted,
// polled for and downloaded as a zipped CSV file.
//
// What to know about the figures: clicks appear up to two hours late and
// conversions up to three; idle campaigns have no row. Two things Microsoft's
// pages leave open, so compare one day with the web interface before you trust
// hours: the guide says in one place that rows are always in UTC, while a
// report is asked for here in the account's own zone and read so; and it does
// not say whether a conversion is booked on its click or on itself, which is
// why the type is declared as mixed.
//
// Source of the facts, unless a comment says otherwise: the reference of the
// Microsoft Advertising API v13, pages SubmitGenerateReport,
// PollGenerateReport and "Reports". Unconfirmed, besides the two things above: which
// HTTP status a fault of the REST form has, so that its code decides.
package microsoftads

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Microsoft Advertising"

// Options are what the config says of a source of type microsoft_ads.
type Options struct {
	ClientID       string         `yaml:"client_id"`
	ClientSecret   sources.Secret `yaml:"client_secret"` // of a web app; left out for one on a desktop
	RefreshToken   sources.Secret `yaml:"refresh_token"`
	TokenFile      string         `yaml:"token_file"` // where the refresh token in force is kept; see check
	DeveloperToken sources.Secret `yaml:"developer_token"`
	Accounts       []string       `yaml:"accounts"`     // account ids; empty means all that are reachable
	Timezone       string         `yaml:"timezone"`     // IANA name for accounts whose zone adtop does not know
	BaseURL        string         `yaml:"base_url"`     // of the reporting service
	CustomerURL    string         `yaml:"customer_url"` // of the customer service
	TokenURL       string         `yaml:"token_url"`
}

// Definition describes the type microsoft_ads. Restates is the usual
// conversion window; goals can have 90 days. Limits are not published: a poll
// of an account takes three calls when the report is ready at once. Delay is
// an assumption.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "microsoft_ads",
		Summary: "Microsoft Advertising (Bing) campaigns: cost, clicks and conversions by day and hour",
		Docs:    "https://learn.microsoft.com/advertising/guides/reports",
		Lag:     lag,
		Credentials: []string{
			`Get a developer token from the developer portal of Microsoft Advertising.`,
			`Register an app in Microsoft Entra for accounts of any kind. A public (native) app has no secret.`,
			"Sign in as a user with the role \"Viewer\", for `https://ads.microsoft.com/msads.manage offline_access`: there is no scope for reading alone.",
			"The refresh token changes at each renewal; `token_file` keeps the newest.",
		},
		Link:        link,
		Gives:       kpi.Usual,
		Grain:       sources.Hour,
		Dating:      sources.Mixed,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    30,
		History:     1095, // 36 months by day; hours are kept for six
		MinInterval: 30 * time.Minute,
		Calls:       3,
		Window:      9,
		Delay: []sources.DelayPoint{
			{Age: 3 * time.Hour, Share: 0.35},
			{Age: 24 * time.Hour, Share: 0.68},
			{Age: 3 * 24 * time.Hour, Share: 0.82},
			{Age: 7 * 24 * time.Hour, Share: 0.91},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(any) string {
			return "by the window of each conversion goal, as Microsoft Advertising reports them, without those after a mere view"
		},
		Options: func() any { return &Options{} },
		Open:    open,
	}
}

// source is one set of credentials.
type source struct {
	options  Options
	env      sources.Env
	client   *httpkit.Client
	customer *url.URL // of the customer service

	mu    sync.Mutex
	known map[string]account // by id; nil until asked
}

var accountPattern = httpkit.NewPattern(`^[0-9]{1,20}$`)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	urls := map[string]*url.URL{}
	for key, option := range map[string][2]string{
		"base_url":     {o.BaseURL, "https://reporting.api.bingads.microsoft.com"},
		"customer_url": {o.CustomerURL, "https://clientcenter.api.bingads.microsoft.com"},
		"token_url":    {o.TokenURL, "https://login.microsoftonline.com/common/oauth2/v2.0/token"},
	} {
		parsed, err := httpkit.ParseBase(option[0], option[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		urls[key] = parsed
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: urls["base_url"],
		Header: http.Header{"Developertoken": {o.DeveloperToken.Reveal()}},
		OAuth: &httpkit.OAuth{
			TokenURL: urls["token_url"], ClientID: o.ClientID,
			ClientSecret: o.ClientSecret.Reveal(), RefreshToken: o.RefreshToken.Reveal(), Keep: env.Path(o.TokenFile),
			SignIn: "sign in again and replace refresh_token; it ends after about 90 days, unless token_file keeps the newest",
		},
		Redact:   []string{o.DeveloperToken.Reveal()},
		Classify: classify,
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client, customer: urls["customer_url"]}, nil
}

// check names the option at fault. token_file may be left out: then each
// renewed refresh token is forgotten when the program ends, and the one in the
// config grows old.
func (o *Options) check() error {
	if err := sources.Require(o, "client_id", "refresh_token", "developer_token"); err != nil {
		return err
	}
	if _, err := time.LoadLocation(o.Timezone); err != nil || o.Timezone == "Local" {
		return fmt.Errorf("timezone %q: expected an IANA name such as Europe/Berlin", sources.Clean(o.Timezone))
	}
	for _, id := range o.Accounts {
		if !accountPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no account id: expected digits, as in 180535609 (not the account number)", sources.Clean(id))
		}
	}
	return nil
}
