package world

import (
	"net/url"
	"time"

	"adtop/kpi"
)

// Moments of the conformance world that tests want to stand at.
var (
	ConformanceEpoch  = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	ConformanceSpring = time.Date(2026, 3, 31, 12, 20, 0, 0, time.UTC) // after the 23-hour days of 8 March (New York) and 29 March (Berlin)
	ConformanceAutumn = time.Date(2026, 11, 4, 12, 20, 0, 0, time.UTC) // after the 25-hour days of 25 October (Berlin) and 1 November (New York)
)

// Conformance is a small world full of what adapters get wrong: awkward names,
// two campaigns of one name, a removed campaign with past spend, idle hours, an
// account without campaigns, a currency without cents, fractional conversions,
// hours without conversions, and days of 23 and 25 hours. It begins at
// ConformanceEpoch.
func Conformance() *World { return New(conformance()) }

func conformance() Spec {
	berlin, newYork, tokyo := zone("Europe/Berlin"), zone("America/New_York"), zone("Asia/Tokyo")
	return Spec{
		Seed:  7,
		Epoch: ConformanceEpoch,
		Accounts: []Account{
			{Platform: Google, ID: "4440000001", Name: "Tests & Söhne \u202eoHG", Manager: "4440000000", Currency: "EUR", Zone: berlin, Campaigns: ofGoogle(awkward("51000000000", UTM{"google", "cpc", ""}, 1, true))},
			{Platform: Google, ID: "4440000002", Name: "", Manager: "4440000000", Currency: "JPY", Zone: tokyo, Campaigns: ofGoogle(awkward("52000000000", UTM{"google", "cpc", ""}, 160, true))},
			{Platform: Google, ID: "4440000003", Name: "Without campaigns", Manager: "4440000000", Currency: "EUR", Zone: berlin},
			{Platform: Google, ID: "4440000009", Name: "Direct access", Currency: "USD", Zone: newYork, Campaigns: ofGoogle(awkward("53000000000", UTM{"google", "cpc", ""}, 1, true))},
			{Platform: Meta, ID: "act_900000000000001", Name: "Berlin", Currency: "EUR", Zone: berlin, Campaigns: ofMeta(awkward("120900000000001000", UTM{"facebook", "paid_social", ""}, 1, false))},
			{Platform: Meta, ID: "act_900000000000002", Name: "New York", Currency: "USD", Zone: newYork, Campaigns: ofMeta(awkward("120900000000002000", UTM{"facebook", "paid_social", ""}, 1, false))},
			{Platform: Meta, ID: "act_900000000000003", Name: "Without campaigns", Currency: "JPY", Zone: tokyo},
			{Platform: CSV, ID: "partners", Name: "Partners", Currency: "EUR", Zone: berlin, Campaigns: partners()},
		},
		Shop: Shop{
			ID: "conformance.myshopify.com", Name: "Conformance", Currency: "EUR", Zone: berlin,
			Rates: map[kpi.Currency]float64{"USD": 0.92, "JPY": 0.006},
			Campaigns: []Campaign{
				{ID: "conformance-email", Name: "Letter", SpendPerDay: 300, ROAS: 1, AOV: 50, OverClaim: 1, Delay: Delay{0.6, 0.25}, UTM: UTM{"newsletter", "email", "spring & summer=50%"}},
				{ID: "conformance-direct", Name: "Direct", SpendPerDay: 200, ROAS: 1, AOV: 40, OverClaim: 1, Delay: Delay{0.6, 0.25}},
			},
		},
	}
}

// awkward makes campaigns whose ids begin with prefix; scale is the price level
// of the currency.
func awkward(prefix string, utm UTM, scale float64, dataDriven bool) []Campaign {
	names := []struct{ name, status string }{
		{"Spring", "ENABLED"},
		{"Spring", "PAUSED"}, // the same name is another campaign
		{"Quote \" backslash \\ comma, semicolon; <b>&amp;", "ENABLED"},
		{"Emoji 🧦👩\u200d👧 \u202eright-to-left", "ENABLED"},
		{"Line\nbreak\ttab \x1b[31mred\x1b[0m \u0007bell", "ENABLED"},
		{"Removed", "REMOVED"},
	}
	var all []Campaign
	for i, n := range names {
		c := Campaign{
			ID: prefix + string(rune('1'+i)), Name: n.name, Status: n.status, ChannelType: "SEARCH",
			SpendPerDay: scale * float64(20+15*i), ROAS: 3, AOV: scale * 45, CPC: scale * 0.5, CTR: 0.02,
			OverClaim: 1.2, Views: 0.3, Delay: Delay{0.55, 0.3}, UTM: utm, DataDriven: dataDriven,
		}
		c.UTM.Campaign = "c" + string(rune('1'+i))
		if i == 1 {
			c.Schedule = Schedule{9, 18}
		}
		if n.status == "REMOVED" {
			c.Ended = ConformanceAutumn.AddDate(0, 0, -5)
		}
		c.Groups = awkwardGroups(c, i)
		all = append(all, c)
	}
	return all
}

