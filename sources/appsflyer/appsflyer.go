// Package appsflyer reads campaigns of mobile apps as AppsFlyer counts them: installs or
// an in-app event, what they were worth and what the networks say they cost, by day,
// through the report "partners by date" of its aggregate Pull API. An account is an app.
//
// What to know about the figures: events and revenue are booked on the day of the install
// and are life-time values, so that the revenue of past days grows for ever; a day counts
// as settled after 30 days here, for as long as cost is rewritten too. The report has no
// ids: a campaign is its media source, agency and name, and renaming one begins another.
// A media source without a cost integration has no cost, which is unknown and not zero:
// a warning says which. Organic installs are the campaign Organic. Days are those of the
// app's zone, money is in the app's currency. Installs after a mere view would be told by
// a second question with another touch type, which the limits leave no room for.
//
// Questions about up to two days are allowed once a minute for each app, others 24 times
// a UTC day for each app and 120 times for the account. Once these are used up, older days
// are read two at a time, a minute apart, so that a spent day holds up nothing but time.
// The limits of Master and Cohort are wider, but they are not in every plan, and Cohort,
// which alone has hours, tells one figure a question: neither is read.
//
// Sources of the facts: dev.appsflyer.com and support.appsflyer.com (Pull API aggregate
// data, report generation quotas), and recorded answers. Unconfirmed: how late figures are
// (Lag is assumed), that a campaign without any figure has no row, and which words a limit
// is refused with: those that were seen or are documented are known.
package appsflyer

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "AppsFlyer"

// Options are what the config says of a source of type appsflyer.
type Options struct {
	Token       sources.Secret `yaml:"token"`       // of generation V2
	Apps        []string       `yaml:"apps"`        // ids; empty means all that are reachable
	Result      string         `yaml:"result"`      // installs, or the name of an in-app event
	Retargeting bool           `yaml:"retargeting"` // reads re-engagements in place of new users
	BaseURL     string         `yaml:"base_url"`
}

// installs is the result that is no event.
const installs = "installs"

// Definition describes the type appsflyer. Calls is the question about today and yesterday,
// which no day limits; the other days are one more. Restates is how long cost may be
// rewritten. AppsFlyer keeps these figures from an app's first install: History is what
// adtop shows. Delay, of what an install brings, is an assumption.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "appsflyer",
		Summary: "AppsFlyer campaigns of mobile apps: installs or an in-app event, revenue and cost by day of the install",
		Docs:    "https://dev.appsflyer.com/hc/reference/aggregate-user-acquisition-and-retargeting",
		Lag:     lag,
		Credentials: []string{
			"As an admin, open the security centre of AppsFlyer and make an API token V2. It reads all apps of the account.",
			"Tokens V2 from before 10 March 2026, 19:00 UTC were revoked, and those of V1 are not taken: make a new one.",
			"Name the apps that matter in `apps`: the account may ask for more than two days 120 times a day, for all its apps and programs.",
			"Where a network's cost is not connected in AppsFlyer, name its own source as the channel's spend and AppsFlyer as its results.",
		},
		Gives:       kpi.Usual,
		Grain:       sources.Day,
		Dating:      sources.ByClick,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    30,
		History:     395,
		MinInterval: 30 * time.Minute,
		Calls:       1,
		Window:      2,
		Delay: []sources.DelayPoint{
			{Age: 6 * time.Hour, Share: 0.40},
			{Age: 24 * time.Hour, Share: 0.65},
			{Age: 3 * 24 * time.Hour, Share: 0.80},
			{Age: 7 * 24 * time.Hour, Share: 0.90},
			{Age: 30 * 24 * time.Hour, Share: 1},
		},
		Attribution: func(any) string { return "on the day of the install, to the media source that AppsFlyer credits it to" },
		Options:     func() any { return &Options{Result: installs} },
		Open:        open,
	}
}

// source is one token. Its two clients differ in how long a refusal for too many calls
// lasts: a minute, or the rest of the day where questions about many days are counted.
type source struct {
	options     Options
	env         sources.Env
	short, long *httpkit.Client
	quota       quota
}

var (
	appPattern   = httpkit.NewPattern(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)
	firstPattern = httpkit.NewPattern(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`) // of a token V1
)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://hq1.appsflyer.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client := func(wait func() time.Duration) (*httpkit.Client, error) {
		return httpkit.New(httpkit.Options{
			Env: env, Platform: platform, Base: base, Timeout: 2 * time.Minute,
			Header: http.Header{"Authorization": {"Bearer " + o.Token.Reveal()}}, Redact: []string{o.Token.Reveal()},
			Classify: func(r *httpkit.Response) *sources.Error { return classify(r, wait) },
		})
	}
	s := &source{options: o, env: env}
	if s.short, err = client(func() time.Duration { return time.Minute }); err != nil {
		return nil, err
	}
	if s.long, err = client(func() time.Duration { return untilTomorrow(env.Now()) }); err != nil {
		return nil, err
	}
	return s, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "token", "result"); err != nil {
		return err
	}
	switch {
	case firstPattern.MatchString(strings.TrimSpace(o.Token.Reveal())):
		return fmt.Errorf("token is one of V1, which AppsFlyer takes no longer: expected one of V2, a long text that begins with eyJ")
	case o.Result != sources.Clean(o.Result):
		return fmt.Errorf("result %q: expected installs or the name of an in-app event, such as af_purchase", sources.Clean(o.Result))
	}
	for _, id := range o.Apps {
		if !appPattern.MatchString(id) {
			return fmt.Errorf("apps: %q is no app id: expected one such as com.acme.shop or id123456789", sources.Clean(id))
		}
	}
	return nil
}
