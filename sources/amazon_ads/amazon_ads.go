// Package amazonads reads campaigns of Amazon Ads (Sponsored Products, Brands,
// Display and TV) through reporting v3, by day. A report is asked for, waited
// for and downloaded as packed JSON, one for each ad product.
//
// What to know about the figures: clicks and costs are complete after about
// twelve hours, orders after a day, and all of them may change for 60 days.
// Orders are booked on the day of the contact with the ad. Those of Sponsored
// Products are counted within the window of the options, those of the other
// products within 14 days of a click or a view: the two do not compare. Of Brands and
// Display the orders after a click are told too, and the others followed a view. Idle
// campaigns have no row. Amazon asks for few reports; hours exist only as a
// stream into the advertiser's own AWS account and are not read.
//
// Source of the facts, unless a comment says otherwise: the guides of the
// Amazon Ads API to reporting v3, profiles and errors. Unconfirmed: until when v3 is
// served (June 2027, as others say), and which window Amazon's own pages count
// Sponsored Products within (7 days for sellers and 14 for vendors, as others say).
package amazonads

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Amazon Ads"

// Options are what the config says of a source of type amazon_ads.
type Options struct {
	ClientID     string         `yaml:"client_id"`
	ClientSecret sources.Secret `yaml:"client_secret"`
	RefreshToken sources.Secret `yaml:"refresh_token"`
	Regions      []string       `yaml:"regions"`   // na, eu, fe
	Accounts     []string       `yaml:"accounts"`  // profile ids; empty means all that are reachable
	Products     []string       `yaml:"products"`  // keys of products
	SPWindow     string         `yaml:"sp_window"` // of Sponsored Products: 1d, 7d, 14d or 30d
	NAURL        string         `yaml:"na_url"`
	EUURL        string         `yaml:"eu_url"`
	FEURL        string         `yaml:"fe_url"`
	TokenURL     string         `yaml:"token_url"`
}

// product is what a report of an ad product is called, and its columns of
// orders, of what they were worth and of the orders after a click alone.
type product struct {
	name, report           string
	orders, sales, clicked string // the last is "" where it is not confirmed, or all orders are of that kind
	window                 bool   // the columns' names end in a window
}

var products = map[string]product{
	"sponsored_products": {"SPONSORED_PRODUCTS", "spCampaigns", "purchases", "sales", "", true},
	"sponsored_brands":   {"SPONSORED_BRANDS", "sbCampaigns", "purchases", "sales", "purchasesClicks", false},
	"sponsored_display":  {"SPONSORED_DISPLAY", "sdCampaigns", "purchases", "sales", "purchasesClicks", false},
	"sponsored_tv":       {"SPONSORED_TELEVISION", "stCampaigns", "purchases", "sales", "", false},
}

var windows = []string{"1d", "7d", "14d", "30d"}

// Definition describes the type amazon_ads. Calls are those of three products
// whose reports are ready at once: each is asked for, asked about and
// downloaded. Limits are not published; MinInterval follows Amazon's advice to
// ask for a report a few times a day. History is that of Sponsored Brands, the
// shortest. Delay is an assumption.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "amazon_ads",
		Summary: "Amazon Ads campaigns (Sponsored Products, Brands, Display): cost, clicks, orders and sales by day",
		Docs:    "https://advertising.amazon.com/API/docs/en-us/guides/reporting/v3/get-started",
		Lag:     lag,
		Credentials: []string{
			`Make a Login with Amazon app and apply for access to the Ads API, which Amazon approves.`,
			"Sign in as a user who may view the profiles, for the scope `advertising::campaign_management` (there is none for reading alone), and keep the refresh token. It does not end.",
		},
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    60,
		History:     60,
		MinInterval: 4 * time.Hour,
		Calls:       9,
		Window:      18,
		Delay: []sources.DelayPoint{
			{Age: 12 * time.Hour, Share: 0.35},
			{Age: 24 * time.Hour, Share: 0.62},
			{Age: 3 * 24 * time.Hour, Share: 0.80},
			{Age: 7 * 24 * time.Hour, Share: 0.91},
			{Age: 14 * 24 * time.Hour, Share: 0.98},
			{Age: 42 * 24 * time.Hour, Share: 1},
		},
		Views: func(options any) bool {
			return slices.ContainsFunc(options.(*Options).Products, func(name string) bool { return products[name].clicked != "" })
		},
		Attribution: func(any) string { return "on the day of the click or view, as Amazon reports them" },
		Options: func() any {
			return &Options{
				Regions: []string{"na", "eu", "fe"}, Products: []string{"sponsored_products", "sponsored_brands", "sponsored_display"}, SPWindow: "14d",
			}
		},
		Open: open,
	}
}

