package simulator

import (
	"strings"
	"testing"

	"adtop/sources/simulator/world"
)

const yandexRequest = `{"params":{"SelectionCriteria":{"DateFrom":"2026-11-01","DateTo":"2026-11-02"},"FieldNames":["Date","CampaignId","Cost","Conversions"],"ReportName":"r","ReportType":"CAMPAIGN_PERFORMANCE_REPORT","DateRangeType":"CUSTOM_DATE","Format":"TSV","IncludeVAT":"YES"}}`

// yandex asks for a report.
func (r *rig) yandex(body string, header ...string) (int, string) {
	r.t.Helper()
	header = append([]string{"Authorization", "Bearer " + YandexToken, "Client-Login", "tests-agency"}, header...)
	status, _, answer := r.do("POST", "/yandex_direct/json/v5/reports", body, header...)
	return status, string(answer)
}

func TestYandexTablesAreLaidOutAsDocumented(t *testing.T) {
	r := rigFor(t, world.Yandex)
	_, full := r.yandex(yandexRequest)
	lines := strings.Split(full, "\n")
	recorded := strings.Split(string(fixture(t, "yandex_direct/custom_report_rebuilt.tsv")), "\n")
	if !strings.HasPrefix(lines[0], `"r`) || !strings.HasPrefix(recorded[0], `"custom_report`) || !strings.HasPrefix(lines[1], "Date\tCampaignId\t") || !strings.HasPrefix(recorded[1], "Date\tCampaignId\t") ||
		!strings.HasPrefix(lines[len(lines)-2], "Total rows: ") || !strings.HasPrefix(recorded[len(recorded)-2], "Total rows: ") {
		t.Errorf("laid out as %.200s", full)
	}
	_, bare := r.yandex(yandexRequest, "skipReportHeader", "true", "skipReportSummary", "true", "returnMoneyInMicros", "false")
	if !strings.HasPrefix(bare, "Date\t") || strings.Contains(bare, "Total rows") || !strings.Contains(bare, ".") || strings.Contains(full, ".") {
		t.Errorf("in units without title and total: %.200s; in millionths: %.200s", bare, full)
	}
	_, goals := r.yandex(strings.Replace(yandexRequest, `"ReportName"`, `"Goals":["1","2"],"AttributionModels":["LSC"],"ReportName"`, 1))
	if !strings.Contains(goals, "\tConversions_1_LSC\tConversions_2_LSC\n") {
		t.Errorf("goals: %.200s", goals)
	}
}

func TestYandexRefusesWithCodes(t *testing.T) {
	r := rigFor(t, world.Yandex)
	for says, change := range map[string][2]string{`"error_code":8000`: {"TSV", "CSV"}, `"error_code":4000`: {"2026-11-01", "today"}, "FieldNames: Wish": {"Cost", "Wish"}} {
		if status, body := r.yandex(strings.Replace(yandexRequest, change[0], change[1], 1)); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", change, status, body)
		}
	}
	if status, body := r.yandex(yandexRequest, "Client-Login", "nobody"); status != 400 || !strings.Contains(body, `"error_code":513`) {
		t.Errorf("another client: %d %s", status, body)
	}
	for kind, want := range map[FaultKind]struct {
		status int
		says   string
	}{
		Throttle: {400, `"error_code":506`}, Outage: {500, `"error_code":1002`}, ExpiredToken: {400, `"error_code":53`}, Denied: {400, `"error_code":54`}, TooMuch: {502, ""}, Building: {201, ""}, WrongType: {200, "\t{}\t"},
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Yandex, Times: 1})
		if status, body := r.yandex(yandexRequest); status != want.status || !strings.Contains(body, want.says) {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
	if status, _, body := r.do("POST", "/yandex_direct/json/v5/clients", `{}`); status != 200 || !strings.Contains(string(body), `"error_code":53`) {
		t.Errorf("other services answer %d %s", status, body)
	}
}
