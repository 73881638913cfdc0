// Package impact reads the actions (conversions) of one Impact.com account as events:
// of a partner, who earns payouts, or of a brand, which owes them. A partner's action is
// worth its payout; a brand's is worth the sale, and costs ClientCost or else the payout.
//
// What to know about the figures: an action is dated by EventDate and is handed over
// again when it moves: it is pending until it locks, commonly 30 to 90 days, then
// approved; it may be reversed before that, and sometimes after. Reversed ones count
// for nothing. What was first intended and is no longer paid counts as given back.
// Actions in another currency than the account's are left out, and a warning says so.
// Nothing of the customer but being new or returning, and no order number is read.
//
// Changes: the list of actions does not tell of a change of state, so the journal of
// updates is followed; the days that it names are read again. Once a week the last 90
// days are read whole.
//
// A ReferringType, such as CLICK_COOKIE, says how the customer came: named in Keys, it
// keeps what came of a view apart from what came of a click.
//
// Sources of the facts: integrations.impact.com (actions, action updates, rate limits,
// of publishers v16 and of brands v14). Unconfirmed: the fields of an account's own
// description, for which zone and currency stand in the options; that the journal
// holds every change of state and takes as long a span as the list; that ClientCost is
// all that a brand pays; the words of ReferringType but CLICK_COOKIE, and of
// CustomerStatus but NEW. So events do not say which of them followed a mere view.
//
// Events carry no clicks, and clicks are not read at all: which columns a report has is
// told by each account's own description of it, and documented for none (the help pages,
// the published API definitions of brands v14 and agencies v3, connectors and public
// programs were looked through: the last agree on ids such as partner_performance_by_day
// and on a column Clicks, of days without partners or of partners without days); the
// export of clicks, which is documented, lists every single click of one day that is
// over, in a file whose form is not, and may be asked for ten times a day.
package impact

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Impact.com"

// The sides of the network.
const (
	partner = "partner"
	brand   = "brand"
)

// Options are what the config says of a source of type impact.
type Options struct {
	SID      string         `yaml:"account_sid"`
	Token    sources.Secret `yaml:"auth_token"`
	Side     string         `yaml:"side"`          // partner or brand
	Program  string         `yaml:"program"`       // id of the program (CampaignId); a brand must name it
	Name     string         `yaml:"name"`          // of the account; its SID when empty
	Currency kpi.Currency   `yaml:"currency"`      // of the actions that count
	Timezone string         `yaml:"timezone"`      // IANA name: in which days are counted
	Keys     Keys           `yaml:"keys"`          // where an action's origin stands
	PerCall  int            `yaml:"days_per_call"` // 1 to 44: fewer where there are more than 100,000 actions in a week
	Version  string         `yaml:"version"`       // of the API; by the side when empty
	BaseURL  string         `yaml:"base_url"`
}

// Keys says what of an action becomes the UTM parameters, code and click of its
// event: one of fields, or a text after "=" that is the same for all.
type Keys struct {
	Source   string `yaml:"source"`
	Medium   string `yaml:"medium"`
	Campaign string `yaml:"campaign"`
	Promo    string `yaml:"promo"`
	ClickID  string `yaml:"click_id"`
}

// fields are what of an action can be named in Keys.
var fields = []string{"SubId1", "SubId2", "SubId3", "SharedId", "CampaignId", "CampaignName", "ActionTrackerName", "MediaPartnerId", "MediaPartnerName", "PromoCode", "ReferringType"}

// Definition describes the type impact. Lag, Delay and Approval are assumed; Restates is how long
// an action may take to lock. Calls are the last two days and the journal; the days
// that the journal names and the weekly look come on top.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "impact",
		Summary: "Impact.com actions with their payouts and reversals, of a partner or a brand",
		Docs:    "https://integrations.impact.com/impact-publisher/reference/actions",
		Credentials: []string{
			"In Impact.com, under Settings > API, make a token that may read actions and action updates, and keep the account SID with it. It does not end.",
			"As a partner, write your campaign into `subId1` of the links; as a brand, name the program, and actions are told apart by partner.",
		},
		Gives:       kpi.Conversions | kpi.Revenue,
		Events:      true,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Reported,
		Restates:    120,
		History:     1000,
		MinInterval: 10 * time.Minute,
		Lag:         lag,
		Calls:       2,
		Delay:       []sources.DelayPoint{{Age: time.Hour, Share: 0.95}, {Age: 48 * time.Hour, Share: 1}},
		Approval:    850_000,
		Owes:        func(options any) bool { return options.(*Options).Side == brand },
		Options: func() any {
			return &Options{Keys: Keys{Source: "=impact", Medium: "=affiliate", Promo: "PromoCode"}, PerCall: 7}
		},
		Open: open,
	}
}

