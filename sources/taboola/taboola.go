// Package taboola reads campaigns of Taboola (Realize) through the campaign summary
// report of the Backstage API 1.0, by day and on demand by hour.
//
// What to know about the figures: they are one to three hours late, and each report
// says how far it reaches. Conversions are booked on the click or view that led to
// them, within 30 days unless the account sets another window, so past days grow.
// Spend may be corrected until the month is billed, about the 5th of the next one:
// that is how far back figures are read again. Days and hours are those of the
// account. Money is in units of its currency, with its code on every row.
//
// Hours come for at most 48 of them at once. How long Taboola keeps them is not
// documented, and an hour that is gone looks like one without delivery: only those of
// today and yesterday are read, while a poll asks for all days that may still change at
// the grain of the Definition. That is why it is the day. The near-real-time reports
// are not read: they promise no conversions.
//
// Sources of the facts: developers.taboola.com/backstage-api. Unconfirmed: limits of
// calls (429 has no documented form), that slots without delivery are left out, how far
// back days reach, that the hour which an autumn day has twice is one row, and that
// everything before the time of the last raw data is in a report.
package taboola

import (
	"fmt"
	"net/url"
	"regexp"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Taboola"

// Options are what the config says of a source of type taboola.
type Options struct {
	ClientID     string         `yaml:"client_id"`
	ClientSecret sources.Secret `yaml:"client_secret"`
	Accounts     []string       `yaml:"accounts"` // their names in addresses; empty means all that are reachable
	Count        string         `yaml:"count"`    // a key of counts
	BaseURL      string         `yaml:"base_url"`
}

// counts are the figures of conversions, of what they were worth and of those after a
// view. Taboola does not say what those after a click alone were worth.
var counts = map[string][3]string{
	"clicks_and_views": {"cpa_actions_num", "conversions_value", "cpa_actions_num_from_views"},
	"clicks":           {"cpa_actions_num_from_clicks"},
}

// Definition describes the type taboola. Restates reaches back from the 5th to the
// beginning of the month before. History and Delay are assumptions. Taboola publishes
// no limits.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "taboola",
		Summary: "Taboola campaigns: cost, clicks and conversions with their value by day",
		Docs:    "https://developers.taboola.com/backstage-api/reference/campaign-summary-report",
		Lag:     lag,
		Credentials: []string{
			"In Realize, make API credentials on the page API Keys, or ask your account manager for them: a client id and a secret.",
			"They are those of a user and reach the accounts that this user may see; a user who may only look is enough.",
			"The advertisers of a network account are found by themselves; `accounts` narrows them.",
		},
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    35,
		History:     395,
		MinInterval: 30 * time.Minute,
		Calls:       1,
		Window:      3,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.32},
			{Age: 24 * time.Hour, Share: 0.62},
			{Age: 3 * 24 * time.Hour, Share: 0.78},
			{Age: 7 * 24 * time.Hour, Share: 0.88},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Views: func(options any) bool { return counts[options.(*Options).Count][2] != "" },
		Attribution: func(options any) string {
			if options.(*Options).Count == "clicks" {
				return "on the day of the click, as Taboola reports those after clicks"
			}
			return "on the day of the click or view, as Taboola reports them"
		},
		Options: func() any { return &Options{Count: "clicks_and_views"} },
		Open:    open,
	}
}

// source is one set of credentials.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
}

// accountPattern is of names in addresses, which have a letter: accounts have a number too.
var accountPattern = regexp.MustCompile(`^[0-9_.-]*[A-Za-z][A-Za-z0-9_.-]{0,99}$`)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://backstage.taboola.com/backstage")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Classify: classify, XML: true,
		OAuth: &httpkit.OAuth{
			TokenURL: base.JoinPath("oauth/token"), ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(),
			Grant: url.Values{"grant_type": {"client_credentials"}}, SignIn: checkCredentials,
			Codes: map[string]string{"invalid_client": checkCredentials},
		},
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "client_id", "client_secret"); err != nil {
		return err
	}
	if counts[o.Count][0] == "" {
		return fmt.Errorf("count %q: expected clicks_and_views or clicks", sources.Clean(o.Count))
	}
	for _, id := range o.Accounts {
		if !accountPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no account id: expected one with letters, as in acme-us-sc, not the number of the account", sources.Clean(id))
		}
	}
	return nil
}
