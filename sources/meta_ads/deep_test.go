package metaads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

func TestAdSetsAndAdsHaveNameStatusAndParent(t *testing.T) {
	s, sim := simulated(t)
	sim.PageSize = 40
	for _, c := range []struct {
		level  sources.Level
		parent string
	}{{sources.LevelAdGroup, ""}, {sources.LevelAdGroup, "1209000000000010006"}, {sources.LevelAd, ""}, {sources.LevelAd, "12090000000000100062"}} {
		q := query(berlin)
		q.Level, q.Parent = c.level, c.parent
		rows, receipt, err := fetch(t, s, q)
		if err != nil || len(rows) == 0 || len(receipt.Warnings) != 0 {
			t.Fatalf("%d rows, %q, %v", len(rows), receipt.Warnings, err)
		}
		words := map[string]bool{}
		for _, r := range rows {
			words[r.Entity.Status] = true
			if r.Entity.Name == r.Entity.ID || r.Entity.Parent == "" || r.Entity.Attribution != "7d_click_1d_view" || r.Entity.Action != "purchase" {
				t.Errorf("entity %+v", r.Entity)
			}
		}
		if words[""] || !words["active"] {
			t.Errorf("%s below %q: statuses %v", c.level, c.parent, words)
		}
	}
}

func TestUnreadableStatusIsAWarningAndNoMore(t *testing.T) {
	s, sim := simulated(t)
	sim.PageSize = 40
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.Meta, Path: "/ads"})
	q := query(berlin)
	q.Level = sources.LevelAd
	rows, receipt, err := fetch(t, s, q)
	if err != nil || len(rows) == 0 || len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], "status of ads") || rows[0].Entity.Status != "" {
		t.Errorf("%d rows, %q, %v", len(rows), receipt.Warnings, err)
	}
}

func TestDeletedIsListedNowhereAndStillInTheTotal(t *testing.T) {
	campaign := func(id, status string, groups ...world.AdGroup) world.Campaign {
		return world.Campaign{ID: id, Name: "Campaign " + id, Status: status, SpendPerDay: 90, ROAS: 3, AOV: 40, CPC: 0.5, CTR: 0.02, OverClaim: 1.2,
			Delay: world.Delay{Hour: 0.5, Day: 0.3}, Groups: groups}
	}
	group := func(id, status string, ads ...world.Ad) world.AdGroup {
		return world.AdGroup{ID: id, Name: "Set " + id, Status: status, Ads: ads}
	}
	ad := func(id, status string) world.Ad { return world.Ad{ID: id, Name: "Ad " + id, Status: status, Share: 1} }
	zone := sourcetest.Zone("Europe/Berlin")
	w := world.New(world.Spec{Seed: 3, Epoch: world.ConformanceEpoch, Accounts: []world.Account{{
		Platform: world.Meta, ID: "act_7", Name: "Seven", Currency: "EUR", Zone: zone, Campaigns: []world.Campaign{
			campaign("71", "ENABLED", group("711", "ENABLED", ad("7111", "ENABLED"), ad("7112", "DELETED")), group("712", "DELETED", ad("7121", "ENABLED"))),
			campaign("72", "DELETED", group("721", "ENABLED", ad("7211", "ENABLED"))),
		},
	}}, Shop: world.Shop{ID: "shop", Currency: "EUR", Zone: zone}})
	server := httptest.NewServer(simulator.New(w, func() time.Time { return noon }))
	defer server.Close()
	s := opened(t, server.URL+"/meta_ads")
	sum := map[sources.Level]kpi.Micros{}
	seen := map[string]bool{}
	for level := sources.LevelAccount; level <= sources.LevelAd; level++ {
		q := query(sources.Account{ID: "act_7", Currency: "EUR", Zone: zone})
		q.Level = level
		rows, _, err := fetch(t, s, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			sum[level] += r.Metrics.Cost
			seen[r.Entity.ID] = true
		}
	}
	var whole, listed kpi.Micros
	for d := query(berlin).Days.From; d <= query(berlin).Days.To; d++ {
		listed += w.Day("act_7", "71", d, noon).Cost
		whole += w.Day("act_7", "71", d, noon).Cost + w.Day("act_7", "72", d, noon).Cost
	}
	if sum[sources.LevelAccount] != whole || sum[sources.LevelCampaign] != listed || listed == whole {
		t.Errorf("the account has %d, its campaigns %d; want %d and %d", sum[sources.LevelAccount], sum[sources.LevelCampaign], whole, listed)
	}
	if !(sum[sources.LevelAd] > 0 && sum[sources.LevelAd] < sum[sources.LevelAdGroup] && sum[sources.LevelAdGroup] < listed) {
		t.Errorf("sums by level: %v, want less below each deleted part", sum)
	}
	for _, gone := range []string{"72", "712", "721", "7112", "7121", "7211"} {
		if seen[gone] {
			t.Errorf("%s was deleted and is listed", gone)
		}
	}
}

