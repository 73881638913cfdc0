package ecb

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

var noon = world.ConformanceAutumn // a Wednesday

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.BaseURL = place
	return o
}

func bank() *simulator.Simulator {
	return simulator.New(world.Conformance(), func() time.Time { return noon })
}

func opened(t *testing.T, handler http.Handler) (sources.RateSource, *[]time.Duration) {
	t.Helper()
	s, waits := sourcetest.Serve[Options](t, handler, Definition(), simulated, noon)
	return s.(sources.RateSource), waits
}

// of picks the rates of a currency by day.
func of(currency kpi.Currency, rates []sources.Rate) map[kpi.Date]kpi.Rate {
	found := map[kpi.Date]kpi.Rate{}
	for _, r := range rates {
		if r.From == currency {
			found[r.Date] = r.Rate
		}
	}
	return found
}

var (
	wednesday = kpi.NewDate(2026, 11, 4)
	friday    = kpi.NewDate(2026, 10, 30)
)

func TestRatesAreTheBanksInTheWantedCurrency(t *testing.T) {
	s, _ := opened(t, bank())
	days := kpi.DateRange{From: wednesday - 40, To: wednesday}
	inEuro, err := s.Rates(t.Context(), "EUR", days)
	if err != nil {
		t.Fatal(err)
	}
	inDollar, err := s.Rates(t.Context(), "USD", days)
	if err != nil {
		t.Fatal(err)
	}
	published := 0
	for d := days.From; d <= days.To; d++ {
		units := simulator.ECBUnits("USD", d, false)
		rate, known := of("USD", inEuro)[d]
		if out := units != "" && d < wednesday; known != out { // today's come in the afternoon
			t.Errorf("%s: known %v, published %v", d, known, out)
		}
		if !known {
			continue
		}
		published++
		one, err := kpi.ParseRate(units)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := rate.Apply(kpi.Micros(one)); err != nil || back < 999_999_000_000 || back > 1_000_001_000_000 {
			t.Errorf("%s: %s dollars are %d euros", d, units, back)
		}
		if of("EUR", inDollar)[d] != one {
			t.Errorf("%s: a euro is %d dollars, want %d", d, of("EUR", inDollar)[d], one)
		}
		if of("EUR", inEuro)[d] != 0 || of("USD", inDollar)[d] != 0 {
			t.Errorf("%s: a currency has a price in itself", d)
		}
	}
	if published < 25 {
		t.Errorf("%d days", published)
	}
}

func TestSmallestFileThatHoldsTheDaysIsRead(t *testing.T) {
	for _, c := range []struct {
		now      time.Time
		from, to kpi.Date
		file     string
	}{
		{noon, wednesday, wednesday, "daily"},
		{noon, wednesday - 1, wednesday, "hist-90d"},
		{time.Date(2026, 11, 2, 17, 0, 0, 0, time.UTC), friday + 1, friday + 3, "daily"}, // a Monday, after a weekend
		{time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), friday + 1, friday + 2, "daily"}, // a Sunday
		{noon, wednesday - 84, wednesday, "hist-90d"},
		{noon, wednesday - 400, wednesday, "hist.xml"},
	} {
		s := &source{env: sources.Env{Now: func() time.Time { return c.now }}, frankfurt: sourcetest.Zone("Europe/Berlin")}
		if got := s.file(kpi.DateRange{From: c.from, To: c.to}); !strings.Contains(got, c.file) {
			t.Errorf("%s to %s at %s: %s, want %s", c.from, c.to, c.now, got, c.file)
		}
	}
}