// source is one account.
type source struct {
	options Options
	env     sources.Env
	account sources.Account
	root    string // of its paths
	client  *httpkit.Client
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	zone, err := o.check()
	if err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://api.impact.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	request := http.Request{Header: http.Header{"Accept": {"application/json"}, "Ir-Version": {o.Version}}}
	request.SetBasicAuth(o.SID, o.Token.Reveal())
	_, encoded, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	client, err := httpkit.New(httpkit.Options{Env: env, Platform: platform, Base: base, Private: true, Classify: classify, Header: request.Header, Redact: []string{o.Token.Reveal(), encoded}})
	if err != nil {
		return nil, err
	}
	account := sources.Account{ID: o.SID, Name: sources.Clean(o.Name), Currency: o.Currency, Zone: zone}
	if account.Name == "" {
		account.Name = account.ID
	}
	root := map[string]string{partner: "Mediapartners/", brand: "Advertisers/"}[o.Side] + o.SID
	return &source{options: o, env: env, account: account, root: root, client: client}, nil
}

var (
	sidPattern      = httpkit.NewPattern(`^[A-Za-z0-9]{1,80}$`)
	programPattern  = httpkit.NewPattern(`^[0-9]{1,18}$`)
	versionPattern  = httpkit.NewPattern(`^[0-9]{1,3}$`)
	currencyPattern = httpkit.NewPattern(`^[A-Z]{3}$`)
)

// check names the option at fault, fills in what depends on the side and returns the
// zone.
func (o *Options) check() (*time.Location, error) {
	if err := sources.Require(o, "account_sid", "auth_token", "side", "currency", "timezone"); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(o.Timezone)
	switch {
	case !sidPattern.MatchString(o.SID):
		return nil, fmt.Errorf("account_sid %q: expected letters and digits, as in IRabc123", sources.Clean(o.SID))
	case o.Side != partner && o.Side != brand:
		return nil, fmt.Errorf("side %q: expected partner or brand", sources.Clean(o.Side))
	case o.Program == "" && o.Side == brand:
		return nil, fmt.Errorf("program: a brand's actions are asked for by program: expected its id")
	case o.Program != "" && !programPattern.MatchString(o.Program):
		return nil, fmt.Errorf("program %q: expected a number", sources.Clean(o.Program))
	case !currencyPattern.MatchString(string(o.Currency)):
		return nil, fmt.Errorf("currency %q: expected an ISO 4217 code such as EUR", sources.Clean(string(o.Currency)))
	case err != nil || o.Timezone == "Local":
		return nil, fmt.Errorf("timezone %q: expected an IANA name such as Europe/Berlin", sources.Clean(o.Timezone))
	case o.PerCall < 1 || o.PerCall > 44:
		return nil, fmt.Errorf("days_per_call: %d: expected 1 to 44", o.PerCall)
	case o.Version != "" && !versionPattern.MatchString(o.Version):
		return nil, fmt.Errorf("version %q: expected a number such as 16", sources.Clean(o.Version))
	}
	for option, of := range map[*string]map[string]string{
		&o.Keys.Campaign: {partner: "SubId1", brand: "MediaPartnerId"},
		&o.Version:       {partner: "16", brand: "14"},
	} {
		if *option == "" {
			*option = of[o.Side]
		}
	}
	return zone, o.Keys.check()
}

func (k *Keys) check() error {
	for _, named := range []struct{ key, field string }{{"source", k.Source}, {"medium", k.Medium}, {"campaign", k.Campaign}, {"promo", k.Promo}, {"click_id", k.ClickID}} {
		if named.field != "" && !strings.HasPrefix(named.field, "=") && !slices.Contains(fields, named.field) {
			return fmt.Errorf("keys.%s: %q: expected one of %s, or a text after =", named.key, sources.Clean(named.field), strings.Join(fields, ", "))
		}
	}
	return nil
}
