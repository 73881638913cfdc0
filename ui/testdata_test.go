package ui

import (
	"math"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

var (
	berlin = func() *time.Location {
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			panic(err)
		}
		return zone
	}()
	testNow = time.Date(2026, 11, 23, 14, 32, 0, 0, berlin)
	testDay = kpi.DateOf(testNow, berlin)
)

func units(v float64) kpi.Micros { return kpi.Micros(math.Round(v * kpi.MicrosPerUnit)) }

func ok(v float64) kpi.Ratio { return kpi.Ratio{Value: v, OK: true} }

// figures are sums with a margin of 45%.
func figures(spend, conversions, revenue, maturity float64) snapshot.Figures {
	return snapshot.Figures{
		Metrics: kpi.Metrics{
			Has: kpi.AllFields, Impressions: int64(spend * 110), Clicks: int64(spend * 1.3),
			Cost: units(spend), Conversions: units(conversions), Revenue: units(revenue),
		},
		Contribution: kpi.Amount{Micros: units(revenue * .45), Known: true},
		Profit:       kpi.Amount{Micros: units(revenue*.45 - spend), Known: true},
		Maturity:     ok(maturity), Known: true,
	}
}

// daysOf are 28 days whose revenue moves from one ROAS to another.
func daysOf(spend, fromROAS, toROAS float64) []snapshot.Day {
	days := make([]snapshot.Day, 28)
	for i := range days {
		part := math.Pow(float64(i)/27, 3)
		roas := fromROAS + part*(toROAS-fromROAS) + 0.25*math.Sin(float64(i)*1.7)
		maturity := min(1, 0.2+float64(27-i)*0.3)
		days[i] = snapshot.Day{
			Date:    testDay - kpi.Date(27-i),
			Figures: figures(spend, spend*roas/60, spend*roas, maturity),
		}
	}
	return days
}

func testEconomics() kpi.Economics {
	return kpi.Economics{Margin: units(.45), Basis: kpi.NetOfTax, TargetROAS: units(2.5)}
}

func testChannels() []snapshot.Channel {
	at := func(hours float64) time.Time { return testNow.Add(-time.Duration(hours * float64(time.Hour))) }
	make := func(name string, v kpi.Verdict, p kpi.Ratio, now, before snapshot.Figures, days []snapshot.Day, reason string) snapshot.Channel {
		return snapshot.Channel{
			Name: name, Economics: testEconomics(), Verdict: v, P: p, Now: now, Before: before,
			Days: days, Reason: reason, Watermark: at(0.3),
		}
	}
	tiktok := make("TikTok", kpi.Unprofitable, ok(.97), figures(1920, 40, 1610, .64), figures(1362, 61, 3800, .64), daysOf(1900, 3.2, .8),
		"3 conversions seen since Saturday where 9.4 would break even: the conversion rate has fallen to a third, and at this rate it loses 420 EUR a day.")
	tiktok.Evidence = testEvidence()
	tiktok.Campaigns = testCampaigns()
	silent := make("LinkedIn", kpi.NoData, ok(.41), snapshot.Figures{Metrics: kpi.Metrics{Has: kpi.Cost, Cost: units(640)}, Known: true},
		figures(653, 9, 1800, .9), daysOf(600, 2.6, 2.4), "")
	silent.Watermark, silent.Problem = at(3.1), "linkedin: the token expired at 11:30; sign in again with adtop auth linkedin"
	for i := 26; i < 28; i++ {
		silent.Days[i].Figures = snapshot.Figures{}
	}
	email := make("E-mail", kpi.Idle, kpi.Ratio{}, figures(0, 31, 2210, .97), figures(0, 28, 2010, .97), daysOf(0, 0, 0), "It has no spend by nature.")
	email.Costless = true
	email.Now.Metrics = email.Now.Metrics.Only(kpi.Revenue | kpi.Conversions | kpi.Clicks)
	for i := range email.Days {
		email.Days[i].Figures = figures(0, 30, 2000+300*math.Sin(float64(i)), .97)
	}
	fresh := make("Reddit 🚀 Ads", kpi.TooEarly, kpi.Ratio{}, figures(118, 0, 0, .12), snapshot.Figures{}, daysOf(90, 1, 1)[:],
		"1.2 conversions would be due since it began: too few to judge.")
	for i := range 25 {
		fresh.Days[i].Figures = snapshot.Figures{}
	}
	return []snapshot.Channel{
		make("Google Search", kpi.Profitable, ok(.02), figures(4210, 245, 15220, .88), figures(4087, 241, 14900, .88), daysOf(4200, 3.4, 3.7),
			"Revenue is 1.6 times what breaks even."),
		make("Meta — Prospecting très long nom de canal 東京 campaign", kpi.AtRisk, ok(.64), figures(3870, 155, 9940, .41), figures(3550, 160, 10210, .41), daysOf(3900, 2.7, 2.4),
			"41% of the conversions are visible; so far 6% fewer than break even."),
		tiktok, silent, email, fresh,
		make("Criteo", kpi.Idle, kpi.Ratio{}, snapshot.Figures{}, snapshot.Figures{}, nil, "No spend in the last 24 hours."),
	}
}

