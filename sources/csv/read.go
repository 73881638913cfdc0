package csv

import (
	"context"
	"fmt"
	"strings"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/record"
)

// read folds one file into a ledger that keeps the rows of days.
func (s *source) read(ctx context.Context, f file, days kpi.DateRange) (*ledger, error) {
	text, err := f.text(s.options.Encoding, s.env.Now())
	if err != nil {
		return nil, err
	}
	finished := text[len(text)-1] == '\n'
	if !finished && s.env.Now().Sub(f.written).Abs() < settle {
		return nil, f.growing("its last line has no end yet")
	}
	found, broken, err := s.fold(ctx, text, days)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !finished && !strings.Contains(string(text), "\n"):
		return nil, f.growing("its header has no end yet")
	case err != nil:
		return nil, sources.Errorf(sources.Malformed, "%s: %w", f.path, err)
	case broken.last && s.env.Now().Sub(f.written) < abandoned:
		return nil, f.growing("its last line is cut off")
	case len(broken.lines) > 0:
		return nil, broken.err(f.path)
	}
	return found, nil
}

// fold reads the lines of a text. Faults of single lines are in broken, those
// of the whole text in the error.
func (s *source) fold(ctx context.Context, text []byte, days kpi.DateRange) (*ledger, faults, error) {
	t, err := newTable(text, s.options.Delimiter, s.options.Columns.wanted())
	if err != nil {
		return nil, faults{}, err
	}
	mark, err := s.mark(ctx, t)
	if err != nil {
		return nil, faults{}, err
	}
	book, broken := newLedger(), faults{}
	err = t.each(ctx, &broken, func(l line) {
		if column, err := s.post(book, l, mark, days); err != nil {
			broken.add(l, column, err)
		}
	})
	return book, broken, err
}

