package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// maxRows bounds the rows of one answer.
const maxRows = 2_000_000

// Book collects the rows of one Fetch.
type Book struct {
	// Older keeps rows of days before the asked ones: what an incremental
	// answer brings has changed, whenever it was.
	Older bool
	// Sum adds rows of one entity and slot up, in place of refusing them.
	Sum bool

	query   sources.Query
	dates   *dates
	amounts amounts
	cost    int // powers of ten
	revenue int

	figures  map[figure]kpi.Metrics
	entities map[entityKey]*named
	grains   map[dayOf]sources.Grain
	rows     int
	newest   sources.Slot // of all rows of the account; its Grain is 0 without any
}

type entityKey struct {
	level sources.Level
	id    string
}

type named struct {
	sources.Entity
	slot sources.Slot // the newest slot that called it so
}

type figure struct {
	of   *named
	slot sources.Slot
}

type dayOf struct {
	of   *named
	date kpi.Date
}

// NewBook returns an empty book for the answer to q, whose errors begin with
// platform. It refuses what rows of this format cannot answer.
func NewBook(platform string, q sources.Query, f Format) (*Book, error) {
	switch {
	case q.Level != sources.LevelCampaign && q.Level != sources.LevelAccount:
		return nil, sources.Errorf(sources.Invalid, "%s: has no figures below campaigns", platform)
	case q.Breakdown != "":
		return nil, sources.Errorf(sources.Invalid, "%s: has no breakdown by %q", platform, sources.Clean(q.Breakdown))
	case q.Account.Zone == nil:
		return nil, sources.Errorf(sources.Invalid, "%s: account %q lacks its zone", platform, sources.Clean(q.Account.ID))
	}
	dates, err := newDates(f.Date)
	if err != nil {
		return nil, sources.Errorf(sources.Invalid, "%s: %w", platform, err)
	}
	return &Book{
		Sum: f.Duplicates == "sum", query: q, dates: dates, amounts: amounts{f.Decimal == "comma"},
		cost: Scale(f.Cost, q.Account.Currency), revenue: Scale(f.Revenue, q.Account.Currency),
		figures: map[figure]kpi.Metrics{}, entities: map[entityKey]*named{}, grains: map[dayOf]sources.Grain{},
	}, nil
}

// Rows counts what was added, rows of other days and accounts included.
func (b *Book) Rows() int { return b.rows }

// Add reads one row. Its error begins with the column at fault; the caller knows
// which row it was.
func (b *Book) Add(r *Row) error {
	if b.rows++; b.rows > maxRows {
		return fmt.Errorf("more than %d rows: expected fewer, summed by campaign and day", maxRows)
	}
	account := b.query.Account
	if id := r[AccountID]; id != "" && sources.Clean(id) != account.ID {
		return nil
	}
	if code := r[Currency]; code != "" && !strings.EqualFold(code, string(account.Currency)) {
		return fmt.Errorf("currency: %s: expected %s, the currency of the account", quote(code), account.Currency)
	}
	slot, err := b.slot(r)
	if err != nil {
		return err
	}
	metrics, err := b.metrics(r)
	if err != nil {
		return err
	}
	entity, err := b.entity(r)
	if err != nil {
		return err
	}
	if b.newest.Grain == 0 || compareSlots(slot, b.newest) > 0 {
		b.newest = slot
	}
	if days := b.query.Days; slot.Date > days.To || slot.Date < days.From && !b.Older {
		return nil
	}
	return b.post(entity, slot, metrics)
}

func (b *Book) slot(r *Row) (sources.Slot, error) {
	zone := b.query.Account.Zone
	if r[Date] == "" {
		return sources.Slot{}, fmt.Errorf("date: missing: every row has one")
	}
	at, err := b.dates.read(r[Date], zone)
	if err != nil {
		return sources.Slot{}, fmt.Errorf("date: %w", err)
	}
	if r[Hour] != "" {
		hour, err := b.amounts.count(r[Hour])
		if err != nil || hour > 23 {
			return sources.Slot{}, fmt.Errorf("hour: %s: expected an hour of the clock, 0 to 23", quote(r[Hour]))
		}
		at.wall, at.instant = int(hour), time.Time{}
	}
	switch {
	case !at.instant.IsZero():
		_, hour := kpi.HourOf(at.instant, zone)
		return sources.Slot{Date: at.date, Grain: sources.Hour, Hour: hour}, nil
	case at.wall >= 0:
		return httpkit.ClockHour(at.date, at.wall, zone), nil
	}
	return sources.Slot{Date: at.date, Grain: sources.Day}, nil
}

