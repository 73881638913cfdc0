package googleads

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

// berlin asks for one day of the account with awkward campaigns.
func berlin(t *testing.T, level sources.Level, parent string) sources.Query {
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 3, 20))
	q.Account.ID, q.Level, q.Parent, q.Grain = "4440000001", level, parent, sources.Day
	return q
}

func TestAdsAreCalledByNameElseHeadlineElseTypeAndID(t *testing.T) {
	source, s := opened(t, nil)
	s.PageSize = 5
	got := map[string]string{}
	rows, _, err := sourcetest.Fetch(t, source, berlin(t, sources.LevelAd, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		got[row.Entity.ID] = row.Entity.Name
	}
	kinds := map[string]int{}
	account := world.Conformance().Accounts(world.Google)[0]
	for _, campaign := range account.Campaigns {
		for _, group := range campaign.Groups {
			for _, ad := range group.Ads {
				want := sources.Clean(ad.Headline)
				switch ad.Type {
				case "IMAGE_AD":
					want = sources.Clean(ad.Name)
				case "SHOPPING_PRODUCT_AD":
					want = "Shopping product ad " + ad.ID
				}
				if name, reported := got[group.ID+"~"+ad.ID]; reported {
					kinds[ad.Type]++
					if name != want {
						t.Errorf("%s %s is called %q, want %q", ad.Type, ad.ID, name, want)
					}
				}
			}
		}
	}
	if len(kinds) < 4 {
		t.Errorf("types of ads met: %v", kinds)
	}
}

func TestPerformanceMaxIsSaidToHaveNoAdGroups(t *testing.T) {
	source, s := opened(t, nil)
	const performanceMax, search = "510000000003", "510000000001"
	for _, c := range []struct {
		level  sources.Level
		parent string
		rows   bool
		warned bool
	}{
		{sources.LevelCampaign, "", true, false},
		{sources.LevelAdGroup, "", true, true},
		{sources.LevelAdGroup, search, true, false},
		{sources.LevelAdGroup, performanceMax, false, true},
		{sources.LevelAdGroup, "999", false, false},
		{sources.LevelAd, "", true, true},
		{sources.LevelAd, search + "1", true, false},
	} {
		before := len(s.Requests(world.Google))
		rows, receipt, err := sourcetest.Fetch(t, source, berlin(t, c.level, c.parent))
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(receipt.Warnings, " ")
		if (len(rows) > 0) != c.rows || strings.Contains(said, `Quote " backslash`) != c.warned || said != sources.Clean(said) {
			t.Errorf("%s below %q: %d rows and the warning %q", c.level, c.parent, len(rows), said)
		}
		asked := 0
		for _, r := range s.Requests(world.Google)[before:] {
			if strings.Contains(r.Body, "PERFORMANCE_MAX") {
				asked++
			}
		}
		if asked > 1 || asked == 1 && c.rows && c.parent != "" {
			t.Errorf("%s below %q: asked %d times for campaigns without ad groups", c.level, c.parent, asked)
		}
	}
}

func TestAccountTotalHoldsWhatIsNoLongerListed(t *testing.T) {
	source, _ := opened(t, nil)
	total, _, err := sourcetest.Fetch(t, source, berlin(t, sources.LevelAccount, ""))
	if err != nil || len(total) != 1 {
		t.Fatalf("%d rows, %v", len(total), err)
	}
	campaigns, _, err := sourcetest.Fetch(t, source, berlin(t, sources.LevelCampaign, ""))
	if err != nil {
		t.Fatal(err)
	}
	var listed, removed kpi.Metrics
	for _, row := range campaigns {
		sum := &listed
		if row.Entity.Status == "removed" {
			sum = &removed
		}
		if *sum, err = sum.Add(row.Metrics); err != nil {
			t.Fatal(err)
		}
	}
	all, err := listed.Add(removed)
	if err != nil || all != total[0].Metrics || removed.Cost == 0 {
		t.Errorf("listed %+v and removed %+v, want %+v together (%v)", listed, removed, total[0].Metrics, err)
	}
}

func TestSameAdInTwoAdGroupsIsTwoAds(t *testing.T) {
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 11, 20))
	q.Level, q.Grain = sources.LevelAd, sources.Day
	line := `{"adGroupAd":{"resourceName":"customers/1/adGroupAds/%s~8","ad":{"resourceName":"customers/1/ads/8","id":"8"}},"segments":{"date":"2026-11-20"}}`
	rows, _, err := decoded(`[{"results":[`+fmt.Sprintf(line, "7")+","+fmt.Sprintf(line, "9")+`]}]`, q)
	if err != nil || len(rows) != 2 || rows[0].Entity.ID != "7~8" || rows[1].Entity.ID != "9~8" || rows[1].Entity.Parent != "9" || rows[0].Entity.Name != "Ad 8" {
		t.Errorf("got %+v, %v", rows, err)
	}
	if _, _, err := decoded(`[{"results":[`+fmt.Sprintf(line, "7")+","+fmt.Sprintf(line, "7")+`]}]`, q); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "result 2") {
		t.Errorf("one ad twice: %v", err)
	}
}