func TestRatesComeOnWorkingDaysOfTheBanks(t *testing.T) {
	s := &source{frankfurt: sourcetest.Zone("Europe/Berlin")}
	for after, want := range map[string]string{
		"2026-11-04T12:00:00Z": "2026-11-04T15:15:00Z",
		"2026-11-04T15:15:00Z": "2026-11-05T15:15:00Z",
		"2026-11-06T20:00:00Z": "2026-11-09T15:15:00Z", // Friday evening
		"2026-04-02T20:00:00Z": "2026-04-07T14:15:00Z", // before Good Friday; summer time
		"2026-12-24T20:00:00Z": "2026-12-28T15:15:00Z", // Christmas
		"2026-12-31T20:00:00Z": "2027-01-04T15:15:00Z",
		"2027-04-30T20:00:00Z": "2027-05-03T14:15:00Z",
	} {
		at, err := time.Parse(time.RFC3339, after)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(at).UTC().Format(time.RFC3339); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
	for year, want := range map[int]kpi.Date{2024: kpi.NewDate(2024, 3, 31), 2025: kpi.NewDate(2025, 4, 20), 2026: kpi.NewDate(2026, 4, 5), 2027: kpi.NewDate(2027, 3, 28)} {
		if easterOf(year) != want {
			t.Errorf("Easter of %d is %s, want %s", year, easterOf(year), want)
		}
	}
}

func TestCurrencyThatGaveWayToTheEuroKeepsItsPrice(t *testing.T) {
	s, _ := opened(t, bank())
	rates, err := s.Rates(t.Context(), "EUR", kpi.DateRange{From: kpi.NewDate(2025, 12, 1), To: kpi.NewDate(2026, 1, 31)})
	if err != nil {
		t.Fatal(err)
	}
	lev := of("BGN", rates)
	fixed, err := cross(kpi.RateOne, 1_955_830_000_000)
	if err != nil || lev[kpi.NewDate(2026, 1, 5)] != fixed || lev[kpi.NewDate(2025, 12, 1)] == fixed || lev[kpi.NewDate(2025, 12, 1)] == 0 {
		t.Errorf("%v, %v", lev, err)
	}
	if len(of("RUB", rates)) != 0 {
		t.Error("there is a rate of the rouble, which nobody publishes")
	}
}

// TestFailuresHaveTheirKind is the suite's rule for each failure.
func TestFailuresHaveTheirKind(t *testing.T) {
	for _, rule := range []struct {
		fault simulator.Fault
		kind  sources.Kind
		says  string
	}{
		{simulator.Fault{Kind: simulator.Outage}, sources.Unavailable, "503"},
		{simulator.Fault{Kind: simulator.HTML}, sources.Unavailable, "HTML page"},
		{simulator.Fault{Kind: simulator.HTML, Status: 200}, sources.Malformed, "HTML page"},
		{simulator.Fault{Kind: simulator.Dropped}, sources.Unavailable, "broke off"},
		{simulator.Fault{Kind: simulator.Truncated}, sources.Malformed, "byte"},
		{simulator.Fault{Kind: simulator.Oversized, Bytes: 33 << 20}, sources.Malformed, "larger than"},
		{simulator.Fault{Kind: simulator.NotJSON}, sources.Malformed, "breaks off"},
		{simulator.Fault{Kind: simulator.WrongType}, sources.Malformed, "no date"},
		{simulator.Fault{Kind: simulator.RevokedToken}, sources.Permission, "403"},
		{simulator.Fault{Kind: simulator.Throttle, Wait: time.Hour}, sources.QuotaKind, "retry in 1h"},
	} {
		sim := bank()
		s, waits := opened(t, sim)
		rule.fault.Platform = world.ECB
		sim.Faults().Set(rule.fault)
		rates, err := s.Rates(t.Context(), "EUR", kpi.DateRange{From: wednesday - 30, To: wednesday})
		var e *sources.Error
		if !errors.As(err, &e) || e.Kind != rule.kind || !strings.Contains(e.Error(), rule.says) || len(rates) != 0 {
			t.Errorf("%s: %d rates, %v, want %v that says %q", rule.fault.Kind, len(rates), err, rule.kind, rule.says)
		}
		if (len(*waits) > 0) != (rule.kind == sources.Unavailable) {
			t.Errorf("%s: paused for %v", rule.fault.Kind, *waits)
		}
	}
}

func TestOutageThatEndsIsSurvived(t *testing.T) {
	sim := bank()
	s, waits := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Outage, Platform: world.ECB, Times: 2})
	if rates, err := s.Rates(t.Context(), "EUR", kpi.DateRange{From: wednesday - 1, To: wednesday}); err != nil || len(rates) == 0 || len(*waits) != 2 {
		t.Errorf("%d rates, %v after %v", len(rates), err, *waits)
	}
}

