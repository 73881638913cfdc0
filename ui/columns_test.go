package ui

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"adtop/kpi"
	"adtop/snapshot"
)

// checkSorting sorts a table by each of its columns, both ways.
func checkSorting[R comparable](t *testing.T, a *app, list *table[R]) {
	t.Helper()
	if len(list.shown) < 3 {
		t.Fatalf("%s has %d lines: too few to be sorted", list.name, len(list.shown))
	}
	for _, c := range list.columns {
		if !c.sorts() {
			continue
		}
		list.sortBy(c.key)
		if list.Sort != c.key || list.Reverse {
			t.Fatalf("%s is sorted by %q, reversed: %v; want by %s", list.name, list.Sort, list.Reverse, c.key)
		}
		for _, reversed := range []bool{false, true} {
			unknown := false
			for i, r := range list.shown {
				if c.number != nil && c.less == nil {
					known := c.number(r).OK
					if !reversed && known && unknown {
						t.Errorf("%s, highest %s first: an unknown one stands before line %d", list.name, c.key, i)
					}
					unknown = unknown || !known
				}
				if i == 0 {
					continue
				}
				by := c.compare(list.shown[i-1], r)
				if reversed {
					by = -by
				}
				if by > 0 {
					t.Errorf("%s by %s, reversed %v: lines %d and %d stand the wrong way round", list.name, c.key, reversed, i-1, i)
				}
			}
			if !reversed {
				list.sortBy(c.key) // the same column again
			}
		}
		a.stale = true
		if text := screenText(a); strings.Contains(text, c.title) && !strings.Contains(text, c.title+"▴") && len(c.title) < c.width {
			t.Errorf("%s: the title of %s does not say that it is sorted by it", list.name, c.key)
		}
	}
	list.sortBy(nameKey)
	if !slices.IsSortedFunc(list.shown, func(x, y *R) int {
		return strings.Compare(strings.ToLower(list.label(x)), strings.ToLower(list.label(y)))
	}) {
		t.Errorf("%s is not sorted by name", list.name)
	}
}

func TestEveryTableSortsByEveryColumnBothWays(t *testing.T) {
	a := testApp(200, 50, looks[3])
	checkSorting(t, a, a.channels)
	a.channels.sortBy("spend")
	a.channels.choose("TikTok")
	press(a, "enter")
	checkSorting(t, a, a.campaigns)
	press(a, "2")
	checkSorting(t, a, a.alertList)
	press(a, "3")
	checkSorting(t, a, a.sourceSet)
}

func TestKeyOfSortingStepsThroughTheColumnsInView(t *testing.T) {
	a := testApp(200, 50, looks[3])
	a.View()
	want := []string{nameKey}
	for _, c := range a.channels.grid.columns {
		if c.sorts() {
			want = append(want, c.key)
		}
	}
	for _, key := range append(want, want[0]) {
		press(a, "s")
		if a.channels.Sort != key || a.channels.Reverse {
			t.Errorf("sorted by %q, want %q", a.channels.Sort, key)
		}
		if !strings.Contains(screenText(a), "sorted by ") {
			t.Error("nothing says how it is sorted")
		}
	}
	press(a, "S")
	if !a.channels.Reverse || !strings.Contains(screenText(a), ", reversed") {
		t.Error("S does not reverse the order, or does not say so")
	}
}

func TestOnlyWhatSortsCanBeSortedBy(t *testing.T) {
	for s := range screenCount {
		a := testApp(200, 50, looks[3])
		press(a, [screenCount][]string{nil, {"enter"}, {"2"}, {"3"}}[s]...)
		n := 0
		for _, c := range a.everything() {
			if strings.HasPrefix(c.label, "sort by: ") {
				c.do()
				screenText(a)
				n++
			}
		}
		if n < 3 {
			t.Errorf("the palette offers %d columns to sort by on %v", n, s)
		}
		for _, c := range a.list().choices() {
			o := a.o
			o.State.Tables = map[string]TableState{a.list().tableName(): {Sort: c.key}}
			if again := newApp(o, a.bridge, a.profile); again.list() == nil {
				t.Error("no table")
			} else {
				again.st.widths = a.st.widths
				press(again, [screenCount][]string{nil, {"enter"}, {"2"}, {"3"}}[s]...)
				screenText(again)
			}
		}
	}
}