func TestNetworkIsCarriedInLowerCaseWhateverItIs(t *testing.T) {
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 11, 20))
	q.Breakdown, q.Grain = "network", sources.Day
	line := `{"campaign":{"id":"7"},"segments":{"date":"2026-11-20"%s}}`
	rows, _, err := decoded(`[{"results":[`+fmt.Sprintf(line, `,"adNetworkType":"SEARCH_PARTNERS"`)+","+fmt.Sprintf(line, `,"adNetworkType":"HOLOGRAM\u001b"`)+`]}]`, q)
	if err != nil || len(rows) != 2 || rows[0].Entity.Breakdown != "search_partners" || rows[1].Entity.Breakdown != "hologram" {
		t.Errorf("got %+v, %v", rows, err)
	}
	if _, _, err := decoded(`[{"results":[`+fmt.Sprintf(line, "")+`]}]`, q); sources.KindOf(err) != sources.Malformed {
		t.Errorf("without a network: %v", err)
	}
}

func TestPageThatLeadsToItselfIsNotFollowedForEver(t *testing.T) {
	pages := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			fmt.Fprint(w, `{"access_token":"x","token_type":"Bearer","expires_in":3600}`)
		case strings.HasSuffix(r.URL.Path, "googleAds:searchStream"):
			fmt.Fprint(w, `[{"results":[{"customer":{"id":"1","status":"ENABLED","currencyCode":"EUR","timeZone":"Europe/Berlin"}}]}]`)
		case strings.HasSuffix(r.URL.Path, "googleAds:search"):
			pages++
			fmt.Fprint(w, `{"fieldMask":"metrics.clicks","nextPageToken":"again"}`)
		default:
			fmt.Fprint(w, `{"resourceNames":["customers/1"]}`)
		}
	}))
	defer server.Close()
	source, _ := sourcetest.Open(t, Definition(), simulated(server.URL), world.ConformanceSpring)
	q := berlin(t, sources.LevelAdGroup, "7")
	q.Account.ID = "1"
	if _, _, err := sourcetest.Fetch(t, source, q); sources.KindOf(err) != sources.Malformed || pages != 2 {
		t.Errorf("got %v after %d pages", err, pages)
	}
}

// BenchmarkDecode reads a page of campaigns, and one of ads by network.
func BenchmarkDecode(b *testing.B) {
	const rows = 10_000
	zone := sourcetest.Zone("Europe/Berlin")
	q := sources.Query{
		Account: sources.Account{ID: "1", Zone: zone, Currency: "EUR"}, Level: sources.LevelCampaign, Grain: sources.Day,
		Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 20)},
	}
	ads := q
	ads.Level, ads.Breakdown = sources.LevelAd, "network"
	for _, c := range []struct {
		name, entity, segment string
		query                 sources.Query
	}{
		{"campaigns", `"campaign":{"resourceName":"customers/4445556666/campaigns/2103%06[1]d","status":"ENABLED","name":"Search %[1]d","id":"2103%06[1]d"}`, "", q},
		{"ads", `"adGroup":{"resourceName":"customers/4445556666/adGroups/77","id":"77"},"adGroupAd":{"resourceName":"customers/4445556666/adGroupAds/77~%[1]d","status":"ENABLED","ad":{"type":"RESPONSIVE_SEARCH_AD","resourceName":"customers/4445556666/ads/%[1]d","id":"%[1]d"}}`, `,"adNetworkType":"SEARCH"`, ads},
	} {
		b.Run(c.name, func(b *testing.B) {
			var lines []string
			for i := range rows {
				lines = append(lines, fmt.Sprintf(`{`+fmt.Sprintf(c.entity, i/20)+`,"metrics":{"clicks":"%d","conversionsValue":%d.5,"conversions":%d.333333,"costMicros":"%d","impressions":"%d"},"segments":{"date":"2026-11-%02d"%s}}`,
					i, 40*i, i%9, 8_420_000+i, 31*i, 1+i%20, c.segment))
			}
			body := []byte(`{"results":[` + strings.Join(lines, ",") + `],"fieldMask":"metrics.clicks,metrics.conversionsValue,metrics.conversions,metrics.costMicros,metrics.impressions"}`)
			sourcetest.Bench(b, "x-of-json", rows, func() error {
				_, err := newDecoder(c.query, nil, func(sources.Record) error { return nil }).page(httpkit.NewScanner(body))
				return err
			}, func() error {
				var page struct {
					Results []struct {
						Campaign, AdGroup struct{ ResourceName, ID, Name, Status string }
						AdGroupAd         struct {
							ResourceName, Status string
							Ad                   struct{ ID, Type, Name string }
						}
						Segments struct {
							Date, AdNetworkType string
							Hour                int
						}
						Metrics struct {
							Impressions, Clicks, CostMicros int64 `json:",string"`
							Conversions, ConversionsValue   float64
						}
					}
				}
				return json.Unmarshal(body, &page)
			})
		})
	}
}
