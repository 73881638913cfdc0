// Package world is a generative model of advertising accounts and the shop
// they sell for, with known truth: what every hour of every campaign spent,
// which orders came of it, when each of them became visible, and what each
// campaign is really worth.
//
// A World is a pure function of its Spec. Any hour of any campaign can be asked
// for in any order and as of any instant; the same Spec always gives the same
// answers. It does no I/O and never reads the clock.
package world

import (
	"fmt"
	"slices"
	"time"

	"adtop/kpi"
)

// The platforms that an Account can belong to.
const (
	Google    = "google_ads"
	Meta      = "meta_ads"
	TikTok    = "tiktok_ads"
	Microsoft = "microsoft_ads"
	Yandex    = "yandex_direct"
	LinkedIn  = "linkedin_ads"
	Snapchat  = "snapchat_ads"
	Pinterest = "pinterest_ads"
	Reddit    = "reddit_ads"
	VK        = "vk_ads"
	Amazon    = "amazon_ads"
	Apple     = "apple_ads"
	Taboola   = "taboola"
	AppsFlyer = "appsflyer"
	CSV       = "csv"
	GA4       = "ga4"

	SearchConsole = "search_console"
	Klaviyo       = "klaviyo"
	AwinClicks    = "awin_clicks"
)

// What else is simulated besides Shopify: networks of affiliates, shops, analytics and
// call tracking that know the deals and calls, and a bank that publishes rates.
const (
	Awin        = "awin"
	Impact      = "impact"
	Roistat     = "roistat"
	CoMagic     = "comagic"
	Stripe      = "stripe"
	WooCommerce = "woocommerce"
	ECB         = "ecb"
)

// Spec describes a world. It is not changed after New.
type Spec struct {
	Seed      uint64
	Epoch     time.Time // nothing happened before it
	Accounts  []Account
	Shop      Shop
	Incidents []Incident
	Channels  []Channel // what the accounts make up, for those who compare against the truth
}

// Account is an advertising account or a partner network.
type Account struct {
	Platform  string // one of those above
	ID, Name  string // the platform's; the name may be empty
	Manager   string // id of the manager account through which alone it is reached (Google), or ""
	Currency  kpi.Currency
	Zone      *time.Location
	Campaigns []Campaign

	// Measures says that the campaigns are those of somebody else, found by their
	// ids: analytics, e-mail and search count the same visits and orders as the shop.
	Measures bool
}

// Campaign is what a platform calls so; in a partner network it is a partner,
// in the shop a source of visitors that nobody pays for.
type Campaign struct {
	ID          string // unique in the world
	Name        string
	Status      string // ENABLED, PAUSED or REMOVED; a DELETED one is in no list of Meta's
	ChannelType string // Google's advertising channel type

	// SpendPerDay is the mean cost of a day, in units of the account's currency.
	// A shop's own campaign costs nothing; for it SpendPerDay times ROAS is the
	// revenue that its visitors bring.
	SpendPerDay float64
	ROAS        float64 // reported revenue per unit of spend in the long run, over-claims included
	AOV         float64 // mean order value, in units of the account's currency
	CPC, CTR    float64 // mean cost of a click in units of currency; clicks per impression
	OverClaim   float64 // reported conversions per shop order that carries this campaign's UTM, at least 1
	Views       float64 // share of the reported conversions that is credited to a view without a click
	Delay       Delay
	UTM         UTM
	Referrer    string // address of the page before the shop's, where its links carry no UTM
	Dialled     string // number of the shop, without a plus, where its customers order by telephone

	DataDriven   bool       // credit for an order is split, so that conversions are fractional (Google)
	OnCommission bool       // cost is a share 1/ROAS of revenue, due with each order (partner networks)
	Lacks        kpi.Fields // what its platform does not report, or its export leaves empty (CSV)
	Schedule     Schedule
	Ended        time.Time // last moment with delivery; zero for a campaign that still runs

	Groups     []AdGroup   // what it consists of; Google's Performance Max has none
	Placements []Placement // where its ads are shown, when the platform tells
}

// Schedule is a daily span of wall-clock hours, From until before To, in which
// a campaign runs. The zero value runs all day.
type Schedule struct{ From, To int }

// Delay says how long orders follow their click: the shares that arrive within
// one hour and within one day. The rest takes one to seven days. Within each
// span the delay is log-uniform.
type Delay struct{ Hour, Day float64 }

// UTM holds the parameters of a campaign's links; without a Source there are none.
type UTM struct{ Source, Medium, Campaign string }

// Shop is where the orders are placed.
type Shop struct {
	ID, Name  string // ID is the shop's own domain
	Currency  kpi.Currency
	Zone      *time.Location
	Rates     map[kpi.Currency]float64 // price of one unit of another account's currency in the shop's
	Campaigns []Campaign               // e-mail, and visitors without UTM
}

