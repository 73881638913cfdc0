package simulator

import (
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// googleMetrics makes the rows of a query with figures. Rows of a segmented
// query that are all zero are left out.
func (s *Simulator) googleMetrics(c *call, q *gaqlQuery, who *customer, days kpi.DateRange) []googleRow {
	hourly, daily := slices.Contains(q.fields, googleHour), slices.Contains(q.fields, googleDate)
	parted := q.from == fromAdGroups || q.from == fromAds || slices.Contains(q.fields, googleNetwork)
	var rows []googleRow
	for i := range who.Campaigns {
		campaign := &who.Campaigns[i]
		if !parted {
			rows = append(rows, s.campaignRows(c, who, campaign, days, hourly)...)
		} else if len(campaign.Groups) > 0 || q.from == "campaign" || q.from == "customer" {
			rows = append(rows, s.partRows(c, who, campaign, days, hourly)...)
		}
	}
	if q.from != "campaign" || !daily || parted {
		rows = fold(rows, q, daily, hourly)
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

// partRows makes a row for each ad and network.
func (s *Simulator) partRows(c *call, who *customer, campaign *world.Campaign, days kpi.DateRange, hourly bool) []googleRow {
	var rows []googleRow
	for d := days.From; d <= days.To; d++ {
		add := func(parts []world.Part, hour int, end time.Time) {
			for _, p := range parts {
				row := googleRow{customer: who, campaign: campaign, group: p.Group, ad: p.Ad, date: d, hour: hour, network: "UNSPECIFIED"}
				if p.Placement != nil {
					row.network = p.Placement.Network
				}
				row.metrics = c.restated(p.Metrics, end, who.Currency)
				rows = append(rows, row)
			}
		}
		if !hourly {
			add(s.world.DayParts(who.ID, campaign.ID, d, c.now), 0, d.End(who.Zone))
			continue
		}
		for n, parts := range s.world.HourParts(who.ID, campaign.ID, d, c.now) {
			begin := d.Start(who.Zone).Add(time.Duration(n) * time.Hour)
			add(parts, begin.In(who.Zone).Hour(), begin.Add(time.Hour))
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
func fold(rows []googleRow, q *gaqlQuery, daily, hourly bool) []googleRow {
	type key struct {
		id, network string
		date        kpi.Date
		hour        int
	}
	byNetwork := slices.Contains(q.fields, googleNetwork)
	place := map[key]int{}
	var folded []googleRow
	for _, r := range rows {
		var k key
		switch q.from {
		case "campaign":
			k.id = r.campaign.ID
		case fromAdGroups:
			k.id = r.group.ID
		case fromAds:
			k.id = r.group.ID + "~" + r.ad.ID
		}
		if byNetwork {
			k.network = r.network
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

// googleWriter writes rows as JSON with the selected fields, nested as their
// names are.
type googleWriter struct {
	tree []*googleNode
	mask string
}

// googleNode is a key of a row: a field, or an object of further keys.
type googleNode struct {
	key, place string // as in ad and adGroupAd.ad
	field      *googleField
	below      []*googleNode
}

func newGoogleWriter(q *gaqlQuery) *googleWriter {
	w := &googleWriter{}
	var mask []string
	for _, name := range q.fields {
		field := googleFields[name]
		path := strings.Split(name, ".")
		level := &w.tree
		for i, word := range path {
			path[i] = camel(word)
			n := slices.IndexFunc(*level, func(n *googleNode) bool { return n.key == path[i] })
			if n < 0 {
				n = len(*level)
				*level = append(*level, &googleNode{key: path[i], place: strings.Join(path[:i+1], ".")})
			}
			if i == len(path)-1 {
				(*level)[n].field = &field
			}
			level = &(*level)[n].below
		}
		mask = append(mask, strings.Join(path, "."))
	}
	w.mask = strings.Join(mask, ",")
	return w
}

// row appends one row. A metric that is zero has no key, as is usual in
// Google's JSON; neither has an empty name, nor an object without any key.
func (w *googleWriter) row(b []byte, r *googleRow) []byte {
	b = append(b, '{')
	b, _ = appendNodes(b, w.tree, r, true)
	return append(b, '}')
}

// appendNodes appends keys and values; some says whether there was any.
func appendNodes(b []byte, nodes []*googleNode, r *googleRow, first bool) (_ []byte, some bool) {
	for _, n := range nodes {
		before := len(b)
		if !first {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), n.key...), `":`...)
		there := true
		if n.field == nil {
			b = append(b, '{')
			name := resourceName(n.place, r)
			if name != "" {
				b = append(append(append(b, `"resourceName":"`...), name...), '"')
			}
			b, there = appendNodes(b, n.below, r, name == "")
			there = there || name != "" || n.place == "metrics"
			b = append(b, '}')
		} else if text := n.field.text(r); n.key == "resourceName" || text == "" || text == "0" && strings.HasPrefix(n.place, "metrics.") {
			there = false
		} else {
			b = appendValue(b, text, n.field.quoted)
		}
		if !there {
			b = b[:before]
			continue
		}
		first, some = false, true
	}
	return b, some
}

// batch appends results (when there are any) and field mask; those of a stream
// have a request's id besides.
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
		b = append(w.batch(b, rows[:n]), `,"requestId":"`+googleRequestID+`"}`...)
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
