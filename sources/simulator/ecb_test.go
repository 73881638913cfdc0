package simulator

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// envelope is what the bank's files hold.
type envelope struct {
	XMLName xml.Name `xml:"http://www.gesmes.org/xml/2002-08-01 Envelope"`
	Days    []struct {
		Time  string `xml:"time,attr"`
		Rates []struct {
			Currency string `xml:"currency,attr"`
			Rate     string `xml:"rate,attr"`
		} `xml:"http://www.ecb.int/vocabulary/2002-08-01/eurofxref Cube"`
	} `xml:"http://www.ecb.int/vocabulary/2002-08-01/eurofxref Cube>Cube"`
}

func (r *rig) rates(body []byte) envelope {
	r.t.Helper()
	var e envelope
	if err := xml.Unmarshal(body, &e); err != nil || len(e.Days) == 0 || len(e.Days[0].Rates) == 0 {
		r.t.Fatalf("%d days, %v in %.300s", len(e.Days), err, body)
	}
	return e
}

func TestBankAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.ECB)
	_, _, body := r.do("GET", "/ecb/eurofxref-daily.xml", "")
	got := r.rates(body)
	recorded := r.rates(fixture(t, "ecb/eurofxref-daily-2026-09-24.xml"))
	if len(got.Days) != 1 || len(recorded.Days) != 1 || got.Days[0].Rates[0].Currency != recorded.Days[0].Rates[0].Currency {
		t.Errorf("%+v, recorded %+v", got, recorded)
	}
}

func TestBankPublishesOnWorkingDaysInTheAfternoon(t *testing.T) {
	r := rigFor(t, world.ECB)
	for now, want := range map[string]string{"2026-11-04T14:59:00Z": "2026-11-03", "2026-11-04T15:00:00Z": "2026-11-04", "2026-11-07T15:00:00Z": "2026-11-06", "2026-11-09T08:00:00Z": "2026-11-06"} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		r.now = at
		_, _, body := r.do("GET", "/ecb/eurofxref-hist-90d.xml", "")
		if days := r.rates(body).Days; days[0].Time != want || len(days) < 60 {
			t.Errorf("at %s: %d days, the newest %s, want %s", now, len(days), days[0].Time, want)
		}
	}
	if ECBUnits("BGN", kpi.NewDate(2026, 1, 5), false) != "" || ECBUnits("RUB", kpi.NewDate(2026, 1, 5), false) != "" {
		t.Error("a currency is quoted that is not any more")
	}
}

func TestBankRefusesOtherFilesAndFailsAsAWebServerDoes(t *testing.T) {
	r := rigFor(t, world.ECB)
	if status, _, _ := r.do("GET", "/ecb/eurofxref.zip", ""); status != 404 {
		t.Errorf("another file: %d", status)
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, Denied: 403, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.ECB, Times: 1})
		if status, _, body := r.do("GET", "/ecb/eurofxref-daily.xml", ""); status != want || strings.Contains(string(body), "USD") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}
