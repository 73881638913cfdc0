// Package stripe reads the payments of one Stripe account through API v1, as
// events keyed by the UTM parameters that the shop wrote into their metadata.
//
// What to know about the figures: an event is a charge, dated by its creation,
// and handed over again when it is refunded, disputed, captured or settled. A
// dispute takes its money off while it is open and once it is lost; an inquiry
// (warning_…) and a dispute that was won take nothing. Charges know no tax and no
// shipping. A charge in another currency than the account's counts with what it
// settled for; where it settles in a third currency it is left out, and a warning
// says so. Only live payments count; those of test mode are events of status Test.
// Nothing of who paid is read.
//
// Changes: refunds and disputes are lists of their own, read from the last poll
// on, whatever the age of their payments. What changes without a new object (an
// authorisation that is captured, a bank debit that settles, a dispute that ends, a
// refund that fails) is looked for once a day: among the payments and refunds of the
// last 30 days, and the disputes of the last 120.
//
// Sources of the facts: docs.stripe.com/api (charges, refunds, disputes, checkout
// sessions, pagination), /rate-limits, /currencies and /api-versions. Unconfirmed:
// whether amount_refunded holds what a partial capture released (both readings are
// allowed for, see charge.kept), and that the table of currencies is still whole.
package stripe

import (
	"fmt"
	"net/http"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Stripe"

// Options are what the config says of a source of type stripe.
type Options struct {
	Key      sources.Secret `yaml:"key"`     // restricted, with read rights on charges, refunds, disputes, balance transactions and the account
	Account  string         `yaml:"account"` // a connected account, read with the platform's key
	Revenue  kpi.Basis      `yaml:"revenue"` // gross (less refunds and disputes) or ordered (as first charged)
	UTM      string         `yaml:"utm"`     // whose metadata is read: charge, or checkout (the session's)
	Metadata Metadata       `yaml:"metadata"`
	Version  string         `yaml:"version"` // of the API, "2026-09-30.endive"
	BaseURL  string         `yaml:"base_url"`
}

// Metadata names the keys under which the shop keeps where a customer came from.
type Metadata struct {
	Source   string `yaml:"source"`
	Medium   string `yaml:"medium"`
	Campaign string `yaml:"campaign"`
	Promo    string `yaml:"promo"`
	ClickID  string `yaml:"click_id"`
}

// Definition describes the type stripe. Restates is how long a dispute can take to
// come; Calls are the lists of payments, refunds and disputes. What comes once a day
// and the disputes of single payments come on top.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "stripe",
		Summary: "Stripe payments with refunds and disputes, by the UTM parameters in their metadata",
		Docs:    "https://docs.stripe.com/api/charges/list",
		Credentials: []string{
			"In the Dashboard, under Developers > API keys, make a restricted key with read rights on charges, refunds, disputes, balance transactions and the account. It does not end.",
			"Write the UTM parameters of the visit into the metadata of payments (`payment_intent_data[metadata]`), or of checkouts: then give read rights on checkout sessions too, and set `utm: checkout`.",
			"A platform names the connected account in `account`.",
		},
		Gives:       kpi.Conversions | kpi.Revenue,
		Events:      true,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Gross,
		Restates:    120,
		History:     3650,
		MinInterval: time.Minute,
		Lag:         lag,
		Calls:       3,
		Delay:       []sources.DelayPoint{{Age: time.Hour, Share: 0.99}, {Age: 7 * 24 * time.Hour, Share: 1}}, // bank debits take days
		Attribution: func(options any) string {
			return "for what the shop wrote into the metadata of the " + options.(*Options).UTM
		},
		Options: func() any {
			return &Options{Revenue: kpi.Gross, UTM: "charge", Version: "2026-09-30.endive",
				Metadata: Metadata{Source: "utm_source", Medium: "utm_medium", Campaign: "utm_campaign", Promo: "promo_code", ClickID: "gclid"}}
		},
		Open: open,
	}
}

// source is one account.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
}

var (
	versionPattern = httpkit.NewPattern(`^20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[a-z]{1,40})?$`)
	accountPattern = httpkit.NewPattern(`^acct_[A-Za-z0-9]{1,60}$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://api.stripe.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	header := http.Header{"Authorization": {"Bearer " + o.Key.Reveal()}, "Stripe-Version": {o.Version}}
	if o.Account != "" {
		header.Set("Stripe-Account", o.Account)
	}
	client, err := httpkit.New(httpkit.Options{Env: env, Platform: platform, Base: base, Private: true, Header: header, Redact: []string{o.Key.Reveal()}, Classify: classify})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "key"); err != nil {
		return err
	}
	switch {
	case o.Account != "" && !accountPattern.MatchString(o.Account):
		return fmt.Errorf("account %q: expected the id of a connected account, such as acct_1032D82eZvKYlo2C", sources.Clean(o.Account))
	case o.Revenue != kpi.Gross && o.Revenue != kpi.Ordered:
		return fmt.Errorf("revenue %q: expected gross or ordered: Stripe's charges do not tell tax and shipping apart", sources.Clean(string(o.Revenue)))
	case o.UTM != "charge" && o.UTM != "checkout":
		return fmt.Errorf("utm %q: expected charge or checkout", sources.Clean(o.UTM))
	case !versionPattern.MatchString(o.Version):
		return fmt.Errorf("version %q: expected one of Stripe's, such as 2026-09-30.endive", sources.Clean(o.Version))
	case o.Metadata.Source == "" && o.Metadata.Campaign == "" && o.Metadata.Promo == "":
		return fmt.Errorf("metadata: expected the key of a source, a campaign or a promo code: else no payment has an origin")
	}
	return nil
}