func testEvidence() snapshot.Evidence {
	e := snapshot.Evidence{
		Due: 9.4, Seen: 3, Since: testNow.Add(-54 * time.Hour), Cause: "conversion rate", Level: ok(.37), LossPerDay: units(420),
	}
	for i := range 8 {
		m := math.Min(1, .15+.2*float64(7-i))
		e.Cohorts = append(e.Cohorts, snapshot.Cohort{
			Start: (testDay - kpi.Date(7-i)).Start(berlin), Spend: 1900, Due: 14 * m, Seen: math.Round(14 * m * (1.3 - .14*float64(i))), Maturity: m,
		})
	}
	for _, point := range []struct {
		hours int
		share float64
	}{{1, .12}, {6, .28}, {24, .55}, {72, .8}, {168, .96}, {720, 1}} {
		e.Curve = append(e.Curve, snapshot.CurvePoint{Age: time.Duration(point.hours) * time.Hour, Share: point.share, Behind: 300})
	}
	return e
}

func testCampaigns() []snapshot.Campaign {
	var out []snapshot.Campaign
	for i, name := range []string{"Spark Ads – Winter", "Retargeting 30d", "🎁 Gift guide 👨‍👩‍👧", "Creator é test", "Brand"} {
		spend := 900 / float64(i+1)
		out = append(out, snapshot.Campaign{
			Source: "tiktok", Account: "act", ID: string(rune('1' + i)), Name: name, Status: []string{"active", "paused"}[i%2],
			Now: figures(spend, spend/48, spend*.84, .6), Before: figures(spend*.8, spend/40, spend*2.4, .6), Days: daysOf(spend, 3, .8)[14:],
		})
	}
	return out
}

// testUnclaimed are results of two kinds, one of them in no total, and a spend.
func testUnclaimed() []snapshot.Unclaimed {
	results := kpi.Conversions | kpi.Revenue
	return []snapshot.Unclaimed{
		{ID: "1", Source: "shop", Name: "bing / cpc", Origin: snapshot.Origin{UTMSource: "bing", UTMMedium: "cpc"}, Campaign: "spring", Campaigns: 12, Counts: true,
			Metrics: kpi.Metrics{Has: results, Conversions: units(34), Revenue: units(2210.4)}, Lines: "  - name: \"bing / cpc\"\n    results: {source: shop, utm_source: bing, utm_medium: cpc}\n"},
		{ID: "2", Source: "google", Name: "Display 東京", Account: "1", Campaign: "Display 東京", Spend: true, Counts: true,
			Metrics: kpi.Metrics{Has: kpi.Cost | kpi.Clicks, Clicks: 410, Cost: units(380)}, Lines: "  - name: \"Display 東京\"\n    spend: {source: google, campaign: \"Display 東京\"}\n"},
		{ID: "3", Source: "analytics", Name: "news.example", Origin: snapshot.Origin{Referrer: "news.example"},
			Metrics: kpi.Metrics{Has: results | kpi.Clicks, Clicks: 77, Conversions: units(2), Revenue: units(98)}, Lines: "  - name: news.example\n    results: {source: analytics, referrer: news.example}\n"},
	}
}

