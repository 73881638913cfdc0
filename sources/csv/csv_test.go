package csv

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
)

// noon is the clock of these tests: noon of 20 November 2026 in Berlin.
var noon = time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)

const usual = `
path: export.csv
account: {id: partner, currency: EUR, timezone: Europe/Berlin}
columns: {date: date, campaign_id: id, campaign: name, status: status, impressions: imps, clicks: clicks, cost: spend, conversions: conv, revenue: value}
`

// openYAML opens a source from the options as a user writes them.
func openYAML(t *testing.T, dir, options string) (sources.Source, error) {
	t.Helper()
	o := Definition().Options()
	if err := yaml.UnmarshalWithOptions([]byte(options), o, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return Definition().Open(o, sources.Env{Name: "affiliates", Dir: dir, Now: func() time.Time { return noon }})
}

// write puts an export into dir, last written at a time.
func write(t *testing.T, dir, name, text string, written time.Time) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, written, written); err != nil {
		t.Fatal(err)
	}
}

var everyDay = kpi.DateRange{From: 0, To: 40000}

// fetch reads everything that options make of the files in dir.
func fetch(t *testing.T, dir, options string, change ...func(*sources.Query)) ([]sources.Row, sources.Receipt, error) {
	t.Helper()
	s, err := openYAML(t, dir, options)
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q := sources.Query{Account: accounts[0], Days: everyDay, Level: sources.LevelCampaign, Grain: sources.Day}
	for _, f := range change {
		f(&q)
	}
	var rows []sources.Row
	receipt, err := s.Fetch(t.Context(), q, func(r sources.Record) error {
		rows = append(rows, r.(sources.Row))
		return nil
	})
	return rows, receipt, err
}

func day(text string) kpi.Date {
	d, err := kpi.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

const header = "date,id,name,status,imps,clicks,spend,conv,value\n"

func TestRowsThatDifferOnlyInOtherColumnsAreSummedAndMissingIsNotZero(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "export.csv", "device,"+header+
		"desktop,2026-11-20,7,New name,ACTIVE,1,0,,0,0\n"+
		"phone,2026-11-19,7,Old name,PAUSED,100,3,0.10,--,\n"+
		"desktop,2026-11-19,7,Old name,PAUSED,50,2,0.20,1.5,null\n", noon)
	got, receipt, err := fetch(t, dir, usual)
	if err != nil {
		t.Fatal(err)
	}
	e := sources.Entity{Level: sources.LevelCampaign, ID: "7", Name: "New name", Status: "active"}
	want := []sources.Row{
		{Entity: e, Slot: sources.Slot{Date: day("2026-11-19"), Grain: sources.Day}, Metrics: kpi.Metrics{
			Has: kpi.Usual &^ kpi.Revenue, Impressions: 150, Clicks: 5, Cost: 300_000, Conversions: 1_500_000}},
		{Entity: e, Slot: sources.Slot{Date: day("2026-11-20"), Grain: sources.Day}, Metrics: kpi.Metrics{
			Has: kpi.Usual &^ kpi.Cost, Impressions: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !receipt.CompleteThrough.Equal(noon) {
		t.Errorf("complete through %v, want the writing of the file on its unfinished day, %v", receipt.CompleteThrough, noon)
	}
}

func TestFileIsCompleteNoFurtherThanItsNewestDay(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "export.csv", header+"2026-11-18,7,n,on,1,1,1,1,1\n", noon)
	_, receipt, err := fetch(t, dir, usual)
	if want := day("2026-11-18").End(mustZone(t, "Europe/Berlin")); err != nil || !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %v (%v), want %v", receipt.CompleteThrough, err, want)
	}
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestSpreadsheetFlavoursReadTheSame(t *testing.T) {
	german := "Datum;id;name;status;imps;clicks;spend;conv;value\r\n19.11.2026;7;Frühling;on;1.200;12;1.234,50;2;99,9\r\n"
	utf16le := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(strings.ReplaceAll(german, ";", "\t"))) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, unit)
	}
	germanOptions := strings.Replace(usual, "date: date", "date: Datum", 1) + "date_format: DD.MM.YYYY\n"
	want := kpi.Metrics{Has: kpi.Usual, Impressions: 1200, Clicks: 12, Cost: 1_234_500_000, Conversions: 2_000_000, Revenue: 99_900_000}
	for name, c := range map[string]struct{ options, text string }{
		"plain":              {usual, header + "2026-11-19,7,Frühling,on,1200,12,1234.50,2,99.9\n"},
		"American, quoted":   {usual, "\ufeff" + header + "2026-11-19,7,Frühling,on,\"1,200\",12,\"1,234.50\",2,99.9\n"},
		"German":             {germanOptions, german},
		"German, UTF-16":     {germanOptions, string(utf16le)},
		"Swiss":              {usual, strings.ReplaceAll(header, ",", "|") + "2026-11-19|7|Frühling|on|1’200|12|1'234.50|2|99.9\n"},
		"French":             {usual, strings.ReplaceAll(header, ",", ";") + "2026-11-19;7;Frühling;on;1\u202f200;12;1 234,50;2;99,9\n"},
		"without final line": {usual, header + "2026-11-19,7,Frühling,on,1200,12,1234.50,2,99.9"},
		"with empty lines":   {usual, header + "\n2026-11-19,7,Frühling,on,1200,12,1234.50,2,99.9\n,,,,,,,,\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "export.csv", c.text, noon.Add(-time.Hour))
			rows, _, err := fetch(t, dir, c.options)
			if err != nil || len(rows) != 1 {
				t.Fatalf("%d rows, error %v", len(rows), err)
			}
			if rows[0].Metrics != want || rows[0].Entity.Name != "Frühling" || rows[0].Slot.Date != day("2026-11-19") {
				t.Errorf("got %+v", rows[0])
			}
		})
	}
}