func (b *Book) metrics(r *Row) (kpi.Metrics, error) {
	var m kpi.Metrics
	for _, n := range []struct {
		column Column
		field  kpi.Fields
		into   *int64
	}{{Impressions, kpi.Impressions, &m.Impressions}, {Clicks, kpi.Clicks, &m.Clicks}} {
		if r[n.column] == "" {
			continue
		}
		value, err := b.amounts.count(r[n.column])
		if err != nil {
			return m, fmt.Errorf("%s: %w", n.column, err)
		}
		*n.into, m.Has = value, m.Has|n.field
	}
	for _, n := range []struct {
		column Column
		field  kpi.Fields
		into   *kpi.Micros
		scale  int
	}{{Cost, kpi.Cost, &m.Cost, b.cost}, {Conversions, kpi.Conversions, &m.Conversions, 0}, {Revenue, kpi.Revenue, &m.Revenue, b.revenue}, {ViewThrough, kpi.ViewThrough, &m.ViewThrough, 0}} {
		if r[n.column] == "" {
			continue
		}
		value, err := b.amounts.micros(r[n.column], n.scale)
		if err != nil {
			return m, fmt.Errorf("%s: %w", n.column, err)
		}
		*n.into, m.Has = value, m.Has|n.field
	}
	if !m.Sound() {
		return m, fmt.Errorf("%s: %s: expected a part of the conversions", ViewThrough, quote(r[ViewThrough]))
	}
	if m.Has == 0 {
		return m, fmt.Errorf("no figure: expected at least one of impressions, clicks, cost, conversions and revenue")
	}
	return m, nil
}

// entity is what a row is about: a campaign, a key of results, or the account.
func (b *Book) entity(r *Row) (sources.Entity, error) {
	key, err := r.key()
	if err != nil {
		return sources.Entity{}, err
	}
	id, name := sources.Clean(r[CampaignID]), sources.Clean(r[Campaign])
	if id == "" {
		id = name
	}
	switch {
	case id != "" && key != (sources.Key{}):
		return sources.Entity{}, fmt.Errorf("campaign_id: a row is about a campaign or about the origin of a result (utm_…, promo, dialled, referrer, click_id, customer), not both")
	case id != "":
		if name == "" {
			name = id
		}
		return sources.Entity{Level: sources.LevelCampaign, ID: id, Name: name, Status: strings.ToLower(sources.Clean(r[Status]))}, nil
	case key != (sources.Key{}), r[Referrer] != "":
		return sources.Entity{Level: sources.LevelKey, ID: key.ID(), Name: key.Name()}, nil
	case r[CampaignID] != "" || r[Campaign] != "":
		return sources.Entity{}, fmt.Errorf("campaign: has no readable character")
	}
	return b.whole(), nil
}

// key is the origin of a result. There are few kinds of click ids, and two of
// customers: a text of each result's own would make a row of it. A referrer that is no
// address names nobody: visitors send what they like.
func (r *Row) key() (sources.Key, error) {
	key := sources.Key{
		Source: r[UTMSource], Medium: r[UTMMedium], Campaign: r[UTMCampaign], Promo: r[Promo], Dialled: r[Dialled],
		Referrer: sources.Host(r[Referrer]), Click: strings.ToLower(r[ClickID]), Customer: strings.ToLower(r[Customer]),
	}.Cleaned()
	switch {
	case key.Click != "" && !slices.Contains(sources.ClickKinds, key.Click):
		return key, fmt.Errorf("click_id: %s: expected its kind, one of %s", quote(r[ClickID]), strings.Join(sources.ClickKinds, ", "))
	case key.Customer != "" && key.Customer != sources.NewCustomer && key.Customer != sources.ReturningCustomer:
		return key, fmt.Errorf("customer: %s: expected new or returning", quote(r[Customer]))
	}
	return key, nil
}

