package simulator

import (
	"fmt"
	"strings"
	"time"
)

// orderFilter is what a search query leaves of the orders: spans of whole
// seconds, each from its first second until before its last.
type orderFilter struct{ created, updated span }

type span struct{ from, to time.Time }

// endOfTime is later than anything that happens.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (s span) contains(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

// isOpen says whether the span was never narrowed.
func (s span) isOpen() bool { return s.from.IsZero() && s.to.Equal(endOfTime) }

func (s *span) narrow(operator string, t time.Time) {
	after := t.Add(time.Second)
	switch operator {
	case ">=":
		s.from = later(s.from, t)
	case ">":
		s.from = later(s.from, after)
	case "<":
		s.to = sooner(s.to, t)
	case "<=":
		s.to = sooner(s.to, after)
	default:
		s.from, s.to = later(s.from, t), sooner(s.to, after)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func sooner(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// parseOrderFilter reads terms such as created_at:>='2026-11-01T00:00:00+03:00',
// all of which must hold. A time without an offset is in the shop's zone. The
// real API ignores terms that it does not know; here they are refused, so that
// a misspelt one does not go unnoticed.
func parseOrderFilter(text string, zone *time.Location) (orderFilter, error) {
	f := orderFilter{span{to: endOfTime}, span{to: endOfTime}}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		field, after, found := strings.Cut(rest, ":")
		if !found {
			return f, searchErrorf("Invalid search term: %q", rest)
		}
		operator := after[:len(after)-len(strings.TrimLeft(after, "<>="))]
		value, left, err := filterValue(after[len(operator):])
		if err != nil {
			return f, err
		}
		rest = left
		if field == "AND" || strings.HasPrefix(field, "AND ") {
			field = strings.TrimSpace(strings.TrimPrefix(field, "AND"))
		}
		if field == "status" && value == "any" {
			continue
		}
		t, err := filterTime(value, zone)
		if err != nil {
			return f, err
		}
		switch field {
		case "created_at", "processed_at":
			f.created.narrow(operator, t)
		case "updated_at":
			f.updated.narrow(operator, t)
		default:
			return f, searchErrorf("Invalid search field for this query: %q", field)
		}
	}
	return f, nil
}

// filterValue cuts a quoted or bare value off the front.
func filterValue(text string) (value, rest string, err error) {
	if text != "" && (text[0] == '\'' || text[0] == '"') {
		end := strings.IndexByte(text[1:], text[0])
		if end < 0 {
			return "", "", searchErrorf("Unclosed quote in search term: %s", text)
		}
		return text[1 : end+1], text[end+2:], nil
	}
	value, rest, _ = strings.Cut(text, " ")
	return value, rest, nil
}

func filterTime(value string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, value, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, searchErrorf("Invalid timestamp in search term: %q", value)
}

func searchErrorf(format string, args ...any) error {
	return &graphError{code: "BAD_REQUEST", message: fmt.Sprintf(format, args...)}
}
