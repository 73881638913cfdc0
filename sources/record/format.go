package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
)

// Format says how rows are written, as the key "format" of a source.
type Format struct {
	Date       string `yaml:"date"`       // YYYY-MM-DD, DD.MM.YYYY HH:mm and the like; day, instant, unix or unix_ms
	Decimal    string `yaml:"decimal"`    // point or comma
	Cost       string `yaml:"cost"`       // unit of cost: major (12.50), minor (1250) or micros (12500000)
	Revenue    string `yaml:"revenue"`    // unit of revenue
	Duplicates string `yaml:"duplicates"` // two rows of one campaign and slot: refuse or sum
}

// DefaultFormat is that of the row format itself.
func DefaultFormat() Format {
	return Format{Date: "YYYY-MM-DD", Decimal: "point", Cost: "major", Revenue: "major", Duplicates: "refuse"}
}

// The dates that are no layout.
const (
	dayOnly = "day"     // the day that a longer text begins with: 2026-11-20T00:00:00Z
	instant = "instant" // RFC 3339 with an offset; moved into the account's zone
	unix    = "unix"    // seconds since 1970
	unixMS  = "unix_ms" // milliseconds since 1970
)

// Check says what is wrong with the format; each error begins with key, a dot and
// the option.
func (f Format) Check(key string) error {
	units := []string{"major", "minor", "micros"}
	switch {
	case !slices.Contains([]string{"point", "comma"}, f.Decimal):
		return fmt.Errorf("%s.decimal: %q: expected point or comma", key, f.Decimal)
	case !slices.Contains(units, f.Cost):
		return fmt.Errorf("%s.cost: %q: expected major, minor or micros", key, f.Cost)
	case !slices.Contains(units, f.Revenue):
		return fmt.Errorf("%s.revenue: %q: expected major, minor or micros", key, f.Revenue)
	case !slices.Contains([]string{"refuse", "sum"}, f.Duplicates):
		return fmt.Errorf("%s.duplicates: %q: expected refuse or sum", key, f.Duplicates)
	}
	if _, err := newDates(f.Date); err != nil {
		return fmt.Errorf("%s.date: %w", key, err)
	}
	return nil
}

// dates reads the dates of one format. The text that it read last is kept:
// rows of one day mostly follow each other.
type dates struct {
	written, layout string
	timed, offset   bool
	last            string
	at              when
}

// when is a day and, where the text tells one, an hour of the clock or an
// instant.
type when struct {
	date    kpi.Date
	wall    int // hour that the clock shows, -1 when the text has none
	instant time.Time
}

var tokens = strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "HH", "15", "mm", "04", "ss", "05")

func newDates(written string) (*dates, error) {
	d := &dates{written: written, at: when{wall: -1}}
	switch written {
	case dayOnly, instant, unix, unixMS:
		return d, nil
	}
	d.layout = tokens.Replace(written)
	probe := time.Date(2023, time.November, 24, 3, 0, 0, 0, time.UTC)
	differs := func(other time.Time) bool { return probe.Format(d.layout) != other.Format(d.layout) }
	if !differs(probe.AddDate(1, 0, 0)) || !differs(probe.AddDate(0, 1, 0)) || !differs(probe.AddDate(0, 0, 1)) {
		return nil, fmt.Errorf("%q: expected year, month and day, such as YYYY-MM-DD or DD.MM.YYYY, or one of day, instant, unix and unix_ms", written)
	}
	d.timed = differs(probe.Add(14 * time.Hour))
	d.offset = differs(probe.Add(-time.Hour).In(time.FixedZone("", 3600)))
	return d, nil
}

// read reads a date in the account's zone.
func (d *dates) read(text string, zone *time.Location) (when, error) {
	if text == d.last && text != "" {
		return d.at, nil
	}
	at, err := d.parse(text, zone)
	if err != nil {
		return at, err
	}
	d.last, d.at = strings.Clone(text), at
	return at, nil
}

func (d *dates) parse(text string, zone *time.Location) (when, error) {
	var t time.Time
	var err error
	moved := d.offset
	switch d.written {
	case dayOnly:
		t, err = time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))])
		if len(text) > len(time.DateOnly) && text[len(time.DateOnly)] != 'T' && text[len(time.DateOnly)] != ' ' {
			err = fmt.Errorf("no day")
		}
	case instant:
		t, err = time.Parse(time.RFC3339, text)
		moved = true
	case unix, unixMS:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		if t = time.Unix(n, 0); d.written == unixMS {
			t = time.UnixMilli(n)
		}
		moved = true
	default:
		t, err = time.Parse(d.layout, text)
	}
	if err != nil {
		return when{}, fmt.Errorf("%s: expected %s", quote(text), d.expected())
	}
	local := t
	if moved {
		local = t.In(zone)
	}
	year, month, day := local.Date()
	if year < 1970 || year > 9999 {
		return when{}, fmt.Errorf("%s: expected a year from 1970 on", quote(text))
	}
	at := when{date: kpi.NewDate(year, month, day), wall: -1}
	switch {
	case moved:
		at.instant = t
	case d.timed:
		at.wall = local.Hour()
	}
	return at, nil
}

func (d *dates) expected() string {
	switch d.written {
	case dayOnly:
		return "a text that begins with a day like 2026-11-20"
	case instant:
		return "an instant with its offset, like 2026-11-20T14:00:00+01:00"
	case unix:
		return "seconds since 1970"
	case unixMS:
		return "milliseconds since 1970"
	}
	return "a date like " + d.written + " (format.date says how dates are written)"
}

// amounts reads numbers of one spelling.
type amounts struct{ comma bool }

// micros reads a number exactly, times ten to the power of scale.
func (a amounts) micros(text string, scale int) (kpi.Micros, error) {
	plain := text
	if a.comma {
		if strings.Contains(plain, ".") {
			return 0, a.wrong(text)
		}
		plain = strings.Replace(plain, ",", ".", 1)
	}
	if scale != 0 {
		mantissa, power, exponential := strings.Cut(strings.ToLower(plain), "e")
		n := 0
		if exponential {
			var err error
			if n, err = strconv.Atoi(power); err != nil || n < -60 || n > 60 {
				return 0, a.wrong(text)
			}
		}
		plain = mantissa + "e" + strconv.Itoa(n+scale)
	}
	if len(plain) > 60 {
		return 0, a.wrong(text)
	}
	value, err := kpi.ParseMicros(plain)
	if err != nil {
		return 0, a.wrong(text)
	}
	return value, nil
}

func (a amounts) wrong(text string) error {
	if a.comma {
		return fmt.Errorf("%s: expected a number with a decimal comma and no other separator", quote(text))
	}
	return fmt.Errorf("%s: expected a number with a decimal point and no other separator", quote(text))
}

// count reads a whole number that is not below zero.
func (a amounts) count(text string) (int64, error) {
	value, err := a.micros(text, 0)
	if err != nil || value < 0 || value%kpi.MicrosPerUnit != 0 {
		return 0, fmt.Errorf("%s: expected a whole number", quote(text))
	}
	return int64(value / kpi.MicrosPerUnit), nil
}

// Scale is the power of ten between a unit of Format ("major", "minor" or "micros")
// and the currency's major one.
func Scale(unit string, currency kpi.Currency) int {
	switch unit {
	case "minor":
		return -minorDigits(currency)
	case "micros":
		return -6
	}
	return 0
}

// minorDigits is the number of decimals of a currency by ISO 4217.
func minorDigits(currency kpi.Currency) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMN", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}

// quote shortens a value for a message.
func quote(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:40]) + "…"
	}
	return strconv.Quote(text)
}
