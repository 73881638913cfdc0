package simulator

import (
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

func (r *rig) klaviyo(method, path, body string, header ...string) (int, string) {
	r.t.Helper()
	status, answered, said := r.do(method, "/klaviyo/"+path, body, append([]string{
		"Authorization", "Klaviyo-API-Key " + KlaviyoKey, "Revision", KlaviyoRevision, "Accept", "application/vnd.api+json", "Content-Type", "application/vnd.api+json",
	}, header...)...)
	return status, answered.Get("Retry-After") + string(said)
}

const klaviyoRequest = `{"data":{"type":"metric-aggregate","attributes":{"metric_id":"RESQ6t","measurements":["count","sum_value"],"interval":"day","page_size":500,
	"by":["$attributed_message","$attributed_channel"],"filter":["greater-or-equal(datetime,2026-11-01T00:00:00)","less-than(datetime,2026-11-04T00:00:00)"],"timezone":"Europe/Berlin"}}}`

func TestKlaviyoAnswersAsDocumented(t *testing.T) {
	r := rigFor(t, world.Klaviyo)
	_, account := r.klaviyo("GET", "accounts", "")
	sameShape(t, []byte(account), fixture(t, "klaviyo/accounts.json"), ".data.id", ".data.attributes.timezone", ".data.attributes.preferred_currency", ".data.attributes.contact_information.organization_name")
	sameShape(t, []byte(klaviyoRequest), fixture(t, "klaviyo/metric_aggregates_request.json"), ".data.type", ".data.attributes.metric_id", ".data.attributes.by", ".data.attributes.filter", ".data.attributes.timezone")
	status, series := r.klaviyo("POST", "metric-aggregates", klaviyoRequest)
	if status != 200 || !strings.Contains(series, `"dates":["2026-11-01T00:00:00+00:00","2026-11-02T00:00:00+00:00","2026-11-03T00:00:00+00:00"]`) || !strings.Contains(series, "page_cursor=") {
		t.Errorf("%d %.400s", status, series)
	}
}

func TestKlaviyoRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.Klaviyo)
	for change, want := range map[[2]string]int{
		{"RESQ6t", "none"}: 404, {"$attributed_message", "$message"}: 400, {"Europe/Berlin", "UTC"}: 400, {"greater-or-equal", "greater-than"}: 400, {`"day"`, `"minute"`}: 400, {"metric-aggregate", "metric"}: 409,
	} {
		if status, body := r.klaviyo("POST", "metric-aggregates", strings.Replace(klaviyoRequest, change[0], change[1], 1)); status != want {
			t.Errorf("%v: %d %s, want %d", change, status, body, want)
		}
	}
	for header, want := range map[[2]string]int{{"Authorization", "Bearer x"}: 401, {"Revision", "2020-01-01"}: 400, {"Content-Type", "application/json"}: 415} {
		if status, body := r.klaviyo("POST", "metric-aggregates", klaviyoRequest, header[0], header[1]); status != want {
			t.Errorf("%v: %d %s, want %d", header, status, body, want)
		}
	}
	for path, want := range map[string]int{"campaigns": 400, "campaign-values-reports": 404, "metrics?page%5Bcursor%5D=x": 400, "metrics": 200} {
		if status, body := r.klaviyo("GET", path, ""); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
	for kind, says := range map[FaultKind]string{
		Throttle: `73{"errors"`, Outage: "service_unavailable", Denied: "permission_denied", TooMuch: "invalid", WrongType: `"dates":7`, ExpiredToken: "not_authenticated", RevokedToken: "not_authenticated",
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Klaviyo, Path: "/metric-aggregates", Times: 1, Wait: 73 * time.Second})
		if _, body := r.klaviyo("POST", "metric-aggregates", klaviyoRequest); !strings.Contains(body, says) {
			t.Errorf("%s: %s, want %s", kind, body, says)
		}
	}
}
