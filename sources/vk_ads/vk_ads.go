// Package vkads reads campaigns (ad plans) of VK Ads, ads.vk.com, through the
// statistics of API v2, by day.
//
// What to know about the figures: days are Moscow's, an account has no zone of
// its own. Results are those of base.vk.goals: base.goals has been seen at zero
// beside them. Costs are in roubles, without VAT as far as independent clients
// found; VK does not say so. Nor does it say whether a goal is booked on the
// contact with the ad or on itself, which is why the type is declared as mixed,
// or when a day is final, or how many goals followed a mere view. There are no hours
// with money.
//
// A token belongs to one account, and at most five of one client are alive at a
// time. The token in use is kept in a file and renewed; none is ever deleted,
// since VK can delete only all of them, other programs' included.
//
// Source of the facts, unless a comment says otherwise: ads.vk.com/doc/api and
// recorded answers.
package vkads

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "VK Ads"

// zone is where the days of all accounts begin.
const zone = "Europe/Moscow"

// Options are what the config says of a source of type vk_ads.
type Options struct {
	ClientID         string         `yaml:"client_id"`
	ClientSecret     sources.Secret `yaml:"client_secret"`
	TokenFile        string         `yaml:"token_file"`         // where the token in use is kept
	AgencyClientID   string         `yaml:"agency_client_id"`   // reads this client of an agency
	AgencyClientName string         `yaml:"agency_client_name"` // the same by name
	Currency         kpi.Currency   `yaml:"currency"`           // of the account where VK does not tell it
	Value            string         `yaml:"value"`              // romi: what results were worth, as passed with the goals; "" reads none
	Statuses         []string       `yaml:"statuses"`           // of the campaigns to list; empty leaves it to VK
	IDsAtOnce        int            `yaml:"ids_at_once"`
	DaysAtOnce       int            `yaml:"days_at_once"`
	BaseURL          string         `yaml:"base_url"`
	TokenURL         string         `yaml:"token_url"`
}

// Definition describes the type vk_ads. Restates, History and Delay are
// assumptions: VK publishes none of them. Its limits are the account's own and
// come with each answer; two calls a second have been seen for statistics. An
// account with more campaigns than ids_at_once takes a call more for each so
// many, and once an hour the campaigns are listed.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "vk_ads",
		Summary: "VK Ads campaigns: cost, clicks and goals by Moscow's day",
		Docs:    "https://ads.vk.com/doc/api",
		Lag:     lag,
		Credentials: []string{
			"In the cabinet's settings, under access to the API, ask for client id and secret. Reading needs `read_ads` alone.",
			"VK allows five live tokens of a client: adtop keeps one in `token_file`, renews it, and deletes none.",
			"An agency names the client in `agency_client_id` or `agency_client_name`.",
		},
		Gives:       kpi.Usual,
		Grain:       sources.Day,
		Dating:      sources.Mixed,
		Basis:       kpi.Reported,
		Restates:    30,
		History:     365,
		MinInterval: 10 * time.Minute,
		Calls:       1,
		Window:      1,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.35},
			{Age: 24 * time.Hour, Share: 0.68},
			{Age: 3 * 24 * time.Hour, Share: 0.84},
			{Age: 7 * 24 * time.Hour, Share: 0.94},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(any) string { return "as VK Ads counts goals" },
		Options: func() any {
			return &Options{Statuses: []string{"active", "blocked", "deleted"}, IDsAtOnce: 100, DaysAtOnce: 90}
		},
		Open: open,
	}
}

// source is the token of one account.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	names   httpkit.Names
}

var (
	idPattern       = httpkit.NewPattern(`^[0-9]{1,18}$`)
	statusPattern   = httpkit.NewPattern(`^[a-z_]{1,30}$`)
	currencyPattern = httpkit.NewPattern(`^[A-Z]{3}$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://ads.vk.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://ads.vk.com/api/v2/oauth2/token.json")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	const limit = "five tokens of this client are alive: wait until one ends (each lives a day), or delete them in VK Ads if no other program uses them, and see that token_file is kept"
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Classify: classify,
		OAuth: &httpkit.OAuth{
			TokenURL: tokenURL, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), Keep: env.Path(o.TokenFile), Grant: o.grant(),
			SignIn: "check client_id, client_secret and the agency's client",
			Codes:  map[string]string{"token_limit_exceeded": limit},
		},
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// grant asks for a token of the client's own account, or of an agency's client.
func (o *Options) grant() url.Values {
	switch {
	case o.AgencyClientID != "":
		return url.Values{"grant_type": {"agency_client_credentials"}, "agency_client_id": {o.AgencyClientID}}
	case o.AgencyClientName != "":
		return url.Values{"grant_type": {"agency_client_credentials"}, "agency_client_name": {o.AgencyClientName}}
	}
	return url.Values{"grant_type": {"client_credentials"}}
}

// check names the option at fault. token_file has to be there: a program that
// asks for a token at each start would have none left after five.
func (o *Options) check() error {
	if err := sources.Require(o, "client_id", "client_secret", "token_file"); err != nil {
		return err
	}
	switch {
	case o.AgencyClientID != "" && !idPattern.MatchString(o.AgencyClientID):
		return fmt.Errorf("agency_client_id %q: expected digits", sources.Clean(o.AgencyClientID))
	case o.AgencyClientID != "" && o.AgencyClientName != "":
		return fmt.Errorf("agency_client_name: agency_client_id says already which client to read")
	case o.Currency != "" && !currencyPattern.MatchString(string(o.Currency)):
		return fmt.Errorf("currency %q: expected a code such as RUB", sources.Clean(string(o.Currency)))
	case o.Value != "" && o.Value != "romi":
		return fmt.Errorf("value %q: expected romi, or nothing for no revenue", sources.Clean(o.Value))
	case o.IDsAtOnce < 1 || o.IDsAtOnce > 200:
		return fmt.Errorf("ids_at_once %d: expected 1 to 200", o.IDsAtOnce)
	case o.DaysAtOnce < 1 || o.DaysAtOnce > 366:
		return fmt.Errorf("days_at_once %d: expected 1 to 366", o.DaysAtOnce)
	}
	for _, status := range o.Statuses {
		if !statusPattern.MatchString(status) {
			return fmt.Errorf("statuses: %q is none: expected words such as active, blocked and deleted", sources.Clean(status))
		}
	}
	return nil
}

// metrics are the groups of figures that are asked for.
func (o *Options) metrics() string {
	return strings.TrimSuffix("base,"+o.Value, ",")
}
