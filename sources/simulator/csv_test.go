package simulator

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

func TestPartnerExportIsTheWorldsOfThatMoment(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	if err := r.WriteCSV(dir, r.now); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "partners.csv")
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if found, _ := os.ReadDir(dir); len(found) != 1 {
		t.Errorf("%d files are left", len(found))
	}
	if info, _ := file.Stat(); !info.ModTime().Equal(r.now) {
		t.Errorf("dated %s, want %s", info.ModTime(), r.now)
	}
	reader := csv.NewReader(file)
	reader.Comma = ';'
	lines, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if header := strings.Join(lines[0], ";"); header != "date;partner;clicks;orders;revenue;commission" {
		t.Fatalf("header %s", header)
	}
	account, _ := r.world.Account(world.CSV, "partners")
	byName := map[string]world.Campaign{}
	for _, c := range account.Campaigns {
		byName[c.Name] = c
	}
	empty := 0
	for _, line := range lines[1:] {
		d, err := kpi.ParseDate(line[0])
		if err != nil {
			t.Fatal(err)
		}
		want := r.world.Day(account.ID, byName[line[1]].ID, d, r.now)
		if line[2] == "" {
			empty++
		}
		point := func(cell string) kpi.Micros { return micros(t, strings.Replace(cell, ",", ".", 1)) }
		if (line[2] != "") != want.Knows(kpi.Clicks) || point(line[2]) != kpi.Micros(want.Clicks*kpi.MicrosPerUnit) ||
			point(line[3]) != want.Conversions || point(line[4]) != want.Revenue || point(line[5]) != want.Cost || !strings.Contains(line[4], ",") {
			t.Fatalf("%v, want %+v", line, want)
		}
	}
	if empty == 0 || len(lines) < 900 {
		t.Errorf("%d lines, %d without clicks", len(lines), empty)
	}
}

func TestExportIntoAMissingFolderSaysWhich(t *testing.T) {
	r := newRig(t)
	if err := r.WriteCSV("/nowhere/at/all", r.now); err == nil || !strings.Contains(err.Error(), "/nowhere/at/all/partners.csv") {
		t.Errorf("error %v", err)
	}
}
