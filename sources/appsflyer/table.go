package appsflyer

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// The columns that are read.
const (
	date = iota
	agency
	mediaSource
	campaign
	impressions
	clicks
	cost
	results
	revenue
	fields
)

// table reads the reports of one Fetch. Which columns there are depends on the app and
// its settings, so that they are found by name.
type table struct {
	rows    *httpkit.Rows
	columns [fields]string // names
	sales   string         // how the name of the event's revenue begins, whatever its currency; "" where there is no event

	at     [fields]int // where each column is, -1 where it is not
	known  map[string]*origin
	key    []byte // of known; used again and again
	absent bool   // a report with rows has no column of results
}

// origin is what a row is about.
type origin struct {
	id, name []byte
	source   string // "" for what costs nothing: organic installs
	results  bool   // it has brought some
	cost     bool   // and what it cost is known
}

func newTable(rows *httpkit.Rows, money kpi.Currency, result string) *table {
	t := &table{rows: rows, known: map[string]*origin{}, columns: [fields]string{
		"Date", "Agency/PMD (af_prt)", "Media Source (pid)", "Campaign (c)", "Impressions", "Clicks", "Total Cost", "Installs", "Total Revenue",
	}}
	if result != installs {
		t.sales = result + " (Sales in "
		t.columns[results], t.columns[revenue] = result+" (Event counter)", t.sales+string(money)+")"
	}
	return t
}

// read hands over the rows of one report. Nothing in it proves that it is whole but the
// line break that ends each line.
func (t *table) read(body []byte) error {
	defer func() { t.rows.Line = 0 }()
	lines := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	lines.ReuseRecord = true
	header, err := lines.Read()
	if err != nil || !t.head(header) {
		return t.rows.Malformed("answer is not JSON and not the report either: it begins with %q", sources.Clean(string(body[:min(len(body), 60)])))
	}
	if i := slices.IndexFunc(header, func(name string) bool { return t.sales != "" && strings.HasPrefix(name, t.sales) }); i >= 0 && t.at[revenue] < 0 {
		return t.rows.Malformed("the report has the column %q: expected %q, in the currency of the app", sources.Clean(header[i]), t.columns[revenue])
	}
	if body[len(body)-1] != '\n' {
		return t.rows.Malformed("the report breaks off at byte %d, within a line", len(body))
	}
	for {
		cells, err := lines.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			t.rows.Line = 0 // the error has it
			return t.rows.Malformed("the report cannot be read: %w", err)
		}
		t.rows.Line, _ = lines.FieldPos(0)
		if err := t.row(cells); err != nil {
			return err
		}
	}
}

// head finds the columns; false is that this is no report.
func (t *table) head(names []string) bool {
	for i, wanted := range t.columns {
		t.at[i] = slices.Index(names, wanted)
	}
	return t.at[date] >= 0 && t.at[mediaSource] >= 0 && t.at[campaign] >= 0
}

// cell is a cell of a column, "" where there is none or no value.
func (t *table) cell(cells []string, field int) string {
	i := t.at[field]
	if i < 0 || cells[i] == "None" || cells[i] == "N/A" {
		return ""
	}
	return cells[i]
}

// row hands over one row.
func (t *table) row(cells []string) error {
	of := t.origin(t.cell(cells, agency), t.cell(cells, mediaSource), t.cell(cells, campaign))
	if of == nil {
		return t.rows.Malformed("a row names no media source")
	}
	t.absent = t.absent || t.at[results] < 0
	f := httpkit.Figure{ID: of.id, Name: of.name}
	var err error
	if f.Slot, err = t.rows.Day([]byte(t.cell(cells, date))); err != nil {
		return err
	}
	if f.Metrics, err = t.metrics(cells); err != nil {
		return err
	}
	of.results = of.results || f.Metrics.Conversions > 0
	of.cost = of.cost || f.Metrics.Knows(kpi.Cost)
	return t.rows.Put(f)
}

// origin looks up what a row is about.
func (t *table) origin(agency, source, campaign string) *origin {
	t.key = append(append(append(append(append(t.key[:0], agency...), 0), source...), 0), campaign...)
	if of := t.known[string(t.key)]; of != nil {
		return of
	}
	if source == "" {
		return nil
	}
	of := &origin{id: []byte(identity(agency, source, campaign)), source: strings.Clone(source)}
	if strings.EqualFold(source, "organic") {
		of.source = ""
	}
	for _, part := range []string{agency, source, campaign} {
		if part != "" && len(of.name) > 0 {
			of.name = append(of.name, " / "...)
		}
		of.name = append(of.name, part...)
	}
	t.known[string(t.key)] = of
	return of
}

// longestID bounds an id; adtop keeps no more of one than 512 bytes.
const longestID = 500

// identity makes an id of what AppsFlyer tells campaigns apart by, under the names that
// its links have for them. No two campaigns share one.
func identity(agency, source, campaign string) string {
	values := url.Values{"pid": {source}}
	if agency != "" {
		values.Set("af_prt", agency)
	}
	if campaign != "" {
		values.Set("c", campaign)
	}
	id := values.Encode()
	if len(id) > longestID {
		sum := sha256.Sum256([]byte(id))
		return "sha256=" + hex.EncodeToString(sum[:])
	}
	return id
}

// metrics reads the figures. One without a value is unknown.
func (t *table) metrics(cells []string) (m kpi.Metrics, err error) {
	number := func(column int, field kpi.Fields) (value kpi.Micros) {
		text := t.cell(cells, column)
		if text == "" || err != nil {
			return 0
		}
		if value, err = kpi.ParseMicros(text); err != nil {
			err = t.rows.Malformed("answer has %q where a number belongs at %s", sources.Clean(text[:min(len(text), 40)]), t.columns[column])
			return 0
		}
		m.Has |= field
		return value
	}
	count := func(column int, field kpi.Fields) int64 {
		value := number(column, field)
		if value%kpi.MicrosPerUnit != 0 && err == nil {
			err = t.rows.Malformed("%s: %s is no whole number", t.columns[column], value.Decimal(0))
		}
		return int64(value / kpi.MicrosPerUnit)
	}
	m.Impressions, m.Clicks = count(impressions, kpi.Impressions), count(clicks, kpi.Clicks)
	m.Cost, m.Conversions, m.Revenue = number(cost, kpi.Cost), number(results, kpi.Conversions), number(revenue, kpi.Revenue)
	return m, err
}

// mostNamed is how many media sources a warning names.
const mostNamed = 5

// warnings tells what the reports lack.
func (t *table) warnings() (told []string) {
	if t.absent {
		told = append(told, fmt.Sprintf("AppsFlyer's report has no column %q: check result, or nobody has done that in these days", t.columns[results]))
	}
	costs := map[string]bool{} // by media source: some cost is known
	for _, of := range t.known {
		if of.source != "" && (of.cost || of.results) {
			costs[of.source] = costs[of.source] || of.cost
		}
	}
	maps.DeleteFunc(costs, func(_ string, known bool) bool { return known })
	if len(costs) == 0 {
		return told
	}
	names := slices.Sorted(maps.Keys(costs))
	rest := ""
	if len(names) > mostNamed {
		names, rest = names[:mostNamed], fmt.Sprintf(" and %d more", len(names)-mostNamed)
	}
	return append(told, sources.Clean(fmt.Sprintf("AppsFlyer knows no cost of %s%s: connect it there, or name another source of spend", strings.Join(names, ", "), rest)))
}
