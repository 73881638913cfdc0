package awin

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

// decoded reads a report of today, of an advertiser's publishers or a publisher's
// advertisers.
func report(t testing.TB, body []byte, partner string) (rows []sources.Row, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, query(today), sourcetest.Collect(&rows), sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{rows: put, id: partner + "Id", name: partner + "Name", day: today}
	return rows, d.read(httpkit.NewScanner(body))
}

func TestRecordedReportReadsAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "awin", "report_advertiser.json")
	for partner, want := range map[string]sources.Entity{
		advertiser: {Level: sources.LevelCampaign, ID: "1001", Name: "Example Advertiser"},
		publisher:  {Level: sources.LevelCampaign, ID: "45628", Name: "Example Publisher"},
	} {
		rows, err := report(t, body, partner)
		figures := kpi.Metrics{Has: kpi.Impressions | kpi.Clicks} // it is listed for its bonus
		if err != nil || len(rows) != 1 || rows[0].Entity != want || rows[0].Metrics != figures || rows[0].Slot != (sources.Slot{Date: today, Grain: sources.Day}) {
			t.Errorf("by %s: %+v, %v", partner, rows, err)
		}
	}
}

// TestRecordedTransactionsAreNoReport holds a list of another kind to be refused
// rather than counted.
func TestRecordedTransactionsAreNoReport(t *testing.T) {
	rows, err := report(t, sourcetest.Recorded(t, "awin", "transactions.json"), publisher)
	if sources.KindOf(err) != sources.Malformed || len(rows) != 0 {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestWhatAReportLeavesOutIsUnknown(t *testing.T) {
	rows, err := report(t, []byte(`[{"publisherId":"7","impressions":null,"clicks":3}]`), publisher)
	if err != nil || len(rows) != 1 || rows[0].Metrics != (kpi.Metrics{Has: kpi.Clicks, Clicks: 3}) || rows[0].Entity.Name != "7" {
		t.Errorf("got %+v, %v", rows, err)
	}
	if rows, err := report(t, []byte(`[]`), publisher); err != nil || len(rows) != 0 {
		t.Errorf("a day without activity: %+v, %v", rows, err)
	}
}

func TestReportsThatCannotBeTrustedAreRefused(t *testing.T) {
	good := `{"publisherId":7,"publisherName":"Seven","impressions":10,"clicks":3}`
	for name, body := range map[string]string{
		"null":           "null",
		"an object":      `{"result":[]}`,
		"an error":       `{"error":"Bad request","description":"region"}`,
		"no partner":     "[" + strings.Replace(good, "7", "null", 1) + "]",
		"no clicks":      "[" + strings.Replace(good, "3", "null", 1) + "]",
		"half a click":   "[" + strings.Replace(good, "3", "3.5", 1) + "]",
		"below zero":     "[" + strings.Replace(good, "3", "-3", 1) + "]",
		"a word":         "[" + strings.Replace(good, "10", `"many"`, 1) + "]",
		"twice the same": "[" + good + "," + good + "]",
		"more after":     "[" + good + "] []",
	} {
		if _, err := report(t, []byte(body), publisher); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`[{"publisherId":45628,"publisherName":"a\u001b","advertiserId":"1","advertiserName":null,"impressions":10,"clicks":3}]`), true)
	f.Add([]byte(`[{"publisherId":1e3,"clicks":"1e3"},{}]`), false)
	f.Fuzz(func(t *testing.T, body []byte, ofPublisher bool) {
		partner := publisher
		if ofPublisher {
			partner = advertiser
		}
		rows, err := report(t, body, partner)
		sourcetest.CheckDecoded(t, query(today), rows, err)
		for _, r := range rows {
			if !r.Metrics.Knows(kpi.Clicks) || r.Metrics.Clicks < 0 {
				t.Errorf("a row without clicks: %+v", r)
			}
		}
	})
}

// BenchmarkDecode reads a day of as many publishers as a large programme has.
func BenchmarkReport(b *testing.B) {
	const n = 10_000
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"advertiserId":1001,"advertiserName":"Example Advertiser","publisherId":%d,"publisherName":"Publisher %d","region":"GB","currency":"GBP","impressions":%d,"clicks":%d,`+
			`"pendingNo":%d,"pendingValue":110.5,"pendingComm":11.05,"confirmedNo":0,"confirmedValue":0,"confirmedComm":0,"bonusNo":0,"bonusValue":0,"bonusComm":0,"totalNo":%d,"totalValue":110.5,"totalComm":11.05,"declinedNo":0,"declinedValue":0,"declinedComm":0}`,
			100_000+i, i, 20*i, i, i%3, i%3))
	}
	body := []byte("[" + strings.Join(list, ",") + "]")
	sourcetest.Bench(b, "x-of-json", n, func() error {
		put, err := httpkit.NewRows(platform, query(today), func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		return (&decoder{rows: put, id: "publisherId", name: "publisherName", day: today}).read(httpkit.NewScanner(body))
	}, func() error {
		var answer []struct {
			ID          int64  `json:"publisherId"`
			Name        string `json:"publisherName"`
			Impressions int64  `json:"impressions"`
			Clicks      int64  `json:"clicks"`
		}
		return json.Unmarshal(body, &answer)
	})
}