func TestWhatIsNotReadIsRefusedUnasked(t *testing.T) {
	s, sim := simulated(t)
	for _, change := range []func(*sources.Query){
		func(q *sources.Query) { q.Level = sources.LevelKey },
		func(q *sources.Query) { q.Breakdown = "device" },
		func(q *sources.Query) { q.Grain = sources.Hour },
		func(q *sources.Query) { q.Level, q.Parent = sources.LevelAd, `1"},{"` },
		func(q *sources.Query) { q.Level, q.Parent = sources.LevelAccount, "1" },
		func(q *sources.Query) { q.Parent = "act_2" },
	} {
		q := query(berlin)
		change(&q)
		if _, _, err := fetch(t, s, q); sources.KindOf(err) != sources.Invalid {
			t.Errorf("%+v: got %v, want it refused", q, err)
		}
	}
	if asked := sim.Requests(world.Meta); len(asked) != 0 {
		t.Errorf("Meta was asked %d times", len(asked))
	}
}

// reported fetches what is too much for direct answers.
func reported(t *testing.T, faults ...simulator.Fault) (rows []sources.Row, sim *simulator.Simulator, err error) {
	t.Helper()
	s, sim := simulated(t)
	sim.SyncRows = 3
	for _, fault := range faults {
		fault.Platform = world.Meta
		sim.Faults().Set(fault)
	}
	rows, _, err = fetch(t, s, query(berlin))
	return rows, sim, err
}

func TestTooMuchForAnAnswerComesAsAReport(t *testing.T) {
	s, _ := simulated(t)
	want, _, err := fetch(t, s, query(berlin))
	if err != nil {
		t.Fatal(err)
	}
	got, sim, err := reported(t)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a report differs from an answer:\n%s", diff)
	}
	var ordered, looked, pages int
	for _, r := range sim.Requests(world.Meta) {
		switch {
		case r.Method == http.MethodPost:
			ordered++
		case strings.Contains(r.Path, "/6100") && strings.HasSuffix(r.Path, "/insights"):
			pages++
		case strings.Contains(r.Path, "/6100"):
			looked++
		}
	}
	if ordered != 1 || looked != 3 || pages < 2 {
		t.Errorf("ordered %d reports, looked %d times, read %d pages", ordered, looked, pages)
	}
}

func TestLongRangesAreReportsAtOnce(t *testing.T) {
	s, sim := simulated(t)
	sim.PageSize = 100
	q := query(berlin)
	q.Level, q.Days.From = sources.LevelAd, q.Days.To-29
	rows, _, err := fetch(t, s, q)
	if err != nil || len(rows) < 300 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range sim.Requests(world.Meta) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.Path, "/v26.0/act_900000000000001/insights") {
			t.Errorf("asked directly: %s", r.Path)
		}
	}
}