// wanted lists the headers that the options name.
func (c Columns) wanted() []string {
	var names []string
	for _, name := range []string{c.Date, c.Hour, c.AccountID, c.Currency, c.CampaignID, c.Campaign, c.Status,
		c.UTMSource, c.UTMMedium, c.UTMCampaign, c.Promo,
		c.Impressions, c.Clicks, c.Cost.Column, c.Conversions, c.Revenue.Column, c.ViewThrough} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// mark returns the decimal mark of a file: the one of the options, or the one
// that the figures of the file show. Where they do not, "1,234" could be
// either and is refused rather than guessed; a lone "1.234" is a decimal unless
// semicolons between the columns speak for a decimal comma.
func (s *source) mark(ctx context.Context, t *table) (byte, error) {
	switch s.options.Decimal {
	case "point":
		return '.', nil
	case "comma":
		return ',', nil
	}
	c := s.options.Columns
	seen := map[byte]int{} // line where each mark was first seen
	sample := ""
	err := t.each(ctx, &faults{}, func(l line) {
		for i, header := range []string{c.Impressions, c.Clicks, c.Cost.Column, c.Conversions, c.Revenue.Column, c.ViewThrough} {
			cell := l.cell(header)
			m := markOf(cell, i < 2)
			if m == unclear && t.delimiter != ';' && strings.Contains(cell, ".") {
				continue
			}
			if _, known := seen[m]; m == 0 || known || missing(cell) {
				continue
			}
			if seen[m] = l.number; m == unclear {
				sample = cell
			}
		}
	})
	if err != nil {
		return 0, err
	}
	point, isPoint := seen['.']
	comma, isComma := seen[',']
	switch {
	case isPoint && isComma:
		return 0, fmt.Errorf("line %d has a decimal point and line %d a decimal comma: set decimal to point or comma", point, comma)
	case isComma:
		return ',', nil
	case !isPoint && sample != "":
		return 0, fmt.Errorf("line %d: %q reads differently with a decimal point and a decimal comma: set decimal to point or comma", seen[unclear], sample)
	}
	return '.', nil
}

// post adds one line to the ledger, or names the column at fault.
func (s *source) post(book *ledger, l line, mark byte, days kpi.DateRange) (string, error) {
	c := s.options.Columns
	if c.AccountID != "" && l.cell(c.AccountID) != s.account.ID {
		return "", nil
	}
	if c.Currency != "" {
		if code := strings.ToUpper(l.cell(c.Currency)); code != string(s.account.Currency) {
			return c.Currency, fmt.Errorf("%s: expected %s, the currency of the account", quote(code), s.account.Currency)
		}
	}
	slot, column, err := s.slot(l)
	if err != nil {
		return column, err
	}
	metrics, column, err := s.metrics(l, mark)
	if err != nil {
		return column, err
	}
	book.sees(slot)
	if !days.Contains(slot.Date) {
		return "", nil
	}
	return "", book.add(s.entity(l), slot, metrics)
}

// slot returns the slot of a line, or the column that does not tell it.
func (s *source) slot(l line) (sources.Slot, string, error) {
	c := s.options.Columns
	date, wall, err := s.layout.date(l.cell(c.Date), s.account.Zone)
	if err != nil {
		return sources.Slot{}, c.Date, err
	}
	if c.Hour == "" {
		return sources.Slot{Date: date, Grain: sources.Day}, "", nil
	}
	if c.Hour != c.Date {
		if wall, err = hour(l.cell(c.Hour)); err != nil {
			return sources.Slot{}, c.Hour, err
		}
	}
	return httpkit.ClockHour(date, wall, s.account.Zone), "", nil
}

// metrics reads the figures of a line, or names the column that is unreadable.
func (s *source) metrics(l line, mark byte) (kpi.Metrics, string, error) {
	c, currency := s.options.Columns, kpi.Currency(s.options.Account.Currency)
	var m kpi.Metrics
	for _, n := range []struct {
		header string
		field  kpi.Fields
		into   *int64
	}{{c.Impressions, kpi.Impressions, &m.Impressions}, {c.Clicks, kpi.Clicks, &m.Clicks}} {
		cell := l.cell(n.header)
		if missing(cell) {
			continue
		}
		value, err := count(cell, mark)
		if err != nil {
			return kpi.Metrics{}, n.header, err
		}
		*n.into, m.Has = value, m.Has|n.field
	}
	for _, n := range []struct {
		Amount
		field kpi.Fields
		into  *kpi.Micros
	}{{c.Cost, kpi.Cost, &m.Cost}, {Amount{Column: c.Conversions}, kpi.Conversions, &m.Conversions}, {c.Revenue, kpi.Revenue, &m.Revenue},
		{Amount{Column: c.ViewThrough}, kpi.ViewThrough, &m.ViewThrough}} {
		cell := l.cell(n.Column)
		if missing(cell) {
			continue
		}
		value, err := number(cell, mark, record.Scale(n.Unit, currency))
		if err != nil {
			return kpi.Metrics{}, n.Column, err
		}
		*n.into, m.Has = value, m.Has|n.field
	}
	if !m.Sound() {
		return kpi.Metrics{}, c.ViewThrough, fmt.Errorf("%q: expected a part of the conversions", sources.Clean(l.cell(c.ViewThrough)))
	}
	return m, "", nil
}

// entity returns what a line is about. A campaign without an id is "none".
func (s *source) entity(l line) sources.Entity {
	c := s.options.Columns
	switch {
	case s.options.hasCampaigns():
		id, name := sources.Clean(l.cell(c.CampaignID)), sources.Clean(l.cell(c.Campaign))
		if id == "" {
			id = name
		}
		if id == "" {
			id = "none"
		}
		if name == "" {
			name = id
		}
		return sources.Entity{Level: sources.LevelCampaign, ID: id, Name: name, Status: strings.ToLower(sources.Clean(l.cell(c.Status)))}
	case s.options.hasKeys():
		key := sources.Key{
			Source:   sources.Clean(l.cell(c.UTMSource)),
			Medium:   sources.Clean(l.cell(c.UTMMedium)),
			Campaign: sources.Clean(l.cell(c.UTMCampaign)),
			Promo:    sources.Clean(l.cell(c.Promo)),
		}
		return sources.Entity{Level: sources.LevelKey, ID: key.ID(), Name: key.Name()}
	}
	return s.whole()
}

// whole is the account as an entity.
func (s *source) whole() sources.Entity {
	return sources.Entity{Level: sources.LevelAccount, ID: s.account.ID, Name: s.account.Name}
}
