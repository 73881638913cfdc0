package ui

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hinshun/vt10x"

	"adtop/snapshot"
)

// What an update may cost in bytes to the terminal.
const (
	mostForACell        = 40
	mostForARow         = 400
	mostForAChangedCell = 9.0 // when everything changes
)

// oracle is a terminal that counts what it is sent.
type oracle struct {
	mu     sync.Mutex
	screen vt10x.Terminal
	bytes  int
	wrote  chan time.Time
}

func newOracle(w, h int) *oracle {
	return &oracle{screen: vt10x.New(vt10x.WithSize(w, h)), wrote: make(chan time.Time, 1)}
}

func (o *oracle) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes += len(b)
	out := make([]byte, 0, len(b)+100)
	for i, c := range b { // as the terminal line does for a program with a terminal as its input
		if c == '\n' && (i == 0 || b[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	o.screen.Write(out)
	select {
	case o.wrote <- time.Now():
	default:
	}
	return len(b), nil
}

// cells are the characters with their looks, as they are on the screen, and
// the bytes that it took so far.
func (o *oracle) cells() (cells []vt10x.Glyph, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w, h := o.screen.Size()
	for y := range h {
		for x := range w {
			cells = append(cells, o.screen.Cell(x, y))
		}
	}
	return cells, o.bytes
}

// changedCells counts the cells that differ.
func changedCells(a, b []vt10x.Glyph) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// update is what one picture after the first cost.
type update struct{ bytes, cells int }

// costs shows pictures in the real program on a terminal of 200×50 cells and
// returns what each after the first cost. A test runs it in synctest's time.
func costs(t testing.TB, pictures []*snapshot.Snapshot) (out []update) {
	t.Helper()
	f, term := newFeed(), newOracle(200, 50)
	ctx, cancel := context.WithCancel(context.Background())
	input, keys := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Monitor: f, First: pictures[0], Theme: "dark", Color: "truecolor", Size: Size{200, 50},
			Input: input, Output: term, Env: []string{"TERM=xterm-256color"}, Now: func() time.Time { return testNow },
		})
	}()
	settle := func() {
		if _, benchmark := t.(*testing.B); benchmark {
			time.Sleep(150 * time.Millisecond) // a few frames
			return
		}
		time.Sleep(time.Second)
		synctest.Wait()
	}
	settle()
	before, spent := term.cells()
	for _, s := range pictures[1:] {
		f.pictures <- s
		settle()
		after, now := term.cells()
		out = append(out, update{now - spent, changedCells(before, after)})
		before, spent = after, now
	}
	cancel()
	keys.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	return out
}

// oneCell is s with one digit of one row changed.
func oneCell(s *snapshot.Snapshot, n int) *snapshot.Snapshot {
	out := *s
	out.Channels = slices.Clone(s.Channels)
	out.Channels[7].Now.Metrics.Clicks += int64(1 + n%2)
	return &out
}

// wholeRow is s with every figure of one row changed.
func wholeRow(s *snapshot.Snapshot, n int) *snapshot.Snapshot {
	out := *s
	out.Channels = slices.Clone(s.Channels)
	c := &out.Channels[7]
	factor := 1 + .004*float64(1+n%5) // it keeps its place
	c.Now = figures(3510*factor, 245*factor*factor, 15220*factor*factor*factor, .88+.01*float64(n%3))
	c.Days = slices.Clone(c.Days)
	c.Days[27].Figures = figures(1900, 20, 1900*(1.5+.4*float64(n%5)), .2)
	return &out
}

// anotherRow is s with figures of another size in one row.
func anotherRow(s *snapshot.Snapshot, n int) *snapshot.Snapshot {
	out := *s
	out.Channels = slices.Clone(s.Channels)
	c := &out.Channels[7]
	factor := .4 + .37*float64(n%5)
	c.Now, c.Before = figures(3510+11*float64(n%3), 245*factor, 15220*factor*factor, .31+.1*float64(n%5)), figures(3100*factor, 60, 2000, .5)
	c.Days = daysOf(1900*factor, 3.2/factor, .8*factor)
	return &out
}

// everythingElse is s with other figures, another chart and other channels in
// every row.
func everythingElse(s *snapshot.Snapshot, n int) *snapshot.Snapshot {
	out := *s
	factor := 1.7 + .37*float64(n%5)
	out.Total, out.Before = figures(10758*factor, 471/factor, 28980*factor*factor, .31+.1*float64(n%5)), figures(9652*factor*factor, 499, 32720, .71)
	out.Days = daysOf(12000*factor, 3.1/factor, 2.1*factor)
	out.Channels = slices.Clone(s.Channels)
	for i := range out.Channels {
		of := factor * (1 + .13*float64((i*7+n*3)%20))
		c := &out.Channels[i]
		c.Now, c.Before = figures(1310*of, 97/of, 5220*of*of, .21+.03*float64((i+n)%20)), figures(3100*of*of, 60, 2000*of, .5)
		c.Days = daysOf(1900*of, 3.2/of, .8*of)
	}
	return &out
}

