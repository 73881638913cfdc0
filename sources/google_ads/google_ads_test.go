package googleads

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/simulator"
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
		Path:       "searchStream",
		Secrets:    []string{simulator.GoogleClientSecret, simulator.GoogleRefreshToken, "ya29.simulated-access-token"},
		Refreshes:  true,
		Parks:      true,
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

func decoded(t *testing.T, body string) []batch {
	t.Helper()
	var batches []batch
	if err := json.Unmarshal([]byte(body), &batches); err != nil {
		t.Fatal(err)
	}
	return batches
}

func TestAbsentMetricIsZeroOnlyWhenItWasSelected(t *testing.T) {
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 11, 20))
	got, err := read(decoded(t, `[{"results":[{"campaign":{"resourceName":"customers/1/campaigns/7"},"metrics":{"clicks":"3"},"segments":{"date":"2026-11-20","hour":9}}],
		"fieldMask":"campaign.id,metrics.clicks,metrics.costMicros"}]`), q)
	if err != nil {
		t.Fatal(err)
	}
	want := kpi.Metrics{Has: kpi.Clicks | kpi.Cost, Clicks: 3}
	if got.rows[0].Metrics != want || got.rows[0].Entity.ID != "7" {
		t.Errorf("got %+v, want campaign 7 with %+v", got.rows[0], want)
	}
}

func TestRepeatedHourIsFoldedAndTheUserToldSo(t *testing.T) {
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 10, 25))
	line := `{"campaign":{"id":"7","name":"a\u001b[31m"},"metrics":{"costMicros":"5","conversions":0.333333},"segments":{"date":"2026-10-25","hour":2}}`
	got, err := read(decoded(t, `[{"results":[`+line+`]},{"results":[`+line+`]}]`), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.rows) != 1 || got.rows[0].Slot.Hour != 2 || got.rows[0].Metrics.Cost != 10 || got.rows[0].Metrics.Conversions != 666666 || got.rows[0].Entity.Name != "a[31m" {
		t.Errorf("got %+v, want one row of the first real hour with both lines", got.rows)
	}
	if len(got.warnings) != 1 {
		t.Errorf("got warnings %q, want one", got.warnings)
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
	} {
		_, err := read(decoded(t, `[{"results":[`+result+`]}]`), q)
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
	f.Add([]byte(`[{"error":{"code":429,"details":[{"@type":"x.GoogleAdsFailure","errors":[{"errorCode":{"quotaError":"RESOURCE_EXHAUSTED"}}]}]}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		classify(&httpkit.Response{Status: 200, Body: body})
		var batches []batch
		if json.Unmarshal(body, &batches) != nil {
			return
		}
		q := day(t, "Europe/Berlin", kpi.NewDate(2026, 10, 25))
		got, err := read(batches, q)
		if err != nil && sources.KindOf(err) != sources.Malformed {
			t.Errorf("got %v, want an unreadable answer", err)
		}
		for _, row := range got.rows {
			if row.Entity.ID == "" || !q.Days.Contains(row.Slot.Date) || row.Slot.Hour < 0 || row.Slot.Hour > 24 || row.Entity.Name != sources.Clean(row.Entity.Name) {
				t.Errorf("impossible row %+v", row)
			}
		}
	})
}