// whole is the account as an entity.
func (b *Book) whole() sources.Entity {
	return sources.Entity{Level: sources.LevelAccount, ID: b.query.Account.ID, Name: b.query.Account.Name}
}

// post notes the figures of an entity and slot.
func (b *Book) post(e sources.Entity, slot sources.Slot, m kpi.Metrics) error {
	key := entityKey{e.Level, e.ID}
	of := b.entities[key]
	switch {
	case of == nil:
		of = &named{e, slot}
		b.entities[key] = of
	case compareSlots(slot, of.slot) >= 0:
		of.Entity, of.slot = e, slot
	}
	day := dayOf{of, slot.Date}
	if grain := b.grains[day]; grain != 0 && grain != slot.Grain {
		return fmt.Errorf("date: %s has figures of hours and of the whole of %s: expected one or the other", quote(e.Name), slot.Date)
	}
	b.grains[day] = slot.Grain
	place := figure{of, slot}
	before, twice := b.figures[place]
	if twice && !b.Sum && !b.repeated(slot) {
		return fmt.Errorf("date: a second row of %s for %s: expected one (or format.duplicates: sum)", quote(e.Name), slotName(slot))
	}
	sum, err := before.Add(m)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", quote(e.Name), slot.Date, err)
	}
	b.figures[place] = sum
	return nil
}

// repeated says whether the clock shows this hour twice: its two rows are one.
func (b *Book) repeated(slot sources.Slot) bool {
	return slot.Grain == sources.Hour && httpkit.RepeatedHour(slot.Date, b.query.Account.Zone) == slot.Hour
}

// Put hands the rows over, by slot and entity, summed where the question is
// coarser than they are.
func (b *Book) Put(yield func(sources.Record) error) error {
	coarse := map[entityKey]map[sources.Slot]kpi.Metrics{}
	labels := map[entityKey]sources.Entity{}
	for place, m := range b.figures {
		e, slot := place.of.Entity, place.slot
		if b.query.Level == sources.LevelAccount {
			e = b.whole()
		}
		if b.query.Grain != sources.Hour {
			slot = sources.Slot{Date: slot.Date, Grain: sources.Day}
		}
		key := entityKey{e.Level, e.ID}
		if coarse[key] == nil {
			coarse[key], labels[key] = map[sources.Slot]kpi.Metrics{}, e
		}
		sum, err := coarse[key][slot].Add(m)
		if err != nil {
			return fmt.Errorf("%s on %s: %w", quote(e.Name), slot.Date, err)
		}
		coarse[key][slot] = sum
	}
	var rows []sources.Row
	for key, slots := range coarse {
		for slot, m := range slots {
			rows = append(rows, sources.Row{Entity: labels[key], Slot: slot, Metrics: m})
		}
	}
	slices.SortFunc(rows, func(a, b sources.Row) int {
		return cmp.Or(compareSlots(a.Slot, b.Slot), cmp.Compare(a.Entity.Level, b.Entity.Level), cmp.Compare(a.Entity.ID, b.Entity.ID))
	})
	for _, row := range rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// Through is how far the answer is complete when nobody promises more: to the
// end of its newest slot, but not beyond now. Without any row that is the
// beginning of the asked days.
func (b *Book) Through(now time.Time) time.Time {
	zone := b.query.Account.Zone
	if b.newest.Grain == 0 {
		return b.query.Days.From.Start(zone)
	}
	if end := b.newest.End(zone); end.Before(now) {
		return end
	}
	return now
}

func compareSlots(a, b sources.Slot) int {
	return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Hour, b.Hour))
}

func slotName(s sources.Slot) string {
	if s.Grain == sources.Day {
		return s.Date.String()
	}
	return fmt.Sprintf("%s, hour %d", s.Date, s.Hour)
}
