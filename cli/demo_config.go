package cli

import (
	"fmt"
	"strings"

	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// demoSecrets resolves the references of the demo's config: the simulator's
// own credentials.
func demoSecrets(ref string) (string, error) {
	secret, ok := map[string]string{
		"env:DEMO_GOOGLE_SECRET": simulator.GoogleClientSecret, "env:DEMO_GOOGLE_TOKEN": simulator.GoogleRefreshToken,
		"env:DEMO_META_TOKEN": simulator.MetaToken, "env:DEMO_SHOP_TOKEN": simulator.ShopifyToken,
	}[ref]
	if !ok {
		return "", fmt.Errorf("%s is no secret of the demo", ref)
	}
	return secret, nil
}

// demoConfig is the demo's config file: a user's own would look like it.
func demoConfig(base, exports string) string {
	return strings.NewReplacer("BASE", base, "EXPORTS", exports, "CLIENT", simulator.GoogleClientID, "MANAGER", world.DemoGoogleManager,
		"DOMAIN", world.DemoShop, "MARGIN", fmt.Sprint(world.DemoMargin)).Replace(`
title: Acme Shop
currency: EUR
timezone: Europe/Berlin
rates: {USD: 0.92}
economics: {margin: MARGIN}
sources:
  - name: google
    type: google_ads
    every: 15m
    history: 2d
    client_id: CLIENT
    client_secret: env:DEMO_GOOGLE_SECRET
    refresh_token: env:DEMO_GOOGLE_TOKEN
    login_customer_id: MANAGER
    base_url: BASE/google_ads
    token_url: BASE/google_ads/oauth/token
  - name: meta
    type: meta_ads
    every: 15m
    history: 2d
    token: env:DEMO_META_TOKEN
    base_url: BASE/meta_ads
  - name: shop
    type: shopify
    every: 15m
    history: 2d
    shop: DOMAIN
    token: env:DEMO_SHOP_TOKEN
    revenue: gross
    base_url: BASE/shopify
  - name: affiliates
    type: csv
    every: 30m
    history: 2d
    path: EXPORTS/affiliates.csv
    account: {id: affiliates, name: Partner network, currency: EUR, timezone: Europe/Berlin}
    delimiter: ";"
    decimal: comma
    columns: {date: date, campaign: partner, clicks: clicks, cost: commission, conversions: orders, revenue: revenue}
channels:
  - {name: Google Search, spend: {source: google, campaign: "Search *"}}
  - {name: Google Shopping, spend: {source: google, campaign: "Shopping *"}}
  - {name: Meta Prospecting, spend: {source: meta, campaign: "Prospecting *"}}
  - {name: Meta Retargeting, spend: {source: meta, campaign: "Retargeting *"}}
  - {name: Meta US, spend: {source: meta, campaign: "US *"}}
  - {name: Affiliates, spend: {source: affiliates}}
  - name: E-mail
    results: {source: shop, utm_source: newsletter, utm_medium: email}
  - name: Direct
    results: {source: shop, none: true}
`)
}
