package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/store"
	"adtop/store/storetest"
)

var allDays = kpi.DateRange{From: 0, To: 1 << 30}

// exported is what a store exports of some days.
func exported(t *testing.T, s *store.SQLite, days kpi.DateRange) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(context.Background(), &out, days); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestImportMakesTheSameStoreBitForBit(t *testing.T) {
	storetest.Moved(t, func(t *testing.T, path string) store.Store { return open(t, path) }, func(t *testing.T, from store.Store, to string) {
		first := exported(t, from.(*store.SQLite), allDays)
		write(t, to+".import", []byte("left by an import that was killed"))
		if _, err := store.Import(context.Background(), to, time.Unix(1, 0), bytes.NewReader(first), nil); err != nil {
			t.Fatal(err)
		}
		s := open(t, to)
		defer s.Close()
		if second := exported(t, s, allDays); !bytes.Equal(first, second) {
			a, b := bytes.Split(first, []byte("\n")), bytes.Split(second, []byte("\n"))
			for i := range min(len(a), len(b)) {
				if !bytes.Equal(a[i], b[i]) {
					t.Fatalf("line %d was\n%s\nand is\n%s", i+1, a[i], b[i])
				}
			}
			t.Fatalf("%d lines became %d", len(a), len(b))
		}
		if left, _ := filepath.Glob(to + ".import*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		t.Logf("%d lines, %d bytes", bytes.Count(first, []byte("\n")), len(first))
	})
}

// small is an export with two versions of an hour.
func small(t *testing.T) []byte {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "small.db"))
	defer s.Close()
	for minute := range 2 {
		b := adBatch(0, 20000, minute, 1)
		b.Records = b.Records[:2]
		if _, err := s.Commit(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	return exported(t, s, allDays)
}

// TestExportsOfBeforeViewsWereToldAreImported: what they lack stays unknown.
func TestExportsOfBeforeViewsWereToldAreImported(t *testing.T) {
	field := regexp.MustCompile(`,"view_through":"[^"]*"`)
	exportOfNow := small(t)
	if !field.Match(exportOfNow) {
		t.Fatalf("no such field in %s", exportOfNow)
	}
	path := filepath.Join(t.TempDir(), "adtop.db")
	if _, err := store.Import(context.Background(), path, time.Unix(1, 0), bytes.NewReader(field.ReplaceAll(exportOfNow, nil)), nil); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	defer s.Close()
	totals, err := s.Days(context.Background(), allDays, time.Unix(1<<40, 0), nil)
	if err != nil || len(totals) == 0 || totals[0].Metrics.Has != kpi.Usual {
		t.Errorf("%+v, %v", totals, err)
	}
}

func TestABrokenExportIsRefusedByItsLineAndLeavesNothing(t *testing.T) {
	whole := string(small(t))
	line := func(table string) int {
		return 1 + strings.Count(whole[:strings.Index(whole, `{"table":"`+table+`"`)], "\n")
	}
	for name, c := range map[string]struct {
		old, new string
		line     int
		says     string
	}{
		"another file":            {`adtop export`, `notes`, 1, "header of an export"},
		"a newer format":          {`"version":1`, `"version":9`, 1, "newer"},
		"no JSON":                 {`{"table":"poll"`, `table: poll`, line("poll"), "object in JSON"},
		"an unknown table":        {`"table":"poll"`, `"table":"phone"`, line("poll"), `field "table": expected one of`},
		"an unknown field":        {`{"table":"entity",`, `{"table":"entity","colour":"red",`, line("entity"), `field "colour"`},
		"a missing field":         {`"source":"ads 0",`, ``, line("account"), `field "source" is missing`},
		"an escape sequence":      {`"source":"ads 0"`, `"source":"\u001b[2J"`, line("account"), `field "source": expected`},
		"a wrong zone":            {`"zone":"UTC"`, `"zone":"Mars"`, line("account_name"), "Europe/Berlin"},
		"a wrong instant":         {`"at":"2026-06-01T00:00:00Z"`, `"at":"yesterday"`, line("account_name"), `field "at": expected an instant`},
		"money as a number":       {`"cost":"`, `"cost":7,"x":"`, line("hour"), `field "cost": expected a decimal number in quotes`},
		"a rule of chance":        {`{"table":"hour"`, `{"table":"evaluation","channel":"a","at":"2026-06-01T00:00:00Z","p":1.5}` + "\n" + `{"table":"hour"`, line("hour"), `field "p": expected`},
		"an hour 25":              {`"hour":0`, `"hour":25`, line("hour"), `field "hour"`},
		"an unknown entity":       {`"hour","entity":1`, `"hour","entity":7`, line("hour"), "an entity on an earlier line"},
		"an unknown account":      {`"poll","account":1`, `"poll","account":2`, line("poll"), "an account on an earlier line"},
		"a line that comes twice": {`{"table":"entity_name"`, `{"table":"entity","entity":1,"account":1,"level":"ad","platform_id":"7"}` + "\n" + `{"table":"entity_name"`, line("entity") + 1, "no earlier line"},
		"an end before its begin": {`"until":"2026-06-01T00:01:00Z"`, `"until":"2026-05-01T00:01:00Z"`, line("hour"), `field "until"`},
		"a version too few":       {`"hour":0,"at":"2026-06-01T00:01:00Z"`, `"hour":9,"at":"2026-06-01T00:01:00Z"`, line("hour") + 1, "superseded"},
		"an export cut off":       {whole[strings.Index(whole, `{"table":"end"`):], ``, strings.Count(whole, "\n") - 1, "cut off"},
		"half a line":             {"}\n", "", 1, ""},
		"a line lost":             {whole[strings.Index(whole, `{"table":"poll"`):strings.Index(whole, `{"table":"cursor"`)], ``, strings.Count(whole, "\n") - 2, `field "lines"`},
		"something behind":        {whole, whole + `{"table":"setting","name":"a","value":"b"}` + "\n", strings.Count(whole, "\n") + 1, "more than one"},
		"a line without end":      {whole, whole[:20] + strings.Repeat("x", 1<<21), 1, "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(whole, c.old, c.new, 1)
			if broken == whole {
				t.Fatalf("%q is not in\n%s", c.old, whole)
			}
			path := filepath.Join(t.TempDir(), "adtop.db")
			_, err := store.Import(context.Background(), path, time.Unix(1, 0), strings.NewReader(broken), nil)
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d: ", c.line)) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want line %d and %q", err, c.line, c.says)
			}
			if left, _ := filepath.Glob(path + "*"); len(left) != 1 || left[0] != path+".lock" {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestImportLeavesADatabaseInUseAlone(t *testing.T) {
	ctx, whole := context.Background(), small(t)
	for name, use := range map[string]struct {
		before func(t *testing.T, path string) (after func())
		want   string
	}{
		"that has something in it": {func(t *testing.T, path string) func() {
			s := open(t, path)
			if _, err := s.Commit(ctx, adBatch(0, 20000, 0, 0)); err != nil {
				t.Fatal(err)
			}
			s.Close()
			return func() {}
		}, "not empty"},
		"that somebody collects into": {func(t *testing.T, path string) func() {
			s := open(t, path)
			lease, err := s.Lease(time.Unix(0, 0))
			if err != nil {
				t.Fatal(err)
			}
			return func() { lease.Release(); s.Close() }
		}, "another adtop is collecting"},
		"that somebody looks at": {func(t *testing.T, path string) func() {
			s := open(t, path)
			return func() { s.Close() }
		}, "end every other adtop"},
		"whose log was left behind": {func(t *testing.T, path string) func() {
			write(t, path+"-wal", []byte("of a database that was moved away"))
			return func() {}
		}, "move it to where that is"},
		"of another program": {func(t *testing.T, path string) func() {
			otherDatabase(t, path, "CREATE TABLE notes (n)")
			return func() {}
		}, "not an adtop database"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "adtop.db")
			after := use.before(t, path)
			before, _ := os.ReadFile(path)
			if _, err := store.Import(ctx, path, time.Unix(1, 0), bytes.NewReader(whole), nil); err == nil || !strings.Contains(err.Error(), use.want) {
				t.Errorf("error %v, want %q", err, use.want)
			}
			after()
			if now, _ := os.ReadFile(path); len(before) > 0 && now[0] != before[0] {
				t.Error("the file was replaced")
			}
		})
	}
	path := filepath.Join(t.TempDir(), "empty.db")
	s := open(t, path)
	if err := s.Assign(ctx, oneChannel, nil); err != nil { // what a dashboard does at once
		t.Fatal(err)
	}
	s.Close()
	if _, err := store.Import(ctx, path, time.Unix(1, 0), bytes.NewReader(whole), nil); err != nil {
		t.Errorf("into an empty database: %v", err)
	}
}

func TestObservationsTellWhatWasSuperseded(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "adtop.db"))
	defer s.Close()
	for minute := range 3 {
		b := adBatch(0, 20000, minute, 1)
		b.Records = b.Records[:30] // a campaign's day, and a quarter of the next one's
		if _, err := s.Commit(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	for o, err := range s.Observations(context.Background(), kpi.DateRange{From: 20000, To: 20000}) {
		if err != nil {
			t.Fatal(err)
		}
		want := o.At.Add(time.Minute)
		if o.At.Minute() == 2 {
			want = time.Time{}
		}
		if !o.Until.Equal(want) || o.Account.ID != "act_0" || o.About.Name == "" || o.Slot.Date != 20000 {
			t.Errorf("%+v", o)
		}
		seen++
	}
	if seen != 3*30 {
		t.Errorf("%d observations, want %d", seen, 3*30)
	}
	for range s.Observations(context.Background(), allDays) {
		break
	}
	if none := exported(t, s, kpi.DateRange{From: 1, To: 9}); bytes.Contains(none, []byte(`"table":"hour"`)) || !bytes.Contains(none, []byte(`"table":"poll"`)) {
		t.Errorf("of other days:\n%s", none)
	}
}
