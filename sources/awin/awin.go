// Package awin reads affiliate transactions of the Awin network as events: of a
// publisher, who earns commission, or of an advertiser, who owes it. A publisher's
// transaction is worth its commission; an advertiser's is worth the sale, and costs the
// commission.
//
// What to know about the figures: a transaction is dated by transactionDate and is
// handed over again whenever it moves: it stays pending for days to months, is
// approved or declined, and may be amended. Declined and deleted ones count for
// nothing. Every question and every answer is in UTC; days are those of the zone in
// the options, since Awin tells an account neither zone nor currency. Transactions
// in another currency than the account's are left out, and a warning says so. An
// order's reference and custom parameters are not read.
//
// Changes: transactions of the last two days come with every poll, those validated
// or amended within the last week once a day, and once a week those of the last 90
// days are read whole, the deleted ones among them.
//
// Sources of the facts: developer.awin.com/apidocs (for publishers, for advertisers)
// and help.awin.com. Unconfirmed: the form of errors, how far back transactions
// reach, how late they are (Lag is assumed), whether a question without a status
// gives all that are not deleted, and that oldCommissionAmount and oldSaleAmount hold
// what stood before the last amendment. Events carry no clicks: those and impressions
// are read by the type awin_clicks.
package awin

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

const platform = "Awin"

// The sides of the network, as its paths name them in the plural.
const (
	publisher  = "publisher"
	advertiser = "advertiser"
)

// Options are what the config says of a source of type awin.
type Options struct {
	Token    sources.Secret `yaml:"token"`         // of the user; it reaches all of the user's accounts
	Side     string         `yaml:"side"`          // publisher or advertiser
	Accounts []string       `yaml:"accounts"`      // ids; all of that side when empty
	Currency kpi.Currency   `yaml:"currency"`      // of the transactions that count
	Timezone string         `yaml:"timezone"`      // IANA name: in which days are counted
	Keys     Keys           `yaml:"keys"`          // where a transaction's origin stands
	PerCall  int            `yaml:"days_per_call"` // 1 to 30: fewer where a week has too many transactions for one answer
	BaseURL  string         `yaml:"base_url"`
}

// Keys says what of a transaction becomes the UTM parameters, code and click of its
// event: one of fields, or a text after "=" that is the same for all.
type Keys struct {
	Source   string `yaml:"source"`
	Medium   string `yaml:"medium"`
	Campaign string `yaml:"campaign"`
	Promo    string `yaml:"promo"`
	ClickID  string `yaml:"click_id"`
}

// fields are what of a transaction can be named in Keys.
var fields = []string{"clickRef", "clickRef2", "clickRef3", "clickRef4", "clickRef5", "clickRef6", "advertiserId", "publisherId", "siteName", "voucherCode"}

// Definition describes the type awin. Lag, Delay and Approval are assumed; Restates is how long a
// validation may take. Calls is the question for the
// last two days; validations, amendments and the weekly look come on top.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "awin",
		Summary: "Awin affiliate transactions with their validation, of a publisher or an advertiser",
		Docs:    "https://developer.awin.com/apidocs",
		Credentials: []string{
			"Sign in as a user who may view the accounts, and make a token at ui.awin.com/awin-api. It is the user's, reaches all accounts and has no end.",
			"Name all accounts in one source: 20 calls a minute are allowed for all accounts of a token together.",
			"As a publisher, write your campaign into `clickref` of the links; as an advertiser, transactions are told apart by publisher.",
		},
		Gives:       kpi.Conversions | kpi.Revenue,
		Events:      true,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Reported,
		Restates:    180,
		History:     400,
		MinInterval: 10 * time.Minute,
		Lag:         lag,
		Calls:       1,
		Delay:       []sources.DelayPoint{{Age: 3 * time.Hour, Share: 0.95}, {Age: 48 * time.Hour, Share: 1}},
		Approval:    850_000,
		Owes:        func(options any) bool { return options.(*Options).Side == advertiser },
		Options: func() any {
			return &Options{Keys: Keys{Source: "=awin", Medium: "=affiliate", Promo: "voucherCode"}, PerCall: 7}
		},
		Open: open,
	}
}

// source is the accounts of one token.
type source struct {
	options Options
	env     sources.Env
	zone    *time.Location
	client  *httpkit.Client
	pace    pace
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	zone, err := o.check()
	if err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://api.awin.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{Env: env, Platform: platform, Base: base, Classify: classify,
		Header: http.Header{"Authorization": {"Bearer " + o.Token.Reveal()}}, Redact: []string{o.Token.Reveal()}})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, zone: zone, client: client}, nil
}

var (
	currencyPattern = httpkit.NewPattern(`^[A-Z]{3}$`)
	idPattern       = httpkit.NewPattern(`^[1-9][0-9]{0,17}$`)
)

// check names the option at fault, fills in what depends on the side and returns the
// zone.
func (o *Options) check() (*time.Location, error) {
	if err := sources.Require(o, "token", "side", "currency", "timezone"); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(o.Timezone)
	switch {
	case o.Side != publisher && o.Side != advertiser:
		return nil, fmt.Errorf("side %q: expected publisher or advertiser", sources.Clean(o.Side))
	case !currencyPattern.MatchString(string(o.Currency)):
		return nil, fmt.Errorf("currency %q: expected an ISO 4217 code such as EUR", sources.Clean(string(o.Currency)))
	case err != nil || o.Timezone == "Local":
		return nil, fmt.Errorf("timezone %q: expected an IANA name such as Europe/Berlin", sources.Clean(o.Timezone))
	case o.PerCall < 1 || o.PerCall > 30:
		return nil, fmt.Errorf("days_per_call: %d: expected 1 to 30", o.PerCall)
	}
	for _, id := range o.Accounts {
		if !idPattern.MatchString(id) {
			return nil, fmt.Errorf("accounts: %q: expected the number of an account, such as 45628", sources.Clean(id))
		}
	}
	if o.Keys.Campaign == "" {
		o.Keys.Campaign = map[string]string{publisher: "clickRef", advertiser: "publisherId"}[o.Side]
	}
	return zone, o.Keys.check()
}

func (k *Keys) check() error {
	for _, named := range []struct{ key, field string }{{"source", k.Source}, {"medium", k.Medium}, {"campaign", k.Campaign}, {"promo", k.Promo}, {"click_id", k.ClickID}} {
		if named.field != "" && !strings.HasPrefix(named.field, "=") && !slices.Contains(fields, named.field) {
			return fmt.Errorf("keys.%s: %q: expected one of %s, or a text after =", named.key, sources.Clean(named.field), strings.Join(fields, ", "))
		}
	}
	return nil
}
