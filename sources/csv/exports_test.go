package csv

import (
	stdcsv "encoding/csv"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/sourcetest"
)

// export is a real export of a warehouse and how it is described.
type export struct {
	file, options                          string
	date, campaign                         string // headers
	impressions, clicks, cost, conv, value string // headers, "" when not read
	micros                                 bool   // cost is in micros
}

var exports = []export{
	{
		file: "microsoft_ads/warehouse_campaign_daily_first_400.csv",
		options: `
account: {id: "150175881", currency: USD, timezone: America/Los_Angeles}
columns: {date: date, account_id: account_id, currency: currency_code, campaign_id: campaign_id, impressions: impressions,
  clicks: clicks, cost: spend, conversions: conversions, revenue: revenue}`,
		date: "date", campaign: "campaign_id", impressions: "impressions", clicks: "clicks", cost: "spend", conv: "conversions", value: "revenue",
	},
	{
		file: "google_ads/warehouse_campaign_stats.csv",
		options: `
account: {currency: USD, timezone: America/Los_Angeles}
columns: {date: date, campaign_id: id, impressions: impressions, clicks: clicks, cost: {column: cost_micros, unit: micros},
  conversions: conversions, revenue: conversions_value}`,
		date: "date", campaign: "id", impressions: "impressions", clicks: "clicks", cost: "cost_micros", conv: "conversions", value: "conversions_value", micros: true,
	},
	{
		file: "meta_ads/fivetran_basic_ad.csv",
		options: `
account: {currency: USD, timezone: UTC}
columns: {date: date, campaign_id: ad_id, impressions: impressions, clicks: inline_link_clicks, cost: spend}`,
		date: "date", campaign: "ad_id", impressions: "impressions", clicks: "inline_link_clicks", cost: "spend",
	},
}

// TestRealExportsFoldToTheirTrueTotals compares every campaign and day with
// sums that are added here in fractions, from the raw lines.
func TestRealExportsFoldToTheirTrueTotals(t *testing.T) {
	fixtures := sourcetest.Fixtures(t)
	for _, e := range exports {
		t.Run(e.file, func(t *testing.T) {
			rows, _, err := fetch(t, fixtures, "path: "+e.file+e.options)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]map[string]string{}
			for _, r := range rows {
				got[r.Slot.Date.String()+" "+r.Entity.ID] = exact(r)
			}
			if diff := cmp.Diff(e.totals(t, filepath.Join(fixtures, e.file)), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// exact renders the known metrics as fractions.
func exact(r sources.Row) map[string]string {
	m, out := r.Metrics, map[string]string{}
	for _, f := range []struct {
		field kpi.Fields
		name  string
		value *big.Rat
	}{
		{kpi.Impressions, "impressions", big.NewRat(m.Impressions, 1)},
		{kpi.Clicks, "clicks", big.NewRat(m.Clicks, 1)},
		{kpi.Cost, "cost", big.NewRat(int64(m.Cost), kpi.MicrosPerUnit)},
		{kpi.Conversions, "conversions", big.NewRat(int64(m.Conversions), kpi.MicrosPerUnit)},
		{kpi.Revenue, "revenue", big.NewRat(int64(m.Revenue), kpi.MicrosPerUnit)},
	} {
		if m.Knows(f.field) {
			out[f.name] = f.value.RatString()
		}
	}
	return out
}

// totals adds the raw cells by day and campaign; a figure that is empty in all
// lines stays out.
func (e export) totals(t *testing.T, path string) map[string]map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := stdcsv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range lines[0] {
		at[name] = i
	}
	sums := map[string]map[string]*big.Rat{}
	for _, line := range lines[1:] {
		key := line[at[e.date]] + " " + line[at[e.campaign]]
		if sums[key] == nil {
			sums[key] = map[string]*big.Rat{}
		}
		for name, column := range map[string]string{"impressions": e.impressions, "clicks": e.clicks, "cost": e.cost, "conversions": e.conv, "revenue": e.value} {
			if column == "" || line[at[column]] == "" {
				continue
			}
			value, ok := new(big.Rat).SetString(line[at[column]])
			if !ok {
				t.Fatalf("%q is no number", line[at[column]])
			}
			if e.micros && name == "cost" {
				value.Quo(value, big.NewRat(1_000_000, 1))
			}
			if sums[key][name] == nil {
				sums[key][name] = new(big.Rat)
			}
			sums[key][name].Add(sums[key][name], value)
		}
	}
	out := map[string]map[string]string{}
	for key, named := range sums {
		out[key] = map[string]string{}
		for name, sum := range named {
			out[key][name] = sum.RatString()
		}
	}
	return out
}
