package metaads

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

func decoded(t *testing.T, body []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}

const most = kpi.Impressions | kpi.Clicks | kpi.Cost | kpi.Conversions

// insights reads the rows of a list without looking at what they are about.
func insights(t *testing.T, list []byte, result string) (read []insight) {
	t.Helper()
	d := newDecoder(query(first), result, nil, nil)
	scan := httpkit.NewScanner(list)
	for range scan.Array() {
		i := d.insight(scan)
		var err error
		if i.metrics, err = d.finish(i.metrics, bytes.Contains(i.attribution, viewWindow)); err != nil {
			t.Fatal(err)
		}
		read = append(read, i)
	}
	if err := scan.End(); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestRecordedDailyRowsReadAsAPersonWould(t *testing.T) {
	var page struct{ Data json.RawMessage }
	decoded(t, sourcetest.Recorded(t, "meta_ads", "airbyte_ads_insights_product_id.json"), &page)
	type figures struct {
		campaign, date string
		metrics        kpi.Metrics
	}
	var got []figures
	for _, i := range insights(t, page.Data, "purchase") {
		got = append(got, figures{string(i.id), string(i.start), i.metrics})
	}
	want := []figures{
		{"23854404676180548", "2023-06-01", kpi.Metrics{Has: kpi.Usual, Impressions: 185, Clicks: 9, Cost: 14_350_000}},
		{"23854404676180548", "2023-06-01", kpi.Metrics{Has: kpi.Usual, Impressions: 171, Clicks: 4, Cost: 8_530_000}},
	}
	if len(got) < len(want) {
		t.Fatalf("%d rows", len(got))
	}
	if diff := cmp.Diff(want, got[:2], cmp.AllowUnexported(figures{})); diff != "" {
		t.Error(diff)
	}
}

func TestRecordedPurchasesAreCountedOnce(t *testing.T) {
	var campaigns []struct {
		Insights struct{ Data json.RawMessage }
	}
	decoded(t, sourcetest.Recorded(t, "meta_ads", "recorded_publisher_platform.json"), &campaigns)
	purchases := 0
	platforms := map[string]bool{}
	for _, c := range campaigns {
		var rows []struct {
			Spend   httpkit.Decimal
			Actions []struct {
				Type  string `json:"action_type"`
				Value httpkit.Decimal
			}
		}
		decoded(t, c.Insights.Data, &rows)
		for n, i := range insights(t, c.Insights.Data, "purchase") {
			m := i.metrics
			counts := map[kpi.Micros]bool{}
			for _, a := range rows[n].Actions {
				if strings.HasSuffix(a.Type, "purchase") {
					counts[a.Value.Micros] = true
					purchases++
				}
			}
			// All the types of purchase of one row have one number.
			if len(counts) == 0 && m.Conversions != 0 || len(counts) > 0 && !counts[m.Conversions] || len(counts) > 1 {
				t.Errorf("%s: %d millionths of a purchase, the row says %v", i.network, m.Conversions, counts)
			}
			if !m.Knows(kpi.Cost) || m.Cost != rows[n].Spend.Micros {
				t.Errorf("%s: cost %d", i.network, m.Cost)
			}
			platforms[string(i.network)] = true
		}
	}
	if purchases == 0 || len(platforms) != 4 {
		t.Errorf("the recording holds %d purchases and %v", purchases, platforms)
	}
	m := insights(t, campaigns[1].Insights.Data, "purchase")[1].metrics
	if want := (kpi.Metrics{Has: most, Impressions: 168, Cost: 6_490_000, Conversions: 1_000_000}); m != want {
		t.Errorf("facebook: %+v, want %+v", m, want)
	}
}

func TestHoursSummedOverSeveralDaysAreNoDay(t *testing.T) {
	body := sourcetest.Recorded(t, "meta_ads", "recorded_hourly_rows.json")
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	q := query(sources.Account{ID: "act_131134036968667", Currency: "USD", Zone: time.UTC})
	q.Days = kpi.DateRange{From: day("2018-02-01"), To: day("2018-02-24")}
	if rows, _, err := fetch(t, s, q); sources.KindOf(err) != sources.Malformed || len(rows) != 0 || !strings.Contains(err.Error(), "2018-02-24") {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestRecordedErrorsHaveTheirKind(t *testing.T) {
	var answers []struct {
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	}
	decoded(t, sourcetest.Recorded(t, "meta_ads", "airbyte_error_bodies.json"), &answers)
	want := []sources.Kind{
		sources.Auth, sources.Auth, sources.Auth, sources.Permission, sources.Permission, sources.Permission,
		sources.Invalid, sources.QuotaKind, sources.Unavailable, sources.Unavailable, sources.Invalid,
	}
	if len(answers) != len(want) {
		t.Fatalf("%d answers", len(answers))
	}
	for i, a := range answers {
		got := classify(&httpkit.Response{Status: a.Status, Header: http.Header{}, Body: a.Body})
		if got == nil || got.Kind != want[i] {
			t.Errorf("%s is %v, want %v", a.Body, got, want[i])
			continue
		}
		if tooMuch := errors.Is(got, errTooMuch); tooMuch != (want[i] == sources.Invalid) {
			t.Errorf("%s: too much data: %v", a.Body, tooMuch)
		}
	}
}

func TestErrorsAreToldByCodeWhateverTheStatus(t *testing.T) {
	for body, want := range map[string]sources.Kind{
		`{"code":4,"error_subcode":1504022}`:     sources.QuotaKind,
		`{"code":17,"is_transient":true}`:        sources.QuotaKind,
		`{"code":613,"error_subcode":1996}`:      sources.QuotaKind,
		`{"code":80004}`:                         sources.QuotaKind,
		`{"code":368}`:                           sources.QuotaKind,
		`{"code":294}`:                           sources.Permission,
		`{"code":100}`:                           sources.Invalid,
		`{"code":2635}`:                          sources.Invalid,
		`{"code":9999,"is_transient":true}`:      sources.Unavailable,
		`{"code":1,"error_subcode":2853001}`:     sources.Invalid,
		`{"code":190,"error_subcode":467}`:       sources.Auth,
		`{"code":12345,"message":"(something)"}`: sources.Invalid,
	} {
		for _, status := range []int{200, 400} {
			if got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(`{"error":` + body + `}`)}); got == nil || got.Kind != want {
				t.Errorf("status %d, %s: %v, want %v", status, body, got, want)
			}
		}
	}
	if got := classify(&httpkit.Response{Status: 200, Body: []byte(`{"data":[]}`)}); got != nil {
		t.Errorf("a good answer: %v", got)
	}
}

// TestConversionsAfterAViewAreThoseOfTheTypeThatIsCounted, where the setting of the ad
// sets counts views: what Meta leaves out of the window did not happen.
func TestConversionsAfterAViewAreThoseOfTheTypeThatIsCounted(t *testing.T) {
	const actions = `"actions":[{"action_type":"purchase","value":"9","1d_view":"7"},{"action_type":"omni_purchase","value":"37","1d_view":"2"},{"action_type":"link_click","value":"50","1d_view":"40"}]`
	for name, c := range map[string]struct {
		row          string
		known, views bool
	}{
		"counted":                {`"attribution_setting":"7d_click_1d_view",` + actions, true, true},
		"none in the window":     {`"attribution_setting":"1d_view","actions":[{"action_type":"omni_purchase","value":"37"}]`, true, false},
		"no purchases":           {`"attribution_setting":"7d_click_1d_view"`, true, false},
		"the setting has none":   {`"attribution_setting":"7d_click",` + actions, false, false},
		"ad sets differ":         {`"attribution_setting":"mixed",` + actions, false, false},
		"the setting is unknown": {actions, false, false},
	} {
		m := insights(t, []byte("[{"+c.row+"}]"), "purchase")[0].metrics
		if m.Knows(kpi.ViewThrough) != c.known || (m.ViewThrough == 2_000_000) != c.views || !c.views && m.ViewThrough != 0 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestOneTypeOfResultIsCounted(t *testing.T) {
	list := func(pairs ...string) string {
		var all []string
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, fmt.Sprintf(`{"action_type":%q,"value":%q,"7d_click":"99"}`, pairs[i], pairs[i+1]))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	const fb = "offsite_conversion.fb_pixel_"
	for _, c := range []struct {
		name, result    string
		actions, values string
		want            kpi.Metrics
	}{
		{"nothing happened", "purchase", "null", "null", kpi.Metrics{Has: kpi.Clicks | kpi.Conversions | kpi.Revenue}},
		{"omni first", "purchase", list(fb+"purchase", "2", "purchase", "3", "omni_purchase", "4"), list("purchase", "30", "omni_purchase", "40.5"),
			kpi.Metrics{Has: kpi.Clicks | kpi.Conversions | kpi.Revenue, Conversions: 4_000_000, Revenue: 40_500_000}},
		{"pixel at last", "purchase", list(fb+"purchase", "2"), list(fb+"purchase", "20"),
			kpi.Metrics{Has: kpi.Clicks | kpi.Conversions | kpi.Revenue, Conversions: 2_000_000, Revenue: 20_000_000}},
		{"purchases without value", "purchase", list("purchase", "2"), "null", kpi.Metrics{Has: kpi.Clicks | kpi.Conversions, Conversions: 2_000_000}},
		{"lead total", "lead", list(fb+"lead", "2", "lead", "2"), "null", kpi.Metrics{Has: kpi.Clicks | kpi.Conversions, Conversions: 2_000_000}},
		{"parts of leads", "lead", list(fb+"lead", "2", "onsite_conversion.lead_grouped", "3"), "null", kpi.Metrics{Has: kpi.Clicks | kpi.Conversions, Conversions: 5_000_000}},
		{"another action", fb + "add_to_cart", list("purchase", "2", fb+"add_to_cart", "9"), list(fb+"add_to_cart", "1"),
			kpi.Metrics{Has: kpi.Clicks | kpi.Conversions | kpi.Revenue, Conversions: 9_000_000, Revenue: 1_000_000}},
	} {
		got := insights(t, []byte(`[{"actions":`+c.actions+`,"action_values":`+c.values+`}]`), c.result)
		if got[0].metrics != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got[0].metrics, c.want)
		}
	}
}

// row is an answer's row of an account with id 1.
func row(campaign, date string) string {
	return fmt.Sprintf(`{"account_id":"1","account_currency":"EUR","campaign_id":%q,"spend":"1","date_start":%q,"date_stop":%q}`, campaign, date, date)
}

var first = sources.Account{ID: "act_1", Currency: "EUR", Zone: time.UTC}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := row("7", "2026-11-01")
	for name, body := range map[string]string{
		"another account":   strings.Replace(good, `"account_id":"1"`, `"account_id":"2"`, 1),
		"another currency":  strings.Replace(good, "EUR", "USD", 1),
		"another day":       row("7", "2026-12-01"),
		"no day":            row("7", "yesterday"),
		"no campaign":       row("", "2026-11-01"),
		"twice the same":    good + "," + good,
		"spend no number":   strings.Replace(good, `"spend":"1"`, `"spend":"1,5"`, 1),
		"negative clicks":   strings.Replace(good, `"spend":"1"`, `"inline_link_clicks":"-1"`, 1),
		"more than 64 bits": strings.Replace(good, `"spend":"1"`, `"spend":"99999999999999999999"`, 1),
	} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"data":[%s]}`, body) })
		if rows, _, err := fetch(t, s, query(first)); sources.KindOf(err) != sources.Malformed || len(rows) != 0 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) })
	if _, _, err := fetch(t, s, query(first)); sources.KindOf(err) != sources.Malformed {
		t.Errorf("no data: %v", err)
	}
}

func TestTokenNeverFollowsALink(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"data":[%s],"paging":{"next":"https://elsewhere.example/v26.0/act_1/insights?after=x"}}`, row("7", "2026-11-01"))
	})
	if _, _, err := fetch(t, s, query(first)); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "elsewhere.example") {
		t.Errorf("link to another host: %v", err)
	}
	var asked []string
	s = answering(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		next := ""
		if len(asked) == 1 {
			next = `"next":"http://` + r.Host + `/v26.0/act_1/insights?access_token=leaked&after=x"`
		}
		fmt.Fprintf(w, `{"data":[%s],"paging":{%s}}`, row(fmt.Sprint(len(asked)), "2026-11-01"), next)
	})
	rows, _, err := fetch(t, s, query(first))
	if err != nil || len(rows) != 2 || asked[1] != "after=x" {
		t.Errorf("%d rows, asked %q, %v", len(rows), asked, err)
	}
}