// TestReportsThatComeToNothingSaySo goes through the ends that a report can have.
func TestReportsThatComeToNothingSaySo(t *testing.T) {
	const run = "/v26.0/6100"
	for _, c := range []struct {
		name, says string
		fault      simulator.Fault
		kind       sources.Kind
	}{
		{"failed", "failed: code -2/2490547", simulator.Fault{Kind: simulator.ReportFailed, Path: run}, sources.Unavailable},
		{"skipped", "skipped", simulator.Fault{Kind: simulator.ReportSkipped, Path: run, After: 1}, sources.Unavailable},
		{"expired", "no longer kept", simulator.Fault{Kind: simulator.ReportExpired, Path: run}, sources.Unavailable},
		{"expired between pages", "no longer kept", simulator.Fault{Kind: simulator.ReportExpired, Path: run, After: 4}, sources.Unavailable},
		{"never ready", "not ready after 1", simulator.Fault{Kind: simulator.Building, Path: run}, sources.Unavailable},
		{"throttled", "11m", simulator.Fault{Kind: simulator.Throttle, Path: run, Wait: 10 * time.Minute}, sources.QuotaKind},
		{"token expired", "", simulator.Fault{Kind: simulator.ExpiredToken, Path: run}, sources.Auth},
		{"denied", "", simulator.Fault{Kind: simulator.Denied, Path: run}, sources.Permission},
		{"not JSON", "", simulator.Fault{Kind: simulator.NotJSON, Path: run}, sources.Malformed},
		{"another type", "", simulator.Fault{Kind: simulator.WrongType, Path: run}, sources.Malformed},
		{"cut off", "", simulator.Fault{Kind: simulator.Truncated, Path: run, After: 3}, sources.Malformed},
	} {
		rows, _, err := reported(t, c.fault)
		if sources.KindOf(err) != c.kind || len(rows) != 0 && c.fault.After < 3 || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d rows, %v, want kind %q that says %q", c.name, len(rows), err, c.kind, c.says)
		}
	}
	if rows, _, err := reported(t, simulator.Fault{Kind: simulator.Outage, Path: run, Times: 1}); err != nil || len(rows) == 0 {
		t.Errorf("an outage that ends: %d rows, %v", len(rows), err)
	}
	if rows, _, err := reported(t, simulator.Fault{Kind: simulator.Building, Path: run, Times: 4}); err != nil || len(rows) == 0 {
		t.Errorf("a report that takes its time: %d rows, %v", len(rows), err)
	}
}

func TestPageOfAReportThatIsTooMuchIsNotAskedForAsFewerDays(t *testing.T) {
	rows, sim, err := reported(t, simulator.Fault{Kind: simulator.TooMuch, Path: "/v26.0/6100", After: 4})
	if sources.KindOf(err) != sources.Invalid || len(rows) == 0 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	ordered := 0
	for _, r := range sim.Requests(world.Meta) {
		if r.Method == http.MethodPost {
			ordered++
		}
	}
	if ordered != 1 {
		t.Errorf("%d reports were ordered: rows would come twice", ordered)
	}
}

func TestWaitForAReportEndsWithItsContext(t *testing.T) {
	s, sim := simulated(t)
	sim.SyncRows = 1
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.(*source).env.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	_, err := s.Fetch(ctx, query(berlin), func(sources.Record) error { t.Error("a row after the end"); return nil })
	if !errors.Is(err, context.Canceled) || sources.KindOf(err) != 0 {
		t.Errorf("got %v, want the end of the context", err)
	}
	asked := sim.Requests(world.Meta)
	if last := asked[len(asked)-1]; last.Method != http.MethodPost {
		t.Errorf("%s %s was asked after the end of the context", last.Method, last.Path)
	}
}

func TestReportsAreOrderedWithProofAndWithoutTheToken(t *testing.T) {
	s, sim := simulated(t, func(o *Options) { o.AppSecret = sources.NewSecret(simulator.MetaAppSecret) })
	sim.SyncRows = 1
	if _, _, err := fetch(t, s, query(berlin)); err != nil {
		t.Fatal(err)
	}
	for _, r := range sim.Requests(world.Meta) {
		if strings.Count(r.Query, "appsecret_proof=") != 1 || strings.Contains(r.Query, "access_token") || r.Body != "" {
			t.Errorf("%s %s?%s with body %q", r.Method, r.Path, r.Query, r.Body)
		}
	}
}

func TestStatesOfAReport(t *testing.T) {
	s, _ := simulated(t)
	p := &poll{source: s.(*source)}
	for body, want := range map[string]struct {
		done bool
		kind sources.Kind
	}{
		`{"async_status":"Job Completed","async_percent_completion":100}`:                                            {true, 0},
		`{"async_status":"Job Completed","async_percent_completion":99}`:                                             {false, 0},
		`{"async_status":"Job Completed"}`:                                                                           {false, 0},
		`{"async_status":"Job Pondering","async_percent_completion":100}`:                                            {false, 0},
		`{"async_percent_completion":100}`:                                                                           {false, sources.Malformed},
		`{"async_status":"Job Failed"}`:                                                                              {false, sources.Unavailable},
		`{"async_status":"Job Failed","error_code":190,"error_subcode":463}`:                                         {false, sources.Auth},
		`{"async_status":"Job Failed","error_code":4,"error_subcode":1504039}`:                                       {false, sources.QuotaKind},
		`{"async_status":"Job Failed","error_code":2,"error_subcode":1504041,"error_message":"Invalid Breakdowns"}`:  {false, sources.Invalid},
		`{"async_status":"Job Failed","error_code":-3,"error_subcode":1504045,"error_message":"Report\u001b Large"}`: {false, sources.Invalid},
	} {
		done, err := p.state("6100", &httpkit.Response{Status: 200, Header: http.Header{}, Body: []byte(body)})
		if done != want.done || sources.KindOf(err) != want.kind || err != nil && err.Error() != sources.Clean(err.Error()) {
			t.Errorf("%s: %v, %v; want %v, kind %q", body, done, err, want.done, want.kind)
		}
	}
	if got := sourcetest.Recorded(t, "meta_ads", "recorded_async_status.json"); got != nil {
		if done, err := p.state("362879110860600", &httpkit.Response{Status: 200, Body: got}); !done || err != nil {
			t.Errorf("the recorded state: %v, %v", done, err)
		}
		id, err := p.runID(&httpkit.Response{Status: 200, Body: sourcetest.Recorded(t, "meta_ads", "recorded_async_create.json")})
		if id != "362879110860600" || err != nil {
			t.Errorf("the recorded order: %q, %v", id, err)
		}
	}
}

