// Package awin reads the affiliate network Awin, as two types of source: awin reads
// transactions as events, awin_clicks reads clicks and impressions by day. Both are of a
// publisher, who earns commission, or of an advertiser, who owes it.
//
// Transactions: a publisher's is worth its commission; an advertiser's is worth the
// sale, and costs the commission. One is dated by transactionDate and is handed over
// again whenever it moves: it stays pending for days to months, is approved or declined,
// and may be amended. Declined and deleted ones count for nothing. Every question and
// every answer is in UTC; days are those of the zone in the options, since Awin tells an
// account neither zone nor currency. Transactions in another currency than the account's
// are left out, and a warning says so. An order's reference and custom parameters are
// not read.
//
// Changes: transactions of the last two days come with every poll, those validated or
// amended within the last week once a day, and once a week those of the last 90 days are
// read whole, the deleted ones among them.
//
// Clicks: they are of Awin's performance reports, of an advertiser by publisher or of a
// publisher by advertiser, whose rows are sums of all the days that were asked for, so
// that each day is a question of its own. There is no money in what is read and there
// are no results: a channel takes its traffic from here and its results from the
// transactions. A campaign is the partner, by its number in Awin, on whose name claims
// can be made. A partner may be listed for a transaction alone, without clicks. Days are
// those of the zone in the options, of which Awin knows some only; the currency in the
// options is the one that channels are shown in.
//
// Awin allows 20 calls a minute for all accounts of a user, whatever they ask: all
// sources with one token make 18 together, and wait a minute when they are refused all
// the same, as when another program has the token.
//
// Sources of the facts: developer.awin.com/apidocs (for publishers, for advertisers),
// help.awin.com and help.awin.com/apidocs (get-publisher-performance-report, get-
// advertiser-performance-report). Unconfirmed: the form of errors, how far back
// transactions and reports reach, how late they are (Lag is assumed), for how long
// clicks change (Restates is assumed), whether a question without a status gives all
// that are not deleted, that oldCommissionAmount and oldSaleAmount hold what stood
// before the last amendment, and that a partner has one row a day: a second one is an
// unreadable answer. The report by campaign, which tells the days apart in one answer,
// is not read: it knows no impressions.
package awin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
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
			"A token has 20 calls a minute for all its accounts: the sources of adtop share them, and other programs with the same token take from them.",
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

// source reads the transactions of a network.
type source struct {
	*network
	options Options
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	n, err := o.reach().open(env)
	if err != nil {
		return nil, err
	}
	return &source{network: n, options: o}, nil
}

func (o *Options) reach() *reach {
	return &reach{o.Token, o.Side, o.Accounts, o.Currency, o.Timezone, o.BaseURL}
}

// check names the option at fault and fills in what depends on the side.
func (o *Options) check() error {
	if err := sources.Require(o, "token", "side", "currency", "timezone"); err != nil {
		return err
	}
	if err := o.reach().check(); err != nil {
		return err
	}
	if _, err := time.LoadLocation(o.Timezone); err != nil || o.Timezone == "Local" {
		return fmt.Errorf("timezone %q: expected an IANA name such as Europe/Berlin", sources.Clean(o.Timezone))
	}
	if o.PerCall < 1 || o.PerCall > 30 {
		return fmt.Errorf("days_per_call: %d: expected 1 to 30", o.PerCall)
	}
	if o.Keys.Campaign == "" {
		o.Keys.Campaign = map[string]string{publisher: "clickRef", advertiser: "publisherId"}[o.Side]
	}
	return o.Keys.check()
}

func (k *Keys) check() error {
	for _, named := range []struct{ key, field string }{{"source", k.Source}, {"medium", k.Medium}, {"campaign", k.Campaign}, {"promo", k.Promo}, {"click_id", k.ClickID}} {
		if named.field != "" && !strings.HasPrefix(named.field, "=") && !slices.Contains(fields, named.field) {
			return fmt.Errorf("keys.%s: %q: expected one of %s, or a text after =", named.key, sources.Clean(named.field), strings.Join(fields, ", "))
		}
	}
	return nil
}
