package world

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
)

// What the demo's economics are. Its config must name the same margin.
const (
	DemoMargin    = 0.45
	DemoBreakEven = 1 / DemoMargin
	DemoHistory   = 60 * 24 * time.Hour // before now
	IncidentAfter = 90 * time.Minute    // after now
	incidentLeft  = 0.2                 // of the conversion rate
	dollarInEuro  = 0.872               // as the bank has it, within a hundredth
)

// Account ids of the demo world.
const (
	DemoGoogleManager = "1112223333"
	DemoGoogle        = "4445556666"
	DemoMetaEU        = "act_210000000000001"
	DemoMetaUS        = "act_210000000000002"
	DemoAffiliates    = "affiliates"
	DemoTaboola       = "acme-shop-sc"
	DemoKlaviyo       = "AcMe24"
	DemoSearch        = "sc-domain:acme-shop.example"
	DemoAnalytics     = "213025501"
	DemoCalls         = "48213"
	DemoShop          = "acme-shop.myshopify.com"
)

// plan is a campaign in the words of its marketer.
type plan struct {
	id, name    string
	conversions float64 // a day, as the platform reports them
	aov         float64
	multiple    float64 // true return in multiples of break-even
	claim       float64 // over-claiming
	hour, day   float64 // shares of orders within an hour and a day of the click
}

// Demo is the world behind `adtop demo`: a shop in Berlin with 60 days of
// history before now. With incident, the conversion rate of all Shopping
// campaigns falls to a fifth for clicks from 90 minutes after now.
func Demo(seed uint64, now time.Time, incident bool) *World {
	berlin, newYork := zone("Europe/Berlin"), zone("America/New_York")
	visitors := demoVisitors()
	spec := Spec{
		Seed:  seed,
		Epoch: now.Add(-DemoHistory),
		Accounts: []Account{
			{Platform: Google, ID: DemoGoogle, Name: "Acme Shop", Manager: DemoGoogleManager, Currency: "EUR", Zone: berlin, Campaigns: demoGoogle()},
			{Platform: Meta, ID: DemoMetaEU, Name: "Acme Shop EU", Currency: "EUR", Zone: berlin, Campaigns: demoMetaEU()},
			{Platform: Meta, ID: DemoMetaUS, Name: "Acme Shop US", Currency: "USD", Zone: newYork, Campaigns: demoMetaUS()},
			{Platform: CSV, ID: DemoAffiliates, Name: "Partner network", Currency: "EUR", Zone: berlin, Campaigns: demoAffiliates()},
			{Platform: Taboola, ID: DemoTaboola, Name: "Acme Shop", Currency: "EUR", Zone: berlin, Campaigns: demoTaboola()},
			{Platform: Klaviyo, ID: DemoKlaviyo, Name: "Acme Shop", Currency: "EUR", Zone: berlin, Measures: true, Campaigns: visitors.email},
			{Platform: SearchConsole, ID: DemoSearch, Currency: "EUR", Zone: zone("America/Los_Angeles"), Measures: true, Campaigns: visitors.search},
			{Platform: GA4, ID: DemoAnalytics, Name: "Acme Shop, unpaid visits", Currency: "EUR", Zone: berlin, Measures: true, Campaigns: visitors.online()},
			{Platform: CoMagic, ID: DemoCalls, Name: "Acme Shop", Currency: "EUR", Zone: berlin},
		},
		Shop: Shop{
			ID: DemoShop, Name: "Acme Shop", Currency: "EUR", Zone: berlin,
			Rates: map[kpi.Currency]float64{"USD": dollarInEuro}, Campaigns: append(visitors.online(), visitors.telephone...),
		},
	}
	spec.Channels = demoChannels(spec, visitors)
	if incident {
		for _, c := range spec.Accounts[0].Campaigns {
			if strings.HasPrefix(c.Name, "Shopping ") {
				spec.Incidents = append(spec.Incidents, Incident{Campaign: c.ID, At: now.Add(IncidentAfter), Factor: incidentLeft})
			}
		}
	}
	return New(spec)
}

