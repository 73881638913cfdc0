package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"adtop/kpi"
	"adtop/sources"
)

// column is a field of an exported line and where it stands in the database.
type column struct {
	field string
	sql   string // of the SELECT that reads it
	kind  *kind
	// A field that is missing stands for absent, as SQLite hands it over;
	// required ones are never missing.
	absent   any
	required bool
}

func need(field, sql string, k *kind) column { return column{field, sql, k, nil, true} }
func may(field, sql string, k *kind, absent any) column {
	return column{field, sql, k, absent, false}
}

// kind is how a value is written: encode appends the JSON of what SQLite hands
// over, decode checks JSON from outside and returns what to hand to SQLite.
type kind struct {
	expected string
	encode   func(line []byte, value any) ([]byte, bool)
	decode   func(raw json.RawMessage) (any, bool)
}

// textual is a kind that is written as a JSON string.
func textual[T int64 | string](expected string, write func(T) string, read func(string) (T, bool)) *kind {
	return &kind{expected,
		func(line []byte, value any) ([]byte, bool) {
			v, ok := value.(T)
			return appendJSON(line, write(v)), ok
		},
		func(raw json.RawMessage) (any, bool) {
			var text string
			if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
				return nil, false
			}
			v, ok := read(text)
			return v, ok
		}}
}

func appendJSON(line []byte, value any) []byte {
	packed, err := json.Marshal(value)
	if err != nil {
		panic(err) // only values that have a JSON form get here
	}
	return append(line, packed...)
}

func same(text string) string { return text }

var (
	asName = textual("a text of 1 to 512 bytes without control characters", same, func(text string) (string, bool) {
		return text, text != "" && text == sources.Clean(text)
	})
	asLabel = textual("a text of at most 512 bytes without control characters", same, func(text string) (string, bool) {
		return text, text == sources.Clean(text)
	})
	// asProse is what adtop wrote itself: only its length is not known.
	asProse = textual("a text without control characters", same, func(text string) (string, bool) {
		return text, utf8.ValidString(text) && len(text) <= maxDetail && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
	})
	asValue = textual("a text of at most 64 KiB", same, func(text string) (string, bool) { return text, len(text) <= maxValue })
	asZone  = textual("a time zone such as \"Europe/Berlin\"", same, func(text string) (string, bool) {
		_, err := time.LoadLocation(text)
		return text, err == nil && text != "" && text != "Local"
	})
	asMoment = textual("an instant such as \"2026-03-02T09:00:00Z\", to the millisecond", func(at int64) string { return instant(at).time().Format(time.RFC3339Nano) }, func(text string) (int64, bool) {
		t, err := time.Parse(time.RFC3339Nano, text)
		if t.Equal(lastInstant) {
			return math.MaxInt64, true
		}
		return t.UnixMilli(), err == nil && storable(t) == nil && t.UnixNano()%int64(time.Millisecond) == 0
	})
	asDate = textual("a date such as \"2026-03-02\"", func(d int64) string { return kpi.Date(d).String() }, func(text string) (int64, bool) {
		d, err := kpi.ParseDate(text)
		return int64(d), err == nil && d <= maxDate && d >= -maxDate
	})
	asAmount = textual("a decimal number in quotes such as \"12.50\"", func(m int64) string { return kpi.Micros(m).Decimal(0) }, func(text string) (int64, bool) {
		m, err := kpi.ParseMicros(text)
		return int64(m), err == nil && m <= maxMetric && m >= -maxMetric && kpi.Micros(m).Decimal(0) == text
	})
	asSpan = textual("a length of time such as \"1h0m0s\"", func(ms int64) string { return instant(ms).span().String() }, func(text string) (int64, bool) {
		d, err := time.ParseDuration(text)
		return d.Milliseconds(), err == nil && d >= 0 && d%time.Millisecond == 0
	})
	asWait = textual("a length of time such as \"1m0s\"", func(ns int64) string { return time.Duration(ns).String() }, func(text string) (int64, bool) {
		d, err := time.ParseDuration(text)
		return int64(d), err == nil
	})

	asNumber = integer("a whole number", -maxMetric, maxMetric)
	asID     = integer("a number from 1 to 16777215", 1, maxID)
	asHour   = integer("an hour of the day from 0 to 24", 0, 24)
	asRate   = textual("a decimal number in quotes such as \"1.08\"", rateText, func(text string) (int64, bool) {
		rate, err := kpi.ParseRate(text)
		return int64(rate), err == nil && rateText(int64(rate)) == text
	})

	asLevel   = word("", sources.LevelAccount.String(), sources.LevelCampaign.String(), sources.LevelAdGroup.String(), sources.LevelAd.String(), sources.LevelKey.String())
	asGrain   = word("", sources.Day.String(), sources.Hour.String())
	asStatus  = word("", "approved", "pending", "rejected", "test")
	asBound   = word("exact", "below", "above")
	asOutcome = word("waiting", "delivered", "refused", "given up")
	asFailure = word("", sources.Unavailable.String(), sources.Auth.String(), sources.Permission.String(), sources.QuotaKind.String(), sources.Invalid.String(), sources.Malformed.String())
)