func TestTablesLookAtTheNextStartAsTheyWereLeft(t *testing.T) {
	a := testApp(120, 32, looks[3])
	press(a, "C", "down", "space", "J", "esc", "s", "s", "S", "/")
	enterText(a, "spend>1")
	press(a, "enter", "v", "v", "m", "3", "/")
	enterText(a, "health:healthy")
	press(a, "enter", ":")
	enterText(a, "poll")
	press(a, "esc")
	left := a.state()
	text, err := json.Marshal(left)
	if err != nil {
		t.Fatal(err)
	}
	var read State
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	o := a.o
	o.State = read
	again := newApp(o, a.bridge, a.profile)
	if got := again.state(); !reflect.DeepEqual(got, left) {
		t.Errorf("left as %+v\nfound as %+v", left, got)
	}
	if left.Screen != "sources" || left.Metric != "spend" || !left.Mouse || left.Tables["channels"].Filter != "spend>1" || !left.Tables["channels"].Reverse || len(left.Tables["channels"].Columns) == 0 {
		t.Errorf("too little was kept: %+v", left)
	}
	again.st.widths = a.st.widths
	press(a, "1")
	press(again, "1")
	a.notice, again.notice = "", ""
	if screenText(a) != screenText(again) {
		t.Errorf("it was left as\n%s\nand is found as\n%s", screenText(a), screenText(again))
	}
}

func TestWhatAStateDoesNotKnowIsIgnored(t *testing.T) {
	var state State
	text := `{"screen":"moon","range":"fortnight","against":"mars","metric":"luck","recent":["gone"],"later":{"x":1},"tables":{
		"channels":{"sort":"luck","reverse":true,"filter":"luck>3\u001b[31m","columns":["luck","roas","roas","spend","trend"],"more":1},
		"alerts":{"sort":"trend"},"sources":{"columns":[]},"dragons":{"sort":"fire"}}}`
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		t.Fatal(err)
	}
	a := testApp(120, 32, looks[3])
	o := a.o
	o.State = state
	b := newApp(o, a.bridge, a.profile)
	b.st.widths = a.st.widths
	if b.place.screen != overview || b.wanted != (snapshot.View{Range: snapshot.Ranges[0]}) || b.metric != 0 {
		t.Errorf("it begins on %v with %v, figure %d", b.place.screen, b.wanted, b.metric)
	}
	if got := b.channels.state(); got.Sort != "" || !slices.Equal(got.Columns, []string{"roas", "spend", "trend"}) {
		t.Errorf("the table is set up as %+v", got)
	}
	if n := b.channels.count(); n != len(b.snap.Channels) {
		t.Errorf("a filter by a column that is unknown hides %d lines", len(b.snap.Channels)-n)
	}
	if frame := b.View().Content; strings.Contains(frame, "\x1b[31m") {
		t.Error("an escape sequence of the state file reaches the terminal")
	}
}

func TestColumnsAreChosenAndOrdered(t *testing.T) {
	a := testApp(200, 50, looks[3])
	press(a, "C")
	first, second := a.channels.chosen()[0].key, a.channels.chosen()[1].key
	press(a, "J")
	if got := a.channels.chosen(); got[0].key != second || got[1].key != first {
		t.Errorf("J does not move the column down: %s, %s", got[0].key, got[1].key)
	}
	press(a, "K", "space")
	if slices.Contains(a.channels.Columns, first) {
		t.Errorf("%s is still there: %v", first, a.channels.Columns)
	}
	press(a, "r", "enter")
	if len(a.channels.Columns) != 0 || len(a.dialogs) != 0 {
		t.Errorf("r does not bring back the usual columns: %v", a.channels.Columns)
	}
	press(a, "C")
	for range a.channels.choices() {
		if d := a.dialogs[0].(*columnPicker); d.choices[d.at].on {
			strike(a, "space")
		}
		strike(a, "down")
	}
	if len(a.channels.Columns) != 1 {
		t.Errorf("the last column goes too: %v", a.channels.Columns)
	}
	if text := screenText(a); !strings.Contains(text, "[x]") {
		t.Errorf("no column is chosen:\n%s", text)
	}
}

// TestUnknownStaysUnknownInEveryColumn looks at a line of which nobody told
// anything: no figure of it may read as a number.
func TestUnknownStaysUnknownInEveryColumn(t *testing.T) {
	r := row{id: "x", name: "X"}
	st := stylesOf(palette{})
	for _, c := range channelColumns {
		if c.key == "trend" || c.key == "verdict" {
			continue
		}
		if c.number(&r) != (kpi.Ratio{}) {
			t.Errorf("%s of nothing is %v", c.key, c.number(&r))
		}
		p := newPen(st, false)
		c.draw(p, &r, c.width)
		if text := ansi.Strip(p.end(c.width)); strings.ContainsAny(text, "0123456789") {
			t.Errorf("%s of nothing is written as %q", c.key, text)
		}
	}
}
