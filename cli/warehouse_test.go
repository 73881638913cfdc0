package cli

import (
	"encoding/csv"
	"math/big"
	"os"
	"strings"
	"testing"
)

func warehouseConfig(export string) string {
	return strings.Replace(`
currency: USD
timezone: UTC
sources:
  - name: microsoft
    type: csv
    every: 24h
    history: 3650d
    path: EXPORT
    account: {id: warehouse, currency: USD, timezone: UTC}
    columns:
      date: date
      currency: currency_code
      campaign_id: campaign_id
      impressions: impressions
      clicks: clicks
      cost: spend
      conversions: conversions
      revenue: revenue
channels:
  - {name: Microsoft, spend: {source: microsoft}, economics: {margin: 40%}}
`, "EXPORT", export, 1)
}

// warehouseTotals adds the export up on its own, with exact rationals.
func warehouseTotals(t *testing.T, path string) (impressions, clicks int64, spend, conversions, revenue string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]*big.Rat{}
	for i, name := range rows[0] {
		sum := new(big.Rat)
		for _, row := range rows[1:] {
			if value, ok := new(big.Rat).SetString(row[i]); ok {
				sum.Add(sum, value)
			}
		}
		sums[name] = sum
	}
	decimal := func(name string) string {
		text := strings.TrimRight(sums[name].FloatString(6), "0")
		point := strings.IndexByte(text, '.')
		for len(text)-point-1 < 2 {
			text += "0"
		}
		return text
	}
	return sums["impressions"].Num().Int64(), sums["clicks"].Num().Int64(), decimal("spend"), decimal("conversions"), decimal("revenue")
}
