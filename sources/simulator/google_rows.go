package simulator

import (
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// googleMetrics makes the rows of a query with figures. Rows of a segmented
// query that are all zero are left out.
func (s *Simulator) googleMetrics(c *call, q *gaqlQuery, who *customer, days kpi.DateRange) []googleRow {
	hourly, daily := false, false
	for _, field := range q.fields {
		hourly = hourly || field == googleHour
		daily = daily || field == googleDate
	}
	var rows []googleRow
	for i := range who.Campaigns {
		campaign := &who.Campaigns[i]
		rows = append(rows, s.campaignRows(c, who, campaign, days, hourly)...)
	}
	byCampaign := q.from == "campaign"
	if !byCampaign || !daily {
		rows = fold(rows, byCampaign, daily, hourly)
	}
	if !q.selects("segments") && len(rows) == 0 {
		return entities(q, who)
	}
	return rows
}

func (s *Simulator) campaignRows(c *call, who *customer, campaign *world.Campaign, days kpi.DateRange, hourly bool) []googleRow {
	var rows []googleRow
	for d := days.From; d <= days.To; d++ {
		row := googleRow{customer: who, campaign: campaign, date: d}
		if !hourly {
			row.metrics = c.restated(s.world.Day(who.ID, campaign.ID, d, c.now), d.End(who.Zone), who.Currency)
			rows = append(rows, row)
			continue
		}
		start := d.Start(who.Zone)
		var wall [24]kpi.Metrics
		for n, m := range s.world.Hours(who.ID, campaign.ID, d, c.now) {
			begin := start.Add(time.Duration(n) * time.Hour)
			// On the day of 25 hours two real hours share a clock hour and come
			// as one row. That Google merges them so is unconfirmed.
			hour := begin.In(who.Zone).Hour()
			wall[hour] = sum(wall[hour], c.restated(m, begin.Add(time.Hour), who.Currency))
		}
		for hour, m := range wall {
			row.hour, row.metrics = hour, m
			rows = append(rows, row)
		}
	}
	return withoutZeros(rows)
}

// restated is what is left of a slot's figures when LateRestatement is on: a
// day after its end, a fiftieth of the cost turns out to be for invalid clicks.
func (c *call) restated(m kpi.Metrics, end time.Time, currency kpi.Currency) kpi.Metrics {
	if c.fault.Kind == LateRestatement && c.now.Sub(end) > 24*time.Hour {
		coin := world.MinorUnit(currency)
		m.Cost -= m.Cost / 50 / coin * coin
	}
	return m
}

// sum adds figures of one account; they come nowhere near the range of int64.
func sum(a, b kpi.Metrics) kpi.Metrics {
	total, err := a.Add(b)
	if err != nil {
		panic("simulator: " + err.Error())
	}
	return total
}

func withoutZeros(rows []googleRow) []googleRow {
	kept := rows[:0]
	for _, r := range rows {
		if isNonzero(r.metrics) {
			kept = append(kept, r)
		}
	}
	return kept
}

func isNonzero(m kpi.Metrics) bool {
	m.Has = 0
	return m != kpi.Metrics{}
}

// fold adds up rows that differ only in what was not selected.
func fold(rows []googleRow, byCampaign, daily, hourly bool) []googleRow {
	type key struct {
		campaign string
		date     kpi.Date
		hour     int
	}
	place := map[key]int{}
	var folded []googleRow
	for _, r := range rows {
		var k key
		if byCampaign {
			k.campaign = r.campaign.ID
		}
		if daily {
			k.date = r.date
		}
		if hourly {
			k.hour = r.hour
		}
		i, known := place[k]
		if !known {
			place[k] = len(folded)
			folded = append(folded, r)
			continue
		}
		folded[i].metrics = sum(folded[i].metrics, r.metrics)
	}
	return folded
}

// googleWriter writes rows as JSON with the selected fields, grouped by parent.
type googleWriter struct {
	parents []string
	fields  map[string][]googleField
	mask    string
}

func newGoogleWriter(q *gaqlQuery) *googleWriter {
	w := &googleWriter{fields: map[string][]googleField{}}
	var mask []string
	for _, name := range q.fields {
		f := googleFields[name]
		if w.fields[f.parent] == nil {
			w.parents = append(w.parents, f.parent)
		}
		if f.key != "resourceName" {
			w.fields[f.parent] = append(w.fields[f.parent], f)
		} else if w.fields[f.parent] == nil {
			w.fields[f.parent] = []googleField{}
		}
		family, rest, _ := strings.Cut(name, ".")
		mask = append(mask, camel(family)+"."+camel(rest))
	}
	w.mask = strings.Join(mask, ",")
	return w
}

// row appends one row. A metric that is zero has no key, as is usual in
// Google's JSON; neither has an empty name.
func (w *googleWriter) row(b []byte, r *googleRow) []byte {
	b = append(b, '{')
	for i, parent := range w.parents {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, parent...)
		b = append(b, `":{`...)
		first := true
		if name := resourceName(parent, r); name != "" {
			b = append(b, `"resourceName":"`...)
			b = append(b, name...)
			b = append(b, '"')
			first = false
		}
		for _, f := range w.fields[parent] {
			text := f.text(r)
			if text == "" || (f.isMetric() && text == "0") {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(b, '"')
			b = append(b, f.key...)
			b = append(b, `":`...)
			b = appendValue(b, text, f.quoted)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// batch appends results (when there are any), field mask and the rest.
func (w *googleWriter) batch(b []byte, rows []googleRow) []byte {
	b = append(b, '{')
	if len(rows) > 0 {
		b = append(b, `"results":[`...)
		for i := range rows {
			if i > 0 {
				b = append(b, ',')
			}
			b = w.row(b, &rows[i])
		}
		b = append(b, `],`...)
	}
	b = append(b, `"fieldMask":"`...)
	b = append(b, w.mask...)
	b = append(b, `","requestId":"`...)
	b = append(b, googleRequestID...)
	return append(b, `","queryResourceConsumption":"322"`...)
}

// typicalRow is about how many bytes a row takes.
const typicalRow = 400

// stream writes the array of batches of searchStream.
func (g *googleResult) stream(size int) []byte {
	w := newGoogleWriter(g.query)
	b := append(make([]byte, 0, typicalRow*(len(g.rows)+1)), '[')
	for rows := g.rows; ; {
		n := min(size, len(rows))
		b = append(w.batch(b, rows[:n]), '}')
		if rows = rows[n:]; len(rows) == 0 {
			return append(b, ']')
		}
		b = append(b, ',')
	}
}

// page writes one page of search.
func (g *googleResult) page(start, size int) []byte {
	end := min(start+size, len(g.rows))
	b := newGoogleWriter(g.query).batch(nil, g.rows[start:end])
	if end < len(g.rows) {
		b = append(b, `,"nextPageToken":"`...)
		b = append(b, pageToken(end)...)
		b = append(b, '"')
	}
	return append(b, '}')
}