func TestUsageIsReadFromAllFourHeaders(t *testing.T) {
	for _, c := range []struct {
		header, value string
		want          usage
	}{
		{"X-Business-Use-Case-Usage", `{"1":[{"type":"ads_insights","call_count":95,"total_cputime":20,"total_time":20,"estimated_time_to_regain_access":9}]}`,
			usage{0.95, "ads_insights of account 1", 10 * time.Minute}},
		{"X-FB-Ads-Insights-Throttle", `{"app_id_util_pct":100,"acc_id_util_pct":10}`, usage{used: 1, scope: "insights of the app"}},
		{"X-Ad-Account-Usage", `{"acc_id_util_pct":97.5,"reset_time_duration":100}`, usage{0.975, "calls of the account", 100 * time.Second}},
		{"X-App-Usage", `{"call_count":28,"total_time":25,"total_cputime":25}`, usage{used: 0.28, scope: "calls of the app"}},
		{"X-App-Usage", `not JSON`, usage{}},
		{"X-Business-Use-Case-Usage", `{"1":[{"estimated_time_to_regain_access":1e300}]}`, usage{wait: longestBlock}},
	} {
		if got := readUsage(http.Header{http.CanonicalHeaderKey(c.header): {c.value}}); got != c.want {
			t.Errorf("%s %s: %+v, want %+v", c.header, c.value, got, c.want)
		}
	}
}