// Incident multiplies a campaign's conversion rate for clicks from At until
// before Until; a zero Until lasts for ever. Factor is between 0 and 1. With
// Claims, the platform reports each of those conversions so many times, as when
// its tag stands on the page twice; the shop's orders stay as they are.
type Incident struct {
	Campaign  string
	At, Until time.Time
	Factor    float64
	Claims    int
}

func (i Incident) holds(click int64) bool {
	return click >= i.At.Unix() && (i.Until.IsZero() || click < i.Until.Unix())
}

// Channel is what the demo's user steers by.
type Channel struct {
	Name      string
	Platform  string   // "" for the shop's own
	Account   string   // account id, "" for the shop's own
	Campaigns []string // campaign ids
	BreakEven float64  // ROAS at which it neither earns nor loses; 0 for a channel without cost
}

// World answers what the platforms and the shop report. It is safe for
// concurrent use.
type World struct {
	spec      Spec
	campaigns []*campaign
	byID      map[string]*campaign
	cohorts   cohortCache
}

// campaign is a Campaign with where it belongs and what is random about it
// once and for all.
type campaign struct {
	Campaign
	index    int
	account  *Account // nil for the shop's own
	currency kpi.Currency
	zone     *time.Location
	rate     float64 // price of its currency's unit in the shop's currency
	key      uint64
	shape    shape
	division division
	incident []Incident
}

// New makes a world. A campaign id that occurs twice, or an incident or measuring
// account of a campaign that does not exist, is a programming error and panics.
func New(spec Spec) *World {
	w := &World{spec: spec, byID: map[string]*campaign{}}
	for i := range spec.Accounts {
		a := &w.spec.Accounts[i]
		if a.Measures {
			continue
		}
		for _, c := range a.Campaigns {
			w.add(&campaign{Campaign: c, account: a, currency: a.Currency, zone: a.Zone})
		}
	}
	for _, c := range spec.Shop.Campaigns {
		w.add(&campaign{Campaign: c, currency: spec.Shop.Currency, zone: spec.Shop.Zone})
	}
	for _, a := range spec.Accounts {
		for _, c := range a.Campaigns {
			w.must(c.ID)
		}
	}
	for _, incident := range spec.Incidents {
		c := w.must(incident.Campaign)
		c.incident = append(c.incident, incident)
	}
	return w
}

func (w *World) add(c *campaign) {
	if w.byID[c.ID] != nil {
		panic(fmt.Sprintf("world: campaign %q exists twice", c.ID))
	}
	c.index = len(w.campaigns)
	c.key = hash(w.spec.Seed, c.ID)
	c.rate = 1
	if c.currency != w.spec.Shop.Currency {
		c.rate = w.spec.Shop.Rates[c.currency]
	}
	c.shape = newShape(c)
	c.division = newDivision(c)
	w.campaigns = append(w.campaigns, c)
	w.byID[c.ID] = c
}

func (w *World) must(id string) *campaign {
	c := w.byID[id]
	if c == nil {
		panic(fmt.Sprintf("world: there is no campaign %q", id))
	}
	return c
}

// Spec returns what the world was made of. The caller must not change it.
func (w *World) Spec() Spec { return w.spec }

// Accounts lists the accounts of a platform in the order of the Spec.
func (w *World) Accounts(platform string) []Account {
	var found []Account
	for _, a := range w.spec.Accounts {
		if a.Platform == platform {
			found = append(found, a)
		}
	}
	return found
}

// Account finds an account by its id.
func (w *World) Account(platform, id string) (Account, bool) {
	i := slices.IndexFunc(w.spec.Accounts, func(a Account) bool { return a.Platform == platform && a.ID == id })
	if i < 0 {
		return Account{}, false
	}
	return w.spec.Accounts[i], true
}

// TrueReturn is the truth that detectors look for: the revenue which the
// platform will in the long run report per unit of spend on clicks at t. Season
// and the shocks of single days are left out. It panics for an unknown campaign.
func (w *World) TrueReturn(campaign string, t time.Time) float64 {
	c := w.must(campaign)
	return c.ROAS * c.factor(t.Unix()) * float64(c.claims(t.Unix()))
}

// factor is what is left of the conversion rate of a click at a Unix second.
func (c *campaign) factor(click int64) float64 {
	factor := 1.0
	for _, i := range c.incident {
		if i.holds(click) {
			factor *= i.Factor
		}
	}
	return factor
}

// claims is how many times a conversion of a click is reported.
func (c *campaign) claims(click int64) kpi.Micros {
	times := 1
	for _, i := range c.incident {
		if i.holds(click) {
			times *= max(1, i.Claims)
		}
	}
	return kpi.Micros(times)
}
