package googleads

import (
	"net/http"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

// wholeYear asks for every day that the fixtures report.
func wholeYear(t *testing.T, level sources.Level, grain sources.Grain) sources.Query {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return sources.Query{
		Account: sources.Account{ID: "123321321", Zone: zone, Currency: "EUR"},
		Days:    kpi.DateRange{From: kpi.NewDate(2024, 1, 1), To: kpi.NewDate(2026, 12, 31)},
		Level:   level, Grain: grain,
	}
}

func TestRecordedAnswersReadAsAPersonWouldReadThem(t *testing.T) {
	for _, want := range []struct {
		file     string
		level    sources.Level
		rows     int
		entities int
		clicks   int64
		cost     kpi.Micros
	}{
		{"searchstream_account_by_day.json", sources.LevelAccount, 7, 1, 1244, 6_568_616_021},
		{"searchstream_account_by_day_gaps.json", sources.LevelAccount, 4, 1, 705, 3_579_141_902},
		{"searchstream_account_by_day_one_month.json", sources.LevelAccount, 16, 1, 25_813, 33_926_446_888},
		{"searchstream_account_by_day_unsorted.json", sources.LevelAccount, 15, 1, 1010, 6_445_000_000},
		{"searchstream_campaign_by_day.json", sources.LevelCampaign, 15, 3, 3830, 533_930_000_000},
		{"searchstream_empty.json", sources.LevelCampaign, 0, 0, 0, 0},
	} {
		t.Run(want.file, func(t *testing.T) {
			rows, _, err := decoded(string(sourcetest.Recorded(t, "google_ads", want.file)), wholeYear(t, want.level, sources.Day))
			if err != nil {
				t.Fatal(err)
			}
			var sum kpi.Metrics
			entities := map[string]bool{}
			for _, row := range rows {
				if sum, err = sum.Add(row.Metrics); err != nil {
					t.Fatal(err)
				}
				entities[row.Entity.ID] = true
				if row.Metrics.Has != kpi.Clicks|kpi.Cost {
					t.Errorf("%s has fields %b: only clicks and cost were selected, the others are unknown", row.Slot.Date, row.Metrics.Has)
				}
			}
			if len(rows) != want.rows || len(entities) != want.entities || sum.Clicks != want.clicks || sum.Cost != want.cost {
				t.Errorf("read %d rows of %d entities, %d clicks, cost %d; want %d, %d, %d, %d",
					len(rows), len(entities), sum.Clicks, sum.Cost, want.rows, want.entities, want.clicks, want.cost)
			}
		})
	}
}

func TestDailyQuotaParksTheSourceForAsLongAsGoogleSays(t *testing.T) {
	body := sourcetest.Recorded(t, "google_ads", "error_429_quota_daily_basic.json")
	for name, body := range map[string][]byte{"unwrapped": body, "wrapped": []byte("[" + string(body) + "]")} {
		t.Run(name, func(t *testing.T) {
			refusal := classify(&httpkit.Response{Status: http.StatusTooManyRequests, Header: http.Header{}, Body: body})
			if refusal == nil || refusal.Kind != sources.QuotaKind || refusal.RetryAfter != 40591*time.Second {
				t.Fatalf("got %v, want quota for 40591 s", refusal)
			}
		})
	}
}