// testSnapshot shows everything at once: a firing channel, one without data,
// one without cost, one too young to judge, wide names and a running backfill.
func testSnapshot() *snapshot.Snapshot {
	at := func(hours float64) time.Time { return testNow.Add(-time.Duration(hours * float64(time.Hour))) }
	return &snapshot.Snapshot{
		Seq: 1, View: snapshot.View{Range: snapshot.Ranges[0]}, AsOf: testNow, Title: "Acme Shop", Currency: "EUR", Zone: berlin, Speed: 1,
		Collector: snapshot.Collector{Here: true}, Alarm: snapshot.Alarm{Threshold: .8, Wish: 1, Rate: 0.72, Met: true},
		Total: figures(10758, 471, 28980, .71), Before: figures(9652, 499, 32720, .71), Days: daysOf(12000, 3.1, 2.1), Channels: testChannels(),
		Alerts: []snapshot.Alert{
			{ID: "1", Rule: "unprofitable", Subject: "TikTok", Severity: snapshot.Critical, State: "firing", Since: at(54), FiredAt: at(1.9),
				Summary: "TikTok unprofitable, 97% sure: −420 EUR a day", Reason: "3 conversions seen, 9.4 needed to break even since Saturday 08:00."},
			{ID: "2", Rule: "source auth", Subject: "LinkedIn", Severity: snapshot.Warning, State: "firing", Since: at(3.1), FiredAt: at(2.9),
				Summary: "no data since 11:30: the token expired", Reason: "Sign in again: adtop auth linkedin."},
			{ID: "3", Rule: "target missed", Subject: "Google Search", Severity: snapshot.Info, State: "firing", Since: at(8), FiredAt: at(7), AckedBy: "ops", AckNote: "known",
				Summary: "Google Search ROAS 3.62 below its target 3.80"},
			{ID: "4", Rule: "spend spike", Subject: "Meta", Severity: snapshot.Warning, State: "resolved", Since: at(60), FiredAt: at(59), EndedAt: at(40), Summary: "Meta spent 2.1 times its usual"},
		},
		Sources: []snapshot.Source{
			{Name: "google", Type: "google_ads", Accounts: 2, Health: snapshot.Healthy, LastGood: at(.05), Watermark: at(.3), NextPoll: testNow.Add(3 * time.Minute), Every: 5 * time.Minute, EveryWhy: "as configured", QuotaUsed: ok(.12)},
			{Name: "linkedin", Type: "linkedin_ads", Accounts: 1, Health: snapshot.Failing, Problem: "The access token expired at 11:30.", Next: "Run: adtop auth linkedin", LastGood: at(3.1), Watermark: at(3.1), Every: 30 * time.Minute, EveryWhy: "the platform's figures are no fresher"},
			{Name: "shop", Type: "shopify", Accounts: 1, Health: snapshot.Stale, LastGood: at(.4), Watermark: at(5), NextPoll: testNow, Every: 5 * time.Minute},
			{Name: "reddit", Type: "reddit_ads", Accounts: 1, Health: snapshot.Waiting},
		},
		Targets: []snapshot.Target{
			{Name: "team", Type: "slack", Delivered: at(.2)},
			{Name: "oncall", Type: "pagerduty", Delivered: at(26), Failing: at(.7), Critical: true, Problem: "no answer within 10s", Waiting: 2, Oldest: at(.7),
				Next: "It is tried again by itself, a day long; 'adtop notify test oncall' says whether it is reached now."},
		},
		Unclaimed: testUnclaimed(),
		Backfill:  snapshot.Progress{What: "history of google, 2026-05", Done: 142, Total: 300},
		Warnings:  []string{"Meta and TikTok both claim utm_source=paid: its orders are counted under Meta"},
	}
}