func TestOneBrokenLineFailsTheFileAndIsNamed(t *testing.T) {
	good := "2026-11-19,7,n,on,1,1,1,1,1\n"
	for name, c := range map[string]struct {
		text string
		kind sources.Kind
		says []string
	}{
		"not a number":     {header + good + "2026-11-19,7,n,on,1,1,12 EUR,1,1\n", sources.Malformed, []string{"export.csv", "line 3", `"spend"`, `"12 EUR"`, "number"}},
		"not a date":       {header + "19/11/2026,7,n,on,1,1,1,1,1\n", sources.Malformed, []string{"line 2", `"date"`, "YYYY-MM-DD"}},
		"half a click":     {header + "2026-11-19,7,n,on,1,1.5,1,1,1\n", sources.Malformed, []string{"line 2", `"clicks"`, "whole number"}},
		"too few cells":    {header + "2026-11-19,7,n\n" + good, sources.Malformed, []string{"line 2", "3 cells", "expected 9"}},
		"open quote":       {header + "2026-11-19,7,\"n,on,1,1,1,1,1\n" + good, sources.Malformed, []string{"line 2", `"`}},
		"several":          {header + strings.Repeat("x,7,n,on,1,1,1,1,1\n", 8), sources.Malformed, []string{"line 2", "line 6", "3 more"}},
		"header":           {"day,id,name,status,imps,clicks,spend,conv,value\n" + good, sources.Malformed, []string{`no column "date"`, `"day"`, `"value"`}},
		"header twice":     {"date,id,id,name,status,imps,clicks,spend,conv,value\n", sources.Malformed, []string{`two columns are called "id"`}},
		"unclear decimals": {header + "2026-11-19,7,n,on,1,1,\"1,234\",1,1\n", sources.Malformed, []string{"line 2", `"1,234"`, "set decimal"}},
		"lone group":       {strings.ReplaceAll(header, ",", ";") + "2026-11-19;7;n;on;1;1;1.234;1;1\n", sources.Malformed, []string{"line 2", `"1.234"`, "set decimal"}},
		"endless line":     {header + strings.Repeat("x", maxLine+10) + "," + good, sources.Malformed, []string{"line 2", "KiB", "quotation mark"}},
		"both decimals":    {header + "2026-11-19,7,n,on,1,1,\"1,5\",1,1.5\n", sources.Malformed, []string{"line 2", "decimal point", "decimal comma"}},
		"overflow":         {header + strings.Repeat("2026-11-19,7,n,on,1,1,9000000000000,1,1\n", 2), sources.Malformed, []string{"line 3", "out of range"}},
		"Windows-1252":     {header + "2026-11-19,7,Fr\xfchling,on,1,1,1,1,1\n", sources.Malformed, []string{"line 2", "UTF-8"}},
		"binary":           {"PK\x03\x04\x00\x00", sources.Malformed, []string{"not a text file"}},
		"no rows":          {header, sources.Unavailable, []string{"no rows"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "export.csv", c.text, noon.Add(-time.Hour))
			rows, _, err := fetch(t, dir, usual)
			if sources.KindOf(err) != c.kind || len(rows) != 0 {
				t.Fatalf("%d rows, error %v", len(rows), err)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error does not say %s: %v", part, err)
				}
			}
		})
	}
}

func TestExportThatIsStillBeingWrittenIsNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		age  time.Duration
	}{
		"empty":             {"", time.Hour},
		"header cut":        {"date,id,na", time.Minute},
		"line cut":          {header + "2026-11-19,7,n,on,1,1,1,1,1\n2026-11-19,7,n", time.Minute},
		"quotation cut":     {header + "2026-11-19,7,n,on,1,1,1,1,1\n2026-11-19,7,\"n", time.Minute},
		"number may be cut": {header + "2026-11-19,7,n,on,1,1,1,1,1", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "export.csv", c.text, noon.Add(-c.age))
			rows, _, err := fetch(t, dir, usual)
			if sources.KindOf(err) != sources.Unavailable || len(rows) != 0 || !strings.Contains(err.Error(), "still being written") {
				t.Errorf("%d rows, error %v", len(rows), err)
			}
		})
	}
}