// source is one set of credentials.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	regions []*url.URL // hosts to ask

	mu    sync.Mutex
	hosts map[string]*url.URL // of profiles, by id; nil until asked
}

var idPattern = httpkit.NewPattern(`^[0-9]{1,19}$`)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	urls := map[string]*url.URL{}
	for key, option := range map[string][2]string{
		"na_url":    {o.NAURL, "https://advertising-api.amazon.com"},
		"eu_url":    {o.EUURL, "https://advertising-api-eu.amazon.com"},
		"fe_url":    {o.FEURL, "https://advertising-api-fe.amazon.com"},
		"token_url": {o.TokenURL, "https://api.amazon.com/auth/o2/token"},
	} {
		parsed, err := httpkit.ParseBase(option[0], option[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		urls[key] = parsed
	}
	s := &source{options: o, env: env}
	for _, region := range o.Regions {
		s.regions = append(s.regions, urls[region+"_url"])
	}
	var err error
	s.client, err = httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: s.regions[0], Classify: classify,
		Header: http.Header{"Amazon-Advertising-Api-Clientid": {o.ClientID}},
		OAuth: &httpkit.OAuth{
			TokenURL: urls["token_url"], ClientID: o.ClientID,
			ClientSecret: o.ClientSecret.Reveal(), RefreshToken: o.RefreshToken.Reveal(),
			SignIn: "sign in with Amazon again and replace refresh_token",
		},
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// check names the option at fault, and puts lists in order.
func (o *Options) check() error {
	if err := sources.Require(o, "client_id", "client_secret", "refresh_token"); err != nil {
		return err
	}
	if len(o.Regions) == 0 {
		return fmt.Errorf("regions is empty: expected some of na, eu and fe")
	}
	for _, region := range o.Regions {
		if !slices.Contains([]string{"na", "eu", "fe"}, region) {
			return fmt.Errorf("regions: %q is none: expected na, eu or fe", sources.Clean(region))
		}
	}
	if len(o.Products) == 0 {
		return fmt.Errorf("products is empty: expected some of %s", productNames())
	}
	for _, name := range o.Products {
		if products[name] == (product{}) {
			return fmt.Errorf("products: %q is none: expected %s", sources.Clean(name), productNames())
		}
	}
	if !slices.Contains(windows, o.SPWindow) {
		return fmt.Errorf("sp_window %q: expected %s", sources.Clean(o.SPWindow), strings.Join(windows, ", "))
	}
	for _, id := range o.Accounts {
		if !idPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no profile id: expected digits, as in 3312345678901234 (not the id of the advertiser)", sources.Clean(id))
		}
	}
	for _, list := range []*[]string{&o.Regions, &o.Products} {
		*list = slices.Clone(*list)
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return nil
}

func productNames() string {
	names := make([]string, 0, len(products))
	for name := range products {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// columns are the names of the orders and of what they were worth.
func (p product) columns(window string) (orders, sales string) {
	if p.window {
		return p.orders + window, p.sales + window
	}
	return p.orders, p.sales
}

// attribution says how the orders of a product are credited.
func (p product) attribution(window string) string {
	if p.window {
		return window + " click"
	}
	return "14d click or view"
}
