// Package comagic reads the incoming calls of one CoMagic or UIS account as events, with
// the number that was dialled and the visit that they came of.
//
// What to know about the figures: a call is dated by its beginning, on the account's
// clock; in an hour that the clock shows twice it is booked on the first. It is in the
// report once it has ended. A lost call counts for nothing unless the options say so;
// tags, attributes and the amount of a sale are added later by people, so that all days
// of the restatement window are read again. The value of a call is the amount of the
// sale that was entered for it, in the currency of the account's reports; most have
// none. The number that was dialled is the company's own. Who called is neither asked
// for nor read.
//
// Pages: the next one begins with the second of the last call, so that calls that end
// meanwhile move none to another page, and there is no end to how many can be read.
//
// Sources of the facts: comagic.github.io/data_api (calls report, accounts, limits,
// errors), with a recorded account. Unconfirmed: that both ends of a span belong to it,
// that limits stand in a refusal, how soon after its end a call is in the report (Lag is
// assumed), how long calls are kept, and the numbers of the points a day.
package comagic

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "CoMagic"

// Options are what the config says of a source of type comagic.
type Options struct {
	Token      sources.Secret `yaml:"access_token"` // of a user of the account
	User       string         `yaml:"user_id"`      // of a client's user, with the key of an agency
	Currency   kpi.Currency   `yaml:"currency"`     // of sales, for an account that may not tell it
	Lost       bool           `yaml:"lost"`         // lost calls count too
	Attributes []string       `yaml:"attributes"`   // only calls that have one of these count; all when empty
	BaseURL    string         `yaml:"base_url"`
}

// attributes are what the platform calls a call.
var attributes = []string{"first", "through", "primary", "secondary", "lost", "target", "off-target", "quality", "rest"}

// Definition describes the type comagic. Lag, Delay and History are assumed. Calls is a
// page of up to 10,000 calls.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "comagic",
		Summary: "CoMagic and UIS call tracking: incoming calls by the number dialled and the UTM parameters, with sales",
		Docs:    "https://comagic.github.io/data_api/",
		Credentials: []string{
			"In the account, make a user who may only see reports, and a permanent key for that user under Account > Users. It does not end.",
			"Under Administrator > Account > Rules and security > API, let in the address that adtop asks from: nobody is let in before.",
			"An account of UIS needs `base_url: https://dataapi.uiscom.ru/v2.0`: keys of one are not known to the other.",
			"A channel finds its calls by UTM parameters, or by the number on a poster: `dialled: \"+74951234567\"`.",
		},
		Gives:       kpi.Conversions | kpi.Revenue,
		Events:      true,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Reported,
		Restates:    60,
		History:     365,
		MinInterval: 5 * time.Minute,
		Lag:         time.Hour,
		Calls:       1,
		Delay:       []sources.DelayPoint{{Age: time.Hour, Share: 0.95}, {Age: 48 * time.Hour, Share: 1}},
		Attribution: func(any) string { return "for the visit that the number was shown in, as CoMagic gives it" },
		Options:     func() any { return &Options{} },
		Open:        open,
	}
}

// source is one account.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://dataapi.comagic.ru/v2.0")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{Env: env, Platform: platform, Base: base, Private: true, Classify: classify,
		Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}}, Redact: []string{o.Token.Reveal()}})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

var (
	userPattern     = httpkit.NewPattern(`^[1-9][0-9]{0,17}$`)
	currencyPattern = httpkit.NewPattern(`^[A-Z]{3}$`)
)

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "access_token"); err != nil {
		return err
	}
	switch {
	case o.User != "" && !userPattern.MatchString(o.User):
		return fmt.Errorf("user_id %q: expected a number", sources.Clean(o.User))
	case o.Currency != "" && !currencyPattern.MatchString(string(o.Currency)):
		return fmt.Errorf("currency %q: expected an ISO 4217 code such as RUB", sources.Clean(string(o.Currency)))
	case o.Currency != "" && o.User != "":
		return fmt.Errorf("currency: an agency is told that of its client: leave it out with user_id")
	}
	for _, name := range o.Attributes {
		if !slices.Contains(attributes, name) {
			return fmt.Errorf("attributes: %q: expected one of %s", sources.Clean(name), strings.Join(attributes, ", "))
		}
	}
	return nil
}
