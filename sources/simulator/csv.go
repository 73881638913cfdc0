package simulator

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// WriteCSV writes the export of each partner network to dir/<account id>.csv
// as it stands at asOf: semicolons, decimal commas, dates as 2026-11-20, one
// row a day and partner. A row without any figure is left out; a figure that
// the partner does not report is an empty cell. The file appears in one piece
// and is dated asOf.
func (s *Simulator) WriteCSV(dir string, asOf time.Time) error {
	for _, account := range s.world.Accounts(world.CSV) {
		path := filepath.Join(dir, account.ID+".csv")
		if err := s.writeExport(path, account, asOf); err != nil {
			return fmt.Errorf("write export %s: %w", path, err)
		}
	}
	return nil
}

func (s *Simulator) writeExport(path string, account world.Account, asOf time.Time) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	w := csv.NewWriter(file)
	w.Comma = ';'
	err = w.WriteAll(s.exportRows(account, asOf))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Chtimes(file.Name(), asOf, asOf); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func (s *Simulator) exportRows(account world.Account, asOf time.Time) [][]string {
	rows := [][]string{{"date", "partner", "clicks", "orders", "revenue", "commission"}}
	for d := kpi.DateOf(s.world.Spec().Epoch, account.Zone); d <= kpi.DateOf(asOf, account.Zone); d++ {
		for _, partner := range account.Campaigns {
			m := s.world.Day(account.ID, partner.ID, d, asOf)
			if !isNonzero(m) {
				continue
			}
			clicks := ""
			if m.Knows(kpi.Clicks) {
				clicks = strconv.FormatInt(m.Clicks, 10)
			}
			rows = append(rows, []string{
				d.String(), partner.Name, clicks, m.Conversions.Decimal(0), decimalComma(m.Revenue), decimalComma(m.Cost),
			})
		}
	}
	return rows
}

func decimalComma(m kpi.Micros) string { return strings.Replace(m.Decimal(2), ".", ",", 1) }
