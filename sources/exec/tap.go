package exec

import (
	"fmt"
	"strings"

	"adtop/sources"
	"adtop/sources/record"
)

const (
	maxStray   = 100 // lines that are no messages: prints that went astray
	maxRecords = 1_000_000
)

// tap is what Singer and Airbyte have in common: records of streams, of which
// those with the same key replace one another.
type tap struct {
	*run
	streams map[string]*stream
	records []kept
	stray   int
	unread  map[string]int // records of streams that nobody asked for
}

// stream is one stream that the config names.
type stream struct {
	fields map[record.Column][]string // path of each column in a record
	keys   []string                   // fields that identify a record; none means that all records count
	known  bool                       // its schema or catalog has been seen
	at     map[string]int             // place of each key in records
}

// kept is a record and where it came from; its stream is nil when it counts no more.
type kept struct {
	row     record.Row
	line    int
	stream  *stream
	version int64
}

func (r *run) newTap() *tap {
	t := &tap{run: r, streams: map[string]*stream{}, unread: map[string]int{}}
	for _, s := range r.options.Streams {
		fields := map[record.Column][]string{}
		for key, field := range s.Columns {
			column, _ := record.ColumnOf(key) // checked with the options
			fields[column] = strings.Split(field, ".")
		}
		t.streams[s.Name] = &stream{fields: fields, at: map[string]int{}}
	}
	return t
}

// identify notes what identifies the records of a stream. An incremental run
// brings changed records only: were a campaign's day made of several, the others
// would be missing.
func (t *tap) identify(n int, name string, s *stream, keys []string) error {
	s.keys, s.known = keys, true
	if !t.options.Incremental {
		return nil
	}
	own := map[string]bool{}
	for column, path := range s.fields {
		if column < record.Impressions {
			own[strings.Join(path, ".")] = true
		}
	}
	for _, key := range keys {
		if !own[key] {
			refusal := wrong(n, "stream %s has a record for each %s: expected one for each campaign and day, since the source is incremental", sources.Clean(name), sources.Clean(key))
			refusal.Kind, refusal.Next = sources.Invalid, "Set incremental: false, so that each run reads everything of its days."
			return refusal
		}
	}
	return nil
}

// record takes one record of a stream.
func (t *tap) record(n int, name string, values map[string]any, version int64) error {
	s := t.streams[name]
	if s == nil {
		if t.unread[name]++; len(t.unread) > 1000 {
			return wrong(n, "more than 1000 streams: expected the configured ones")
		}
		return nil
	}
	if !s.known {
		return wrong(n, "a RECORD of %s: expected its SCHEMA before it", sources.Clean(name))
	}
	one := kept{line: n, stream: s, version: version}
	for column, path := range s.fields {
		if err := one.row.Set(column, within(values, path)); err != nil {
			return wrong(n, "%s of stream %s: %w", strings.Join(path, "."), sources.Clean(name), err)
		}
	}
	if len(s.keys) == 0 {
		return t.keep(one)
	}
	var key strings.Builder
	for _, field := range s.keys {
		text, err := record.Text(within(values, strings.Split(field, ".")))
		if err != nil || text == "" {
			return wrong(n, "%s of stream %s: expected a value, since it identifies the record", sources.Clean(field), sources.Clean(name))
		}
		fmt.Fprintf(&key, "%d:%s", len(text), text)
	}
	if place, again := s.at[key.String()]; again {
		t.records[place] = one
		return nil
	}
	s.at[key.String()] = len(t.records)
	return t.keep(one)
}

func (t *tap) keep(one kept) error {
	if len(t.records) == maxRecords {
		return wrong(one.line, "more than %d records: expected fewer; choose a stream by campaign and day", maxRecords)
	}
	t.records = append(t.records, one)
	return nil
}

// drop forgets the records of a stream whose version is another one.
func (t *tap) drop(s *stream, version int64) {
	s.at = map[string]int{}
	for i := range t.records {
		if one := &t.records[i]; one.stream == s && one.version != version {
			one.stream = nil
		}
	}
}

// post enters all records into the book, when the tap has ended well.
func (t *tap) post() error {
	for i := range t.records {
		one := &t.records[i]
		if one.stream == nil {
			continue
		}
		if err := t.book.Add(&one.row); err != nil {
			return wrong(one.line, "%w", err)
		}
	}
	for name, s := range t.streams {
		if !s.known && !t.book.Older {
			return sources.Errorf(sources.Malformed, "the tap told nothing of stream %s: expected its SCHEMA; is it selected in the catalog?", name)
		}
	}
	if t.stray > 0 {
		t.warnings = append(t.warnings, fmt.Sprintf("%d lines of its output are no messages and were passed over", t.stray))
	}
	return nil
}

// message decodes a line. Prints that went astray give nil, but only a few, and
// never a message that broke off.
func (t *tap) message(n int, text []byte) (map[string]any, error) {
	message, err := record.Object(text)
	if err == nil {
		return message, nil
	}
	if text[0] == '{' {
		return nil, wrong(n, "%w", err)
	}
	if t.stray++; t.stray > maxStray {
		return nil, wrong(n, "the %dth line that is no message: %w", t.stray, err)
	}
	t.env.Log.Debug("stray line", "source", t.env.Name, "line", n, "text", sources.Clean(t.clean(string(text))))
	return nil, nil
}

// within walks into nested objects; what is not there is nil.
func within(values map[string]any, path []string) any {
	var at any = values
	for _, key := range path {
		inner, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = inner[key]
	}
	return at
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
