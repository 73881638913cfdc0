package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// table is what a feed hands out. Every row has a cell for each column.
type table struct {
	columns []string
	rows    [][]cell
}

// cell is a text or a number; what is unknown is neither.
type cell struct {
	text   string
	number bool
	known  bool
}

func word(text string) cell { return cell{text: sources.Clean(text), known: text != ""} }

func money(m kpi.Micros, known bool) cell {
	return cell{text: m.Decimal(2), number: true, known: known}
}

func count(n int64, known bool) cell {
	return cell{text: strconv.FormatInt(n, 10), number: true, known: known}
}

func share(r kpi.Ratio) cell {
	return cell{text: strconv.FormatFloat(math.Round(r.Value*1e6)/1e6, 'f', -1, 64), number: true, known: r.OK}
}

func moment(t time.Time) cell {
	return cell{text: t.UTC().Format(time.RFC3339), known: !t.IsZero()}
}

func (t table) render(format string) []byte {
	if format == "csv" {
		return t.csv()
	}
	return t.json()
}

// csv leaves unknown cells empty. No text is taken for a formula.
func (t table) csv() []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write(t.columns) // a buffer takes everything
	line := make([]string, len(t.columns))
	for _, row := range t.rows {
		for i, c := range row {
			switch {
			case !c.known:
				line[i] = ""
			case c.number:
				line[i] = c.text
			default:
				line[i] = harmless(c.text)
			}
		}
		_ = w.Write(line)
	}
	w.Flush()
	return out.Bytes()
}

// json is an object with a list of rows, each an object by column; numbers keep
// their digits, and what is unknown is null.
func (t table) json() []byte {
	out := bytes.NewBufferString(`{"version":1,"rows":[`)
	names := make([][]byte, len(t.columns))
	for i, column := range t.columns {
		names[i] = quotedJSON(column)
	}
	for n, row := range t.rows {
		if n > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n")
		for i, c := range row {
			out.WriteByte("{,"[min(i, 1)])
			out.Write(names[i])
			out.WriteByte(':')
			switch {
			case !c.known:
				out.WriteString("null")
			case c.number:
				out.WriteString(c.text)
			default:
				out.Write(quotedJSON(c.text))
			}
		}
		out.WriteByte('}')
	}
	out.WriteString("\n]}\n")
	return out.Bytes()
}

func quotedJSON(text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text is always JSON
	}
	return quoted
}

// channels is a row for each channel and day that something is known of, in the
// display currency. Each account counts its own days.
func (f *feed) channels(ctx context.Context, days kpi.DateRange) (table, error) {
	s, err := f.monitor.Snapshot(ctx, snapshot.View{Range: snapshot.Range{Fixed: days}})
	if err != nil {
		return table{}, err
	}
	return channelDays(s, days), nil
}

// channelDays are the days of the channels of a picture.
func channelDays(s *snapshot.Snapshot, days kpi.DateRange) table {
	t := table{columns: []string{"date", "channel", "currency", "impressions", "clicks", "cost", "conversions", "revenue", "contribution", "profit", "roas", "cpa", "maturity",
		"pending_conversions", "pending_conversions_counted", "pending_revenue", "pending_revenue_counted", "payouts_beyond_cap", "on_hold", "view_through_conversions"}}
	for _, ch := range s.Channels {
		for _, slot := range ch.Series.Slots {
			date := kpi.DateOf(slot.Start, s.Zone)
			if !slot.Figures.Known || !days.Contains(date) {
				continue
			}
			m, g := slot.Figures.Metrics, slot.Figures
			all, counts := g.Pending.Reported, g.Pending.Counted
			t.rows = append(t.rows, slices.Concat([]cell{word(date.String()), word(ch.Name), word(string(s.Currency))}, figureCells(m), []cell{
				money(g.Contribution.Micros, g.Contribution.Known), money(g.Profit.Micros, g.Profit.Known), share(m.ROAS()), share(m.CPA()), share(g.Maturity),
				amount(all.Conversions, all.Knows(kpi.Conversions)), amount(counts.Conversions, counts.Knows(kpi.Conversions)),
				money(all.Revenue, all.Knows(kpi.Revenue)), money(counts.Revenue, counts.Knows(kpi.Revenue)),
				money(g.Payable.Capped, ch.Economics.PayoutCap != 0), money(g.Payable.Held, ch.Economics.HoldDays != 0), viewCell(m)}))
		}
	}
	byDate(t)
	return t
}

