package simulator

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

const googleSelect = "SELECT campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type, segments.date, %HOUR%metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions, metrics.conversions_value FROM campaign WHERE segments.date BETWEEN '2026-10-23' AND '2026-11-04'"

// Wire rows as a reader of Google's documentation would declare them.
type (
	googleBatch struct {
		Results   []googleWire
		FieldMask string
	}
	googleWire struct {
		Campaign struct{ ID, Name, Status, ResourceName string }
		Segments struct {
			Date string
			Hour int
		}
		Metrics struct {
			Impressions, Clicks, CostMicros string
			Conversions, ConversionsValue   json.Number
		}
	}
)

func (g googleWire) metrics(t *testing.T) kpi.Metrics {
	t.Helper()
	parse := func(text string) kpi.Micros {
		if text == "" {
			return 0
		}
		m, err := kpi.ParseMicros(text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	return kpi.Metrics{
		Has:         kpi.Usual,
		Impressions: int64(parse(g.Metrics.Impressions) / kpi.MicrosPerUnit),
		Clicks:      int64(parse(g.Metrics.Clicks) / kpi.MicrosPerUnit),
		Cost:        parse(g.Metrics.CostMicros) / kpi.MicrosPerUnit,
		Conversions: parse(g.Metrics.Conversions.String()),
		Revenue:     parse(g.Metrics.ConversionsValue.String()),
	}
}

func (r *rig) googleRows(login, customer, query string) []googleWire {
	r.t.Helper()
	status, body := r.gaql(r.signIn(), login, customer, query)
	if status != http.StatusOK {
		r.t.Fatalf("%d %s", status, body)
	}
	var batches []googleBatch
	r.decode(body, &batches)
	var rows []googleWire
	for _, b := range batches {
		if len(b.Results) > r.PageSize {
			r.t.Fatalf("a batch of %d rows", len(b.Results))
		}
		rows = append(rows, b.Results...)
	}
	return rows
}

func daily() string  { return strings.Replace(googleSelect, "%HOUR%", "", 1) }
func hourly() string { return strings.Replace(googleSelect, "%HOUR%", "segments.hour, ", 1) }

func TestGoogleDaysAreTheWorlds(t *testing.T) {
	r := newRig(t)
	r.PageSize = 7
	for _, a := range r.world.Accounts(world.Google) {
		login := a.Manager
		type key struct{ campaign, date string }
		want := map[key]kpi.Metrics{}
		for _, c := range a.Campaigns {
			for d := kpi.NewDate(2026, 10, 23); d <= kpi.NewDate(2026, 11, 4); d++ {
				if m := r.world.Day(a.ID, c.ID, d, r.now); isNonzero(m) {
					want[key{c.ID, d.String()}] = m
				}
			}
		}
		got := map[key]kpi.Metrics{}
		for _, row := range r.googleRows(login, a.ID, daily()) {
			if row.Campaign.ResourceName != "customers/"+a.ID+"/campaigns/"+row.Campaign.ID {
				t.Errorf("resource name %q", row.Campaign.ResourceName)
			}
			got[key{row.Campaign.ID, row.Segments.Date}] = row.metrics(t)
		}
		if !maps.Equal(got, want) {
			t.Errorf("account %s: %d rows, want %d, or figures differ", a.ID, len(got), len(want))
		}
	}
}

func TestGoogleHoursAreOfTheWallClock(t *testing.T) {
	r := newRig(t)
	a, _ := r.world.Account(world.Google, "4440000001")
	type key struct {
		campaign, date string
		hour           int
	}
	want := map[key]kpi.Metrics{}
	for _, c := range a.Campaigns {
		for start := kpi.NewDate(2026, 10, 23).Start(a.Zone); !start.After(r.now); start = start.Add(time.Hour) {
			k := key{c.ID, kpi.DateOf(start, a.Zone).String(), start.In(a.Zone).Hour()}
			if m := r.world.Hour(a.ID, c.ID, start, r.now); isNonzero(m) {
				want[k] = sum(want[k], m) // 2026-10-25 has two hours called 2
			}
		}
	}
	got := map[key]kpi.Metrics{}
	for _, row := range r.googleRows(a.Manager, a.ID, hourly()) {
		k := key{row.Campaign.ID, row.Segments.Date, row.Segments.Hour}
		if _, twice := got[k]; twice {
			t.Errorf("%v comes twice", k)
		}
		got[k] = row.metrics(t)
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d rows, want %d, or figures differ", len(got), len(want))
	}
	if len(want) == len(a.Campaigns)*(12*24+13) {
		t.Error("no hour was idle: that idle hours are left out is not tested")
	}
}

func TestGoogleFoldsWhatIsNotSelected(t *testing.T) {
	r := newRig(t)
	days := r.googleRows("4440000000", "4440000001", daily())
	var want kpi.Metrics
	for _, row := range days {
		want = sum(want, row.metrics(t))
	}
	account := r.googleRows("4440000000", "4440000001", "SELECT metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions, metrics.conversions_value FROM customer WHERE segments.date >= '2026-10-23' AND segments.date <= '2026-11-04'")
	if len(account) != 1 || account[0].metrics(t) != want {
		t.Errorf("the account's total is %+v, want %+v", account, want)
	}
	open := r.googleRows("4440000000", "4440000001", "SELECT metrics.cost_micros FROM customer WHERE segments.date > '2026-10-22' AND segments.date < '2026-11-05'")
	if len(open) != 1 || open[0].metrics(t).Cost != want.Cost {
		t.Errorf("between the days outside it cost %+v, want %s", open, want.Cost.Decimal(2))
	}
	byDay := r.googleRows("4440000000", "4440000001", "SELECT segments.date, metrics.cost_micros FROM customer WHERE segments.date BETWEEN '2026-10-23' AND '2026-11-04' ORDER BY segments.date DESC LIMIT 3")
	if len(byDay) != 3 || byDay[0].Segments.Date != "2026-11-04" || byDay[2].Segments.Date != "2026-11-02" {
		t.Errorf("the three newest days are %+v", byDay)
	}
}

func TestGoogleSearchPagesUntilTheTokenIsMissing(t *testing.T) {
	r := newRig(t)
	r.PageSize = 10
	token, pageToken, rows := r.signIn(), "", 0
	for {
		request, _ := json.Marshal(map[string]string{"query": daily(), "pageToken": pageToken})
		_, _, body := r.do("POST", "/google_ads/v26/customers/4440000001/googleAds:search", string(request), "Authorization", "Bearer "+token, "login-customer-id", "4440000000")
		var page struct {
			Results       []googleWire
			NextPageToken string
		}
		r.decode(body, &page)
		rows += len(page.Results)
		if pageToken = page.NextPageToken; pageToken == "" {
			break
		}
	}
	if want := len(r.googleRows("4440000000", "4440000001", daily())); rows != want || want <= 10 {
		t.Errorf("%d rows over all pages, want %d", rows, want)
	}
}

func TestGoogleAccountsAreFoundThroughTheManager(t *testing.T) {
	r := newRig(t)
	token := r.signIn()
	_, _, body := r.do("GET", "/google_ads/v26/customers:listAccessibleCustomers", "", "Authorization", "Bearer "+token)
	if got, want := string(body), `{"resourceNames":["customers/4440000000","customers/4440000009"]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, body = r.gaql(token, "4440000000", "4440000000", "SELECT customer_client.id, customer_client.descriptive_name, customer_client.time_zone, customer_client.currency_code, customer_client.manager, customer_client.level FROM customer_client WHERE customer_client.level <= 1")
	var batches []struct {
		Results []struct {
			CustomerClient struct {
				ID, Level, DescriptiveName, TimeZone, CurrencyCode string
				Manager                                            bool
			}
		}
	}
	r.decode(body, &batches)
	if rows := batches[0].Results; len(rows) != 4 || !rows[0].CustomerClient.Manager || rows[0].CustomerClient.Level != "0" ||
		rows[2].CustomerClient.CurrencyCode != "JPY" || rows[2].CustomerClient.TimeZone != "Asia/Tokyo" || rows[2].CustomerClient.DescriptiveName != "" {
		t.Errorf("clients are %+v", rows)
	}
}

func TestGoogleRefusesInItsOwnWords(t *testing.T) {
	r := newRig(t)
	token := r.signIn()
	for _, test := range []struct {
		name, login, customer, query string
		status                       int
		family, code                 string
	}{
		{"unknown field", "4440000000", "4440000001", "SELECT campaign.idd FROM campaign", 400, "queryError", "UNRECOGNIZED_FIELD"},
		{"unknown resource", "4440000000", "4440000001", "SELECT campaign.id FROM campain", 400, "queryError", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"},
		{"no range", "4440000000", "4440000001", "SELECT segments.date, metrics.clicks FROM campaign", 400, "queryError", "QUERY_ERROR"},
		{"broken off", "4440000000", "4440000001", "SELECT campaign.id", 400, "queryError", "UNEXPECTED_END_OF_QUERY"},
		{"figures of a manager", "4440000000", "4440000000", "SELECT metrics.clicks FROM customer", 400, "queryError", "REQUESTED_METRICS_FOR_MANAGER"},
		{"without the manager", "", "4440000001", "SELECT campaign.id FROM campaign", 403, "authorizationError", "USER_PERMISSION_DENIED"},
		{"of a stranger", "4440000000", "1", "SELECT campaign.id FROM campaign", 403, "authorizationError", "USER_PERMISSION_DENIED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := r.gaql(token, test.login, test.customer, test.query)
			var failures []googleErrorBody
			r.decode(body, &failures)
			got := failures[0].Error
			if status != test.status || got.Code != test.status || got.Details[0].Errors[0].ErrorCode[test.family] != test.code {
				t.Errorf("%d %s, want %d %s.%s", status, body, test.status, test.family, test.code)
			}
		})
	}
	status, _, body := r.do("POST", "/google_ads/v19/customers/4440000001/googleAds:search", `{}`, "Authorization", "Bearer "+token)
	if status != http.StatusBadRequest || !strings.Contains(string(body), "UNSUPPORTED_VERSION") {
		t.Errorf("an old version is answered %d %s", status, body)
	}
}

func TestGoogleAnswersHaveTheRecordedShape(t *testing.T) {
	recorded := fixture(t, "google_ads/searchstream_campaign_by_day.json")
	r := newRig(t)
	token := r.signIn()
	_, body := r.gaql(token, "4440000000", "4440000001", daily())
	sameShape(t, body, recorded, ".results.campaign.resourceName", ".results.campaign.name", ".results.metrics.clicks", ".results.metrics.costMicros", ".results.segments.date")

	_, body = r.gaql(token, "4440000000", "4440000001", "SELECT campaign.id, segments.date FROM campaign WHERE segments.date BETWEEN '2020-01-01' AND '2020-01-02'")
	sameShape(t, body, fixture(t, "google_ads/searchstream_empty.json"), ".fieldMask", ".requestId", ".queryResourceConsumption")
	if strings.Contains(string(body), "results") {
		t.Errorf("an empty answer has results: %s", body)
	}

	r.Faults().Set(Fault{Kind: Throttle, Platform: world.Google, Times: 1, Wait: 11 * time.Hour})
	_, body = r.gaql(token, "4440000000", "4440000001", daily())
	recorded = append(append([]byte{'['}, fixture(t, "google_ads/error_429_quota_daily_basic.json")...), ']')
	sameShape(t, body, recorded, ".error.code", ".error.status", ".error.details.errors.errorCode.quotaError", ".error.details.errors.details.quotaErrorDetails.retryDelay")
}

func FuzzGAQL(f *testing.F) {
	f.Add(daily())
	f.Add(`SELECT a.b,c FROM d WHERE e NOT IN ('x\'y', "z", 3) AND f != -1 ORDER BY g DESC, h LIMIT 5`)
	f.Add("SELECT '")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseGAQL(text)
		if err != nil {
			if refused, ok := err.(*gaqlError); !ok || refused.code == "" {
				t.Errorf("%q: %v is no queryError", text, err)
			}
			return
		}
		if len(q.fields) == 0 || q.from == "" {
			t.Errorf("%q parsed without fields or resource: %+v", text, q)
		}
		for _, c := range q.where {
			if len(c.values) == 0 || (c.op == "BETWEEN" && len(c.values) != 2) {
				t.Errorf("%q: condition %+v", text, c)
			}
			c.holds("2026-11-20")
		}
	})
}

// What a fetch of the demo costs the simulator, apart from the connection.
func BenchmarkGoogleMonth(b *testing.B) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	s := New(world.Demo(1, now, true), func() time.Time { return now })
	for _, grain := range []string{"", "segments.hour, "} {
		query := "SELECT campaign.id, campaign.name, segments.date, " + grain + "metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions, metrics.conversions_value FROM campaign WHERE segments.date BETWEEN '2026-10-27' AND '2026-11-23'"
		body, _ := json.Marshal(map[string]string{"query": query})
		b.Run("grain "+grain, func(b *testing.B) {
			for b.Loop() {
				request := httptest.NewRequest("POST", "/google_ads/v26/customers/"+world.DemoGoogle+"/googleAds:searchStream", bytes.NewReader(body))
				request.Header.Set("Authorization", "Bearer "+s.google.accessToken())
				request.Header.Set("login-customer-id", world.DemoGoogleManager)
				response := httptest.NewRecorder()
				if s.ServeHTTP(response, request); response.Code != http.StatusOK {
					b.Fatal(response.Body)
				}
			}
		})
	}
}

func TestGoogleAdsAreNestedAndTheirPartsAddUp(t *testing.T) {
	r := newRig(t)
	r.PageSize = 40
	body := func(customer, query string) string {
		t.Helper()
		status, body := r.gaql(r.signIn(), "4440000000", customer, query)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		return string(body)
	}
	const day = " WHERE segments.date BETWEEN '2026-11-03' AND '2026-11-03'"
	ads := body("4440000001", "SELECT ad_group_ad.status, ad_group_ad.ad.id, ad_group_ad.ad.type, ad_group_ad.ad.responsive_search_ad.headlines, ad_group_ad.ad.expanded_text_ad.headline_part1, ad_group.id, segments.date, segments.ad_network_type, metrics.clicks FROM ad_group_ad"+day+" AND ad_group.id = 5100000000021")
	for _, part := range []string{
		`"adGroupAd":{"resourceName":"customers/4440000001/adGroupAds/5100000000021~51000000000211","status":"ENABLED","ad":{"resourceName":"customers/4440000001/ads/51000000000211","id":"51000000000211","type":"EXPANDED_TEXT_AD","expandedTextAd":{"headlinePart1":"Headline \u001b[1mSpring"}}}`,
		`"adGroup":{"resourceName":"customers/4440000001/adGroups/5100000000021","id":"5100000000021"}`, `"adNetworkType":"SEARCH_PARTNERS"`,
		`"fieldMask":"adGroupAd.status,adGroupAd.ad.id,adGroupAd.ad.type,adGroupAd.ad.responsiveSearchAd.headlines,adGroupAd.ad.expandedTextAd.headlinePart1,adGroup.id,segments.date,segments.adNetworkType,metrics.clicks"`,
	} {
		if !strings.Contains(ads, part) {
			t.Errorf("no %s in %s", part, ads)
		}
	}
	if strings.Contains(ads, `"responsiveSearchAd":{}`) || strings.Contains(ads, "5100000000022") {
		t.Errorf("an empty object, or another ad group, in %s", ads)
	}
	clicks := func(rows []googleWire) (sum kpi.Metrics) {
		for _, row := range rows {
			sum.Clicks += row.metrics(t).Clicks
		}
		return sum
	}
	whole := r.googleRows("4440000000", "4440000001", "SELECT campaign.id, metrics.clicks FROM campaign"+day+" AND campaign.id != 510000000003")
	for _, from := range []string{"ad_group", "ad_group_ad"} {
		parts := r.googleRows("4440000000", "4440000001", "SELECT campaign.id, metrics.clicks FROM "+from+day)
		if clicks(parts) != clicks(whole) || len(parts) <= len(whole) {
			t.Errorf("%d rows of %s have %+v, campaigns %+v", len(parts), from, clicks(parts), clicks(whole))
		}
	}
	if listed := r.googleRows("4440000000", "4440000001", "SELECT ad_group.id FROM ad_group"); len(listed) != 9 {
		t.Errorf("%d ad groups are listed", len(listed))
	}
}