func TestQuestionEndsWithItsContext(t *testing.T) {
	sim := bank()
	server := httptest.NewServer(sim)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Definition().Open(simulated(server.URL+"/ecb"), sources.Env{Now: func() time.Time { return noon }, Sleep: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.Outage, Platform: world.ECB})
	_, err = s.(sources.RateSource).Rates(ctx, "EUR", kpi.DateRange{From: wednesday, To: wednesday})
	if !errors.Is(err, context.Canceled) || sources.KindOf(err) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestEveryQuestionIsTold(t *testing.T) {
	server := httptest.NewServer(bank())
	defer server.Close()
	var told []sources.Exchange
	s, err := Definition().Open(simulated(server.URL+"/ecb"), sources.Env{Now: func() time.Time { return noon }, Exchanged: func(e sources.Exchange) { told = append(told, e) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.(sources.RateSource).Rates(t.Context(), "EUR", kpi.DateRange{From: wednesday, To: wednesday}); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !strings.HasSuffix(told[0].Request, "/ecb/eurofxref-daily.xml") || told[0].Status != 200 {
		t.Errorf("%+v", told)
	}
}

func TestThereAreNoFigures(t *testing.T) {
	s, _ := sourcetest.Serve[Options](t, bank(), Definition(), simulated, noon)
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 0 || !Definition().RatesOnly() {
		t.Errorf("%v, %v", accounts, err)
	}
	if _, err := s.Fetch(t.Context(), sources.Query{}, func(sources.Record) error { return nil }); sources.KindOf(err) != sources.Invalid {
		t.Errorf("got %v", err)
	}
	if rates, err := s.(sources.RateSource).Rates(t.Context(), "EUR", kpi.DateRange{From: 5, To: 4}); err != nil || rates != nil {
		t.Errorf("no days: %v, %v", rates, err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){"base_url": func(o *Options) { o.BaseURL = "x" }})
}

func TestRecordedFilesReadAsAPersonWould(t *testing.T) {
	for name, want := range map[string]struct {
		date       kpi.Date
		currencies int // with those that gave way to the euro, and without the euro
		dollar     kpi.Rate
	}{
		"eurofxref-daily-2026-09-24.xml":                  {kpi.NewDate(2026, 9, 24), 29 + 2, 879_739_597_079}, // 1/1.1367
		"eurofxref-daily-fetched-saturday-2023-02-11.xml": {kpi.NewDate(2023, 2, 10), 30 + 1, 935_453_695_042}, // 1/1.0690, Friday's
	} {
		body := sourcetest.Recorded(t, "ecb", name)
		sheets, err := read(body, kpi.DateRange{From: want.date - 3, To: want.date + 3})
		if err != nil || len(sheets) != 1 || sheets[0].date != want.date {
			t.Fatalf("%s: %+v, %v", name, sheets, err)
		}
		rates, err := sheets[0].in("EUR")
		if err != nil || len(rates) != want.currencies || of("USD", rates)[want.date] != want.dollar || len(of("RUB", rates)) != 0 {
			t.Errorf("%s: %d currencies, a dollar is %d, %v", name, len(rates), of("USD", rates)[want.date], err)
		}
		if sheets, err := read(body, kpi.DateRange{From: want.date + 1, To: want.date + 3}); err != nil || len(sheets) != 0 {
			t.Errorf("%s: days that are not in it: %+v, %v", name, sheets, err)
		}
	}
}

// file wraps what stands within the outer cube.
func file(days string) []byte {
	return []byte(`<?xml version="1.0"?><gesmes:Envelope><Cube>` + days + `</Cube></gesmes:Envelope>`)
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	for name, days := range map[string]string{
		"no day":            `<Cube currency="USD" rate="1.1"/>`,
		"no rates at all":   ``,
		"a word for a date": `<Cube time="today"></Cube>`,
		"a day twice":       `<Cube time="2026-11-03"></Cube><Cube time="2026-11-03"></Cube>`,
		"a rate of zero":    `<Cube time="2026-11-03"><Cube currency="USD" rate="0"/></Cube>`,
		"below zero":        `<Cube time="2026-11-03"><Cube currency="USD" rate="-1"/></Cube>`,
		"a decimal comma":   `<Cube time="2026-11-03"><Cube currency="USD" rate="1,1"/></Cube>`,
		"twice a currency":  `<Cube time="2026-11-03"><Cube currency="USD" rate="1.1"/><Cube currency="USD" rate="1.2"/></Cube>`,
		"no currency":       `<Cube time="2026-11-03"><Cube currency="usd" rate="1.1"/></Cube>`,
		"broken off":        `<Cube time="2026-11-03"><Cube curr`,
	} {
		if sheets, err := read(file(days), kpi.DateRange{From: wednesday - 10, To: wednesday}); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %+v, %v", name, sheets, err)
		}
	}
	sheets, err := read(file(`<Cube time="2026-11-03"><Cube currency="USD" rate="N/A"/><Cube currency="GBP" rate="0.8"/></Cube>`), kpi.DateRange{From: wednesday - 10, To: wednesday})
	if err != nil || len(sheets) != 1 || len(sheets[0].units) != 1 {
		t.Errorf("a rate that is not available: %+v, %v", sheets, err)
	}
	if rates, err := sheets[0].in("USD"); err != nil || rates != nil {
		t.Errorf("prices in a currency without a rate: %v, %v", rates, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(`<Cube time='2026-11-03'><Cube currency='USD' rate='1.1367'/><Cube currency='JPY' rate='180.57'/></Cube>`))
	f.Add(file(`<Cube time="2026-11-03"><Cube currency="IDR" rate="99999999999.999999999999"/></Cube>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		sheets, err := read(body, kpi.DateRange{From: wednesday - 10, To: wednesday})
		if err != nil && sources.KindOf(err) != sources.Malformed {
			t.Errorf("got %v", err)
		}
		for _, sheet := range sheets {
			rates, err := sheet.in("USD")
			if err != nil {
				continue
			}
			for _, r := range rates {
				if r.Rate <= 0 || len(r.From) != 3 || r.From == "USD" || r.Date != sheet.date {
					t.Errorf("rate %+v", r)
				}
			}
		}
	})
}

// BenchmarkDecode reads a file of ten years.
func BenchmarkDecode(b *testing.B) {
	const days, currencies = 2500, 30
	var text strings.Builder
	for d := range days {
		fmt.Fprintf(&text, "<Cube time='%s'>", wednesday-kpi.Date(d))
		for c := range currencies {
			fmt.Fprintf(&text, "<Cube currency='%c%c%c' rate='%d.%04d'/>", 'A'+c%26, 'A'+c/26, 'A'+d%26, 1+c, d)
		}
		text.WriteString("</Cube>")
	}
	body := file(text.String())
	b.SetBytes(int64(len(body)))
	sourcetest.Bench(b, "x-of-xml", days*currencies, func() error {
		sheets, err := read(body, kpi.DateRange{From: wednesday - days, To: wednesday})
		if err == nil && len(sheets) != days {
			err = fmt.Errorf("%d days", len(sheets))
		}
		return err
	}, func() error {
		var envelope struct {
			Days []struct {
				Time  string `xml:"time,attr"`
				Rates []struct {
					Currency string `xml:"currency,attr"`
					Rate     string `xml:"rate,attr"`
				} `xml:"Cube"`
			} `xml:"Cube>Cube"`
		}
		return xml.NewDecoder(bytes.NewReader(body)).Decode(&envelope)
	})
}
