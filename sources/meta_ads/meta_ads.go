// Package metaads reads campaigns of Meta Ads (Facebook, Instagram and what
// belongs to them) through the Insights edge of the Marketing API, by day.
//
// What to know about the figures: clicks are clicks on links
// (inline_link_clicks), not likes and clicks on the profile. Conversions follow
// each ad set's own attribution setting; purchases on a website are booked on
// the day of the purchase, leads collected on Meta on the day of the impression.
// Meta repeats one purchase under several action types: one of them is counted,
// see results. Insights refresh about every 15 minutes and change for 28 days.
// Hours would come without purchases and are not read.
//
// Conversions after a mere view are those of the window 1d_view, where the setting of
// the ad sets counts it. Where the setting has no such window, or several ad sets
// differ, they stay unknown. Those after an engaged view (1d_ev) stand apart from both
// and are not in them.
//
// What was deleted is in no list, and still in the figures of what it belonged
// to: ad sets and ads may add up to less than their campaign, and campaigns to
// less than the account. Figures by platform and position are estimates that
// Meta does not promise to add up.
//
// Long ranges, and what is too much for one answer, come as a report that Meta
// prepares; see report.
//
// Unconfirmed: the names of publishers other than Facebook, Instagram, Audience Network
// and Messenger, and that the codes 80009 and 80014 are limits.
package metaads

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Meta Ads"

// Options are what the config says of a source of type meta_ads.
type Options struct {
	Token     sources.Secret `yaml:"token"`      // best a system user's, with ads_read
	AppSecret sources.Secret `yaml:"app_secret"` // when set, requests carry its proof
	Accounts  []string       `yaml:"accounts"`   // account ids; empty means all that are reachable
	Result    string         `yaml:"result"`     // purchase, lead, or one of Meta's action types
	Version   string         `yaml:"version"`    // of the API, "v26.0"
	BaseURL   string         `yaml:"base_url"`
}

// Definition describes the type meta_ads. Restates is how long Meta changes a
// day; DailyCalls is the hourly limit of the limited tier without any ad.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "meta_ads",
		Summary: "Meta Ads campaigns (Facebook, Instagram): cost, link clicks and purchases or leads by day",
		Docs:    "https://developers.facebook.com/docs/marketing-api/insights",
		Lag:     lag,
		Credentials: []string{
			`In Business settings, make a system user and give it the ad accounts with "View performance".`,
			"Generate its token for an app of yours with the scope `ads_read` alone: it does not end. A person's token does after 60 days.",
			"Where the app has \"Require App Secret\" on, give its `app_secret` too.",
		},
		Link:        link,
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.ByEvent,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Deepest:     sources.LevelAd,
		Breakdowns:  []string{"network", "placement"},
		Restates:    28,
		History:     1125, // 37 months
		MinInterval: 15 * time.Minute,
		Calls:       1,
		Window:      1,
		Totals:      1,
		DailyCalls:  24 * 600,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.15},
			{Age: 12 * time.Hour, Share: 0.40},
			{Age: 24 * time.Hour, Share: 0.88},
			{Age: 2 * 24 * time.Hour, Share: 0.95},
			{Age: 3 * 24 * time.Hour, Share: 0.97},
			{Age: 7 * 24 * time.Hour, Share: 0.99},
			{Age: 28 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(any) string { return "by the setting of each ad set, as Meta reports them" },
		Options:     func() any { return &Options{Result: "purchase", Version: "v26.0"} },
		Open:        open,
	}
}

// source is one token.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	proof   string       // appsecret_proof, "" without an app secret
	ends    atomic.Int64 // of the token, Unix seconds; 0 when not known or never
}

var (
	accountPattern = httpkit.NewPattern(`^act_[0-9]{1,20}$`)
	idPattern      = httpkit.NewPattern(`^[0-9]{1,25}$`)
	versionPattern = httpkit.NewPattern(`^v[0-9]{1,3}\.[0-9]$`)
	actionPattern  = httpkit.NewPattern(`^[a-z][a-z0-9_.]{1,99}$`)
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://graph.facebook.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	token, secret := o.Token.Reveal(), o.AppSecret.Reveal()
	s := &source{options: o, env: env, proof: proof(secret, token)}
	s.client, err = httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base,
		Header:   http.Header{"Authorization": {"Bearer " + token}},
		Redact:   []string{token, secret, s.proof},
		Classify: classify,
		Timeout:  2 * time.Minute,
	})
	return s, err
}

// check names the option at fault and brings account ids into the form with
// act_ before them.
func (o *Options) check() error {
	switch {
	case !o.Token.IsSet():
		return fmt.Errorf("token is missing")
	case !versionPattern.MatchString(o.Version):
		return fmt.Errorf("version %q: expected one such as v26.0", sources.Clean(o.Version))
	case !actionPattern.MatchString(o.Result):
		return fmt.Errorf("result %q: expected purchase, lead or an action type such as offsite_conversion.fb_pixel_add_to_cart", sources.Clean(o.Result))
	}
	wanted := make([]string, len(o.Accounts))
	for i, id := range o.Accounts {
		wanted[i] = "act_" + strings.TrimPrefix(id, "act_")
		if !accountPattern.MatchString(wanted[i]) {
			return fmt.Errorf("accounts: %q is no account id: expected digits, as in act_1234567890", sources.Clean(id))
		}
	}
	slices.Sort(wanted)
	o.Accounts = slices.Compact(wanted)
	return nil
}

// proof shows Meta that the caller of a token knows the app's secret.
func proof(secret, token string) string {
	if secret == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// request asks an edge of the graph.
func (s *source) request(edge string, query url.Values) *httpkit.Request {
	if s.proof != "" {
		query.Set("appsecret_proof", s.proof)
	}
	return &httpkit.Request{Path: s.options.Version + "/" + edge, Query: query}
}

// following asks for the page that a link leads to. Meta may write the token
// into its links; ours travels in the header, and only there.
func (s *source) following(link string) (*httpkit.Request, error) {
	next, err := url.Parse(link)
	if err != nil {
		return nil, sources.Errorf(sources.Malformed, "%s: link to the next page is no URL", platform)
	}
	query := next.Query()
	query.Del("access_token")
	query.Del("appsecret_proof")
	if s.proof != "" {
		query.Set("appsecret_proof", s.proof)
	}
	next.RawQuery = query.Encode()
	return &httpkit.Request{Link: next.String()}, nil
}