func TestPagesSlowDownBeforeTheLimitAndStopShortOfIt(t *testing.T) {
	for percent, c := range map[int]struct {
		pause time.Duration
		kind  sources.Kind
	}{50: {0, 0}, 80: {10 * time.Second, 0}, 92: {0, sources.QuotaKind}} {
		pages := 0
		s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			pages++
			w.Header().Set("X-App-Usage", fmt.Sprintf(`{"call_count":%d}`, percent))
			next := ""
			if pages == 1 {
				next = `"next":"http://` + r.Host + `/v26.0/act_1/insights?after=x"`
			}
			fmt.Fprintf(w, `{"data":[%s],"paging":{%s}}`, row(fmt.Sprint(pages), "2026-11-01"), next)
		})
		var paused time.Duration
		s.(*source).env.Sleep = func(_ context.Context, d time.Duration) error { paused += d; return nil }
		_, receipt, err := fetch(t, s, query(first))
		if sources.KindOf(err) != c.kind || paused.Round(time.Second) != c.pause {
			t.Errorf("%d%%: paused %v, error %v", percent, paused, err)
		}
		if err == nil && receipt.Quota.Used != float64(percent)/100 {
			t.Errorf("%d%%: quota %+v", percent, receipt.Quota)
		}
	}
}

func TestExpiredVersionIsAWarning(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Ad-Api-Version-Warning", "upgraded to v27.0")
		fmt.Fprint(w, `{"data":[]}`)
	})
	_, receipt, err := fetch(t, s, query(first))
	if err != nil || len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], "upgraded to v27.0") {
		t.Errorf("%+v, %v", receipt, err)
	}
}

// FuzzInsights decodes any answer: its rows have clean names and no figure in
// a missing field.
func FuzzInsights(f *testing.F) {
	f.Add([]byte(`{"data":[` + row("7", "2026-11-01") + `]}`))
	f.Add([]byte(`{"data":[{"account_id":"1","campaign_id":"7","impressions":"3","actions":[{"action_type":"purchase","value":"2.5"}],"date_start":"2026-11-01","date_stop":"2026-11-01"}]}`))
	f.Add([]byte(`{"error":{"code":190,"error_subcode":463}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = classify(&httpkit.Response{Status: 400, Header: http.Header{"X-App-Usage": {string(body)}}, Body: body})
		if u := readUsage(http.Header{"X-Business-Use-Case-Usage": {string(body)}}); u.wait < 0 || u.wait > longestBlock || u.used < 0 {
			t.Errorf("usage %+v", u)
		}
		for level := range levels {
			q := query(first)
			q.Level = level
			var rows []sources.Row
			_, err := newDecoder(q, "purchase", nil, sourcetest.Collect(&rows)).page(httpkit.NewScanner(body))
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}