func TestHostileReportIDsAreNotFollowed(t *testing.T) {
	for _, body := range []string{`{"report_run_id":"../act_1"}`, `{"report_run_id":""}`, `{}`, `{"report_run_id":-5}`, `{"report_run_id":{"a":1}}`} {
		asked := 0
		s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `{"error":{"code":100,"error_subcode":1487534}}`)
				return
			}
			asked++
			fmt.Fprint(w, body)
		})
		if _, _, err := fetch(t, s, query(first)); sources.KindOf(err) != sources.Malformed || asked != 1 {
			t.Errorf("%s: %v after %d orders", body, err, asked)
		}
	}
}

// BenchmarkDecode reads a page of campaigns, and one of ads by placement.
func BenchmarkDecode(b *testing.B) {
	const rows = 10_000
	q := query(first)
	ads := q
	ads.Level, ads.Breakdown = sources.LevelAd, "placement"
	for _, c := range []struct {
		name, entity string
		query        sources.Query
	}{
		{"campaigns", `"campaign_id":"1202198%07[1]d","campaign_name":"Prospecting %[1]d"`, q},
		{"ads", `"ad_id":"1202198%07[1]d","ad_name":"Video %[1]d","adset_id":"120219811","publisher_platform":"instagram","platform_position":"instagram_stories"`, ads},
	} {
		b.Run(c.name, func(b *testing.B) {
			var lines []string
			for i := range rows {
				lines = append(lines, fmt.Sprintf(`{"account_id":"1","account_currency":"EUR",`+fmt.Sprintf(c.entity, i/7)+`,"impressions":"%d","inline_link_clicks":"%d","spend":"%d.43",`+
					`"actions":[{"action_type":"link_click","value":"%d"},{"action_type":"purchase","value":"3"},{"action_type":"omni_purchase","value":"3"}],"action_values":[{"action_type":"omni_purchase","value":"150.5"}],`+
					`"attribution_setting":"7d_click_1d_view","date_start":"%[5]s","date_stop":"%[5]s"}`, 31*i, i, i%90, i, q.Days.From+kpi.Date(i%7)))
			}
			body := []byte(`{"data":[` + strings.Join(lines, ",") + `]}`)
			sourcetest.Bench(b, "x-of-json", rows, func() error {
				_, err := newDecoder(c.query, "purchase", nil, func(sources.Record) error { return nil }).page(httpkit.NewScanner(body))
				return err
			}, func() error {
				type action struct {
					Type  string `json:"action_type"`
					Value string
				}
				var page struct {
					Data []struct {
						AccountID    string `json:"account_id"`
						Currency     string `json:"account_currency"`
						CampaignID   string `json:"campaign_id"`
						CampaignName string `json:"campaign_name"`
						AdID         string `json:"ad_id"`
						AdName       string `json:"ad_name"`
						AdSet        string `json:"adset_id"`
						Platform     string `json:"publisher_platform"`
						Position     string `json:"platform_position"`
						Impressions  string
						Clicks       string `json:"inline_link_clicks"`
						Spend        string
						Actions      []action
						Values       []action `json:"action_values"`
						Attribution  string   `json:"attribution_setting"`
						Start        string   `json:"date_start"`
						Stop         string   `json:"date_stop"`
					}
				}
				return json.Unmarshal(body, &page)
			})
		})
	}
}
