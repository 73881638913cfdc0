// Package shopify reads the orders of one shop through Shopify's Admin GraphQL
// API, as events keyed by the UTM parameters of the visit that led to them, or the
// host that it came from, by the kind of its click id, and by whether the customer
// is new.
//
// What to know about the figures: an order counts at the time it was processed
// and is read again whenever the shop says it changed, so refunds, edits and
// cancellations come back however late they are. Shopify knows the visits of an
// order some minutes to hours after it; until then the order has no key. Nothing
// is asked about the customer but whether it is their first order. Without the
// permission read_all_orders the API reaches 60 days back. Unconfirmed: whether the
// visits of an order are told to every app that a shop has made for itself.
package shopify

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

const platform = "Shopify"

// Options are what the config says of a source of type shopify.
type Options struct {
	Shop    string         `yaml:"shop"`    // the name before .myshopify.com
	Token   sources.Secret `yaml:"token"`   // of a custom app with read_orders
	Version string         `yaml:"version"` // of the API, "2026-10"
	BaseURL string         `yaml:"base_url"`
	Revenue kpi.Basis      `yaml:"revenue"` // gross, net_tax, net or ordered: what an order's value is
	Visit   string         `yaml:"visit"`   // last or first: whose UTM parameters are the order's key
}

// Definition describes the type shopify. The basis is that of the default
// revenue option.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "shopify",
		Summary: "Shopify orders with refunds, by UTM parameters",
		Docs:    "https://shopify.dev/docs/api/admin-graphql/latest/queries/orders",
		Lag:     lag,
		Credentials: []string{
			"In the shop's admin, make a custom app with the Admin API scope `read_orders`, and install it: its token does not end.",
			"`read_orders` reaches 60 days back; `read_all_orders` reaches further.",
		},
		Gives:       kpi.Conversions | kpi.Revenue,
		Events:      true,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Gross,
		Restates:    60,
		History:     60,
		MinInterval: time.Minute,
		Calls:       1,
		Delay: []sources.DelayPoint{ // of the visits, which come after the order
			{Age: time.Hour, Share: 0.60},
			{Age: 2 * time.Hour, Share: 0.90},
			{Age: 3 * time.Hour, Share: 0.99},
			{Age: 48 * time.Hour, Share: 1},
		},
		Attribution: func(options any) string {
			return "for the " + options.(*Options).Visit + " visit within 30 days before the order, as Shopify gives it"
		},
		Options: func() any { return &Options{Version: "2026-10", Revenue: kpi.Gross, Visit: "last"} },
		Open:    open,
	}
}

// source is one shop.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
}

var (
	shopPattern    = httpkit.NewPattern(`^[a-z0-9][a-z0-9-]{0,99}$`)
	versionPattern = httpkit.NewPattern(`^20[0-9]{2}-(01|04|07|10)$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://"+o.Shop+".myshopify.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Private: true,
		Header:   http.Header{"X-Shopify-Access-Token": {o.Token.Reveal()}},
		Redact:   []string{o.Token.Reveal()},
		Classify: classify,
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault and shortens the shop to its name.
func (o *Options) check() error {
	o.Shop = strings.TrimSuffix(strings.ToLower(o.Shop), ".myshopify.com")
	switch {
	case !shopPattern.MatchString(o.Shop):
		return fmt.Errorf("shop %q: expected the name before .myshopify.com", sources.Clean(o.Shop))
	case !o.Token.IsSet():
		return fmt.Errorf("token is missing")
	case !versionPattern.MatchString(o.Version):
		return fmt.Errorf("version %q: expected a quarter's first month, such as 2026-10", sources.Clean(o.Version))
	case !slices.Contains([]kpi.Basis{kpi.Gross, kpi.NetOfTax, kpi.NetOfBoth, kpi.Ordered}, o.Revenue):
		return fmt.Errorf("revenue %q: expected gross, net_tax, net or ordered", sources.Clean(string(o.Revenue)))
	case o.Visit != "last" && o.Visit != "first":
		return fmt.Errorf("visit %q: expected last or first", sources.Clean(o.Visit))
	}
	return nil
}