// byDate orders rows by their date, which is the first cell.
func byDate(t table) {
	slices.SortStableFunc(t.rows, func(a, b []cell) int { return cmp.Compare(a[0].text, b[0].text) })
}

// amount is a number with parts, such as conversions.
func amount(n kpi.Micros, known bool) cell {
	return cell{text: n.Decimal(0), number: true, known: known}
}

// figureCells are those that are reported, in the order of the columns.
func figureCells(m kpi.Metrics) []cell {
	return []cell{count(m.Impressions, m.Knows(kpi.Impressions)), count(m.Clicks, m.Knows(kpi.Clicks)), money(m.Cost, m.Knows(kpi.Cost)),
		amount(m.Conversions, m.Knows(kpi.Conversions)), money(m.Revenue, m.Knows(kpi.Revenue))}
}

// viewCell is how many of the conversions followed a view; last, because it came later.
func viewCell(m kpi.Metrics) cell {
	return amount(m.ViewThrough, m.Knows(kpi.ViewThrough))
}

// campaigns is a row for each campaign, or key of a results source, and day as
// the platform reports it, in the account's zone and currency.
func (f *feed) campaigns(ctx context.Context, days kpi.DateRange) (table, error) {
	t := table{columns: []string{"date", "source", "account_id", "account_name", "timezone", "campaign_id", "campaign_name", "status", "channel", "currency",
		"impressions", "clicks", "cost", "conversions", "conversion_value", "view_through_conversions"}}
	cfg, _ := f.inForce()
	now := time.Now()
	accounts, err := f.cache.Accounts(ctx, now)
	if err != nil {
		return t, err
	}
	entities, err := f.cache.Entities(ctx, now)
	if err != nil {
		return t, err
	}
	configured := map[string]bool{}
	for _, src := range cfg.Sources {
		configured[src.Name] = true
	}
	account := map[[2]string]store.Account{}
	for _, a := range accounts {
		account[[2]string{a.Source, a.ID}] = a
	}
	listed := map[store.EntityID]store.Entity{}
	for _, e := range entities {
		if configured[e.Source] && e.Breakdown == "" && (e.Level == sources.LevelCampaign || e.Level == sources.LevelKey) {
			listed[e.ID] = e
		}
	}
	totals, err := f.cache.Days(ctx, days, now, slices.Sorted(maps.Keys(listed)))
	if err != nil {
		return t, err
	}
	for _, total := range totals {
		e := listed[total.Entity]
		a := account[[2]string{e.Source, e.Account}]
		channel := ""
		if claim := cfg.Claim(e.Source, e.Account, e.Entity, kpi.AllFields); claim.Channel >= 0 {
			channel = cfg.Channels[claim.Channel].Name
		}
		t.rows = append(t.rows, append([]cell{word(total.Date.String()), word(e.Source), word(e.Account), word(a.Name), word(a.Zone.String()), word(e.Entity.ID), word(e.Name),
			word(e.Status), word(channel), word(string(a.Currency))}, append(figureCells(total.Metrics), viewCell(total.Metrics))...))
	}
	return t, nil
}

// alerts is a row for each alert that was open on one of the days, newest first.
func (f *feed) alerts(ctx context.Context, days kpi.DateRange) (table, error) {
	t := table{columns: []string{"id", "rule", "subject", "channel", "source", "severity", "state", "muted", "since", "fired_at", "ended_at", "acked_by", "marked", "summary", "reason"}}
	cfg, _ := f.inForce()
	from, to := days.From.Start(cfg.Zone), days.To.End(cfg.Zone)
	back := int(time.Since(from)/(24*time.Hour)) + 2
	s, err := f.monitor.Snapshot(ctx, snapshot.View{Range: snapshot.Ranges[0], Ended: max(0, back)})
	if err != nil {
		return t, err
	}
	for _, a := range s.Alerts {
		if !a.Since.Before(to) || !a.Open() && a.EndedAt.Before(from) {
			continue
		}
		t.rows = append(t.rows, []cell{word(a.ID), word(a.Rule), word(a.Subject), word(a.Labels["channel"]), word(a.Labels["source"]), word(a.Severity.String()), word(a.State),
			word(a.Muted()), moment(a.Since), moment(a.FiredAt), moment(a.EndedAt), word(a.AckedBy), word(a.Marked), word(a.Summary), word(a.Reason)})
	}
	slices.SortStableFunc(t.rows, func(a, b []cell) int { return cmp.Compare(b[8].text, a[8].text) })
	return t, nil
}
