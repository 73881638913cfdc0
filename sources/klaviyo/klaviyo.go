// Package klaviyo reads e-mail campaigns of one Klaviyo account: messages sent,
// clicks, and the orders and revenue that Klaviyo attributes to them, through
// metric aggregates, by day and by hour.
//
// What to know about the figures: each counts at the time of its own event, so that
// they differ from Klaviyo's campaign report, which books all on the day of sending.
// That report is not asked for: it allows 225 questions a day. A message received
// counts as an impression. There is no cost. Messages of flows are campaigns of
// their own here, under the id of the message, unless flows: false leaves them out;
// so are those of campaigns that Klaviyo lists no more. Orders that no e-mail is
// credited with are left out. A cancelled order is another metric in Klaviyo and
// takes nothing off.
//
// Unconfirmed: that the times of an answer, which end in +00:00, are those of the
// account's clock (the option dates reads them as instants instead); how late
// figures may be; and that a list of campaigns which includes messages names them
// among its relationships (else messages are taken to have the campaign's id, as in
// Klaviyo's examples).
//
// Source of the facts: developers.klaviyo.com/en/reference/api_overview and the
// OpenAPI description of revision 2026-07-15 (github.com/klaviyo/openapi).
package klaviyo

import (
	"fmt"
	"net/http"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Klaviyo"

// Options are what the config says of a source of type klaviyo.
type Options struct {
	Key         sources.Secret `yaml:"key"`         // a private key
	Conversion  string         `yaml:"conversion"`  // name of the metric that counts as a conversion
	Integration string         `yaml:"integration"` // which feeds that metric, where several do
	Flows       bool           `yaml:"flows"`       // messages of flows too
	Dates       string         `yaml:"dates"`       // what the times of answers are: wall or utc
	Revision    string         `yaml:"revision"`    // of the API
	BaseURL     string         `yaml:"base_url"`
}

const lag = time.Hour

// Definition describes the type klaviyo. Calls are one question for each of three
// metrics, and the list of campaigns once an hour. Lag and Delay are assumptions.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "klaviyo",
		Summary: "Klaviyo e-mail campaigns and flows: messages, clicks, attributed orders and revenue by the hour; no cost",
		Docs:    "https://developers.klaviyo.com/en/reference/query_metric_aggregates",
		Lag:     lag,
		Credentials: []string{
			"In Klaviyo, under Settings > API keys, make a private key with read access to accounts, campaigns and metrics only. It does not end.",
			"Where several shops feed the metric Placed Order, name one in `integration`.",
		},
		Gives:       kpi.Usual &^ kpi.Cost,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Reported,
		OmitsZeros:  true,
		Restates:    7,
		History:     730,
		MinInterval: 10 * time.Minute,
		Calls:       4,
		Window:      4,
		Delay:       []sources.DelayPoint{{Age: time.Hour, Share: 0.98}, {Age: 5 * 24 * time.Hour, Share: 1}},
		Attribution: func(any) string {
			return "for the message that Klaviyo credits, by the windows of the account"
		},
		Options: func() any {
			return &Options{Conversion: "Placed Order", Flows: true, Dates: "wall", Revision: "2026-07-15"}
		},
		Open: open,
	}
}

// source is one account.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
	metrics httpkit.Names // of the account, with the integrations that feed them
	book    book
}

var revisionPattern = httpkit.NewPattern(`^\d{4}-\d\d-\d\d$`)

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://a.klaviyo.com/api")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{
		Env: env, Platform: platform, Base: base, Private: true, Classify: classify, Redact: []string{o.Key.Reveal()},
		Header: http.Header{
			"Authorization": {"Klaviyo-API-Key " + o.Key.Reveal()}, "Revision": {o.Revision}, "Accept": {"application/vnd.api+json"},
		},
	})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "key", "conversion"); err != nil {
		return err
	}
	switch {
	case o.Dates != "wall" && o.Dates != "utc":
		return fmt.Errorf("dates %q: expected wall or utc", sources.Clean(o.Dates))
	case !revisionPattern.MatchString(o.Revision):
		return fmt.Errorf("revision %q: expected a day such as 2026-07-15", sources.Clean(o.Revision))
	}
	return nil
}
