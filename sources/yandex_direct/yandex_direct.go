// Package yandexdirect reads campaigns of Yandex Direct through the Reports
// service of API v5, by day: it has no hours. An answer is a table, or nothing
// yet, and then the same question is asked again.
//
// What to know about the figures: they settle within about three days, and
// older ones are corrected for clicks found invalid. Costs contain VAT where
// the account has any, unless the options say otherwise. Conversions are those
// of Metrica goals, of all goals when none are named; with the usual
// attribution models they are booked on the day of the click. Days are taken
// to be Moscow's: Yandex documents that for a sister product, and for Direct it
// is widely relied on, so timezone can be set.
//
// Source of the facts, unless a comment says otherwise: the Reports service at
// yandex.com/dev/direct/doc/en. Unconfirmed, besides the zone of its days: how late the
// figures of today are, how long a token lasts (a year, as others say), and the numbers
// of the codes for wrong questions and for too many at once.
package yandexdirect

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Yandex Direct"

// Options are what the config says of a source of type yandex_direct.
type Options struct {
	Token       sources.Secret `yaml:"token"`
	Agency      bool           `yaml:"agency"`      // the token is an agency's: read its clients
	Accounts    []string       `yaml:"accounts"`    // logins; empty means all that are reachable
	Goals       []string       `yaml:"goals"`       // Metrica goals that count as results; empty means all
	Attribution string         `yaml:"attribution"` // model, used with goals: AUTO, LSC, LC, FC, LYDC or their cross-device forms
	IncludeVAT  bool           `yaml:"include_vat"`
	Timezone    string         `yaml:"timezone"`
	BaseURL     string         `yaml:"base_url"`
}

// Definition describes the type yandex_direct. A poll of an account is one
// call; reports have a limit of 20 in ten seconds and cost no points. Delay is
// an assumption.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "yandex_direct",
		Summary: "Yandex Direct campaigns: cost, clicks and conversions of Metrica goals by day",
		Docs:    "https://yandex.com/dev/direct/doc/en/reports",
		Lag:     lag,
		Credentials: []string{
			"Register an app at oauth.yandex.ru with the permission `direct:api`.",
			`Ask for access to the Direct API by the form in the Direct interface: until Yandex approves it, answers are error 58.`,
			`Get a token for a login that may only look. It lasts about a year and ends early with a new password.`,
			"Where the token is an agency's, set `agency`: its clients are read.",
		},
		Link:        link,
		Gives:       kpi.Usual,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    30,
		History:     1095, // about three years
		MinInterval: 10 * time.Minute,
		Calls:       1,
		Window:      5,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.30},
			{Age: 24 * time.Hour, Share: 0.66},
			{Age: 3 * 24 * time.Hour, Share: 0.85},
			{Age: 7 * 24 * time.Hour, Share: 0.93},
			{Age: 21 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(options any) string {
			if o := options.(*Options); len(o.Goals) > 0 {
				return "on the day of the click, by the model " + o.Attribution + " of Metrica, as Yandex Direct reports them"
			}
			return "on the day of the click, as Yandex Direct reports the goals of Metrica"
		},
		Options: func() any {
			return &Options{Attribution: "AUTO", IncludeVAT: true, Timezone: "Europe/Moscow"}
		},
		Open: open,
	}
}

// source is one token.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
}

var (
	loginPattern = httpkit.NewPattern(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$`)
	goalPattern  = httpkit.NewPattern(`^[0-9]{1,20}$`)
)

// models are the attribution models.
const models = " AUTO FC LC LSC LYDC FCCD LSCCD LYDCCD "

// mostGoals is how many goals one report may have.
const mostGoals = 10

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://api.direct.yandex.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base,
		Header: http.Header{
			"Authorization":   {"Bearer " + o.Token.Reveal()},
			"Accept-Language": {"en"}, // of messages, and of the last line of a report
		},
		Redact:   []string{o.Token.Reveal()},
		Classify: classify,
		Timeout:  2 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if _, err := time.LoadLocation(o.Timezone); err != nil || o.Timezone == "" || o.Timezone == "Local" {
		return fmt.Errorf("timezone %q: expected an IANA name such as Europe/Moscow", sources.Clean(o.Timezone))
	}
	switch {
	case !o.Token.IsSet():
		return fmt.Errorf("token is missing")
	case o.Attribution == "" || !strings.Contains(models, " "+o.Attribution+" "):
		return fmt.Errorf("attribution %q: expected one of%s", sources.Clean(o.Attribution), strings.TrimRight(models, " "))
	case len(o.Goals) > mostGoals:
		return fmt.Errorf("goals: %d are named, Yandex takes at most %d", len(o.Goals), mostGoals)
	}
	for _, goal := range o.Goals {
		if !goalPattern.MatchString(goal) {
			return fmt.Errorf("goals: %q is no goal: expected digits, as in 20002", sources.Clean(goal))
		}
	}
	for _, login := range o.Accounts {
		if !loginPattern.MatchString(login) {
			return fmt.Errorf("accounts: %q is no login", sources.Clean(login))
		}
	}
	return nil
}