// awkwardGroups divides the campaign that comes nth into one to three ad
// groups, with names like those of the campaigns. Its second ad is paused, and
// where there is a third group that one was removed.
func awkwardGroups(c Campaign, nth int) []AdGroup {
	names := []string{c.Name, "Same name", "Tab\there \x1b]0;title\x07 \u202eend"}
	kinds := []string{"RESPONSIVE_SEARCH_AD", "EXPANDED_TEXT_AD", "IMAGE_AD", "SHOPPING_PRODUCT_AD"}
	statuses := []string{"ENABLED", "ENABLED", "REMOVED"}
	var groups []AdGroup
	for g := range 1 + nth%3 {
		group := AdGroup{ID: c.ID + string(rune('1'+g)), Name: names[g], Status: statuses[g]}
		for a := range 1 + (nth+g)%3 {
			ad := Ad{
				ID: group.ID + string(rune('1'+a)), Type: kinds[(nth+g+a)%len(kinds)], Status: "ENABLED", Share: 1 + (2*a+g)%5,
				Headline: "Headline \x1b[1m" + names[g],
			}
			if ad.Type == "IMAGE_AD" {
				ad.Name, ad.Headline = "Ad \u200b"+names[g], ""
			}
			if ad.Type == "SHOPPING_PRODUCT_AD" {
				ad.Headline = ""
			}
			if a == 1 {
				ad.Status = "PAUSED"
			}
			group.Ads = append(group.Ads, ad)
		}
		groups = append(groups, group)
	}
	return groups
}

// GooglePlacements and MetaPlacements are where ads are shown.
var (
	GooglePlacements = []Placement{{"SEARCH", "", 6}, {"SEARCH_PARTNERS", "", 2}, {"CONTENT", "", 1}}
	MetaPlacements   = []Placement{
		{"facebook", "feed", 5}, {"facebook", "marketplace", 1}, {"instagram", "feed", 2},
		{"instagram", "instagram_stories", 2}, {"audience_network", "an_classic", 1},
	}
)

// ofGoogle makes awkward campaigns of Google's: the third is Performance Max,
// which has no ad groups and one network.
func ofGoogle(campaigns []Campaign) []Campaign {
	for i := range campaigns {
		campaigns[i].Placements = GooglePlacements
	}
	campaigns[2].ChannelType, campaigns[2].Groups, campaigns[2].Placements = "PERFORMANCE_MAX", nil, []Placement{{"MIXED", "", 1}}
	return campaigns
}

// ofMeta makes awkward campaigns of Meta's, whose ads all have names.
func ofMeta(campaigns []Campaign) []Campaign {
	for i := range campaigns {
		campaigns[i].Placements = MetaPlacements
		for _, group := range campaigns[i].Groups {
			for j := range group.Ads {
				group.Ads[j].Name = "Ad \u200b" + group.Name
			}
		}
	}
	return campaigns
}

// installs makes awkward campaigns of a platform that knows no revenue.
func installs(prefix string, scale float64) []Campaign {
	all := awkward(prefix, UTM{}, scale, false)
	for i := range all {
		all[i].Lacks = kpi.Revenue
	}
	return all
}

// visits makes awkward campaigns as web analytics sees them: by the parameters of
// their links, without ads or cost. The last two have none, so that they are one.
func visits(prefix string, scale float64) []Campaign {
	all := awkward(prefix, UTM{"news & letter", "e-mail", ""}, scale, true)
	for i := range all {
		all[i].Lacks, all[i].UTM.Campaign = kpi.Cost|kpi.Impressions, all[i].Name
		if i == 1 { // of one name with the first
			all[i].UTM = UTM{"google", "organic", ""}
		}
		if i >= len(all)-2 {
			all[i].UTM = UTM{}
		}
	}
	return all
}

// searches are two types of organic search on a site: clicks and impressions only.
func searches(site string) []Campaign {
	all := awkward("", UTM{}, 1, false)[:2]
	for i, kind := range []string{"web", "image"} {
		all[i].ID, all[i].Name, all[i].Lacks, all[i].Groups = kind+" "+site, kind, kpi.Cost|kpi.Conversions|kpi.Revenue, nil
	}
	return all
}

