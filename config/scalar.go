package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"adtop/kpi"
	"adtop/sources"
)

// label is a name that the screens show.
type label string

// maxLabel bounds a name, in characters.
const maxLabel = 60

func (l *label) UnmarshalText(text []byte) error {
	name := string(text)
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("the name is empty: write one")
	case name != strings.TrimSpace(name) || name != sources.Clean(name):
		return fmt.Errorf("%s has characters that a screen cannot show, or spaces around it: write it without", quote(name))
	case len([]rune(name)) > maxLabel:
		return fmt.Errorf("%s is too long: expected at most %d characters", quote(name), maxLabel)
	}
	*l = label(name)
	return nil
}

// isoCurrency is a code of ISO 4217.
type isoCurrency kpi.Currency

func (c *isoCurrency) UnmarshalText(text []byte) error {
	unit, err := currency.ParseISO(string(text))
	if err != nil || unit.String() != string(text) {
		return fmt.Errorf("%s is not a currency: expected its ISO 4217 code in capitals, such as EUR", quote(string(text)))
	}
	*c = isoCurrency(text)
	return nil
}

// zone is a time zone by its IANA name.
type zone struct{ *time.Location }

func (z *zone) UnmarshalText(text []byte) error {
	location, err := time.LoadLocation(string(text))
	if err != nil || len(text) == 0 || location == time.Local {
		return fmt.Errorf("%s is not a time zone: expected an IANA name such as Europe/Berlin", quote(string(text)))
	}
	z.Location = location
	return nil
}

// day is a date.
type day kpi.Date

func (d *day) UnmarshalText(text []byte) error {
	parsed, err := kpi.ParseDate(string(text))
	if err != nil {
		return fmt.Errorf("%s is not a date: expected YYYY-MM-DD, such as 2026-01-31", quote(string(text)))
	}
	*d = day(parsed)
	return nil
}

// price is an exchange rate.
type price kpi.Rate

func (p *price) UnmarshalText(text []byte) error {
	parsed, err := kpi.ParseRate(string(text))
	if err != nil {
		return fmt.Errorf("%s is not an exchange rate: expected a decimal number above 0, such as 0.92", quote(string(text)))
	}
	*p = price(parsed)
	return nil
}

// amount is money in the display currency, not negative.
type amount kpi.Micros

func (a *amount) UnmarshalText(text []byte) error {
	parsed, err := kpi.ParseMicros(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("%s is not an amount: expected a decimal number with a point, not negative, such as 12.50", quote(string(text)))
	}
	*a = amount(parsed)
	return nil
}

// share is a part of one, written as 45% or 0.45, not negative.
type share kpi.Micros

func (s *share) UnmarshalText(text []byte) error {
	number := string(text)
	if percent, ok := strings.CutSuffix(number, "%"); ok {
		number = strings.TrimSpace(percent) + "e-2"
	}
	parsed, err := kpi.ParseMicros(number)
	if err != nil || parsed < 0 {
		return fmt.Errorf("%s is not a share: expected a percentage such as 45%% or a number such as 0.45", quote(string(text)))
	}
	*s = share(parsed)
	return nil
}

// duration is a length of time as in 90s, 5m, 1h30m, 2d or 13w.
type duration time.Duration

// calendar is a span of whole days, weeks or months.
var calendar = regexp.MustCompile(`^([0-9]{1,5})(d|w|mo)$`)

func (d *duration) UnmarshalText(text []byte) error {
	if m := calendar.FindSubmatch(text); m != nil {
		count, _ := strconv.Atoi(string(m[1])) // at most five digits
		// A month counts as its longest, so that nothing is cut off.
		days := map[string]int{"d": 1, "w": 7, "mo": 31}[string(m[2])]
		if count*days < maxDays {
			*d = duration(time.Duration(count*days) * 24 * time.Hour)
			return nil
		}
	}
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("%s is not a length of time: expected a number with s, m, h, d, w or mo, such as 5m", quote(string(text)))
	}
	*d = duration(parsed)
	return nil
}

// maxDays keeps a span of days within time.Duration.
const maxDays = 100_000
