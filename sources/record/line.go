package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Line is one line of the row format: a Row, or what ends an answer.
type Line struct {
	Row
	IsRow           bool
	CompleteThrough time.Time       // every figure before it is there; zero when the line says nothing of it
	State           json.RawMessage // to be handed back next time; nil when the line says nothing of it
}

// ParseLine reads one JSON object into l. Keys that the format does not know are
// an error, so that a misspelled figure is not lost.
func ParseLine(text []byte, l *Line) error {
	*l = Line{}
	values, err := Object(text)
	if err != nil {
		return err
	}
	if through, ends := values["complete_through"]; ends {
		said, _ := through.(string)
		if l.CompleteThrough, err = time.Parse(time.RFC3339, said); err != nil {
			return fmt.Errorf("complete_through: %s: expected an instant with its offset, like 2026-11-20T14:00:00+01:00", quote(fmt.Sprint(through)))
		}
	}
	if state, ends := values["state"]; ends {
		if l.State, err = json.Marshal(state); err != nil {
			return fmt.Errorf("state: %w", err)
		}
	}
	delete(values, "complete_through")
	delete(values, "state")
	if len(values) == 0 && (l.State != nil || !l.CompleteThrough.IsZero()) {
		return nil
	}
	if l.State != nil || !l.CompleteThrough.IsZero() {
		return fmt.Errorf("state and complete_through stand in a line of their own")
	}
	l.IsRow = true
	return l.Row.Fill(values)
}

// Fill reads an object whose keys are columns.
func (r *Row) Fill(values map[string]any) error {
	for key, value := range values {
		column, known := ColumnOf(key)
		if !known {
			return fmt.Errorf("%s: unknown: expected one of %s", quote(key), Names())
		}
		if err := r.Set(column, value); err != nil {
			return err
		}
	}
	return nil
}

// Object decodes one JSON object and nothing behind it. Numbers stay exact.
func Object(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil || values == nil {
		return nil, fmt.Errorf("%s: expected a JSON object", quote(strings.ToValidUTF8(string(text[:min(len(text), 60)]), "\ufffd")))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("something follows the JSON object: expected one in each line")
	}
	return values, nil
}
