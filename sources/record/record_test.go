package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func query(t testing.TB, days kpi.DateRange, grain sources.Grain) sources.Query {
	return sources.Query{
		Account: sources.Account{ID: "acme", Name: "Acme", Currency: "EUR", Zone: zone(t, "Europe/Berlin")},
		Days:    days, Level: sources.LevelCampaign, Grain: grain,
	}
}

var days = kpi.DateRange{From: kpi.NewDate(2026, 11, 19), To: kpi.NewDate(2026, 11, 20)}

// book adds JSON lines to a book and renders what it hands over.
func book(t *testing.T, q sources.Query, f Format, lines ...string) ([]string, error) {
	t.Helper()
	b, err := NewBook("test", q, f)
	if err != nil {
		return nil, err
	}
	var l Line
	for _, line := range lines {
		if err := ParseLine([]byte(line), &l); err != nil {
			return nil, err
		}
		if err := b.Add(&l.Row); err != nil {
			return nil, err
		}
	}
	var rows []string
	err = b.Put(func(r sources.Record) error {
		row := r.(sources.Row)
		rows = append(rows, fmt.Sprintf("%s %s h%d %s: %d %d", row.Slot.Date, row.Slot.Grain, row.Slot.Hour, row.Entity.ID, row.Metrics.Cost, row.Metrics.Conversions))
		return nil
	})
	return rows, err
}

