package httpkit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Rows hands over the rows of one Fetch, each as soon as it is read. It keeps
// the campaigns it has met and one bit for each of their slots: a slot that is
// reported twice is an error, since adding it up or taking the last one would
// be a guess.
type Rows struct {
	Entity sources.Entity // attribution and action, which all rows have in common
	// RealHours says that the platform tells the two hours of one name apart;
	// otherwise what it reports for them is added up.
	RealHours bool
	Line      int    // of the answer that is being read, for errors; 0 where answers have no lines
	Of        string // what Line counts, when that is not lines
	Warnings  []string

	platform string
	query    sources.Query
	yield    func(sources.Record) error
	known    map[string]*reported
	key      []byte // of known; used again and again
	dates    map[string]kpi.Date
	days     map[kpi.Date]clock
	day      clock // the newest of days: rows of one day mostly follow each other
	held     map[heldSlot]*sources.Row
}

// heldSlot is the doubled hour of a day of one entity.
type heldSlot struct {
	of   *reported
	date kpi.Date
}

// clock is what the clock of the account does on a day.
type clock struct {
	date    kpi.Date
	even    bool // 24 hours, each with its own name
	doubled int  // ordinal of the first of two hours of one name, or -1
}

// reported is an entity and which of its slots have come.
type reported struct {
	entity sources.Entity
	name   string // as it came
	slots  []uint64
}

// Figure is what an answer says of one campaign (or what else was asked for)
// and slot. Status may be empty; without a name the campaign is called by its id.
type Figure struct {
	ID, Name, Status  []byte
	Parent, Breakdown []byte // as in an Entity
	Slot              sources.Slot
	Metrics           kpi.Metrics
	ImpressionShare   kpi.Share
}

// NewRows checks that an adapter which reads campaigns by the given grains can
// answer q.
func NewRows(platform string, q sources.Query, yield func(sources.Record) error, grains ...sources.Grain) (*Rows, error) {
	refused := func(format string, args ...any) (*Rows, error) {
		return nil, sources.Errorf(sources.Invalid, platform+": "+format, args...)
	}
	switch {
	case q.Level != sources.LevelCampaign:
		return refused("figures are read for campaigns only")
	case !slices.Contains(grains, q.Grain):
		return refused("figures are not read by %s", q.Grain)
	case q.Breakdown != "":
		return refused("a breakdown by %q is not read", sources.Clean(q.Breakdown))
	}
	return RowsOf(platform, q, yield), nil
}

// RowsOf is NewRows for an adapter that has checked q itself: of any level and
// with any breakdown.
func RowsOf(platform string, q sources.Query, yield func(sources.Record) error) *Rows {
	return &Rows{
		platform: platform, query: q, yield: yield, known: map[string]*reported{},
		dates: map[string]kpi.Date{}, days: map[kpi.Date]clock{}, day: clock{date: -1 << 30}, held: map[heldSlot]*sources.Row{},
	}
}

// Date reads a day as in "2026-11-20". A day that was not asked for is an error.
func (r *Rows) Date(text []byte) (kpi.Date, error) {
	if d, known := r.dates[string(text)]; known {
		return d, nil
	}
	d, err := kpi.ParseDate(string(text))
	if err != nil {
		return 0, r.Malformed("%w", err)
	}
	if err := r.asked(d); err != nil {
		return 0, err
	}
	r.dates[string(text)] = d
	return d, nil
}

func (r *Rows) asked(d kpi.Date) error {
	if !r.query.Days.Contains(d) {
		return r.Malformed("a row is of %s, which was not asked for (%s)", d, r.query.Days)
	}
	return nil
}

// Day is the slot of a whole day.
func (r *Rows) Day(text []byte) (sources.Slot, error) {
	d, err := r.Date(text)
	return sources.Slot{Date: d, Grain: sources.Day}, err
}

// Hour is the slot of an hour that the clock of the account shows as wall,
// 0 to 23.
func (r *Rows) Hour(d kpi.Date, wall int) (sources.Slot, error) {
	if wall < 0 || wall > 23 {
		return sources.Slot{}, r.Malformed("%d is no hour of %s", wall, d)
	}
	if r.clock(d).even {
		return sources.Slot{Date: d, Grain: sources.Hour, Hour: wall}, nil
	}
	return ClockHour(d, wall, r.query.Account.Zone), nil
}

// Malformed is the error of a row that cannot be.
func (r *Rows) Malformed(format string, args ...any) error {
	place := ""
	if r.Line > 0 {
		place = fmt.Sprintf("%s %d: ", cmp.Or(r.Of, "line"), r.Line)
	}
	return sources.Errorf(sources.Malformed, "%s: account %s: %s%w", r.platform, r.query.Account.ID, place, fmt.Errorf(format, args...))
}

