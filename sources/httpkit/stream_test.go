package httpkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"adtop/sources"
)

// streamed reads a list of objects with a number "n" each.
func streamed(r io.Reader) (got []int64, err error) {
	c := &Client{secrets: newRedactor(nil)}
	err = c.Stream(r, func(s *Scanner) error {
		for key := range s.Object() {
			if string(key) == "n" {
				got = append(got, s.Integer().Value)
			}
		}
		return s.Err()
	})
	return got, err
}

func TestStreamReadsAListHoweverItArrives(t *testing.T) {
	text := ` [ {"n":1,"x":"],{\"\\"} ,{"more":[{"n":[]},"]"],"n":2},{"n":3}] ` + "\n"
	for name, r := range map[string]io.Reader{"at once": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)), "with its end": iotest.DataErrReader(strings.NewReader(text))} {
		if got, err := streamed(r); err != nil || fmt.Sprint(got) != "[1 2 3]" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := streamed(strings.NewReader("[]")); err != nil || got != nil {
		t.Errorf("an empty list: %v, %v", got, err)
	}
}

func TestStreamSaysWhereAListCannotBeRead(t *testing.T) {
	for text, says := range map[string]string{
		``:                       "empty",
		`null`:                   "null where an array belongs at its top",
		`{"code":"425"}`:         "an object where an array belongs at its top",
		`OK, come back`:          "not JSON from byte 1",
		`[{"n":1},{"n":"many"}]`: `"many" where a whole number belongs at [1].n (byte 15)`,
		`[{"n":1},{"n":`:         "breaks off at byte 14",
		`[{"n":1}`:               "breaks off at byte 8",
		`[{"n":1}{"n":2}]`:       "not JSON",
		`[{"n":1},]`:             "empty",
		`[{"n":1}] []`:           "not JSON from byte 11",
		`[{"n":1}}]`:             "not JSON from byte 9",
		`[7]`:                    "a number where an object belongs at [0]",
		`["` + strings.Repeat("x", maxElement) + `"]`: "larger than 256 KiB",
	} {
		if _, err := streamed(strings.NewReader(text)); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40s: %v, want %s", text, err, says)
		}
	}
	broken := errors.New("checksum")
	if _, err := streamed(io.MultiReader(strings.NewReader(`[{"n":1},{"n"`), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the reader", err)
	}
}

// endless repeats a row until so many bytes are read.
type endless struct {
	row  string
	at   int
	left int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.row[e.at:])
	e.at = (e.at + n) % len(e.row)
	e.left -= n
	return n, nil
}

func TestStreamKeepsOneElementHoweverLongTheListIs(t *testing.T) {
	var most, before runtime.MemStats
	runtime.ReadMemStats(&before)
	c, rows := &Client{secrets: newRedactor(nil)}, 0
	err := c.Stream(io.MultiReader(strings.NewReader("["), &endless{row: `{"n":1,"name":"Spring"},`, left: 6 << 20}, strings.NewReader(`{"n":1}]`)), func(s *Scanner) error {
		if rows++; rows%100_000 == 0 {
			runtime.ReadMemStats(&most)
		}
		for range s.Object() {
			continue
		}
		return s.Err()
	})
	if err != nil || rows < 250_000 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	if grown := most.TotalAlloc - before.TotalAlloc; grown > 2<<20 {
		t.Errorf("%d rows allocated %d bytes", rows, grown)
	}
}

func FuzzStreamAgreesWithEncodingJSON(f *testing.F) {
	f.Add(`[{"n":1},{"n":"2"},null]`)
	f.Add(`[[],{},"\u00fc",-1e3]`)
	f.Fuzz(func(t *testing.T, text string) {
		c := &Client{secrets: newRedactor(nil)}
		n := 0
		err := c.Stream(strings.NewReader(text), func(s *Scanner) error { n++; s.Skip(); return s.Err() })
		var list []json.RawMessage
		if plain := json.Unmarshal([]byte(text), &list); plain == nil && list != nil && len(text) < 1000 && (err != nil || n != len(list)) {
			if !strings.Contains(fmt.Sprint(err), "nested deeper") {
				t.Errorf("%q: %d elements, %v; encoding/json finds %d", text, n, err, len(list))
			}
		}
	})
}
