// Package searchconsole reads clicks and impressions of a site in Google's organic
// search, through version 3 of the Search Console API, by day and by hour.
//
// What to know about the figures: there is no cost and there are no results, so
// that a channel takes its traffic from here and its results from elsewhere. The
// account is a site; its campaigns are the types of search ("web", "image", …).
// Only totals are asked for: Google leaves rare queries out of lists of queries,
// but not out of totals. Days and hours are those of California, whatever the
// site's zone. A property of a whole domain contains those of its addresses: with
// both, everything counts twice.
//
// Figures of a day are final after two to three days, and fresh ones grow until
// then; Google says in each answer from when on they are not final. The watermark
// stands there. Hours reach back ten days only, while a poll asks for all days that
// may still change at the grain of the Definition: that is why it is the day.
//
// Unconfirmed: that history reaches back 16 months, and with which status Google
// refuses too many questions, for which its reason is read. Search Console knows no
// currency: the option currency names the one that channels are shown in.
//
// Source of the facts: developers.google.com/webmaster-tools/v1/searchanalytics/query
// and developers.google.com/search/blog/2025/04.
package searchconsole

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Google Search Console"

const scope = "https://www.googleapis.com/auth/webmasters.readonly"

// Options are what the config says of a source of type search_console.
type Options struct {
	Key      sources.Secret `yaml:"key"`      // the text of a service account's key file
	Sites    []string       `yaml:"sites"`    // as Search Console names them; empty means all that are reachable
	Types    []string       `yaml:"types"`    // of search: some of searchTypes
	Fresh    bool           `yaml:"fresh"`    // days that are not final too
	Currency kpi.Currency   `yaml:"currency"` // of accounts that have no money
	BaseURL  string         `yaml:"base_url"`
	TokenURL string         `yaml:"token_url"`
}

// searchTypes are the kinds of search that Google tells apart.
var searchTypes = []string{"web", "image", "video", "news", "discover", "googleNews"}

// finalAfter is for how many days a day may still change.
const finalAfter = 3

// Definition describes the type search_console. Google limits questions by the
// minute, and by a load that it does not publish. Delay is not set: there are no
// results that could be late.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "search_console",
		Summary: "Google Search Console: organic clicks and impressions of a site by day; no cost, no results",
		Docs:    "https://developers.google.com/webmaster-tools/v1/searchanalytics/query",
		Lag:     finalAfter * 24 * time.Hour,
		Credentials: []string{
			"In a Google Cloud project enable the Google Search Console API.",
			"Make a service account there, without any role, and a JSON key for it.",
			"In Search Console, under Settings > Users and permissions, add its e-mail address to the site with the permission Restricted.",
		},
		Gives:       kpi.Impressions | kpi.Clicks,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    4,
		History:     480,
		MinInterval: time.Hour,
		Calls:       1,
		Window:      1,
		Options:     func() any { return &Options{Types: []string{"web"}, Fresh: true, Currency: "USD"} },
		Open:        open,
	}
}

// source is one service account.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	limit   int // rows of a page
}

var currencyPattern = httpkit.NewPattern(`^[A-Z]{3}$`)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	account, err := httpkit.ParseServiceAccount(o.Key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://www.googleapis.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://oauth2.googleapis.com/token")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Classify: classify, Redact: []string{o.Key.Reveal()},
		OAuth: account.OAuth(tokenURL, scope, "make a new key for the service account and replace key; check this machine's clock, too"),
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client, limit: rowsAtOnce}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "key"); err != nil {
		return err
	}
	if len(o.Types) == 0 {
		return fmt.Errorf("types: expected at least one of %s", strings.Join(searchTypes, ", "))
	}
	for i, name := range o.Types {
		if !slices.Contains(searchTypes, name) || slices.Contains(o.Types[:i], name) {
			return fmt.Errorf("types: %q: expected each at most once of %s", sources.Clean(name), strings.Join(searchTypes, ", "))
		}
	}
	if !currencyPattern.MatchString(string(o.Currency)) {
		return fmt.Errorf("currency %q: expected an ISO 4217 code such as EUR", sources.Clean(string(o.Currency)))
	}
	for _, site := range o.Sites {
		if !isSite(site) {
			return fmt.Errorf("sites: %q is no site: expected sc-domain:example.com or https://www.example.com/, with the slash at its end", sources.Clean(site))
		}
	}
	return nil
}

// isSite says whether a text is the name of a property in Search Console.
func isSite(name string) bool {
	if len(name) > 500 || name != sources.Clean(name) {
		return false
	}
	if domain, found := strings.CutPrefix(name, "sc-domain:"); found {
		return domain != "" && !strings.ContainsAny(domain, "/: ")
	}
	u, err := url.Parse(name)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && strings.HasSuffix(name, "/")
}
