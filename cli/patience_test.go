package cli

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

// TestOnlyAJobThatTakesLongShowsItsProgress: nothing in the first second, then
// ten lines a second at most, and the end, which takes the line away.
func TestOnlyAJobThatTakesLongShowsItsProgress(t *testing.T) {
	for name, c := range map[string]struct {
		step time.Duration // of each of ten parts
		want []int
	}{
		"short": {90 * time.Millisecond, nil},
		"long":  {250 * time.Millisecond, []int{3, 4, 5, 6, 7, 8, 9}},
	} {
		at, drawn := time.Time{}, []int(nil)
		tell := afterPatience(func() time.Time { return at }, func(done, _ int) { drawn = append(drawn, done) })
		for done := range 10 {
			at = at.Add(c.step)
			tell(done, 10)
		}
		if !reflect.DeepEqual(drawn, c.want) {
			t.Errorf("%s: drawn at %v, want %v", name, drawn, c.want)
		}
	}
	at, drawn := time.Time{}, 0
	tell := afterPatience(func() time.Time { return at }, func(int, int) { drawn++ })
	at = at.Add(2 * time.Second)
	for done := range 1000 {
		tell(done, 1000)
	}
	if drawn != 2 {
		t.Errorf("%d lines at one moment, want the first and the end", drawn)
	}
	if afterPatience(time.Now, (&app{err: &bytes.Buffer{}}).progress("x")) != nil {
		t.Error("progress goes to what is no terminal")
	}
}
