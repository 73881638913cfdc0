package simulator

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

type metaWire struct {
	AccountID      string `json:"account_id"`
	CampaignID     string `json:"campaign_id"`
	Impressions    string
	Clicks         string `json:"inline_link_clicks"`
	Spend          string
	Actions        []metaAction
	ActionValues   []metaAction `json:"action_values"`
	DateStart      string       `json:"date_start"`
	DateStop       string       `json:"date_stop"`
	HourlyWallSpan string       `json:"hourly_stats_aggregated_by_advertiser_time_zone"`
}

type metaAction struct {
	Type   string `json:"action_type"`
	Value  string
	Viewed string `json:"1d_view"`
}

// viewed returns how many of an action type followed a view, "" when none did.
func viewed(actions []metaAction, kind string) string {
	for _, a := range actions {
		if a.Type == kind {
			return a.Viewed
		}
	}
	return ""
}

// purchases returns the number under one action type, "" when there is none.
func purchases(actions []metaAction, kind string) string {
	for _, a := range actions {
		if a.Type == kind {
			return a.Value
		}
	}
	return ""
}

func micros(t *testing.T, text string) kpi.Micros {
	t.Helper()
	if text == "" {
		return 0
	}
	m, err := kpi.ParseMicros(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m metaWire) metrics(t *testing.T) kpi.Metrics {
	t.Helper()
	return kpi.Metrics{
		Impressions: int64(micros(t, m.Impressions) / kpi.MicrosPerUnit),
		Clicks:      int64(micros(t, m.Clicks) / kpi.MicrosPerUnit),
		Cost:        micros(t, m.Spend),
		Conversions: micros(t, purchases(m.Actions, "omni_purchase")),
		Revenue:     micros(t, purchases(m.ActionValues, "omni_purchase")),
		ViewThrough: micros(t, viewed(m.Actions, "omni_purchase")),
	}
}

func insights(more ...string) url.Values {
	q := url.Values{
		"level": {"campaign"}, "time_increment": {"1"}, "limit": {"500"},
		"time_range": {`{"since":"2026-10-30","until":"2026-11-04"}`},
		"fields":     {"account_id,account_currency,campaign_id,campaign_name,impressions,clicks,inline_link_clicks,spend,actions,action_values,attribution_setting,date_start,date_stop"},
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return q
}

// metaRows follows all pages, and checks that the last one has cursors but no next.
func (r *rig) metaPages(path string, query url.Values) (rows []metaWire, pages int) {
	r.t.Helper()
	for next := r.url + "/meta_ads/v26.0/" + path + "?" + query.Encode(); next != ""; pages++ {
		status, _, body := r.do("GET", next, "", "Authorization", "Bearer "+MetaToken)
		if status != 200 {
			r.t.Fatalf("%d %s", status, body)
		}
		var page struct {
			Data   []metaWire
			Paging struct {
				Cursors struct{ After string }
				Next    string
			}
		}
		r.decode(body, &page)
		if len(page.Data) > 0 && page.Paging.Cursors.After == "" {
			r.t.Errorf("a page without cursors: %.200s", body)
		}
		rows, next = append(rows, page.Data...), page.Paging.Next
	}
	return rows, pages
}

func TestMetaDaysAreTheWorlds(t *testing.T) {
	r := newRig(t)
	r.PageSize = 8
	for _, a := range r.world.Accounts(world.Meta) {
		type key struct{ campaign, date string }
		want, got := map[key]kpi.Metrics{}, map[key]kpi.Metrics{}
		for _, c := range a.Campaigns {
			for d := kpi.NewDate(2026, 10, 30); d <= kpi.NewDate(2026, 11, 4); d++ {
				if m := r.world.Day(a.ID, c.ID, d, r.now); isNonzero(m) {
					m.Has = 0
					want[key{c.ID, d.String()}] = m
				}
			}
		}
		rows, pages := r.metaPages(a.ID+"/insights", insights("action_attribution_windows", `["7d_click","1d_view"]`))
		for _, row := range rows {
			got[key{row.CampaignID, row.DateStart}] = row.metrics(t)
			if row.DateStart != row.DateStop || "act_"+row.AccountID != a.ID {
				t.Errorf("row %+v", row)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %d rows, want %d, or figures differ", a.ID, len(got), len(want))
		}
		if len(a.Campaigns) > 0 && pages < 2 {
			t.Errorf("%d page: paging is not tested", pages)
		}
	}
}

func TestMetaRepeatsAPurchaseUnderSixTypes(t *testing.T) {
	r := newRig(t)
	rows, _ := r.metaPages("act_900000000000001/insights", insights("time_range", `{"since":"2026-10-20","until":"2026-11-04"}`))
	bought, lacking := 0, 0
	for _, row := range rows {
		if n := purchases(row.Actions, "omni_purchase"); n != "" {
			bought++
			for _, kind := range metaPurchases {
				if purchases(row.Actions, kind) != n || purchases(row.ActionValues, kind) == "" {
					t.Errorf("%s differs in %+v", kind, row)
				}
			}
		}
		if row.Clicks != "0" && purchases(row.Actions, "link_click") == "" {
			lacking++
		}
	}
	if bought == 0 || bought == len(rows) || lacking == 0 {
		t.Errorf("%d of %d rows with purchases, %d without link_click: one case is missing", bought, len(rows), lacking)
	}
}

func TestMetaHoursCarryNoPurchases(t *testing.T) {
	r := newRig(t)
	rows, _ := r.metaPages("act_900000000000002/insights", insights("breakdowns", metaHourly, "time_range", `{"since":"2026-11-01","until":"2026-11-01"}`))
	a, _ := r.world.Account(world.Meta, "act_900000000000002")
	var got, want kpi.Metrics
	for _, row := range rows {
		if purchases(row.Actions, "omni_purchase") != "" || row.ActionValues != nil {
			t.Errorf("an hour with purchases: %+v", row)
		}
		got = sum(got, row.metrics(t))
	}
	for _, c := range a.Campaigns {
		m := r.world.Day(a.ID, c.ID, kpi.NewDate(2026, 11, 1), r.now).Only(kpi.Cost | kpi.Clicks | kpi.Impressions)
		m.Has = 0
		want = sum(want, m)
	}
	if got != want {
		t.Errorf("25 hours sum up to %+v, want %+v", got, want)
	}
	if first := rows[0].HourlyWallSpan; first != "00:00:00 - 00:59:59" {
		t.Errorf("first hour is %q", first)
	}
}

func TestMetaHoursWithoutIncrementSpanAllDays(t *testing.T) {
	r := newRig(t)
	q := insights("breakdowns", metaHourly)
	q.Del("time_increment")
	rows, _ := r.metaPages("act_900000000000001/insights", q)
	seen := map[string]bool{}
	for _, row := range rows {
		if row.DateStart != "2026-10-30" || row.DateStop != "2026-11-04" || seen[row.CampaignID+row.HourlyWallSpan] {
			t.Fatalf("row %+v", row)
		}
		seen[row.CampaignID+row.HourlyWallSpan] = true
	}
	if len(rows) == 0 {
		t.Error("no rows")
	}
}

func TestMetaNumbersAreStringsAsRecorded(t *testing.T) {
	r := newRig(t)
	_, header, body := r.meta("act_900000000000001/insights", insights())
	for _, name := range []string{"X-Business-Use-Case-Usage", "X-FB-Ads-Insights-Throttle", "X-Ad-Account-Usage", "X-App-Usage"} {
		if !json.Valid([]byte(header.Get(name))) {
			t.Errorf("%s: %q", name, header.Get(name))
		}
	}
	var recorded struct{ Data []json.RawMessage }
	r.decode(fixture(t, "meta_ads/airbyte_ads_insights_product_id.json"), &recorded)
	var page struct{ Data []json.RawMessage }
	r.decode(body, &page)
	got, _ := json.Marshal(page.Data)
	want, _ := json.Marshal(recorded.Data)
	sameShape(t, got, want, ".account_id", ".campaign_id", ".clicks", ".inline_link_clicks", ".spend", ".impressions", ".date_start", ".actions.action_type", ".actions.value")
}

func TestMetaAccountsPageByCursor(t *testing.T) {
	r := newRig(t)
	status, _, body := r.meta("me/adaccounts", url.Values{"fields": {"id,account_id,name,currency,timezone_name,timezone_offset_hours_utc,account_status,amount_spent"}, "limit": {"2"}})
	var page struct {
		Data []struct {
			ID          string
			AccountID   string  `json:"account_id"`
			Zone        string  `json:"timezone_name"`
			Offset      float64 `json:"timezone_offset_hours_utc"`
			AmountSpent string  `json:"amount_spent"`
		}
		Paging struct{ Next string }
	}
	r.decode(body, &page)
	if status != 200 || len(page.Data) != 2 || page.Data[1].ID != "act_"+page.Data[1].AccountID || page.Data[1].Zone != "America/New_York" || page.Data[1].Offset != -5 || page.Paging.Next == "" {
		t.Errorf("%d %s", status, body)
	}
	var spent kpi.Micros
	a, _ := r.world.Account(world.Meta, page.Data[0].ID)
	for _, c := range a.Campaigns {
		for d := kpi.NewDate(2026, 3, 1); d <= kpi.NewDate(2026, 11, 4); d++ {
			spent += r.world.Day(a.ID, c.ID, d, r.now).Cost
		}
	}
	if got := micros(t, page.Data[0].AmountSpent); got != spent*100 || got == 0 {
		t.Errorf("amount_spent %s is not the cents of %s", page.Data[0].AmountSpent, spent.Decimal(2))
	}
	_, _, rest := r.do("GET", page.Paging.Next, "", "Authorization", "Bearer "+MetaToken)
	if !strings.Contains(string(rest), "act_900000000000003") || strings.Contains(string(rest), `"next"`) || !strings.Contains(string(rest), `"cursors"`) {
		t.Errorf("the last page is %s", rest)
	}
}

func TestMetaRefusesWithCodes(t *testing.T) {
	r := newRig(t)
	for name, test := range map[string]struct {
		path  string
		query url.Values
		says  string
	}{
		"unknown field":   {"act_900000000000001/insights", insights("fields", "wish"), `"code":100`},
		"unknown account": {"act_1/insights", insights(), `"error_subcode":33`},
		"turned range":    {"act_900000000000001/insights", insights("time_range", `{"since":"2026-11-02","until":"2026-11-01"}`), `"code":100`},
		"bad level":       {"act_900000000000001/insights", insights("level", "planet"), `"code":100`},
		"bad cursor":      {"act_900000000000001/insights", insights("after", "???"), `"code":100`},
	} {
		if status, _, body := r.meta(test.path, test.query); status != 400 || !strings.Contains(string(body), test.says) {
			t.Errorf("%s: %d %s, want %s", name, status, body, test.says)
		}
	}
}

func TestMetaRestatesCostLate(t *testing.T) {
	r := newRig(t)
	old := insights("time_range", `{"since":"2026-10-30","until":"2026-10-30"}`)
	today := insights("time_range", `{"since":"2026-11-04","until":"2026-11-04"}`)
	before, _ := r.metaPages("act_900000000000001/insights", old)
	fresh, _ := r.metaPages("act_900000000000001/insights", today)
	r.Faults().Set(Fault{Kind: LateRestatement, Platform: world.Meta})
	after, _ := r.metaPages("act_900000000000001/insights", old)
	freshAfter, _ := r.metaPages("act_900000000000001/insights", today)
	if a, b := micros(t, after[0].Spend), micros(t, before[0].Spend); a >= b || a < b*97/100 {
		t.Errorf("an old day costs %s, %s before", after[0].Spend, before[0].Spend)
	}
	if fresh[0].Spend != freshAfter[0].Spend {
		t.Errorf("today is restated from %s to %s", fresh[0].Spend, freshAfter[0].Spend)
	}
}

func TestSkewedClockShowsTheFuture(t *testing.T) {
	r := newRig(t)
	r.Faults().Set(Fault{Kind: ClockSkew, Platform: world.Meta, Wait: 24 * time.Hour, Times: 1})
	_, header, body := r.meta("act_900000000000001/insights", insights("time_range", `{"since":"2026-11-05","until":"2026-11-05"}`))
	if !strings.Contains(string(body), "2026-11-05") || header.Get("Date") != "Thu, 05 Nov 2026 12:20:00 GMT" {
		t.Errorf("tomorrow on a skewed clock, dated %s: %.200s", header.Get("Date"), body)
	}
}

func TestMetaPartsAddUpAtEveryLevel(t *testing.T) {
	r := newRig(t)
	var whole, campaigns kpi.Metrics
	rows, _ := r.metaPages("act_900000000000001/insights", insights())
	for _, row := range rows {
		campaigns = sum(campaigns, row.metrics(t))
	}
	more := []string{"fields", "account_id,adset_id,adset_name,ad_id,ad_name,campaign_id,impressions,inline_link_clicks,spend,actions,action_values"}
	for _, c := range [][]string{{"level", "account"}, {"level", "adset"}, {"level", "ad"}, {"breakdowns", "publisher_platform"}, {"level", "ad", "breakdowns", "publisher_platform,platform_position"}} {
		parts, _ := r.metaPages("act_900000000000001/insights", insights(append(more, c...)...))
		whole = kpi.Metrics{}
		for _, row := range parts {
			whole = sum(whole, row.metrics(t))
		}
		if whole != campaigns || c[1] != "account" && len(parts) <= len(rows) {
			t.Errorf("%v: %d rows add up to %+v, want %+v", c, len(parts), whole, campaigns)
		}
	}
	one, _ := r.metaPages("act_900000000000001/insights", insights(append(more, "level", "ad", "filtering", `[{"field":"adset.id","operator":"EQUAL","value":"12090000000000100061"}]`)...))
	if len(one) == 0 || one[0].CampaignID != "1209000000000010006" {
		t.Errorf("below one ad set: %+v", one)
	}
	for says, bad := range map[string][]string{
		"filtering":           {"filtering", "nonsense"},
		"campaign.name":       {"filtering", `[{"field":"campaign.name","operator":"EQUAL","value":"x"}]`},
		"breakdowns":          {"breakdowns", "publisher_platform," + metaHourly},
		"adset.id is invalid": {"level", "adset", "filtering", `[{"field":"adset.id","operator":"EQUAL","value":"1"}]`},
	} {
		if status, _, body := r.meta("act_900000000000001/insights", insights(bad...)); status != 400 || !strings.Contains(string(body), says) {
			t.Errorf("%v: %d %s", bad, status, body)
		}
	}
}

func TestMetaPreparesAReport(t *testing.T) {
	r := newRig(t)
	order := func() string {
		t.Helper()
		_, _, body := r.do("POST", "/meta_ads/v26.0/act_900000000000001/insights?"+insights().Encode(), "", "Authorization", "Bearer "+MetaToken)
		var made struct {
			ID json.RawMessage `json:"report_run_id"`
		}
		r.decode(body, &made)
		return strings.Trim(string(made.ID), `"`)
	}
	id := order()
	if again := order(); again == id || id == "" {
		t.Errorf("two orders: %s and %s", id, again)
	}
	if status, _, body := r.meta(id+"/insights", nil); status != 400 {
		t.Errorf("rows before it is ready: %d %s", status, body)
	}
	var states []string
	for range 3 {
		_, _, body := r.meta(id, nil)
		var state struct {
			Status  string  `json:"async_status"`
			Percent float64 `json:"async_percent_completion"`
		}
		r.decode(body, &state)
		states = append(states, state.Status)
		if len(states) == 3 {
			sameShape(t, body, fixture(t, "meta_ads/recorded_async_status.json"), ".id", ".account_id", ".time_ref", ".async_status", ".async_percent_completion")
		}
	}
	if strings.Join(states, ", ") != "Job Not Started, Job Running, Job Completed" {
		t.Errorf("states %q", states)
	}
	direct, _ := r.metaPages("act_900000000000001/insights", insights())
	if prepared, _ := r.metaPages(id+"/insights", nil); len(prepared) != len(direct) {
		t.Errorf("%d rows prepared, %d directly", len(prepared), len(direct))
	}
	if status, _, body := r.meta("61009/insights", nil); status != 400 || !strings.Contains(string(body), `"error_subcode":33`) {
		t.Errorf("a report that there never was: %d %s", status, body)
	}
}