// Put hands a figure over. Conversions after a view that are more than the conversions,
// or without any, are unknown: they are of another count. What is reported for the hour that the clock shows
// twice is added up and handed over by Close, unless RealHours is set.
func (r *Rows) Put(f Figure) error {
	if len(f.ID) == 0 {
		return r.Malformed("a row of %s names no %s", f.Slot.Date, r.what())
	}
	if f.Metrics.Impressions < 0 || f.Metrics.Clicks < 0 {
		return r.Malformed("a count of %s %s on %s is below zero", r.what(), sources.Clean(string(f.ID)), f.Slot.Date)
	}
	if err := r.asked(f.Slot.Date); err != nil {
		return err
	}
	if !f.Metrics.Sound() {
		f.Metrics = f.Metrics.Only(kpi.Usual)
	}
	c := r.entity(f)
	if c.entity.ID == "" { // it was made of control characters
		return r.Malformed("a row of %s names no %s", f.Slot.Date, r.what())
	}
	row := sources.Row{Entity: c.entity, Slot: f.Slot, Metrics: f.Metrics, ImpressionShare: f.ImpressionShare}
	if f.Slot.Grain == sources.Hour && !r.RealHours && r.clock(f.Slot.Date).doubled == f.Slot.Hour {
		return r.hold(c, row)
	}
	place := int(f.Slot.Date-r.query.Days.From)*25 + f.Slot.Hour
	for len(c.slots) <= place/64 {
		c.slots = append(c.slots, 0)
	}
	bit := uint64(1) << (place % 64)
	if c.slots[place/64]&bit != 0 {
		return r.Malformed("%s %s is reported twice for %s", r.what(), c.entity.ID, slotName(f.Slot))
	}
	c.slots[place/64] |= bit
	return r.yield(row)
}

// Close hands over what was held back.
func (r *Rows) Close() error {
	for _, row := range r.held {
		if err := r.yield(*row); err != nil {
			return err
		}
	}
	return nil
}

// what names the level in words.
func (r *Rows) what() string { return strings.ReplaceAll(r.query.Level.String(), "_", " ") }

func (r *Rows) entity(f Figure) *reported {
	r.key = append(r.key[:0], f.ID...)
	if len(f.Breakdown) > 0 {
		r.key = append(append(r.key, 0), f.Breakdown...)
	}
	c := r.known[string(r.key)]
	if c != nil && c.name == string(f.Name) {
		return c
	}
	if c == nil {
		c = &reported{entity: r.Entity}
		r.known[string(r.key)] = c
	}
	c.name = string(f.Name)
	if c.entity.Level, c.entity.ID = r.query.Level, string(f.ID); r.query.Level != sources.LevelKey { // the id of a key is clean, and may be long
		c.entity.ID = sources.Clean(c.entity.ID)
	}
	c.entity.Parent, c.entity.Breakdown = sources.Clean(string(f.Parent)), strings.ToLower(sources.Clean(string(f.Breakdown)))
	c.entity.Status = strings.ToLower(sources.Clean(string(f.Status)))
	if c.entity.Name = strings.TrimSpace(sources.Clean(c.name)); c.entity.Name == "" {
		c.entity.Name = c.entity.ID
	}
	return c
}

func (r *Rows) hold(of *reported, row sources.Row) error {
	key := heldSlot{of, row.Slot.Date}
	before := r.held[key]
	if before == nil {
		r.held[key] = &row
		return nil
	}
	sum, err := before.Metrics.Add(row.Metrics)
	if err != nil {
		return r.Malformed("%s %s on %s: %w", r.what(), row.Entity.ID, slotName(row.Slot), err)
	}
	before.Metrics = sum
	return nil
}

// clock looks at a day once. The user is told of one with 25 hours.
func (r *Rows) clock(d kpi.Date) clock {
	if r.day.date == d {
		return r.day
	}
	day, known := r.days[d]
	if !known {
		zone := r.query.Account.Zone
		day = clock{d, d.Length(zone) == 24*time.Hour, RepeatedHour(d, zone)}
		r.days[d] = day
		if day.doubled >= 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s has 25 hours in %s: what %s reports for its repeated hour is booked on the first of the two", d, zone, r.platform))
		}
	}
	r.day = day
	return day
}

func slotName(s sources.Slot) string {
	if s.Grain == sources.Day {
		return s.Date.String()
	}
	return fmt.Sprintf("%s, hour %d", s.Date, s.Hour)
}
