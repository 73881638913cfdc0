package monitor

import (
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	amazonads "adtop/sources/amazon_ads"
	appleads "adtop/sources/apple_ads"
	"adtop/sources/appsflyer"
	"adtop/sources/awin"
	"adtop/sources/comagic"
	"adtop/sources/ga4"
	googleads "adtop/sources/google_ads"
	"adtop/sources/impact"
	"adtop/sources/klaviyo"
	linkedinads "adtop/sources/linkedin_ads"
	metaads "adtop/sources/meta_ads"
	microsoftads "adtop/sources/microsoft_ads"
	pinterestads "adtop/sources/pinterest_ads"
	redditads "adtop/sources/reddit_ads"
	"adtop/sources/roistat"
	searchconsole "adtop/sources/search_console"
	"adtop/sources/shopify"
	snapchatads "adtop/sources/snapchat_ads"
	"adtop/sources/stripe"
	"adtop/sources/taboola"
	tiktokads "adtop/sources/tiktok_ads"
	vkads "adtop/sources/vk_ads"
	"adtop/sources/woocommerce"
	yandexdirect "adtop/sources/yandex_direct"
)

// dear is what a source type asks: answers of one page each.
type dear struct {
	definition sources.Definition
	poll       int // calls of a poll of today and yesterday
	window     int // calls of a poll of all days that may still change
	names      int // calls of a list of an account's campaigns, which is asked for once an hour
	list       int // calls of a list of twenty accounts
}

// everything lists source types whose calls were counted; those of the others are
// what their definitions say, which the registry's test holds to their quotas.
func everything() []dear {
	return []dear{
		{googleads.Definition(), 1, 8, 0, 3}, // four days at once by the hour; accounts through one manager
		{metaads.Definition(), 1, 1, 0, 1},
		{tiktokads.Definition(), 2, 29, 0, 2},   // a day at once by the hour
		{microsoftads.Definition(), 3, 9, 0, 2}, // 14 days a report by the hour
		{yandexdirect.Definition(), 1, 5, 0, 1}, // seven days a report
		{linkedinads.Definition(), 1, 5, 1, 1},  // seven days at once
		{snapchatads.Definition(), 1, 1, 1, 2},
		{pinterestads.Definition(), 1, 5, 1, 1}, // seven days at once
		{redditads.Definition(), 1, 2, 1, 2},    // thirty days at once
		{vkads.Definition(), 1, 1, 1, 20},       // a token an account
		{amazonads.Definition(), 9, 18, 0, 3},   // 31 days a report; a list in each region
		{appleads.Definition(), 1, 1, 1, 21},
		{taboola.Definition(), 1, 3, 0, 2},       // fourteen days at once; a list, and one of a network
		{appsflyer.Definition(), 1, 2, 0, 1},     // today and yesterday, and all other days at once
		{ga4.Definition(), 1, 2, 0, 21},          // two pages of the hours of two weeks
		{searchconsole.Definition(), 1, 1, 0, 1}, // one type of search
		{klaviyo.Definition(), 3, 3, 2, 20},      // a key an account; metrics and campaigns are listed
		{shopify.Definition(), 1, 1, 0, 1},
		{awin.Definition(), 1, 1, 0, 1},         // the last two days
		{awin.ClicksDefinition(), 2, 4, 0, 1},   // a day at once
		{impact.Definition(), 2, 2, 0, 0},       // the last two days and the journal
		{comagic.Definition(), 1, 1, 0, 20},     // a page of up to 10,000 calls; a key an account
		{roistat.Definition(), 2, 11, 0, 1},     // the last two days and what was updated; ten pages of deals
		{stripe.Definition(), 3, 3, 0, 20},      // payments, refunds and disputes
		{woocommerce.Definition(), 2, 2, 0, 40}, // what was modified, and the trash; site and currency
	}
}

// day counts the calls that polling twenty accounts takes in a day after the
// history is there.
func (c dear) day(t *testing.T, every time.Duration) (polls, windows, totals, calls int) {
	t.Helper()
	const accounts = 20
	begin := instant(t, "2026-11-20T11:00:00Z")
	for range accounts {
		s := &schedule{source: Source{Definition: c.definition}, every: every, account: sources.Account{ID: "1", Zone: zoneOf(t, "Europe/Berlin")}}
		var named time.Time
		for now := begin; now.Before(begin.Add(24 * time.Hour)); now = later(s.nextAt(true, now), now.Add(time.Second)) {
			next, due := s.due(now, true)
			if !due {
				continue
			}
			if next.window {
				windows++
				calls += c.window
			} else {
				polls++
				calls += c.poll
			}
			if s.totals(next, now) != nil {
				totals += c.definition.Totals
				s.whole, s.owed = now.Add(-c.definition.Lag), kpi.DateRange{}
			}
			s.through = now.Add(-c.definition.Lag)
			if _, due := s.shares(now); due {
				s.shared, calls = now, calls+c.definition.Shares
			}
			if now.Sub(named) >= time.Hour {
				named = now
				calls += c.names
			}
			s.done(next, now, every)
		}
	}
	return polls, windows, totals, totals + calls + int(24*time.Hour/accountsEvery)*c.list
}

func TestADayOfTwentyAccountsStaysWithinTheLowestTier(t *testing.T) {
	t.Logf("%-15s %-8s %6s %8s %7s %7s %7s  %s", "type", "every", "polls", "windows", "totals", "calls", "limit", "because")
	for _, c := range everything() {
		d := c.definition
		if d.Calls < c.poll {
			t.Errorf("%s: a poll takes %d calls, the definition says %d", d.Type, c.poll, d.Calls)
		}
		if d.Window > 0 && d.Window < c.window {
			t.Errorf("%s: all days that may change take %d calls, the definition says %d", d.Type, c.window, d.Window)
		}
		src := Source{Every: time.Minute, Definition: d}
		if told := src.CallsADay(1); told == 0 || d.DailyCalls > 0 && told > d.DailyCalls {
			t.Errorf("%s: a day of one account takes %d calls by its definition, the lowest tier allows %d", d.Type, told, d.DailyCalls)
		}
		every, why := src.interval(20)
		polls, windows, totals, calls := c.day(t, every)
		t.Logf("%-15s %-8s %6d %8d %7d %7d %7d  %s", d.Type, short(every), polls, windows, totals, calls, d.DailyCalls, why)
		if d.DailyCalls > 0 && calls > d.DailyCalls {
			t.Errorf("%s: a day of twenty accounts takes %d calls, the lowest tier allows %d", d.Type, calls, d.DailyCalls)
		}
	}
}
