package csv

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

var inFolder = strings.Replace(usual, "export.csv", "exports", 1)

// folder is a source of a watched folder that is polled again and again, as the
// poller does: what a Fetch leaves is told to the next one.
type folder struct {
	*testing.T
	root, dir, options string
	state              []byte
	kept               map[string]kpi.Metrics // by day and campaign, as a store would have it
}

func newFolder(t *testing.T, options string) *folder {
	root := t.TempDir()
	dir := filepath.Join(root, "exports")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &folder{T: t, root: root, dir: dir, options: options, kept: map[string]kpi.Metrics{}}
}

// put writes a file of campaigns' costs on 19 November.
func (f *folder) put(name string, age time.Duration, costs ...string) {
	f.Helper()
	text := header
	for _, cost := range costs {
		campaign, amount, _ := strings.Cut(cost, " ")
		text += fmt.Sprintf("2026-11-19,%s,n,on,1,1,%s,1,1\n", campaign, amount)
	}
	write(f.T, f.dir, name, text, noon.Add(-age))
}

func (f *folder) remove(name string) {
	f.Helper()
	if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
		f.Fatal(err)
	}
}

// poll fetches and returns the costs that are known afterwards, and the warnings.
func (f *folder) poll(change ...func(*sources.Query)) (string, []string, error) {
	f.Helper()
	rows, receipt, err := fetch(f.T, f.root, f.options, append(change, func(q *sources.Query) { q.State = f.state })...)
	if err != nil {
		return "", nil, err
	}
	f.state = receipt.State
	for _, r := range rows {
		f.kept[r.Slot.Date.String()+" "+r.Entity.ID] = r.Metrics
	}
	var known []string
	for key, m := range f.kept {
		if m.Knows(kpi.Cost) {
			known = append(known, strings.TrimPrefix(key, "2026-11-19 ")+" "+m.Cost.Decimal(0))
		}
	}
	slices.Sort(known)
	return strings.Join(known, ", "), receipt.Warnings, nil
}

func (f *folder) expect(want string, warned ...string) {
	f.Helper()
	got, warnings, err := f.poll()
	if err != nil || got != want {
		f.Errorf("known is %q (%v), want %q", got, err, want)
	}
	if len(warnings) != len(warned) {
		f.Errorf("warned %q, want %q", warnings, warned)
		return
	}
	for i, part := range warned {
		if !strings.Contains(warnings[i], part) {
			f.Errorf("warning %q does not say %q", warnings[i], part)
		}
	}
}

func TestEveryFileOfAFolderCountsAndTheNewestWins(t *testing.T) {
	for name, path := range map[string]string{"folder": "exports", "pattern": "exports/*"} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, strings.Replace(usual, "export.csv", path, 1))
			f.put("b.csv", 2*time.Hour, "1 10", "2 20")
			f.put("a.csv", time.Hour, "2 25", "3 30")
			f.expect("1 10, 2 25, 3 30")
			f.put("c.txt", time.Minute, "1 11")
			f.expect("1 11, 2 25, 3 30")
		})
	}
}

func TestWhatIsNoExportOfAFolderIsNotRead(t *testing.T) {
	f := newFolder(t, inFolder)
	f.put("a.csv", time.Hour, "1 10")
	if err := os.Mkdir(filepath.Join(f.dir, "archive"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".hidden.csv", "b.csv.part", "B.CSV.TMP", "c.csv.crdownload", "~$sheet.csv", "d.csv~", ".~lock.a.csv#"} {
		f.put(name, time.Hour, "1 99")
	}
	f.expect("1 10")
}

func TestFileIsReadOnceItIsWhole(t *testing.T) {
	f := newFolder(t, inFolder)
	f.put("a.csv", time.Hour, "1 10")
	f.expect("1 10")
	// A new file does not hold up the others, whole though it looks.
	f.put("b.csv", settle-time.Second, "2 20")
	f.expect("1 10", "b.csv is still being written")
	write(t, f.dir, "b.csv", header+"2026-11-19,2,n,o", noon.Add(-time.Minute))
	f.expect("1 10", "b.csv is still being written")
	f.put("b.csv", settle, "2 20", "1 11")
	f.expect("1 11, 2 20")
	// One that was read before is waited for: else the older file's figures came back.
	f.put("b.csv", time.Second, "2 21", "1 12")
	if _, _, err := f.poll(); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "b.csv is still being written") {
		t.Errorf("got %v", err)
	}
	f.put("b.csv", settle, "2 21", "1 12")
	f.expect("1 12, 2 21")
	// One that never got its end is a fault at last.
	write(t, f.dir, "b.csv", header+"2026-11-19,2,n,o", noon.Add(-abandoned))
	if _, _, err := f.poll(); sources.KindOf(err) != sources.Malformed {
		t.Errorf("got %v", err)
	}
}

