package csv

import (
	"bytes"
	"context"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"adtop/sources"
)

// table is the text of a file with its header understood.
type table struct {
	text      []byte
	delimiter rune
	header    []string
	columns   map[string]int // position of every header that the options name
}

func records(text []byte, delimiter rune) *stdcsv.Reader {
	r := stdcsv.NewReader(bytes.NewReader(text))
	r.Comma = delimiter
	r.ReuseRecord = true
	return r
}

// newTable finds the delimiter, which is the one that makes all the wanted
// headers appear, and their positions.
func newTable(text []byte, delimiter string, wanted []string) (*table, error) {
	candidates := []rune{delimiters[delimiter]}
	if delimiter == "auto" {
		candidates = []rune{',', ';', '\t', '|'}
	}
	var best *table
	for _, candidate := range candidates {
		header, err := records(text, candidate).Read()
		if err != nil {
			if best == nil && candidate == candidates[len(candidates)-1] {
				return nil, fmt.Errorf("line 1: header cannot be read: %w", err)
			}
			continue
		}
		t := &table{text: text, delimiter: candidate, columns: map[string]int{}}
		for _, name := range header {
			t.header = append(t.header, strings.TrimSpace(name))
		}
		err = t.locate(wanted)
		if err == nil {
			return t, nil
		}
		if best == nil || len(t.header) > len(best.header) {
			best = t
		}
	}
	return nil, best.locate(wanted)
}

// locate fills columns, or says which header is not there or there twice.
func (t *table) locate(wanted []string) error {
	for _, name := range wanted {
		at := -1
		for i, have := range t.header {
			if have != name {
				continue
			}
			if at >= 0 {
				return fmt.Errorf("line 1: two columns are called %q", name)
			}
			at = i
		}
		if at < 0 {
			have := make([]string, len(t.header))
			for i, name := range t.header {
				have[i] = quote(name)
			}
			return fmt.Errorf("line 1: no column %q: expected one of %s", name, strings.Join(have, ", "))
		}
		t.columns[name] = at
	}
	return nil
}

// line is one record with what its messages need.
type line struct {
	t      *table
	number int
	cells  []string
	last   bool // it ends the file, without a line break
}

// cell returns the trimmed cell under a header of the options, "" when the
// options name none.
func (l line) cell(header string) string {
	if header == "" {
		return ""
	}
	return strings.TrimSpace(l.cells[l.t.columns[header]])
}

// blank says whether no cell has anything in it.
func (l line) blank() bool {
	for _, cell := range l.cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// maxFaults is how many broken lines a message lists.
const maxFaults = 5

// faults collects broken lines, so that one message shows the first few.
type faults struct {
	lines []string
	more  int
	last  bool // the unfinished last line is among them
}

func (f *faults) add(l line, column string, err error) {
	f.last = f.last || l.last
	if len(f.lines) == maxFaults {
		f.more++
		return
	}
	where := fmt.Sprintf("line %d", l.number)
	if column != "" {
		where += fmt.Sprintf(", column %q", column)
	}
	f.lines = append(f.lines, fmt.Sprintf("%s: %v", where, err))
}

func (f *faults) err(path string) error {
	text := strings.Join(f.lines, "; ")
	if f.more > 0 {
		text += fmt.Sprintf("; and %d more", f.more)
	}
	return sources.Errorf(sources.Malformed, "%s: %s", path, text)
}

// each calls visit for every record below the header that is not blank.
// Records that are no lines of this table are added to broken. Its error is
// that of ctx.
func (t *table) each(ctx context.Context, broken *faults, visit func(line)) error {
	r := records(t.text, t.delimiter)
	r.FieldsPerRecord = len(t.header)
	finished := bytes.HasSuffix(t.text, []byte("\n"))
	for start, first := int64(0), true; ; first = false {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l := line{t: t, cells: cells, last: !finished && r.InputOffset() >= int64(len(t.text))}
		var parse *stdcsv.ParseError
		if errors.As(err, &parse) {
			l.number = parse.StartLine
		} else {
			l.number, _ = r.FieldPos(0)
		}
		switch length := r.InputOffset() - start; {
		case length > maxLine:
			broken.add(l, "", fmt.Errorf("has %d KiB: expected at most %d; is a quotation mark left open?", length>>10, maxLine>>10))
			return nil
		case errors.Is(err, stdcsv.ErrFieldCount) && !l.blank():
			broken.add(l, "", fmt.Errorf("has %d cells: expected %d, as in the header", len(cells), len(t.header)))
		case err != nil && !errors.Is(err, stdcsv.ErrFieldCount):
			broken.add(l, "", fmt.Errorf("column %d: %w", parse.Column, parse.Err))
			return nil
		case err == nil && !first && !l.blank():
			visit(l)
		}
		start = r.InputOffset()
	}
}
