package cli

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// exportRow is a row of the parquet export. The columns of the CSV are the
// same, in this order. Money and conversions are in major units, in the
// account's currency; what is unknown is null.
type exportRow struct {
	Source       string `parquet:"source,dict"`
	Account      string `parquet:"account,dict"`
	Currency     string `parquet:"currency,dict"`
	Zone         string `parquet:"zone,dict"`
	Level        string `parquet:"level,dict"`
	Campaign     string `parquet:"id,dict"`
	Name         string `parquet:"name,dict"`
	Status       string `parquet:"status,dict"`
	Breakdown    string `parquet:"breakdown,dict"`
	Attribution  string `parquet:"attribution,dict"`
	Action       string `parquet:"action,dict"`
	Date         int32  `parquet:"date,date"`
	Hour         *int32 `parquet:"hour,optional"`
	ObservedAt   int64  `parquet:"observed_at,timestamp(millisecond)"`
	SupersededAt *int64 `parquet:"superseded_at,optional,timestamp(millisecond)"`
	Impressions  *int64 `parquet:"impressions,optional"`
	Clicks       *int64 `parquet:"clicks,optional"`
	Cost         *int64 `parquet:"cost,optional,decimal(6:18)"`
	Conversions  *int64 `parquet:"conversions,optional,decimal(6:18)"`
	Revenue      *int64 `parquet:"revenue,optional,decimal(6:18)"`
	ViewThrough  *int64 `parquet:"view_through_conversions,optional,decimal(6:18)"`
}

func exportRowOf(o store.Observation) exportRow {
	e, m := o.About, o.Metrics
	r := exportRow{
		Source: e.Source, Account: e.Account, Currency: string(o.Account.Currency), Zone: o.Account.Zone.String(),
		Level: e.Level.String(), Campaign: e.Entity.ID, Name: e.Name, Status: e.Status, Breakdown: e.Breakdown, Attribution: e.Attribution, Action: e.Action,
		Date: int32(o.Slot.Date), ObservedAt: o.At.UnixMilli(),
	}
	if o.Slot.Grain == sources.Hour {
		hour := int32(o.Slot.Hour)
		r.Hour = &hour
	}
	if !o.Until.IsZero() {
		until := o.Until.UnixMilli()
		r.SupersededAt = &until
	}
	for _, f := range []struct {
		field kpi.Fields
		value int64
		to    **int64
	}{
		{kpi.Impressions, m.Impressions, &r.Impressions}, {kpi.Clicks, m.Clicks, &r.Clicks}, {kpi.Cost, int64(m.Cost), &r.Cost},
		{kpi.Conversions, int64(m.Conversions), &r.Conversions}, {kpi.Revenue, int64(m.Revenue), &r.Revenue},
		{kpi.ViewThrough, int64(m.ViewThrough), &r.ViewThrough},
	} {
		if m.Knows(f.field) {
			*f.to = &f.value
		}
	}
	return r
}

var csvHeader = []string{"source", "account", "currency", "zone", "level", "id", "name", "status", "breakdown", "attribution", "action",
	"date", "hour", "observed_at", "superseded_at", "impressions", "clicks", "cost", "conversions", "revenue", "view_through_conversions"}

func exportCSV(ctx context.Context, cache *store.SQLite, days kpi.DateRange, out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write(csvHeader); err != nil {
		return err
	}
	for o, err := range cache.Observations(ctx, days) {
		if err == nil {
			err = w.Write(exportRowOf(o).cells())
		}
		if err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func (r exportRow) cells() []string {
	cells := []string{r.Source, r.Account, r.Currency, r.Zone, r.Level, r.Campaign, r.Name, r.Status, r.Breakdown, r.Attribution, r.Action}
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	hour := ""
	if r.Hour != nil {
		hour = strconv.Itoa(int(*r.Hour))
	}
	moment := func(ms *int64) string {
		if ms == nil {
			return ""
		}
		return time.UnixMilli(*ms).UTC().Format(time.RFC3339Nano)
	}
	count := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	amount := func(n *int64, decimals int) string {
		if n == nil {
			return ""
		}
		return kpi.Micros(*n).Decimal(decimals)
	}
	return append(cells, kpi.Date(r.Date).String(), hour, moment(&r.ObservedAt), moment(r.SupersededAt),
		count(r.Impressions), count(r.Clicks), amount(r.Cost, 2), amount(r.Conversions, 0), amount(r.Revenue, 2), amount(r.ViewThrough, 0))
}

// harmless keeps a spreadsheet from taking a text for a formula: names come
// from whoever may name a campaign or write a link to the shop.
func harmless(text string) string {
	if strings.IndexAny(text, "=+-@＝＋－＠\t\r\n") == 0 {
		return "'" + text
	}
	return text
}
