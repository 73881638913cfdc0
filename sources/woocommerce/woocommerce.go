// Package woocommerce reads the orders of one WooCommerce shop through its REST
// API v3, as events keyed by the UTM parameters that the shop's order attribution
// (WooCommerce 8.5 and later) keeps with each order.
//
// What to know about the figures: an order counts at the time it was created and is
// read again whenever it was modified. Older shops do not count a refund as a
// modification (github.com/woocommerce/woocommerce/pull/37047), so the orders of the
// last 30 days are read again once a day. Refunds tell their sum only: without tax
// or shipping, they take off the same share of these. Orders of another currency
// than the shop's are left out, and a warning says so. Nothing is asked about the
// customer; with customers: true, the shop's analytics tell whether an order was the
// first of its customer.
//
// Orders are listed by their id, so that none jumps to another page when it changes
// meanwhile. Where they are stored (HPOS or posts) makes no difference to the API.
//
// Sources of the facts: woocommerce.github.io/woocommerce-rest-api-docs and the
// project's code and threads. Unconfirmed: since when the list of orders may come
// with refunds left empty (issue 65488; an order of status refunded counts for
// nothing all the same), whether the trash moves the date of a modification, and
// that analytics take instants with an offset.
package woocommerce

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "WooCommerce"

// Options are what the config says of a source of type woocommerce.
type Options struct {
	Site       string         `yaml:"site"` // address of the shop's WordPress, its folder included
	Key        sources.Secret `yaml:"consumer_key"`
	Secret     sources.Secret `yaml:"consumer_secret"`
	Auth       string         `yaml:"auth"`       // basic, or query for servers that drop the header
	Permalinks string         `yaml:"permalinks"` // pretty or plain
	Revenue    kpi.Basis      `yaml:"revenue"`    // gross, net_tax, net or ordered: what an order's value is
	Sales      []string       `yaml:"sales"`      // statuses that count
	Origins    string         `yaml:"origins"`    // utm, or all: organic search and referrals too
	Customers  bool           `yaml:"customers"`  // ask analytics who is new
	Currency   kpi.Currency   `yaml:"currency"`   // for a key that may not read the settings
	Timezone   string         `yaml:"timezone"`   // for a shop whose zone is an offset
}

// Definition describes the type woocommerce. Calls are the lists of what was
// modified and of the trash; analytics and the daily look at 30 days come on top.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "woocommerce",
		Summary: "WooCommerce orders with refunds, by the UTM parameters of the order attribution",
		Docs:    "https://woocommerce.github.io/woocommerce-rest-api-docs/",
		Credentials: []string{
			"In the shop's admin, under WooCommerce > Settings > Advanced > REST API, add a key with the permission Read, of a user who is a shop manager. It does not end.",
			"Leave Order Attribution on (WooCommerce > Settings > Advanced > Features): orders tell their origin from WooCommerce 8.5 on.",
			"Where the server drops the header that carries the key, set `auth: query`; with plain permalinks set `permalinks: plain`.",
		},
		Gives:       kpi.Conversions | kpi.Revenue,
		Events:      true,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Gross,
		Restates:    30,
		History:     3650,
		MinInterval: time.Minute,
		Lag:         lag,
		Calls:       2,
		Delay:       []sources.DelayPoint{{Age: time.Hour, Share: 0.98}, {Age: 7 * 24 * time.Hour, Share: 1}}, // transfers are paid days later
		Attribution: func(any) string {
			return "for the last origin of the visitor, as WooCommerce's order attribution gives it"
		},
		Options: func() any {
			return &Options{Auth: "basic", Permalinks: "pretty", Revenue: kpi.Gross, Sales: []string{"processing", "completed"}, Origins: "utm"}
		},
		Open: open,
	}
}

// source is one shop.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
}

var (
	statusPattern   = httpkit.NewPattern(`^[a-z0-9_-]{1,40}$`)
	currencyPattern = httpkit.NewPattern(`^[A-Z]{3}$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	base, err := o.check()
	if err != nil {
		return nil, err
	}
	key, secret := o.Key.Reveal(), o.Secret.Reveal()
	given := httpkit.Options{Env: env, Platform: platform, Base: base, Private: true, Redact: []string{key, secret}, Classify: classify}
	if o.Auth == "basic" {
		request := http.Request{Header: http.Header{}}
		request.SetBasicAuth(key, secret)
		given.Header = request.Header
		_, encoded, _ := strings.Cut(request.Header.Get("Authorization"), " ")
		given.Redact = append(given.Redact, encoded)
	}
	client, err := httpkit.New(given)
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault and returns the site's address.
func (o *Options) check() (*url.URL, error) {
	if err := sources.Require(o, "site", "consumer_key", "consumer_secret"); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(strings.TrimSuffix(o.Site, "/"), "https://shop.example")
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	switch {
	case base.Scheme != "https" && !loopback(base.Hostname()):
		return nil, fmt.Errorf("site: expected https: over plain http anybody on the way could read the key")
	case o.Auth != "basic" && o.Auth != "query":
		return nil, fmt.Errorf("auth %q: expected basic or query", sources.Clean(o.Auth))
	case o.Permalinks != "pretty" && o.Permalinks != "plain":
		return nil, fmt.Errorf("permalinks %q: expected pretty or plain", sources.Clean(o.Permalinks))
	case !slices.Contains([]kpi.Basis{kpi.Gross, kpi.NetOfTax, kpi.NetOfBoth, kpi.Ordered}, o.Revenue):
		return nil, fmt.Errorf("revenue %q: expected gross, net_tax, net or ordered", sources.Clean(string(o.Revenue)))
	case o.Origins != "utm" && o.Origins != "all":
		return nil, fmt.Errorf("origins %q: expected utm or all", sources.Clean(o.Origins))
	case o.Currency != "" && !currencyPattern.MatchString(string(o.Currency)):
		return nil, fmt.Errorf("currency %q: expected an ISO 4217 code such as EUR", sources.Clean(string(o.Currency)))
	case len(o.Sales) == 0:
		return nil, fmt.Errorf("sales: expected at least one status, such as completed")
	}
	for _, status := range o.Sales {
		if !statusPattern.MatchString(status) || strings.HasPrefix(status, "wc-") {
			return nil, fmt.Errorf("sales: %q is no status: expected one such as completed, without wc-", sources.Clean(status))
		}
	}
	if o.Timezone != "" {
		if _, err := time.LoadLocation(o.Timezone); err != nil || o.Timezone == "Local" {
			return nil, fmt.Errorf("timezone %q: expected an IANA name such as Europe/Berlin", sources.Clean(o.Timezone))
		}
	}
	return base, nil
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