func demoGoogle() []Campaign {
	return campaigns(UTM{"google", "cpc", ""}, func(c *Campaign) {
		c.DataDriven, c.CPC, c.CTR = true, 0.55, 0.045
		c.Placements = GooglePlacements
		c.Groups = demoGroups(c.ID, []string{"Exact match", "Phrase match", "Broad match"}, "Free returns, fast delivery", "Order today")
		c.ChannelType = "SEARCH"
		if strings.HasPrefix(c.Name, "Shopping ") {
			c.ChannelType, c.CPC, c.CTR = "SHOPPING", 0.38, 0.012
			c.Placements = []Placement{{"SEARCH", "", 5}, {"SEARCH_PARTNERS", "", 1}}
			c.Groups = demoGroups(c.ID, []string{"New arrivals", "All products"}, "")
		}
	},
		plan{"21034567801", "Search Brand", 70, 58, 2.1, 1.25, 0.72, 0.18},
		plan{"21034567802", "Search Generic", 55, 66, 1.6, 1.15, 0.55, 0.28},
		plan{"21034567803", "Search Competitors", 25, 61, 1.5, 1.1, 0.50, 0.30},
		plan{"21034567804", "Shopping Bestsellers", 130, 52, 1.85, 1.2, 0.66, 0.22},
		plan{"21034567805", "Shopping Catalogue", 80, 47, 1.7, 1.15, 0.62, 0.24},
		plan{"21034567806", "Shopping Clearance", 40, 33, 1.6, 1.15, 0.68, 0.22},
	)
}

func demoMetaEU() []Campaign {
	return campaigns(UTM{"facebook", "paid_social", ""}, func(c *Campaign) {
		c.CPC, c.CTR, c.Placements, c.Views = 0.62, 0.014, MetaPlacements, 0.28
		c.Groups = demoGroups(c.ID, []string{"Women 25-54", "Men 25-54"}, "Video 15 s", "Carousel", "Static offer")
	},
		plan{"120210000000000101", "Prospecting Broad", 70, 54, 1.6, 1.35, 0.50, 0.30},
		plan{"120210000000000102", "Prospecting Lookalike", 50, 57, 1.75, 1.3, 0.52, 0.28},
		plan{"120210000000000103", "Retargeting Basket", 24, 63, 2.2, 1.4, 0.60, 0.25},
		plan{"120210000000000104", "Retargeting Viewers", 16, 55, 1.9, 1.4, 0.57, 0.27},
	)
}

func demoMetaUS() []Campaign {
	return campaigns(UTM{"facebook", "paid_social", ""}, func(c *Campaign) {
		c.CPC, c.CTR, c.Placements, c.Views = 0.85, 0.012, MetaPlacements, 0.28
		c.Groups = demoGroups(c.ID, []string{"Women 25-54", "Men 25-54"}, "Video 15 s", "Carousel", "Static offer")
	},
		plan{"120210000000000201", "US Prospecting", 32, 72, 1.55, 1.3, 0.48, 0.30},
		plan{"120210000000000202", "US Retargeting", 18, 68, 1.9, 1.4, 0.55, 0.28},
	)
}

// demoGroups makes ad groups of these names, each with an ad of every headline.
// One without a headline is a product ad.
func demoGroups(campaign string, names []string, headlines ...string) []AdGroup {
	var groups []AdGroup
	for g, name := range names {
		group := AdGroup{ID: fmt.Sprintf("%s%d", campaign, g+1), Name: name, Status: "ENABLED"}
		for a, headline := range headlines {
			ad := Ad{ID: fmt.Sprintf("%s%d", group.ID, a+1), Name: headline, Headline: headline, Type: "RESPONSIVE_SEARCH_AD", Status: "ENABLED", Share: len(names) - g + a}
			if headline == "" {
				ad.Type = "SHOPPING_PRODUCT_AD"
			}
			group.Ads = append(group.Ads, ad)
		}
		groups = append(groups, group)
	}
	return groups
}

func demoAffiliates() []Campaign {
	return campaigns(UTM{"partnernetz", "affiliate", ""}, func(c *Campaign) { c.OnCommission, c.CPC, c.CTR = true, 0.5, 0.02 },
		plan{"couponhub", "Couponhub", 18, 49, 1.6, 1.1, 0.75, 0.15},
		plan{"testberichte24", "Testberichte24", 10, 71, 1.6, 1.1, 0.45, 0.33},
		plan{"cashback-club", "Cashback Club", 7, 55, 1.6, 1.2, 0.70, 0.18},
	)
}

func demoTaboola() []Campaign {
	return campaigns(UTM{"taboola", "native", ""}, func(c *Campaign) { c.CPC, c.CTR, c.Views = 0.34, 0.0028, 0.4 },
		plan{"3310421", "Native Gift Guide", 20, 56, 1.7, 1.2, 0.52, 0.28},
		plan{"3310422", "Native Advertorial", 15, 62, 1.65, 1.25, 0.48, 0.30},
		plan{"3310423", "Native Retargeting", 10, 58, 1.9, 1.3, 0.58, 0.26},
	)
}

// visitors are the shop's own campaigns, by how they come.
type visitors struct{ email, direct, search, social, telephone []Campaign }

// online are all but those who call.
func (v visitors) online() []Campaign { return slices.Concat(v.email, v.direct, v.search, v.social) }