// word is a number that stands for the word at its place.
func word(words ...string) *kind {
	return textual("one of "+strings.Join(words[1:], ", "), func(n int64) string {
		if n < 0 || n >= int64(len(words)) {
			return fmt.Sprint(n)
		}
		return words[n]
	}, func(text string) (int64, bool) {
		for n, w := range words {
			if n > 0 && w == text {
				return int64(n), true
			}
		}
		return 0, false
	})
}

func rateText(rate int64) string {
	text := fmt.Sprintf("%d.%012d", rate/int64(kpi.RateOne), rate%int64(kpi.RateOne))
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func integer(expected string, low, high int64) *kind {
	return &kind{expected,
		func(line []byte, value any) ([]byte, bool) {
			n, ok := value.(int64)
			return strconv.AppendInt(line, n, 10), ok
		},
		func(raw json.RawMessage) (any, bool) {
			n, err := strconv.ParseInt(string(raw), 10, 64)
			return n, err == nil && n >= low && n <= high
		}}
}

// asShare may be more than all of it, asChance not.
var (
	asShare  = float("a number", math.MaxFloat64)
	asChance = float("a number from 0 to 1", 1)
)

func float(expected string, most float64) *kind {
	return &kind{expected,
		func(line []byte, value any) ([]byte, bool) {
			f, ok := value.(float64)
			return appendJSON(line, f), ok
		},
		func(raw json.RawMessage) (any, bool) {
			var f float64
			return f, raw[0] != 'n' && json.Unmarshal(raw, &f) == nil && f >= 0 && f <= most
		}}
}

var asFlag = &kind{"true or false",
	func(line []byte, value any) ([]byte, bool) {
		n, ok := value.(int64)
		return strconv.AppendBool(line, n != 0), ok
	},
	func(raw json.RawMessage) (any, bool) {
		return int64(b2i(string(raw) == "true")), string(raw) == "true" || string(raw) == "false"
	}}

// asDocument is JSON that is written as it is, or else bytes in base64.
var asDocument = &kind{"an object, an array or a base64 text of at most 256 KiB",
	func(line []byte, value any) ([]byte, bool) {
		v, ok := value.([]byte)
		var compact bytes.Buffer
		if ok && len(v) > 0 && (v[0] == '{' || v[0] == '[') && utf8.Valid(v) && json.Compact(&compact, v) == nil && bytes.Equal(compact.Bytes(), v) {
			return append(line, v...), true
		}
		return appendJSON(line, v), ok
	},
	func(raw json.RawMessage) (any, bool) {
		switch raw[0] {
		case '{', '[':
			return []byte(raw), len(raw) <= maxDetail
		case '"':
			return decodeBase64(raw, maxDetail)
		}
		return nil, false
	}}

var asBlob = &kind{"a base64 text of at most 64 KiB", asDocument.encode, func(raw json.RawMessage) (any, bool) {
	v, ok := asDocument.decode(raw)
	return v, ok && len(v.([]byte)) <= maxState
}}

func decodeBase64(raw json.RawMessage, limit int) (any, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil, false
	}
	v, err := base64.StdEncoding.Strict().DecodeString(text)
	return v, err == nil && len(v) <= limit && !strings.ContainsAny(text, "\r\n")
}

// asTexts and asTable are stored as JSON, and packed anew when they come back.
var (
	asTexts = packed("an array of texts", packWarnings)
	asIDs   = packed("an array of texts", func(ids []string) (any, error) { return packIDs(ids) })
	asTable = packed("an object of texts", func(args map[string]string) (any, error) { return packArgs(args) })
)

func packed[T any](expected string, pack func(T) (any, error)) *kind {
	return &kind{expected,
		func(line []byte, value any) ([]byte, bool) {
			text, ok := value.(string)
			return append(line, text...), ok
		},
		func(raw json.RawMessage) (any, bool) {
			var v T
			if raw[0] == 'n' || json.Unmarshal(raw, &v) != nil {
				return nil, false
			}
			text, err := pack(v)
			return text, err == nil && text != nil
		}}
}

// appendField appends one field to a line; false says that the database holds
// something else there than it may.
func (c column) appendField(line []byte, value any) ([]byte, error) {
	if !c.required && value == c.absent {
		return line, nil
	}
	line = append(line, ',', '"')
	line = append(append(line, c.field...), '"', ':')
	line, ok := c.kind.encode(line, value)
	if !ok {
		return nil, fmt.Errorf("%w: field %s is %v, where it is %s", ErrCorrupt, c.field, value, c.kind.expected)
	}
	return line, nil
}
