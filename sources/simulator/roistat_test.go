package simulator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// roistat asks for deals by a filter.
func (r *rig) roistat(filters string, header ...string) (int, string) {
	r.t.Helper()
	body := fmt.Sprintf(`{"filters":%s,"extend":["visit"],"sort":["creation_date","asc"],"limit":1000,"offset":0}`, filters)
	status, _, answer := r.do("POST", "/roistat/project/integration/order/list?project=12345", body, append([]string{"Api-Key", RoistatKey}, header...)...)
	return status, string(answer)
}

const roistatDays = `{"and":[["creation_date",">","2026-10-20T00:00:00+0000"],["creation_date","<","2026-10-22T00:00:00+0000"]]}`

func TestRoistatAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.Roistat)
	_, body := r.roistat(roistatDays)
	sameShape(t, []byte(body), fixture(t, "roistat/order_list.json"), ".data.id", ".data.status.type", ".data.creation_date", ".data.update_date", ".data.revenue", ".data.visit.landing_page",
		".data.visit.source.utm_source", ".data.visit.source.utm_campaign", ".data.visit.source.system_name", ".data.client_id", ".total", ".status")
}

func TestRoistatRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.Roistat)
	alone := `["creation_date",">","2026-10-20T00:00:00+0000"]`
	for filters, want := range map[string]string{
		`{"and":[` + alone + `]}`:              "internal_error",
		`[["phone","=","1"]]`:                  "request_data_validation_error",
		`[["creation_date",">","2026-10-20"]]`: "request_data_validation_error",
		`"all"`:                                "request_data_validation_error",
		`[` + alone + `]`:                      "success",
		`[["update_date",">","2026-11-01T00:00:00+0000"]]`: "success",
	} {
		if _, body := r.roistat(filters); !strings.Contains(body, want) {
			t.Errorf("%s: %.200s, want %s", filters, body, want)
		}
	}
	for header, want := range map[string]int{"0": 200, "1": 500} {
		if status, body := r.roistat(`{"and":[`+alone+`]}`, "Use-Http-Code", header); status != want {
			t.Errorf("Use-Http-Code %s: %d %s", header, status, body)
		}
	}
	if _, _, body := r.do("GET", "/roistat/user/projects", ""); !strings.Contains(string(body), "authentication_failed") {
		t.Errorf("without a key: %s", body)
	}
	if _, _, body := r.do("POST", "/roistat/project/integration/order/list?project=1", "{}", "Api-Key", RoistatKey); !strings.Contains(string(body), "access_denied") {
		t.Errorf("somebody else's project: %s", body)
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 200, RevokedToken: 401, Denied: 403, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Roistat, Times: 1, Wait: time.Minute})
		if status, body := r.roistat(roistatDays, "Use-Http-Code", "1"); status != want || strings.Contains(body, "creation_date") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}