// demoVisitors are the shop's own: their volumes are smaller than what the shop
// sees, because customers whom a platform claims too come back this way. An
// impression is an e-mail or a place among the found; direct visits have none.
func demoVisitors() visitors {
	v := visitors{
		email: unpaid(UTM{"newsletter", "email", ""}, 0.045, 0.022,
			plan{"01JACMEWEEKLYLETTER1", "Weekly letter", 13, 58, 1, 1, 0.70, 0.22},
			plan{"01JACMEBASKETREMIND2", "Basket reminder", 9, 64, 1, 1, 0.74, 0.18},
			plan{"01JACMEWINBACKLETTER", "Winback", 6, 52, 1, 1, 0.60, 0.28},
		),
		direct: unpaid(UTM{}, 0.045, 1,
			plan{"direct", "Direct", 26, 60, 1, 1, 0.74, 0.16},
			plan{"bookmarks", "Bookmarks", 22, 54, 1, 1, 0.60, 0.25},
		),
		search: unpaid(UTM{}, 0.026, 0.034,
			plan{"web " + DemoSearch, "Organic search", 30, 57, 1, 1, 0.62, 0.24}, // its id is the search type and the site
		),
		social: unpaid(UTM{"instagram", "social", ""}, 0.014, 1,
			plan{"instagram", "Profile link", 9, 49, 1, 1, 0.66, 0.22},
		),
		telephone: unpaid(UTM{}, 1, 1,
			plan{"hotline", "Hotline", 8, 72, 1, 1, 0.70, 0.20},
			plan{"catalogue", "Catalogue", 5, 84, 1, 1, 0.50, 0.30},
		),
	}
	v.search[0].Referrer = "https://www.google.com/"
	// Numbers that the regulator keeps free for films.
	v.telephone[0].Dialled, v.telephone[1].Dialled = "493023125017", "493023125018"
	return v
}

// unpaid turns plans into campaigns that cost nothing: so many orders follow a visit,
// and visits an impression. Without a source in utm their links carry nothing.
func unpaid(utm UTM, rate, ctr float64, plans ...plan) []Campaign {
	return campaigns(utm, func(c *Campaign) {
		c.SpendPerDay, c.ROAS = c.SpendPerDay*c.ROAS, 1
		c.CPC, c.CTR = c.AOV*rate, ctr
		if utm.Source == "" {
			c.UTM = UTM{}
		}
	}, plans...)
}

// campaigns turns plans into campaigns whose links carry utm and their own name.
func campaigns(utm UTM, set func(*Campaign), plans ...plan) []Campaign {
	var all []Campaign
	for _, p := range plans {
		roas := p.multiple * DemoBreakEven
		c := Campaign{
			ID: p.id, Name: p.name, Status: "ENABLED",
			SpendPerDay: p.conversions * p.aov / roas, ROAS: roas, AOV: p.aov,
			OverClaim: p.claim, Delay: Delay{p.hour, p.day}, UTM: utm,
		}
		c.UTM.Campaign = strings.ReplaceAll(strings.ToLower(p.name), " ", "-")
		set(&c)
		all = append(all, c)
	}
	return all
}

// demoChannels groups the campaigns by the first word of their names, which is
// what the demo's config matches, and the shop's own by how they come.
func demoChannels(spec Spec, own visitors) []Channel {
	group := func(name string, account Account, prefix string) Channel {
		ch := Channel{Name: name, Platform: account.Platform, Account: account.ID, BreakEven: DemoBreakEven}
		for _, c := range account.Campaigns {
			if strings.HasPrefix(c.Name, prefix) {
				ch.Campaigns = append(ch.Campaigns, c.ID)
			}
		}
		return ch
	}
	unpaid := func(name string, campaigns []Campaign) Channel {
		ch := Channel{Name: name}
		for _, c := range campaigns {
			ch.Campaigns = append(ch.Campaigns, c.ID)
		}
		return ch
	}
	google, eu, us, partners, native := spec.Accounts[0], spec.Accounts[1], spec.Accounts[2], spec.Accounts[3], spec.Accounts[4]
	return []Channel{
		group("Google Search", google, "Search "),
		group("Google Shopping", google, "Shopping "),
		group("Meta Prospecting", eu, "Prospecting "),
		group("Meta Retargeting", eu, "Retargeting "),
		group("Meta US", us, "US "),
		group("Affiliates", partners, ""),
		group("Taboola", native, ""),
		unpaid("E-mail", own.email),
		unpaid("SEO", own.search),
		unpaid("Social", own.social),
		unpaid("Telephone", own.telephone),
		unpaid("Direct", own.direct),
	}
}

// zone loads a zone that every installation of the time zone database has.
func zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic("world: " + err.Error())
	}
	return loc
}