func TestTheSchemaKnowsTheColumns(t *testing.T) {
	text, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		OneOf []struct {
			Properties map[string]any `json:"properties"`
		} `json:"oneOf"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key := range schema.OneOf[0].Properties {
		keys = append(keys, key)
	}
	want := slices.Clone(names[:])
	slices.Sort(keys)
	slices.Sort(want)
	if !slices.Equal(keys, want) {
		t.Errorf("the schema has %v, rows have %v", keys, want)
	}
}

func TestUnitsDecimalsAndDatesAreReadAsDeclared(t *testing.T) {
	for _, c := range []struct {
		change func(*Format)
		line   string
		want   string
	}{
		{func(*Format) {}, `{"date":"2026-11-19","campaign":"a","cost":0.1}`, "2026-11-19 day h0 a: 100000 0"},
		{func(*Format) {}, `{"date":"2026-11-19","campaign":"a","cost":9007199254740.993}`, "2026-11-19 day h0 a: 9007199254740993000 0"},
		{func(f *Format) { f.Cost = "micros" }, `{"date":"2026-11-19","campaign":"a","cost":1250000}`, "2026-11-19 day h0 a: 1250000 0"},
		{func(f *Format) { f.Cost = "minor" }, `{"date":"2026-11-19","campaign":"a","cost":1.25e2}`, "2026-11-19 day h0 a: 1250000 0"},
		{func(f *Format) { f.Decimal = "comma" }, `{"date":"2026-11-19","campaign":"a","cost":"12,5","conversions":"1,25"}`, "2026-11-19 day h0 a: 12500000 1250000"},
		{func(f *Format) { f.Date = "DD.MM.YYYY HH:mm" }, `{"date":"19.11.2026 07:30","campaign":"a","cost":1}`, "2026-11-19 hour h7 a: 1000000 0"},
		{func(f *Format) { f.Date = "day" }, `{"date":"2026-11-19T00:00:00Z","campaign":"a","cost":1}`, "2026-11-19 day h0 a: 1000000 0"},
		{func(f *Format) { f.Date = "instant" }, `{"date":"2026-11-18T23:30:00Z","campaign":"a","cost":1}`, "2026-11-19 hour h0 a: 1000000 0"},
		{func(f *Format) { f.Date = "unix_ms" }, `{"date":1795046400000,"campaign":"a","cost":1}`, "2026-11-19 hour h1 a: 1000000 0"},
		{func(*Format) {}, `{"date":"2026-11-19","hour":"23","utm_source":"x","conversions":1}`, "2026-11-19 hour h23 utm_source=x: 0 1000000"},
		{func(*Format) {}, `{"date":"2026-11-19","referrer":"https://www.News.example/a?mail=x","click_id":"TTCLID","customer":"New","conversions":1}`, "2026-11-19 day h0 click_id=ttclid&customer=new&referrer=news.example: 0 1000000"},
		{func(*Format) {}, `{"date":"2026-11-19","referrer":"about:blank","conversions":1}`, "2026-11-19 day h0 none: 0 1000000"},
		{func(*Format) {}, `{"date":"2026-11-19","cost":1}`, "2026-11-19 day h0 acme: 1000000 0"},
	} {
		f := DefaultFormat()
		c.change(&f)
		if err := f.Check("format"); err != nil {
			t.Fatal(err)
		}
		rows, err := book(t, query(t, days, sources.Hour), f, c.line)
		if err != nil || len(rows) != 1 || rows[0] != c.want {
			t.Errorf("%s is %q, %v; want %q", c.line, rows, err, c.want)
		}
	}
}

func TestWhatCannotBeReadIsNeverGuessed(t *testing.T) {
	for line, want := range map[string]string{
		`[1]`:                                                          "expected a JSON object",
		`null`:                                                         "expected a JSON object",
		`{"date":"2026-11-19","cost":1} {}`:                            "something follows",
		`{"cost":1}`:                                                   "date: missing",
		`{"date":"2026-11-31","cost":1}`:                               `date: "2026-11-31": expected a date like YYYY-MM-DD`,
		`{"date":"2026-11-19T00:00Z","cost":1}`:                        "expected a date like",
		`{"date":"2026-11-19","cost":"1.234,5"}`:                       "cost: ",
		`{"date":"2026-11-19","cost":1e99}`:                            "cost: ",
		`{"date":"2026-11-19","cost":true}`:                            "cost: true: expected text or a number",
		`{"date":"2026-11-19","cost":{"amount":1}}`:                    "cost: expected text or a number, found an object",
		`{"date":"2026-11-19","clicks":1.5}`:                           "clicks: ",
		`{"date":"2026-11-19","clicks":-1}`:                            "clicks: ",
		`{"date":"2026-11-19","hour":24,"cost":1}`:                     "hour: ",
		`{"date":"2026-11-19","campaign":"a"}`:                         "no figure",
		`{"date":"2026-11-19","currency":"USD","cost":1}`:              "currency: ",
		`{"date":"2026-11-19","campaign":"a","promo":"b","cost":1}`:    "not both",
		`{"date":"2026-11-19","click_id":"Cj0KCQ","conversions":1}`:    "its kind, one of gclid",
		`{"date":"2026-11-19","customer":"old","conversions":1}`:       "new or returning",
		`{"date":"2026-11-19","campaign":"\u202e","cost":1}`:           "no readable character",
		`{"date":"2026-11-19","campain":"a","cost":1}`:                 `"campain": unknown`,
		`{"complete_through":"yesterday"}`:                             "complete_through: ",
		`{"complete_through":"2026-11-19T10:00:00Z","date":"x"}`:       "a line of their own",
		`{"date":"2026-11-19","state":1,"cost":1}`:                     "a line of their own",
		`{"date":"2026-11-19","campaign":"a","cost":"9999999999999"} `: "cost: ",
	} {
		if rows, err := book(t, query(t, days, sources.Day), DefaultFormat(), line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %q, %v; want …%s…", line, rows, err, want)
		}
	}
}

func TestHoursAddUpToTheirDayAndMixWithNone(t *testing.T) {
	q := query(t, days, sources.Day)
	rows, err := book(t, q, DefaultFormat(), `{"date":"2026-11-19","hour":1,"campaign":"a","cost":1}`, `{"date":"2026-11-19","hour":2,"campaign":"a","cost":2}`)
	if err != nil || !slices.Equal(rows, []string{"2026-11-19 day h0 a: 3000000 0"}) {
		t.Errorf("%q, %v", rows, err)
	}
	if rows, err := book(t, q, DefaultFormat(), `{"date":"2026-11-19","hour":1,"campaign":"a","cost":1}`, `{"date":"2026-11-19","campaign":"a","cost":2}`); err == nil {
		t.Errorf("an hour and its day give %q", rows)
	}
	twice := []string{`{"date":"2026-11-19","campaign":"a","cost":1}`, `{"date":"2026-11-19","campaign":"a","cost":2}`}
	if _, err := book(t, q, DefaultFormat(), twice...); err == nil || !strings.Contains(err.Error(), "a second row") {
		t.Error(err)
	}
	sum := DefaultFormat()
	sum.Duplicates = "sum"
	if rows, err := book(t, q, sum, twice...); err != nil || !slices.Equal(rows, []string{"2026-11-19 day h0 a: 3000000 0"}) {
		t.Errorf("%q, %v", rows, err)
	}
	autumn := kpi.NewDate(2026, 10, 25) // the clock shows the hour from two to three twice
	rows, err = book(t, query(t, kpi.DateRange{From: autumn, To: autumn}, sources.Hour), DefaultFormat(),
		`{"date":"2026-10-25","hour":2,"campaign":"a","cost":1}`, `{"date":"2026-10-25","hour":2,"campaign":"a","cost":2}`, `{"date":"2026-10-25","hour":3,"campaign":"a","cost":4}`)
	if err != nil || !slices.Equal(rows, []string{"2026-10-25 hour h2 a: 3000000 0", "2026-10-25 hour h4 a: 4000000 0"}) {
		t.Errorf("%q, %v", rows, err)
	}
}

func TestConversionsAfterAViewAreAPartOfTheConversions(t *testing.T) {
	got := func(figures string) (m kpi.Metrics, err error) {
		b, err := NewBook("test", query(t, days, sources.Day), DefaultFormat())
		var l Line
		if err := errors.Join(err, ParseLine([]byte(`{"date":"2026-11-19","campaign":"a",`+figures+`}`), &l)); err != nil {
			t.Fatal(err)
		}
		if err := b.Add(&l.Row); err != nil {
			return m, err
		}
		return m, b.Put(func(r sources.Record) error { m = r.(sources.Row).Metrics; return nil })
	}
	want := kpi.Metrics{Has: kpi.Conversions | kpi.ViewThrough, Conversions: 4_000_000, ViewThrough: 1_500_000}
	if m, err := got(`"conversions":4,"view_through":1.5`); err != nil || m != want {
		t.Errorf("got %+v, %v, want %+v", m, err, want)
	}
	for _, figures := range []string{`"conversions":4,"view_through":5`, `"conversions":4,"view_through":-1`, `"clicks":4,"view_through":1`} {
		if m, err := got(figures); err == nil || !strings.Contains(err.Error(), "view_through") {
			t.Errorf("%s: %+v, %v", figures, m, err)
		}
	}
}

func TestRowsOfOtherDaysAndAccountsArePassedOver(t *testing.T) {
	rows, err := book(t, query(t, days, sources.Day), DefaultFormat(),
		`{"date":"2026-11-18","campaign":"a","cost":1}`, `{"date":"2026-11-21","campaign":"a","cost":1}`, `{"date":"2026-11-19","account_id":"other","campaign":"a","cost":1}`)
	if err != nil || rows != nil {
		t.Errorf("%q, %v", rows, err)
	}
	q := query(t, days, sources.Day)
	q.Level = sources.LevelAccount
	rows, err = book(t, q, DefaultFormat(), `{"date":"2026-11-19","account_id":"acme","campaign":"a","cost":1}`, `{"date":"2026-11-19","campaign":"b","cost":1}`)
	if err != nil || !slices.Equal(rows, []string{"2026-11-19 day h0 acme: 2000000 0"}) {
		t.Errorf("%q, %v", rows, err)
	}
	for _, change := range []func(*sources.Query){
		func(q *sources.Query) { q.Level = sources.LevelAd }, func(q *sources.Query) { q.Breakdown = "device" }, func(q *sources.Query) { q.Account.Zone = nil },
	} {
		q := query(t, days, sources.Day)
		change(&q)
		if _, err := NewBook("test", q, DefaultFormat()); sources.KindOf(err) != sources.Invalid {
			t.Error(err)
		}
	}
}

func TestTheErrorOfWhoTakesRowsEndsTheBook(t *testing.T) {
	b, err := NewBook("test", query(t, days, sources.Day), DefaultFormat())
	if err != nil {
		t.Fatal(err)
	}
	row := Row{Date: "2026-11-19", Cost: "1"}
	if err := b.Add(&row); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("full")
	if err := b.Put(func(sources.Record) error { return stop }); err != stop {
		t.Error(err)
	}
}

func TestFloatsThatAreNoNumbersAreRefused(t *testing.T) {
	for _, v := range []any{math.NaN(), math.Inf(1), []any{1}, struct{}{}} {
		if text, err := Text(v); err == nil {
			t.Errorf("%v is %q", v, text)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		`{"date":"2026-11-19","campaign":"a","cost":"12.5","clicks":3}`, `{"state":{"a":[1]}}`, `{"complete_through":"2026-11-19T10:00:00+01:00"}`,
		`{"date":"19.11.2026","cost":1e-7}`, `{`, `{"date":"2026-11-19","hour":23,"promo":"x","revenue":-1}`,
	} {
		f.Add(seed, "YYYY-MM-DD", "micros")
	}
	q := query(f, days, sources.Hour)
	f.Fuzz(func(t *testing.T, line, date, unit string) {
		format := DefaultFormat()
		format.Date, format.Cost = date, unit
		if format.Check("format") != nil {
			format = DefaultFormat()
		}
		b, err := NewBook("test", q, format)
		if err != nil {
			t.Fatal(err)
		}
		var l Line
		if ParseLine([]byte(line), &l) != nil || !l.IsRow || b.Add(&l.Row) != nil {
			return
		}
		err = b.Put(func(r sources.Record) error {
			row := r.(sources.Row)
			if row.Metrics.Has == 0 || row.Entity.ID == "" || row.Entity.ID != sources.Clean(row.Entity.ID) || !q.Days.Contains(row.Slot.Date) || row.Slot.Hour < 0 || row.Slot.Hour > 24 {
				t.Errorf("%s is %+v", line, row)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