func TestFirstFetchWaitsForAFileThatIsBeingWritten(t *testing.T) {
	f := newFolder(t, inFolder)
	f.put("a.csv", time.Hour, "1 10")
	f.put("b.csv", time.Second, "2 20")
	if _, _, err := f.poll(); sources.KindOf(err) != sources.Unavailable {
		t.Errorf("got %v: its days may never be asked for again", err)
	}
}

func TestRemovedFileKeepsItsRowsAndIsToldOf(t *testing.T) {
	f := newFolder(t, inFolder)
	f.put("a.csv", time.Hour, "1 10")
	f.put("b.csv", time.Minute, "1 15", "2 20")
	f.expect("1 15, 2 20")
	f.remove("b.csv")
	f.expect("1 10, 2 20", "b.csv was removed: what was read of it is kept")
	f.put("b.csv", time.Minute, "1 16")
	f.expect("1 16, 2 20")
	f.remove("a.csv")
	f.remove("b.csv")
	if _, _, err := f.poll(); sources.KindOf(err) != sources.Unavailable {
		t.Errorf("an empty folder: got %v", err)
	}
}

func TestRemovedFileTakesItsRowsBackWhereTheOptionSaysSo(t *testing.T) {
	f := newFolder(t, inFolder+"removed: withdraw\n")
	f.put("a.csv", time.Hour, "1 10")
	f.put("b.csv", time.Minute, "1 15", "2 20")
	write(t, f.dir, "c.csv", header+"2026-11-17,3,n,on,1,1,3,1,1\n2026-11-18,3,n,on,1,1,4,1,1\n2026-08-01,3,n,on,1,1,5,1,1\n", noon.Add(-time.Minute))
	f.expect("1 15, 2 20, 2026-08-01 3 5, 2026-11-17 3 3, 2026-11-18 3 4")
	f.remove("b.csv")
	f.expect("1 10, 2026-08-01 3 5, 2026-11-17 3 3, 2026-11-18 3 4", "b.csv was removed: its figures of the last 30 days are taken back")
	if m, ok := f.kept["2026-11-19 2"]; !ok || m != (kpi.Metrics{}) {
		t.Errorf("campaign 2 is %+v: want it unknown, not zero", m)
	}
	// Days that are not asked for are taken back once they are.
	f.remove("c.csv")
	only := func(q *sources.Query) { q.Days = kpi.DateRange{From: day("2026-11-18"), To: day("2026-11-20")} }
	if got, _, err := f.poll(only); err != nil || got != "1 10, 2026-08-01 3 5, 2026-11-17 3 3" {
		t.Errorf("%q, %v", got, err)
	}
	f.expect("1 10, 2026-08-01 3 5", "b.csv", "c.csv")
}

func TestRenamedFileTakesNothingBack(t *testing.T) {
	f := newFolder(t, inFolder+"removed: withdraw\n")
	f.put("a.csv", time.Hour, "1 10")
	f.expect("1 10")
	if err := os.Rename(filepath.Join(f.dir, "a.csv"), filepath.Join(f.dir, "b.csv")); err != nil {
		t.Fatal(err)
	}
	f.expect("1 10", "a.csv was removed")
}

func TestRemovalIsForgottenAfterAWeek(t *testing.T) {
	m := memory{Files: map[string]*known{"a.csv": {}}}
	none := map[string]bool{}
	for day, want := range []int{1, 1, 1, 1, 1, 1, 1, 1, 0} {
		if _, _, warnings := m.misses(none, sources.Query{}, false, noon.Add(time.Duration(day)*24*time.Hour)); len(warnings) != want {
			t.Errorf("day %d: %q", day, warnings)
		}
	}
}

func TestMemoryThatIsNoneOrTooLongIsNotKept(t *testing.T) {
	s := &source{options: Options{Path: "exports"}}
	for _, state := range []string{"", "null", "[]", "{", `{"path":"other","files":{"a":{}}}`, `{"path":"exports","files":{"a":null}}`} {
		if m := s.remembered([]byte(state)); m.Files == nil || len(m.Files) != 0 {
			t.Errorf("%s: %+v", state, m)
		}
	}
	m := s.remembered(nil)
	for i := range maxFiles {
		m.Files[strings.Repeat("x", 80)+fmt.Sprint(i)] = &known{}
	}
	if state, problem := m.encode(); state != nil || !strings.Contains(problem, "too many") {
		t.Errorf("%d bytes, %q", len(state), problem)
	}
}
