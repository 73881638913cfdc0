package csv

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// TestPartnerExportIsTheTruthOfTheWorld reads a simulated network's export,
// with decimal commas and cells that its partners leave empty.
func TestPartnerExportIsTheTruthOfTheWorld(t *testing.T) {
	w, at, dir := world.Conformance(), world.ConformanceSpring, t.TempDir()
	if err := simulator.New(w, nil).WriteCSV(dir, at); err != nil {
		t.Fatal(err)
	}
	rows, receipt, err := fetch(t, dir, `
path: partners.csv
account: {currency: EUR, timezone: Europe/Berlin}
columns: {date: date, campaign: partner, clicks: clicks, conversions: orders, revenue: revenue, cost: commission}
`)
	if err != nil {
		t.Fatal(err)
	}
	type slot struct {
		partner string
		date    kpi.Date
	}
	got, want := map[slot]kpi.Metrics{}, map[slot]kpi.Metrics{}
	for _, r := range rows {
		got[slot{r.Entity.ID, r.Slot.Date}] = r.Metrics
	}
	account, _ := w.Account(world.CSV, "partners")
	for _, c := range account.Campaigns {
		for d := kpi.DateOf(world.ConformanceEpoch, account.Zone); d <= kpi.DateOf(at, account.Zone); d++ {
			if m := w.Day(account.ID, c.ID, d, at); m.Clicks != 0 || m.Conversions != 0 || m.Cost != 0 || m.Revenue != 0 {
				want[slot{c.Name, d}] = m
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !receipt.CompleteThrough.Equal(at) {
		t.Errorf("complete through %v, want %v", receipt.CompleteThrough, at)
	}
}
