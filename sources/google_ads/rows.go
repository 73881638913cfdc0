package googleads

import (
	"fmt"
	"strconv"
	"strings"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// batch is one element of a searchStream answer.
type batch struct {
	Results   []result `json:"results"`
	FieldMask string   `json:"fieldMask"`
}

// result is one line of an answer. 64-bit integers come as strings; a metric
// of zero is left out.
type result struct {
	Customer       customer `json:"customer"`
	CustomerClient customer `json:"customerClient"`
	Campaign       struct {
		ResourceName string          `json:"resourceName"`
		ID           httpkit.Integer `json:"id"`
		Name         string          `json:"name"`
		Status       string          `json:"status"`
	} `json:"campaign"`
	Segments struct {
		Date string          `json:"date"`
		Hour httpkit.Integer `json:"hour"`
	} `json:"segments"`
	Metrics metrics `json:"metrics"`
}

type metrics struct {
	Impressions      httpkit.Integer `json:"impressions"`
	Clicks           httpkit.Integer `json:"clicks"`
	CostMicros       httpkit.Integer `json:"costMicros"`
	Conversions      httpkit.Decimal `json:"conversions"`
	ConversionsValue httpkit.Decimal `json:"conversionsValue"`
}

func results(batches []batch) []result {
	var all []result
	for _, b := range batches {
		all = append(all, b.Results...)
	}
	return all
}

// answer is what one query brought.
type answer struct {
	rows     []sources.Row
	warnings []string
}

// read makes rows of an answer. Lines about the same entity and slot are
// summed. The error names the line.
func read(batches []batch, q sources.Query) (answer, error) {
	type key struct {
		id   string
		slot sources.Slot
	}
	var a answer
	at := map[key]int{}
	merged := map[kpi.Date]bool{}
	line := 0
	for _, b := range batches {
		fields := masked(b.FieldMask)
		for _, r := range b.Results {
			line++
			row, err := r.row(q, fields)
			if err != nil {
				return answer{}, sources.Errorf(sources.Malformed, "%s: result %d: %w", platform, line, err)
			}
			if q.Grain == sources.Hour && !merged[row.Slot.Date] && httpkit.RepeatedHour(row.Slot.Date, q.Account.Zone) == row.Slot.Hour {
				merged[row.Slot.Date] = true
				a.warnings = append(a.warnings, fmt.Sprintf("%s has 25 hours in %s: what Google reports for its repeated hour is booked on the first of the two", row.Slot.Date, q.Account.Zone))
			}
			k := key{row.Entity.ID, row.Slot}
			i, again := at[k]
			if !again {
				at[k] = len(a.rows)
				a.rows = append(a.rows, row)
				continue
			}
			if a.rows[i].Metrics, err = a.rows[i].Metrics.Add(row.Metrics); err != nil {
				return answer{}, sources.Errorf(sources.Malformed, "%s: result %d: %w", platform, line, err)
			}
		}
	}
	return a, nil
}

func (r result) row(q sources.Query, selected kpi.Fields) (sources.Row, error) {
	entity, err := r.entity(q.Level)
	if err != nil {
		return sources.Row{}, err
	}
	date, err := kpi.ParseDate(r.Segments.Date)
	if err != nil {
		return sources.Row{}, fmt.Errorf("segments.date: %w", err)
	}
	if !q.Days.Contains(date) {
		return sources.Row{}, fmt.Errorf("segments.date: %s was not asked for", date)
	}
	slot := sources.Slot{Date: date, Grain: q.Grain}
	if q.Grain == sources.Hour {
		if wall := r.Segments.Hour; !wall.Known || wall.Value < 0 || wall.Value > 23 {
			return sources.Row{}, fmt.Errorf("segments.hour is missing or not within 0 to 23")
		}
		slot = httpkit.ClockHour(date, int(r.Segments.Hour.Value), q.Account.Zone)
	}
	return sources.Row{Entity: entity, Slot: slot, Metrics: r.Metrics.of(selected)}, nil
}

func (r result) entity(level sources.Level) (sources.Entity, error) {
	id, name, status := r.Customer.id(), r.Customer.DescriptiveName, r.Customer.Status
	if level == sources.LevelCampaign {
		name, status = r.Campaign.Name, r.Campaign.Status
		if id = idIn(r.Campaign.ResourceName, "campaigns"); r.Campaign.ID.Known {
			id = decimal(r.Campaign.ID.Value)
		}
	}
	if id == "" {
		return sources.Entity{}, fmt.Errorf("neither id nor resourceName say what it is about")
	}
	return sources.Entity{Level: level, ID: id, Name: named(name, id), Status: strings.ToLower(sources.Clean(status))}, nil
}

// of returns the figures; a field that was selected and is absent is zero.
func (m metrics) of(selected kpi.Fields) kpi.Metrics {
	out := kpi.Metrics{
		Has: selected, Impressions: m.Impressions.Value, Clicks: m.Clicks.Value, Cost: kpi.Micros(m.CostMicros.Value),
		Conversions: m.Conversions.Micros, Revenue: m.ConversionsValue.Micros,
	}
	for field, known := range map[kpi.Fields]bool{
		kpi.Impressions: m.Impressions.Known, kpi.Clicks: m.Clicks.Known, kpi.Cost: m.CostMicros.Known,
		kpi.Conversions: m.Conversions.Known, kpi.Revenue: m.ConversionsValue.Known,
	} {
		if known {
			out.Has |= field
		}
	}
	return out
}

var metricFields = map[string]kpi.Fields{
	"metrics.impressions": kpi.Impressions, "metrics.clicks": kpi.Clicks, "metrics.costMicros": kpi.Cost,
	"metrics.conversions": kpi.Conversions, "metrics.conversionsValue": kpi.Revenue,
}

// masked reads from a field mask which metrics were selected. An answer
// without a mask is taken to hold what was asked for.
func masked(mask string) kpi.Fields {
	if mask == "" {
		return kpi.AllFields
	}
	var fields kpi.Fields
	for field := range strings.SplitSeq(mask, ",") {
		fields |= metricFields[strings.TrimSpace(field)]
	}
	return fields
}

// idIn takes the digits after a collection from a resource name, as in
// "customers/1/campaigns/2"; in "customers/1/customerClients/2" too.
func idIn(resourceName, collection string) string {
	parts := strings.Split(resourceName, "/")
	for i := 0; i+1 < len(parts); i += 2 {
		if parts[i] == collection && customerPattern.MatchString(parts[i+1]) {
			return parts[i+1]
		}
	}
	return ""
}

func decimal(id int64) string { return strconv.FormatInt(id, 10) }

func named(name, id string) string {
	if name = strings.TrimSpace(sources.Clean(name)); name == "" {
		return id
	}
	return name
}