func TestFileThatChangedSinceItWasListedIsNotRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "export.csv", header, noon)
	for name, listed := range map[string]file{
		"rewritten": {filepath.Join(dir, "export.csv"), noon.Add(-time.Hour), int64(len(header))},
		"grown":     {filepath.Join(dir, "export.csv"), noon, int64(len(header)) - 1},
		"shrunk":    {filepath.Join(dir, "export.csv"), noon, int64(len(header)) + 1},
	} {
		if _, err := listed.text("auto", noon); sources.KindOf(err) != sources.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLineCutOffForGoodIsAFault(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "export.csv", header+"2026-11-19,7,n", noon.Add(-time.Hour))
	if _, _, err := fetch(t, dir, usual); sources.KindOf(err) != sources.Malformed {
		t.Errorf("got %v, want Malformed", err)
	}
}

func TestLaterExportReplacesSlotsRatherThanAddingToThem(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "export-b.csv", header+"2026-11-18,7,n,on,1,1,1,1,1\n2026-11-19,7,n,on,1,1,5,1,1\n", noon.Add(-24*time.Hour))
	write(t, dir, "export-a.csv", header+"2026-11-19,7,n,on,1,1,8,2,1\n2026-11-19,9,m,on,1,1,1,1,1\n", noon.Add(-2*time.Hour))
	rows, receipt, err := fetch(t, dir, strings.Replace(usual, "export.csv", "export-*.csv", 1))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	if rows[1].Metrics.Cost != 8_000_000 || rows[1].Metrics.Conversions != 2_000_000 {
		t.Errorf("19 November is %+v, want the later export's", rows[1].Metrics)
	}
	if want := day("2026-11-19").End(mustZone(t, "Europe/Berlin")); !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %v, want %v", receipt.CompleteThrough, want)
	}
}

func TestFileOfSeveralAccountsIsNarrowedAndItsCurrencyChecked(t *testing.T) {
	const options = `
path: export.csv
account: {id: "1", currency: EUR, timezone: Europe/Berlin}
columns: {date: date, account_id: account, currency: cur, cost: {column: cents, unit: minor}}
`
	dir := t.TempDir()
	write(t, dir, "export.csv", "date,account,cur,cents\n2026-11-19,1,EUR,1999\n2026-11-19,2,USD,500\n", noon)
	rows, _, err := fetch(t, dir, options)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	if e := rows[0].Entity; e.Level != sources.LevelAccount || e.ID != "1" || rows[0].Metrics != (kpi.Metrics{Has: kpi.Cost, Cost: 19_990_000}) {
		t.Errorf("got %+v", rows[0])
	}
	write(t, dir, "export.csv", "date,account,cur,cents\n2026-11-19,1,EUR,1999\n2026-11-19,1,USD,500\n", noon)
	if _, _, err := fetch(t, dir, options); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("another currency: %v, want Malformed naming line 3", err)
	}
}