// referrers are partners of an affiliate network: clicks and impressions only.
func referrers(prefix string) []Campaign {
	all := awkward(prefix, UTM{}, 1, false)
	for i := range all {
		all[i].Lacks, all[i].Groups = kpi.Cost|kpi.Conversions|kpi.Revenue, nil
	}
	return all
}

// letters makes awkward campaigns of e-mail, which costs nothing.
func letters(prefix string) []Campaign {
	all := awkward(prefix, UTM{}, 1, false)
	for i := range all {
		all[i].Lacks = kpi.Cost
	}
	return all
}

// attributed makes awkward campaigns as AppsFlyer sees them: by media source, name and
// agency, which are all the identity that they have. Of one the cost is not known.
func attributed(source string, scale float64) []Campaign {
	all := awkward("", UTM{}, scale, false)
	for i := range all {
		c := &all[i]
		c.UTM = UTM{Source: source, Campaign: c.Name}
		switch i {
		case 1: // of one name with the first
			c.UTM.Source += "_2"
		case 2:
			c.UTM.Medium = "acme & partners"
		case 3:
			c.UTM.Source, c.Lacks = source+"_free", kpi.Cost
		}
		identity := url.Values{"pid": {c.UTM.Source}, "c": {c.Name}}
		if c.UTM.Medium != "" {
			identity.Set("af_prt", c.UTM.Medium)
		}
		c.ID = identity.Encode()
	}
	return all
}

// organic are the users of an app that no campaign brought.
func organic() Campaign {
	return Campaign{
		ID: "pid=Organic", Name: "Organic", Status: "ENABLED", SpendPerDay: 60, ROAS: 3, AOV: 45, CPC: 0.5, CTR: 0.02,
		OverClaim: 1, Delay: Delay{0.6, 0.25}, UTM: UTM{Source: "Organic"}, Lacks: kpi.Cost | kpi.Impressions | kpi.Clicks,
	}
}

func partners() []Campaign {
	base := Campaign{
		Status: "ENABLED", SpendPerDay: 12, ROAS: 4, AOV: 48, CPC: 0.4, CTR: 0.02,
		OverClaim: 1.1, Delay: Delay{0.6, 0.25}, UTM: UTM{"partnernetz", "affiliate", ""}, OnCommission: true,
	}
	named := func(id, name string, lacks kpi.Fields) Campaign {
		c := base
		c.ID, c.Name, c.Lacks, c.UTM.Campaign = id, name, lacks, id
		return c
	}
	return []Campaign{
		named("plain", "Plain", 0),
		named("quoted", `Semi;colon "and" quotes`, 0),
		named("clickless", "Counts no clicks", kpi.Clicks), // an empty cell: unknown, not zero
		named("umlaut", "Gutschein-Größe", 0),
	}
}

// ConformanceFor is the small world as one platform sees it. Platforms that
// have no account in Conformance get a world of their own: theirs would only
// make the shop of all the others larger.
//
// Stripe and WooCommerce sell for the accounts of Conformance as other shops:
// the one in a currency without cents, on New York's clock.
func ConformanceFor(platform string) *World {
	spec := conformance()
	switch platform {
	case Stripe:
		spec.Shop.ID, spec.Shop.Name, spec.Shop.Currency, spec.Shop.Zone = "acct_1Conformance", "Tests & Söhne \u202eoHG", "JPY", zone("America/New_York")
		spec.Shop.Rates = map[kpi.Currency]float64{"EUR": 166, "USD": 153}
		return New(spec)
	case Awin: // the shop is a publisher, whose zone the options name
		spec.Shop.ID, spec.Shop.Name, spec.Shop.Zone = "45628", "Tests & Söhne \u202eoHG", zone("America/New_York")
		return New(spec)
	case Impact: // a partner's actions
		spec.Shop.ID, spec.Shop.Name, spec.Shop.Zone = "IRpartner1", "Tests", zone("America/New_York")
		return New(spec)
	case Roistat: // a project, whose zone the options name
		spec.Shop.ID, spec.Shop.Name = "12345", "Tests & Söhne \u202eoHG"
		return New(spec)
	case CoMagic: // the shop is called
		spec.Shop.ID, spec.Shop.Name, spec.Shop.Currency, spec.Shop.Zone = "1103", "ООО «Ромашка» & сыновья \u202e", "RUB", zone("Europe/Moscow")
		spec.Shop.Rates = map[kpi.Currency]float64{"EUR": 95, "USD": 88, "JPY": 0.6}
		return New(spec)
	case WooCommerce:
		spec.Shop.ID, spec.Shop.Name = "conformance.example/shop", "Tests & Söhne \u202eoHG"
		return New(spec)
	}
	accounts := conformanceAccounts()[platform]
	if accounts == nil {
		return New(spec)
	}
	for i := range accounts {
		accounts[i].Platform = platform
		for n := range accounts[i].Campaigns {
			if platform == Amazon && n%3 == 0 { // Sponsored Products, which count after clicks only
				accounts[i].Campaigns[n].Lacks |= kpi.ViewThrough
			}
		}
	}
	return New(Spec{Seed: 7, Epoch: ConformanceEpoch, Accounts: accounts, Shop: Shop{ID: "conformance", Currency: "EUR", Zone: zone("Europe/Berlin")}})
}

