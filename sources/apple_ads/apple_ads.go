// Package appleads reads campaigns of Apple Ads (ads for apps in the App Store)
// through the Apple Ads Platform API 1.0, by day and by hour. The older API v5
// ends on 26 January 2027 and is not spoken here.
//
// What to know about the figures: they are up to three hours late. Apple knows
// installs and no revenue, so a channel pairs it with a source of results. Idle
// days and hours are left out. Installs follow a tap by up to 30 days and a view
// by one; since those of past days rise, they are taken to be booked on the tap.
//
// Hours reach back seven days only, while a poll asks for all days that may
// still change at the grain of the Definition: that is why it is the day.
//
// Two things are unconfirmed. No answer by hour has been recorded: hours are
// read in every form that Apple's pages show and connectors have seen. Whether
// Apple gives hours in an account's own zone everywhere is not documented; the
// option hours has them asked for in UTC instead.
//
// Source of the facts, unless a comment says otherwise: the pages of
// developer.apple.com/documentation/apple-ads-platform-api.
package appleads

import (
	"fmt"
	"net/url"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Apple Ads"

// Options are what the config says of a source of type apple_ads.
type Options struct {
	ClientID   string         `yaml:"client_id"`
	TeamID     string         `yaml:"team_id"`
	KeyID      string         `yaml:"key_id"`
	PrivateKey sources.Secret `yaml:"private_key"` // the text of the PEM file whose public half was uploaded
	Accounts   []string       `yaml:"accounts"`    // ad account ids; empty means all that are reachable
	Installs   string         `yaml:"installs"`    // a key of results
	Hours      string         `yaml:"hours"`       // the zone in which hours are asked for: account or utc
	BaseURL    string         `yaml:"base_url"`
	TokenURL   string         `yaml:"token_url"`
}

// results are the figures of each kind of install: all of them and of these those
// after a view, or only those after a tap.
var results = map[string][2]string{"total": {"totalInstalls", "viewInstalls"}, "tap": {"tapInstalls"}}

// Definition describes the type apple_ads. Restates is the window of a tap. How
// many calls Apple allows is not published and comes with each answer. Delay is
// an assumption.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "apple_ads",
		Summary: "Apple Ads campaigns: cost, taps and installs by day; no revenue",
		Docs:    "https://developer.apple.com/documentation/apple-ads-platform-api",
		Lag:     lag,
		Credentials: []string{
			"Make a key: `openssl ecparam -genkey -name prime256v1 -noout -out private-key.pem`, then `openssl ec -in private-key.pem -pubout`.",
			`In Apple Ads, invite an API user with the role "Read Only", sign in as that user and upload the public key: the page shows the client, team and key ids.`,
			`Apple knows no revenue: name a source of results in the channel.`,
		},
		Gives:       kpi.AllFields &^ kpi.Revenue,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    30,
		History:     89,
		MinInterval: 30 * time.Minute,
		Calls:       1,
		Window:      1,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.60},
			{Age: 24 * time.Hour, Share: 0.85},
			{Age: 3 * 24 * time.Hour, Share: 0.94},
			{Age: 7 * 24 * time.Hour, Share: 0.98},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Views: func(options any) bool { return results[options.(*Options).Installs][1] != "" },
		Attribution: func(options any) string {
			if options.(*Options).Installs == "tap" {
				return "after taps, as Apple reports them"
			}
			return "after taps and views, as Apple reports them"
		},
		Options: func() any { return &Options{Installs: "total", Hours: "account"} },
		Open:    open,
	}
}

// source is one set of credentials.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	names   httpkit.Names
}

var accountPattern = httpkit.NewPattern(`^[0-9]{1,18}$`)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	key, err := parseKey(o.PrivateKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("private_key: %w", err)
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://api.ads.apple.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	tokenURL, err := httpkit.ParseBase(o.TokenURL, "https://appleid.apple.com/auth/oauth2/token")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	const credentials = "check client_id, team_id and key_id, and that the public half of private_key is the one that was uploaded in Apple Ads"
	signed := identity{client: o.ClientID, team: o.TeamID, key: o.KeyID, private: key}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Classify: classify,
		Redact: []string{o.PrivateKey.Reveal()},
		OAuth: &httpkit.OAuth{
			TokenURL: tokenURL, ClientID: o.ClientID, SignIn: credentials, Codes: map[string]string{"invalid_client": credentials},
			Grant:     url.Values{"grant_type": {"client_credentials"}, "scope": {"searchadsorg"}},
			Assertion: func() (string, error) { return signed.secret(time.Now()) },
		},
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "client_id", "team_id", "key_id", "private_key"); err != nil {
		return err
	}
	switch {
	case results[o.Installs][0] == "":
		return fmt.Errorf("installs %q: expected total or tap", sources.Clean(o.Installs))
	case o.Hours != "account" && o.Hours != "utc":
		return fmt.Errorf("hours %q: expected account or utc", sources.Clean(o.Hours))
	}
	for _, id := range o.Accounts {
		if !accountPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q is no ad account id: expected digits, as in 123456789 (not the id of the organisation)", sources.Clean(id))
		}
	}
	return nil
}