// measured are the costs of five kinds of updates.
type measured struct{ nothing, cell, row, another, everything []update }

func measure(t testing.TB) (m measured) {
	base := busySnapshot()
	for _, kind := range []struct {
		into   *[]update
		change func(s *snapshot.Snapshot, n int) *snapshot.Snapshot
	}{
		{&m.nothing, func(s *snapshot.Snapshot, n int) *snapshot.Snapshot {
			same := *s
			same.Seq, same.Channels = s.Seq+int64(n), slices.Clone(s.Channels)
			return &same
		}},
		{&m.cell, oneCell}, {&m.row, wholeRow}, {&m.another, anotherRow}, {&m.everything, everythingElse},
	} {
		pictures := []*snapshot.Snapshot{base}
		for n := range 12 {
			pictures = append(pictures, kind.change(base, n))
		}
		*kind.into = costs(t, pictures)
	}
	return m
}

// mean is what one of the updates sends, and what it sends for a cell that
// really changed.
func mean(all []update) (bytes, perCell float64) {
	cells := 0
	for _, u := range all {
		bytes, cells = bytes+float64(u.bytes), cells+u.cells
	}
	return bytes / float64(len(all)), bytes / float64(max(1, cells))
}

func TestAnUpdateSendsLittleMoreThanWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := measure(t)
		for _, u := range m.nothing {
			if u.bytes != 0 {
				t.Errorf("a picture in which nothing changed sends %d bytes", u.bytes)
			}
		}
		for i, u := range m.cell {
			if u.bytes > mostForACell || u.cells != 1 {
				t.Errorf("update %d of one cell sends %d bytes for %d cells, want at most %d for one", i, u.bytes, u.cells, mostForACell)
			}
		}
		for i, u := range m.row {
			if u.cells < 20 {
				t.Errorf("update %d of one row changes only %d cells", i, u.cells)
			}
		}
		if bytes, _ := mean(m.row); bytes > mostForARow {
			t.Errorf("an update of one row sends %.0f bytes, want at most %d", bytes, mostForARow)
		}
		for what, all := range map[string][]update{"the figures of a row": m.another, "everything": m.everything} {
			if _, perCell := mean(all); perCell > mostForAChangedCell {
				t.Errorf("when %s changes, %.1f bytes are sent for a changed cell, want at most %.0f", what, perCell, mostForAChangedCell)
			}
		}
	})
}

// BenchmarkUpdate reports the bytes of an update, at 200×50 cells in true
// colour: each the mean of twelve, and for a cell that really changed.
func BenchmarkUpdate(b *testing.B) {
	for b.Loop() {
		m := measure(b)
		for name, all := range map[string][]update{"nothing": m.nothing, "cell": m.cell, "row": m.row, "another-row": m.another, "everything": m.everything} {
			bytes, perCell := mean(all)
			b.ReportMetric(bytes, "B/"+name)
			if name != "nothing" && name != "cell" {
				b.ReportMetric(perCell, "B/changed-cell-of-"+name)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkKeyToFrame reports how long after a key its frame is on the way to
// the terminal, at 30 frames a second: keys come at any moment of a frame.
func BenchmarkKeyToFrame(b *testing.B) {
	f, term := newFeed(), newOracle(200, 50)
	ctx, cancel := context.WithCancel(context.Background())
	input, keys := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Monitor: f, First: busySnapshot(), Theme: "dark", Color: "truecolor", Size: Size{200, 50},
			Input: input, Output: term, Env: []string{"TERM=xterm-256color"}, Now: func() time.Time { return testNow },
		})
	}()
	<-term.wrote
	time.Sleep(300 * time.Millisecond) // the first frames are out
	random := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for b.Loop() {
		took = took[:0]
		for i := range 300 {
			select {
			case <-term.wrote:
			default:
			}
			time.Sleep(40*time.Millisecond + time.Duration(random.Int64N(int64(time.Second/30))))
			started := time.Now()
			if _, err := io.WriteString(keys, []string{"j", "k"}[i%2]); err != nil {
				b.Fatal(err)
			}
			took = append(took, (<-term.wrote).Sub(started))
		}
	}
	cancel()
	keys.Close()
	if err := <-done; err != nil {
		b.Error(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}
