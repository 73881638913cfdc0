package ecb

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/big"
	"strings"

	"adtop/kpi"
	"adtop/sources"
)

const euro kpi.Currency = "EUR"

// mostCurrencies bounds the currencies of a day; the bank quotes about thirty.
const mostCurrencies = 200

// sheet is what was published for a day: units of each currency for one euro.
type sheet struct {
	date  kpi.Date
	units map[kpi.Currency]kpi.Rate
}

// retired are the currencies that gave way to the euro lately, with the day and the
// units for one euro that the law fixed.
var retired = []struct {
	currency kpi.Currency
	since    kpi.Date
	units    kpi.Rate
}{
	{"HRK", kpi.NewDate(2023, 1, 1), 7_534_500_000_000},
	{"BGN", kpi.NewDate(2026, 1, 1), 1_955_830_000_000},
}

// read goes through one of the bank's files and keeps the sheets of some days.
func read(body []byte, days kpi.DateRange) ([]sheet, error) {
	malformed := func(format string, args ...any) error {
		return sources.Errorf(sources.Malformed, platform+": "+format, args...)
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var sheets []sheet
	seen := map[kpi.Date]bool{}
	var current *sheet
	opened, closed := false, false
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, malformed("answer is not XML from byte %d on: %s", decoder.InputOffset(), sources.Clean(err.Error()))
		}
		switch element := token.(type) {
		case xml.EndElement:
			closed = closed || element.Name.Local == "Envelope"
		case xml.StartElement:
			if !opened && element.Name.Local != "Envelope" {
				return nil, malformed("answer begins with %q: expected an Envelope of rates", sources.Clean(element.Name.Local))
			}
			opened = true
			if element.Name.Local != "Cube" {
				continue
			}
			var date, currency, rate string
			for _, attribute := range element.Attr {
				switch attribute.Name.Local {
				case "time":
					date = attribute.Value
				case "currency":
					currency = attribute.Value
				case "rate":
					rate = attribute.Value
				}
			}
			switch {
			case date != "":
				d, err := kpi.ParseDate(date)
				if err != nil || seen[d] {
					return nil, malformed("%q is no date, or comes twice", sources.Clean(date))
				}
				seen[d], current = true, nil
				if days.Contains(d) {
					sheets = append(sheets, sheet{d, map[kpi.Currency]kpi.Rate{}})
					current = &sheets[len(sheets)-1]
				}
			case currency == "" && rate == "":
			case len(seen) == 0:
				return nil, malformed("the rate of %q belongs to no day", sources.Clean(currency))
			case current != nil:
				if err := current.add(currency, rate); err != nil {
					return nil, malformed("%s: %w", current.date, err)
				}
			}
		}
	}
	if !closed || len(seen) == 0 {
		return nil, malformed("answer breaks off at byte %d", len(body))
	}
	return sheets, nil
}

// add notes the units of a currency. N/A stands for none.
func (s *sheet) add(currency, rate string) error {
	if rate == "N/A" {
		return nil
	}
	if len(currency) != 3 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return errors.New("a rate has no currency")
	}
	units, err := kpi.ParseRate(rate)
	if err != nil {
		return err
	}
	if _, twice := s.units[kpi.Currency(currency)]; twice || len(s.units) >= mostCurrencies {
		return errors.New(currency + " comes twice, or there are too many currencies")
	}
	s.units[kpi.Currency(currency)] = units
	return nil
}

// in returns the prices of the sheet in base: none where base itself has no rate.
func (s *sheet) in(base kpi.Currency) ([]sources.Rate, error) {
	s.units[euro] = kpi.RateOne
	for _, r := range retired {
		if _, quoted := s.units[r.currency]; !quoted && s.date >= r.since {
			s.units[r.currency] = r.units
		}
	}
	price, quoted := s.units[base]
	if !quoted {
		return nil, nil
	}
	rates := make([]sources.Rate, 0, len(s.units))
	for currency, units := range s.units {
		if currency == base {
			continue
		}
		rate, err := cross(price, units)
		if err != nil {
			return nil, sources.Errorf(sources.Malformed, "%s: %s in %s on %s: %w", platform, currency, base, s.date, err)
		}
		rates = append(rates, sources.Rate{From: currency, To: base, Date: s.date, Rate: rate})
	}
	return rates, nil
}

// cross is base/units, rounded half to even: the price of one unit.
func cross(base, units kpi.Rate) (kpi.Rate, error) {
	product := new(big.Int).Mul(big.NewInt(int64(base)), big.NewInt(int64(kpi.RateOne)))
	quotient, rest := new(big.Int).QuoRem(product, big.NewInt(int64(units)), new(big.Int))
	if c := rest.Lsh(rest, 1).Cmp(big.NewInt(int64(units))); c > 0 || c == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(1))
	}
	if !quotient.IsInt64() || quotient.Sign() <= 0 {
		return 0, kpi.ErrOverflow
	}
	return kpi.Rate(quotient.Int64()), nil
}
