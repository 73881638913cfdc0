package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"adtop/kpi"
)

// ecbCurrencies are quoted with their units for one euro at the beginning of 2026.
// The lev was quoted until the end of 2025.
var ecbCurrencies = []struct {
	currency kpi.Currency
	units    float64
	until    kpi.Date
}{
	{"USD", 1.1367, 0}, {"JPY", 180.57, 0}, {"BGN", 1.9558, kpi.NewDate(2025, 12, 31)}, {"GBP", 0.85986, 0}, {"PLN", 4.3823, 0}, {"IDR", 20384.10, 0},
}

// ecbZone is the bank's, where rates are out at four in the afternoon.
var ecbZone = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic("simulator: " + err.Error())
	}
	return zone
}()

// ECBUnits is what the bank quotes for one euro on a day, as it writes it: "" where
// it quotes nothing. A restated rate is a hundredth higher.
func ECBUnits(currency kpi.Currency, d kpi.Date, restated bool) string {
	weekday := d.Start(time.UTC).Weekday()
	for _, c := range ecbCurrencies {
		if c.currency != currency || weekday == time.Saturday || weekday == time.Sunday || c.until != 0 && d > c.until {
			continue
		}
		units := c.units * (1 + float64(int(d)%17)/1000)
		if restated {
			units *= 1.01
		}
		return fmt.Sprintf("%.4f", units)
	}
	return ""
}

// ecb answers the bank's files, newest day first.
func (s *Simulator) ecb(c *call) answer {
	newest := kpi.DateOf(c.now.Add(-16*time.Hour), ecbZone)
	days := map[string]kpi.Date{"/eurofxref-daily.xml": 1, "/eurofxref-hist-90d.xml": 90, "/eurofxref-hist.xml": 1500}[c.path]
	if days == 0 || c.r.Method != http.MethodGet {
		return answer{http.StatusNotFound, http.Header{"Content-Type": {"text/html"}}, []byte(proxyPage)}
	}
	for ECBUnits("USD", newest, false) == "" {
		newest--
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates</gesmes:subject><gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender><Cube>`)
	for d := newest; d > newest-days; d-- {
		if ECBUnits("USD", d, false) == "" {
			continue
		}
		fmt.Fprintf(&b, "<Cube time='%s'>", d)
		for _, quoted := range ecbCurrencies {
			if units := ECBUnits(quoted.currency, d, c.fault.Kind == LateRestatement); units != "" {
				fmt.Fprintf(&b, "<Cube currency='%s' rate='%s'/>", quoted.currency, units)
			}
		}
		b.WriteString("</Cube>")
	}
	b.WriteString("</Cube></gesmes:Envelope>")
	return answer{http.StatusOK, http.Header{"Content-Type": {"text/xml"}}, []byte(b.String())}
}

// ecbFailure answers a fault as what stands before the bank's files does. Nobody
// signs in there.
func (*Simulator) ecbFailure(c *call) answer {
	page := func(status int) answer {
		return answer{status, http.Header{"Content-Type": {"text/html"}}, []byte(proxyPage)}
	}
	switch c.fault.Kind {
	case Throttle:
		a := page(http.StatusTooManyRequests)
		a.header.Set("Retry-After", seconds(c.fault.Wait))
		return a
	case Outage:
		return page(http.StatusServiceUnavailable)
	case ExpiredToken, RevokedToken, Denied:
		return page(http.StatusForbidden)
	}
	return answer{http.StatusOK, http.Header{"Content-Type": {"text/xml"}}, []byte(`<?xml version="1.0"?><gesmes:Envelope><Cube><Cube time="7"/></Cube></gesmes:Envelope>`)}
}
