package googleads

import (
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.ClientID = simulator.GoogleClientID
	o.ClientSecret = sources.NewSecret(simulator.GoogleClientSecret)
	o.RefreshToken = sources.NewSecret(simulator.GoogleRefreshToken)
	o.BaseURL = place
	o.TokenURL = place + "/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		AdID:       func(group, ad string) string { return group + "~" + ad },
		Breakdowns: map[string]func(world.Placement) string{
			"network": func(p world.Placement) string { return strings.ToLower(p.Network) },
		},
		Path:      "googleAds:search",
		Secrets:   []string{simulator.GoogleClientSecret, simulator.GoogleRefreshToken, "ya29.simulated-access-token"},
		Refreshes: true,
		Parks:     true,
	})
}

func day(t *testing.T, zone string, date kpi.Date) sources.Query {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return sources.Query{
		Account: sources.Account{ID: "1", Zone: location, Currency: "EUR"},
		Days:    kpi.DateRange{From: date, To: date}, Level: sources.LevelCampaign, Grain: sources.Hour,
	}
}

// decoded reads an answer of searchStream.
func decoded(body string, q sources.Query) (rows []sources.Row, warnings []string, err error) {
	d := newDecoder(q, nil, sourcetest.Collect(&rows))
	if err = d.stream(httpkit.NewScanner([]byte(body))); err == nil {
		err = d.rows.Close()
	}
	return rows, d.rows.Warnings, err
}

func TestAbsentMetricIsZeroOnlyWhenItWasSelected(t *testing.T) {
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 11, 20))
	rows, _, err := decoded(`[{"results":[{"campaign":{"resourceName":"customers/1/campaigns/7"},"metrics":{"clicks":"3"},"segments":{"date":"2026-11-20","hour":9}}],
		"fieldMask":"campaign.id,metrics.clicks,metrics.costMicros"}]`, q)
	if err != nil {
		t.Fatal(err)
	}
	want := kpi.Metrics{Has: kpi.Clicks | kpi.Cost, Clicks: 3}
	if len(rows) != 1 || rows[0].Metrics != want || rows[0].Entity.ID != "7" {
		t.Errorf("got %+v, want campaign 7 with %+v", rows, want)
	}
}

func TestRepeatedHourIsFoldedAndTheUserToldSo(t *testing.T) {
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 10, 25))
	line := `{"campaign":{"id":"7","name":"a\u001b[31m"},"metrics":{"costMicros":"5","conversions":0.333333},"segments":{"date":"2026-10-25","hour":2}}`
	rows, warnings, err := decoded(`[{"results":[`+line+`]},{"results":[`+line+`]}]`, q)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Slot.Hour != 2 || rows[0].Metrics.Cost != 10 || rows[0].Metrics.Conversions != 666666 || rows[0].Entity.Name != "a[31m" {
		t.Errorf("got %+v, want one row of the first real hour with both lines", rows)
	}
	if len(warnings) != 1 {
		t.Errorf("got warnings %q, want one", warnings)
	}
}

func TestUnreadableResultsNameTheLine(t *testing.T) {
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 11, 20))
	for name, result := range map[string]string{
		"no identity":    `{"segments":{"date":"2026-11-20","hour":1}}`,
		"no date":        `{"campaign":{"id":"7"}}`,
		"foreign date":   `{"campaign":{"id":"7"},"segments":{"date":"2026-11-21","hour":1}}`,
		"no hour":        `{"campaign":{"id":"7"},"segments":{"date":"2026-11-20"}}`,
		"hour of no day": `{"campaign":{"id":"7"},"segments":{"date":"2026-11-20","hour":24}}`,
		"id no number":   `{"campaign":{"id":"seven"},"segments":{"date":"2026-11-20","hour":1}}`,
		"below zero":     `{"campaign":{"id":"7"},"metrics":{"clicks":"-1"},"segments":{"date":"2026-11-20","hour":1}}`,
	} {
		_, _, err := decoded(`[{"results":[`+result+`]}]`, q)
		if sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "result 1") {
			t.Errorf("%s: got %v, want an unreadable answer at result 1", name, err)
		}
	}
}