// conformanceAccounts are those of the platforms with a world of their own.
func conformanceAccounts() map[string][]Account {
	berlin, newYork, tokyo := zone("Europe/Berlin"), zone("America/New_York"), zone("Asia/Tokyo")
	return map[string][]Account{
		TikTok: {
			{ID: "7000000000000000001", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: awkward("171412504250881", UTM{}, 1, false)},
			{ID: "7000000000000000002", Name: "", Currency: "USD", Zone: newYork, Campaigns: awkward("171412504250882", UTM{}, 1, false)},
			{ID: "7000000000000000003", Name: "A zone without a city", Currency: "JPY", Zone: zone("Etc/GMT-9"), Campaigns: awkward("171412504250883", UTM{}, 160, false)},
			{ID: "7000000000000000004", Name: "Without campaigns", Currency: "JPY", Zone: tokyo},
		},
		Snapchat: {
			{ID: "8adc3db7-8148-4fbf-999c-8d2266369d71", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: awkward("69d120bd-b319-4201-9a2a-0e64b2ee541", UTM{}, 1, false)},
			{ID: "8adc3db7-8148-4fbf-999c-8d2266369d72", Name: "", Currency: "USD", Zone: newYork, Campaigns: awkward("69d120bd-b319-4201-9a2a-0e64b2ee542", UTM{}, 1, false)},
			{ID: "8adc3db7-8148-4fbf-999c-8d2266369d73", Name: "Without campaigns", Currency: "JPY", Zone: tokyo},
			{ID: "8adc3db7-8148-4fbf-999c-8d2266369d74", Name: "Half an hour off", Currency: "INR", Zone: zone("Asia/Kolkata"), Campaigns: awkward("69d120bd-b319-4201-9a2a-0e64b2ee544", UTM{}, 50, false)},
		},
		Pinterest: { // its days are UTC's
			{ID: "549755885171", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: time.UTC, Campaigns: awkward("62673556583", UTM{}, 1, false)},
			{ID: "549755885172", Name: "", Currency: "JPY", Zone: time.UTC, Campaigns: awkward("62673556584", UTM{}, 160, false)},
			{ID: "549755885173", Name: "Without campaigns", Currency: "USD", Zone: time.UTC},
		},
		Reddit: {
			{ID: "a2_conformance1", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: awkward("151039382369463853", UTM{}, 1, false)},
			{ID: "a2_conformance2", Name: "", Currency: "USD", Zone: newYork, Campaigns: awkward("151039382369463854", UTM{}, 1, false)},
			{ID: "t2_older", Name: "Without campaigns", Currency: "JPY", Zone: zone("GMT")},
		},
		LinkedIn: { // its days are UTC's
			{ID: "508720451", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: time.UTC, Campaigns: awkward("25207421", UTM{}, 1, false)},
			{ID: "508720452", Name: "", Currency: "JPY", Zone: time.UTC, Campaigns: awkward("25207422", UTM{}, 160, false)},
			{ID: "508720453", Name: "Without campaigns", Currency: "USD", Zone: time.UTC},
		},
		Yandex: { // its days are Moscow's
			{ID: "tests-agency", Name: "ООО «Ромашка» & сыновья \u202e", Currency: "RUB", Zone: zone("Europe/Moscow"), Campaigns: awkward("10469358", UTM{}, 90, false)},
			{ID: "shop-kz", Name: "", Currency: "KZT", Zone: zone("Europe/Moscow"), Campaigns: awkward("10469359", UTM{}, 500, false)},
			{ID: "empty", Name: "Without campaigns", Currency: "EUR", Zone: zone("Europe/Moscow")},
		},
		VK: { // its days are Moscow's, and a token reaches one account
			{ID: "15646746", Name: "ООО «Ромашка» & сыновья \u202e", Currency: "RUB", Zone: zone("Europe/Moscow"), Campaigns: awkward("879877", UTM{}, 90, false)},
		},
		Amazon: {
			{ID: "3312345678901231", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: awkward("15841063068298", UTM{}, 1, false)},
			{ID: "3312345678901232", Name: "", Currency: "JPY", Zone: tokyo, Campaigns: awkward("15841063068299", UTM{}, 160, false)},
			{ID: "3312345678901233", Name: "Without campaigns", Currency: "EUR", Zone: berlin},
			{ID: "3312345678901234", Name: "New York", Currency: "USD", Zone: newYork, Campaigns: awkward("15841063068297", UTM{}, 1, false)},
		},
		Apple: {
			{ID: "123456781", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: installs("55566677", 1)},
			{ID: "123456782", Name: "", Currency: "JPY", Zone: tokyo, Campaigns: installs("55566678", 160)},
			{ID: "123456783", Name: "Without campaigns", Currency: "EUR", Zone: berlin},
			{ID: "123456784", Name: "New York", Currency: "USD", Zone: newYork, Campaigns: installs("55566679", 1)},
		},
		Taboola: {
			{ID: "acme-berlin-sc", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: awkward("3310420", UTM{}, 1, false)},
			{ID: "acme-tokyo-sc", Name: "", Currency: "JPY", Zone: tokyo, Campaigns: awkward("3310421", UTM{}, 160, false)},
			{ID: "acme-empty-sc", Name: "Without campaigns", Currency: "EUR", Zone: berlin},
			{ID: "acme-us-sc", Name: "New York", Manager: "acme-network", Currency: "USD", Zone: zone("US/Eastern"), Campaigns: awkward("3310422", UTM{}, 1, false)},
		},
		AppsFlyer: {
			{ID: "com.acme.shop", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: append(attributed("googleadwords_int", 1), organic())},
			{ID: "id1234567890", Name: "", Currency: "JPY", Zone: tokyo, Campaigns: attributed("tiktokglobal_int", 160)},
			{ID: "com.acme.empty", Name: "Without campaigns", Currency: "EUR", Zone: time.UTC},
			{ID: "com.acme.us", Name: "New York", Currency: "USD", Zone: newYork, Campaigns: attributed("ironsource_int", 1)},
		},
		GA4: {
			{ID: "213025501", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: visits("61000000000", 1)},
			{ID: "213025502", Name: "", Currency: "JPY", Zone: tokyo, Campaigns: visits("62000000000", 160)},
			{ID: "213025503", Name: "Without visits", Currency: "EUR", Zone: berlin},
			{ID: "213025504", Name: "New York", Currency: "USD", Zone: newYork, Campaigns: visits("63000000000", 1)},
		},
		SearchConsole: { // its days are California's, and its campaigns are types of search
			{ID: "sc-domain:tests.example", Currency: "EUR", Zone: zone("America/Los_Angeles"), Campaigns: searches("sc-domain:tests.example")},
			{ID: "https://www.tests.example/söhne/", Currency: "EUR", Zone: zone("America/Los_Angeles"), Campaigns: searches("https://www.tests.example/söhne/")},
			{ID: "sc-domain:empty.example", Currency: "EUR", Zone: zone("America/Los_Angeles")},
		},
		AwinClicks: { // zone and currency are those of the options
			{ID: "7052", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: zone("US/Eastern"), Campaigns: referrers("45628")},
			{ID: "7053", Name: "", Currency: "EUR", Zone: zone("US/Eastern"), Campaigns: referrers("45629")},
			{ID: "7054", Name: "Without partners", Currency: "EUR", Zone: zone("US/Eastern")},
		},
		Klaviyo: { // a key reaches one account
			{ID: "AbC123", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: letters("01GMRWDSA0ARTAKE1SFX8JGX")},
		},
		Microsoft: {
			{ID: "180535601", Name: "Tests & Söhne \u202eoHG", Currency: "EUR", Zone: berlin, Campaigns: awkward("53101622", UTM{}, 1, true)},
			{ID: "180535602", Name: "", Currency: "JPY", Zone: tokyo, Campaigns: awkward("53101623", UTM{}, 160, true)},
			{ID: "180535603", Name: "Without campaigns", Currency: "EUR", Zone: berlin},
			{ID: "180535604", Name: "New York", Currency: "USD", Zone: newYork, Campaigns: awkward("53101624", UTM{}, 1, true)},
		},
	}
}