func TestResultsByUTMAreKeyRows(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "export.csv", "date,src,camp,code,sales\n2026-11-19,news,spring,,10\n2026-11-19,,,SAVE5,4\n2026-11-19,,,,1\n", noon)
	rows, _, err := fetch(t, dir, `
path: export.csv
account: {currency: EUR, timezone: UTC}
columns: {date: date, utm_source: src, utm_campaign: camp, promo: code, revenue: sales}
`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]kpi.Micros{}
	for _, r := range rows {
		if r.Entity.Level != sources.LevelKey {
			t.Errorf("level %d of %s", r.Entity.Level, r.Entity.ID)
		}
		got[r.Entity.ID] = r.Metrics.Revenue
	}
	want := map[string]kpi.Micros{"utm_campaign=spring&utm_source=news": 10_000_000, "promo=SAVE5": 4_000_000, "none": 1_000_000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHoursAreRealHoursAlsoWhenTheClockChanges(t *testing.T) {
	const options = `
path: export.csv
account: {currency: EUR, timezone: Europe/Berlin}
date_format: YYYY-MM-DD|HH
columns: {date: t, hour: t, cost: spend}
`
	dir := t.TempDir()
	write(t, dir, "export.csv", "t,spend\n"+
		"2026-10-25|01,1\n2026-10-25|02,2\n2026-10-25|02,4\n2026-10-25|03,8\n2026-10-25|23,16\n"+
		"2026-03-29|01,1\n2026-03-29|02,0\n2026-03-29|03,2\n2026-03-29|23,4\n", noon)
	rows, _, err := fetch(t, dir, options, func(q *sources.Query) { q.Grain = sources.Hour })
	if err != nil {
		t.Fatal(err)
	}
	got := map[sources.Slot]kpi.Micros{}
	for _, r := range rows {
		got[r.Slot] = r.Metrics.Cost / kpi.MicrosPerUnit
	}
	spring, autumn := day("2026-03-29"), day("2026-10-25")
	want := map[sources.Slot]kpi.Micros{}
	for _, w := range []struct {
		d    kpi.Date
		hour int
		cost kpi.Micros
	}{{spring, 1, 1}, {spring, 2, 2}, {spring, 22, 4}, {autumn, 1, 1}, {autumn, 2, 6}, {autumn, 4, 8}, {autumn, 24, 16}} {
		want[sources.Slot{Date: w.d, Grain: sources.Hour, Hour: w.hour}] = w.cost
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	rows, _, err = fetch(t, dir, options)
	if err != nil || len(rows) != 2 || rows[1].Metrics.Cost != 31_000_000 || rows[0].Metrics.Cost != 7_000_000 {
		t.Errorf("by day: %+v, %v", rows, err)
	}
}

func TestAccountLevelIsTheSumOfTheCampaigns(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "export.csv", header+"2026-11-19,7,n,on,1,1,0.1,1,1\n2026-11-19,8,m,on,2,2,0.2,,1\n", noon)
	rows, _, err := fetch(t, dir, usual, func(q *sources.Query) { q.Level = sources.LevelAccount })
	want := []sources.Row{{Entity: sources.Entity{Level: sources.LevelAccount, ID: "partner", Name: "partner"},
		Slot:    sources.Slot{Date: day("2026-11-19"), Grain: sources.Day},
		Metrics: kpi.Metrics{Has: kpi.Usual, Impressions: 3, Clicks: 3, Cost: 300_000, Conversions: 1_000_000, Revenue: 2_000_000}}}
	if diff := cmp.Diff(want, rows); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestFolderNamesAreNotPatterns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]*")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "export.csv", header+"2026-11-19,7,n,on,1,1,1,1,1\n", noon)
	if rows, _, err := fetch(t, dir, usual); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, error %v", len(rows), err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	for options, says := range map[string]string{
		"columns: {date: d, cost: c}":                                                                                                       "path",
		"path: x\ncolumns: {cost: c}":                                                                                                       "columns.date",
		"path: x\ncolumns: {date: d}":                                                                                                       "none of impressions",
		"path: x\ncolumns: {date: d, cost: c}":                                                                                              "account.currency",
		"path: x\ncolumns: {date: d, clicks: c}":                                                                                            "account.timezone",
		"path: x\naccount: {timezone: Mars/Base}\ncolumns: {date: d, clicks: c}":                                                            "account.timezone",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, clicks: c}\ndelimiter: x":                                                    "delimiter",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, clicks: c}\nencoding: koi8-r":                                                "encoding",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, clicks: c}\nremoved: drop":                                                   "removed",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, clicks: c}\ndecimal: x":                                                      "decimal",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, clicks: c}\ndate_format: MM-DD":                                              "date_format",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, hour: d, clicks: c}":                                                         "columns.hour",
		"path: x\naccount: {timezone: UTC, currency: EUR}\ncolumns: {date: d, cost: {column: c, unit: cents}}":                              "columns.cost.unit",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, campaign: c, promo: p, clicks: c}":                                           "UTM",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, status: s, clicks: c}":                                                       "columns.status",
		"path: x\naccount: {timezone: UTC}\ncolumns: {date: d, currency: s, clicks: c}":                                                     "account.currency",
		"path: x\naccount: {timezone: UTC, currency: eur}\ncolumns: {date: d, revenue: r}":                                                  "account.currency",
		"path: x\naccount: {timezone: Local}\ncolumns: {date: d, clicks: c}":                                                                "account.timezone",
		"path: x\naccount: {timezone: UTC, currency: EUR}\ncolumns: {date: d, clicks: k, cost: {unit: micros}}":                             "columns.cost.column",
		"path: x\naccount: {timezone: UTC, currency: EUR}\ncolumns: {date: d, hour: h, clicks: k, revenue: {column: c, unit: thousandths}}": "columns.revenue.unit",
	} {
		if _, err := openYAML(t, t.TempDir(), options); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v does not say %s", options, err, says)
		}
	}
}

func TestUnknownKeyOfAnAmountIsRefused(t *testing.T) {
	err := yaml.UnmarshalWithOptions([]byte("columns: {cost: {column: a, units: major}}"), Definition().Options(), yaml.Strict())
	if err == nil || !strings.Contains(err.Error(), "units") {
		t.Errorf("got %v", err)
	}
}
