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
		"env:DEMO_TABOOLA_SECRET": simulator.TaboolaClientSecret, "env:DEMO_KLAVIYO_KEY": simulator.KlaviyoKey,
		"env:DEMO_CALLS_TOKEN": simulator.ComagicToken, "env:DEMO_SERVICE_ACCOUNT": simulator.ServiceAccountFile(),
	}[ref]
	if !ok {
		return "", fmt.Errorf("%s is no secret of the demo", ref)
	}
	return secret, nil
}

// demoConfig is the demo's config file: a user's own would look like it.
func demoConfig(base, exports string) string {
	return strings.NewReplacer("BASE", base, "EXPORTS", exports, "GOOGLE_CLIENT", simulator.GoogleClientID, "TABOOLA_CLIENT", simulator.TaboolaClientID, "MANAGER", world.DemoGoogleManager,
		"DOMAIN", world.DemoShop, "MARGIN", fmt.Sprint(world.DemoMargin)).Replace(`
title: Acme Shop
currency: EUR
timezone: Europe/Berlin
economics: {margin: MARGIN}
sources:
  - name: google
    type: google_ads
    every: 15m
    history: 2d
    client_id: GOOGLE_CLIENT
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
  - name: taboola
    type: taboola
    every: 2h
    history: 2d
    client_id: TABOOLA_CLIENT
    client_secret: env:DEMO_TABOOLA_SECRET
    base_url: BASE/taboola
  - name: letters
    type: klaviyo
    every: 2h
    history: 2d
    key: env:DEMO_KLAVIYO_KEY
    base_url: BASE/klaviyo
  - name: search
    type: search_console
    every: 12h
    history: 2d
    key: env:DEMO_SERVICE_ACCOUNT
    currency: EUR
    base_url: BASE/search_console
    token_url: BASE/search_console/oauth/token
  - name: analytics
    type: ga4
    every: 3h
    history: 2d
    key: env:DEMO_SERVICE_ACCOUNT
    base_url: BASE/ga4
    admin_url: BASE/ga4
    token_url: BASE/ga4/oauth/token
  - name: calls
    type: comagic
    every: 1h
    history: 2d
    access_token: env:DEMO_CALLS_TOKEN
    base_url: BASE/comagic/v2.0
  - name: ecb
    type: ecb
    history: 70d
    base_url: BASE/ecb
channels:
  - {name: Google Search, spend: {source: google, campaign: "Search *"}}
  - {name: Google Shopping, spend: {source: google, campaign: "Shopping *"}}
  - {name: Meta Prospecting, spend: {source: meta, campaign: "Prospecting *"}}
  - {name: Meta Retargeting, spend: {source: meta, campaign: "Retargeting *"}}
  - {name: Meta US, spend: {source: meta, campaign: "US *"}}
  - {name: Affiliates, spend: {source: affiliates}}
  - {name: Taboola, spend: {source: taboola}}
  - name: E-mail
    spend: {source: letters}
    results: {source: shop, utm_source: newsletter, utm_medium: email}
  - name: SEO
    spend: {source: search}
    results: {source: shop, referrer: "google.*"}
  - name: Social
    results: {source: analytics, utm_medium: social}
  - name: Telephone
    results: {source: calls, dialled: "+4930*"}
    economics: {value_per_conversion: 60}
  - name: Direct
    results: {source: shop, none: true}
`)
}