func TestErrorsHaveTheirKindWrappedOrNot(t *testing.T) {
	for _, rule := range []struct {
		status     int
		errorCode  string
		kind       sources.Kind
		next       string
		retryAfter time.Duration
	}{
		{400, `{"requestError":"UNSUPPORTED_VERSION"}`, sources.Invalid, "newer API version", 0},
		{400, `{"requestError":"EXPIRED_PAGE_TOKEN"}`, sources.Unavailable, "", 2 * time.Minute},
		{400, `{"queryError":"REQUESTED_METRICS_FOR_MANAGER"}`, sources.Invalid, "", 0},
		{401, `{"authenticationError":"OAUTH_TOKEN_REVOKED"}`, sources.Auth, "sign in", 0},
		{403, `{"authorizationError":"USER_PERMISSION_DENIED"}`, sources.Permission, "login_customer_id", 0},
		{403, `{"authorizationError":"CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"}`, sources.Permission, "production access", 0},
		{429, `{"quotaError":"RESOURCE_TEMPORARILY_EXHAUSTED"}`, sources.QuotaKind, "", 0},
		{429, `{"quotaError":"RESOURCE_EXHAUSTED"}`, sources.QuotaKind, "", time.Hour},
		{500, `{"internalError":"INTERNAL_ERROR"}`, sources.Unavailable, "", 0},
		{200, `{"internalError":"TRANSIENT_ERROR"}`, sources.Unavailable, "", 0},
		{418, `{"teapotError":"NOT_YET_DOCUMENTED"}`, sources.Invalid, "", 0},
	} {
		body := `{"error":{"message":"m","details":[{"@type":"type.googleapis.com/google.ads.googleads.v99.errors.GoogleAdsFailure","errors":[{"errorCode":` + rule.errorCode + `,"message":"why"}],"requestId":"r1"}]}}`
		for _, body := range []string{body, "[" + body + "]", `[{"results":[]},` + body + `]`} {
			got := classify(&httpkit.Response{Status: rule.status, Body: []byte(body)})
			if got == nil || got.Kind != rule.kind || !strings.Contains(got.Next, rule.next) || got.RetryAfter != rule.retryAfter || !strings.Contains(got.Error(), "r1") {
				t.Errorf("%s: got %v (next %q), want kind %q, next %q, retry after %s", body, got, got.Next, rule.kind, rule.next, rule.retryAfter)
			}
		}
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	for key, spoil := range map[string]func(*Options){
		"client_id":         func(o *Options) { o.ClientID = "" },
		"refresh_token":     func(o *Options) { o.RefreshToken = sources.Secret{} },
		"version":           func(o *Options) { o.Version = "26" },
		"login_customer_id": func(o *Options) { o.LoginCustomerID = "mine" },
		"accounts":          func(o *Options) { o.Accounts = []string{"act_1"} },
		"base_url":          func(o *Options) { o.BaseURL = "ftp://x" },
		"token_url":         func(o *Options) { o.TokenURL = "x" },
	} {
		o := simulated("http://127.0.0.1:1").(*Options)
		spoil(o)
		if _, err := Definition().Open(o, sources.Env{}); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want an error that names it", key, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`[{"results":[{"campaign":{"id":"7"},"metrics":{"clicks":"3","conversions":1e2},"segments":{"date":"2026-10-25","hour":2}}],"fieldMask":"metrics.clicks"}]`))
	f.Add([]byte(`[{"results":[{"adGroupAd":{"resourceName":"customers/1/adGroupAds/7~8","ad":{"type":"IMAGE_AD"}},"segments":{"date":"2026-10-25","hour":2}}]}]`))
	f.Add([]byte(`[{"error":{"code":429,"details":[{"@type":"x.GoogleAdsFailure","errors":[{"errorCode":{"quotaError":"RESOURCE_EXHAUSTED"}}]}]}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		classify(&httpkit.Response{Status: 200, Body: body})
		for _, level := range []sources.Level{sources.LevelCampaign, sources.LevelAdGroup, sources.LevelAd} {
			q := day(t, "Europe/Berlin", kpi.NewDate(2026, 10, 25))
			q.Level = level
			rows, _, err := decoded(string(body), q)
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}
