package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// ChannelDays implements Store.
func (s *SQLite) ChannelDays(ctx context.Context, channels Channels, days kpi.DateRange, asOf time.Time) ([]PartVersion, error) {
	return s.parts(ctx, channels, days, asOf, sources.Day)
}

// ChannelHours implements Store.
func (s *SQLite) ChannelHours(ctx context.Context, channels Channels, days kpi.DateRange, asOf time.Time) ([]PartVersion, error) {
	return s.parts(ctx, channels, days, asOf, sources.Hour)
}

func (s *SQLite) parts(ctx context.Context, channels Channels, days kpi.DateRange, asOf time.Time, grain sources.Grain) ([]PartVersion, error) {
	var all []PartVersion
	err := s.read(ctx, fmt.Sprintf("read channels by %s %s", grain, days), func(r reader) error {
		res, err := r.resolution()
		if err != nil {
			return err
		}
		q := partQuery{reader: r, channels: channels, grain: grain, at: res.exact(instantOf(asOf))}
		all, err = q.run(clampDays(days))
		return err
	})
	return all, err
}

// partQuery asks for the sums of all parts.
type partQuery struct {
	reader
	channels Channels
	grain    sources.Grain
	at       instant
}

// run reads the sums where they are made and are of the same definitions, and
// adds up the slots where not.
func (q partQuery) run(days kpi.DateRange) ([]PartVersion, error) {
	unsummed, err := q.unsummed(days)
	if err != nil {
		return nil, err
	}
	var hash string
	err = q.each("SELECT value FROM setting WHERE name = ?", []any{settingChannels}, func(rows *sql.Rows) error { return rows.Scan(&hash) })
	if err != nil {
		return nil, err
	}
	known, err := q.partNames()
	if err != nil {
		return nil, err
	}
	made := func(d kpi.Date) bool { return hash == q.channels.Hash && !unsummed[d] }
	var all []PartVersion
	for d := days.From; d <= days.To; d++ {
		run := kpi.DateRange{From: d, To: d}
		for run.To < days.To && made(run.To+1) == made(d) {
			run.To++
		}
		d = run.To
		if !made(d) {
			added, err := q.addUp(run)
			if err != nil {
				return nil, err
			}
			all = append(all, added...)
			continue
		}
		err := q.sums(run, func(v version) error {
			part, ok := known[v.key.id()]
			if !ok {
				return fmt.Errorf("%w: part %d has no name", ErrCorrupt, v.key.id())
			}
			all = append(all, PartVersion{v.at.time(), part, v.key.slot(), v.value.Metrics})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r reader) partNames() (map[EntityID]Part, error) {
	parts := map[EntityID]Part{}
	return parts, r.each("SELECT part.id, channel, source, account, fields, customer, pending FROM part JOIN feed ON feed.id = feed", nil, func(rows *sql.Rows) error {
		var id EntityID
		var p Part
		err := rows.Scan(&id, &p.Channel, &p.Source, &p.Account, &p.Fields, &p.Customer, &p.Pending)
		parts[id] = p
		return err
	})
}

// sums reads the sums of a range of days, slot by slot.
func (q partQuery) sums(days kpi.DateRange, yield func(version) error) error {
	low, high := packKey(0, 0, 0), packKey(0, dayOrdinal, 0)-1 // the hours of a date
	if q.grain == sources.Day {
		low, high = packKey(0, dayOrdinal, 0), packKey(1, 0, 0)-1
	}
	const query = `WITH RECURSIVE dates (d) AS (SELECT ?1 UNION ALL SELECT d + 1 FROM dates WHERE d < ?2)
		SELECT k, at, 0, ` + metricColumns + ` FROM dates CROSS JOIN part_sum ON k BETWEEN d << 30 | ?3 AND d << 30 | ?4 WHERE at <= ?5
		UNION ALL SELECT p.k, p.at, 0, p.has, p.impressions, p.clicks, p.cost, p.conversions, p.revenue, p.view_through
		FROM dates CROSS JOIN part_sum n ON n.k BETWEEN d << 30 | ?3 AND d << 30 | ?4
			JOIN part_sum_past p ON p.k = n.k AND p.at = (SELECT max(at) FROM part_sum_past WHERE k = n.k AND at <= ?5)
		WHERE n.at > ?5 ORDER BY 1`
	return q.versions(query, []any{days.From, days.To, int64(low), int64(high), q.at}, yield)
}

// addUp sums the slots of entities by the definitions of the question.
func (q partQuery) addUp(days kpi.DateRange) ([]PartVersion, error) {
	parts, err := q.partsOf()
	if err != nil {
		return nil, err
	}
	type key struct {
		slot sources.Slot
		part Part
	}
	sums := map[key]PartVersion{}
	add := func(v version) error {
		part, ok := parts[v.key.id()]
		if !ok {
			return nil
		}
		at := key{v.key.slot(), part}
		p := sums[at]
		m, err := p.Metrics.Add(v.value.Metrics)
		if err == nil {
			sums[at] = PartVersion{latest(p.At, v.at.time()), part, v.key.slot(), m}
		}
		return err
	}
	if q.grain == sources.Day {
		err = q.days(days, q.at, nil, add)
	}
	for d := days.From; q.grain == sources.Hour && d <= days.To && err == nil; d++ {
		err = q.hours(d, q.at, nil, add)
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b PartVersion) int {
		return cmp.Or(cmp.Compare(a.Slot.Date, b.Slot.Date), cmp.Compare(a.Slot.Hour, b.Slot.Hour), cmp.Compare(a.Part.Channel, b.Part.Channel), cmp.Compare(a.Part.Source, b.Part.Source), cmp.Compare(a.Part.Account, b.Part.Account), cmp.Compare(a.Part.Fields, b.Part.Fields), cmp.Compare(a.Part.Customer, b.Part.Customer), cmp.Compare(b2i(a.Part.Pending), b2i(b.Part.Pending)))
	}), err
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// partsOf assigns every entity, by its present name.
func (q partQuery) partsOf() (map[EntityID]Part, error) {
	parts := map[EntityID]Part{}
	return parts, q.entities(math.MaxInt64, func(e Entity) error {
		if a := q.channels.Of(e); a.Fields != 0 {
			parts[e.ID] = Part{a.Channel, e.Source, e.Account, a.Fields, a.Customer, a.Pending}
		}
		return nil
	})
}

// ChannelVersions implements Store.
func (s *SQLite) ChannelVersions(ctx context.Context, channels Channels, days kpi.DateRange, asOf time.Time) iter.Seq2[PartVersion, error] {
	return func(yield func(PartVersion, error) bool) {
		err := s.read(ctx, "replay channels "+days.String(), func(r reader) error {
			if err := r.summed(channels, days); err != nil {
				return err
			}
			parts, err := r.partNames()
			if err != nil {
				return err
			}
			first, last := slotRange(days)
			args := []any{int64(first), int64(last), instantOf(asOf), int64(first), int64(last), instantOf(asOf)}
			query := "SELECT " + partTable.columns() + " FROM part_sum WHERE k BETWEEN ? AND ? AND at <= ? UNION ALL SELECT " +
				partTable.columns() + " FROM part_sum_past WHERE k BETWEEN ? AND ? AND at <= ? ORDER BY 2, 1"
			return r.versions(query, args, func(v version) error {
				if !yield(PartVersion{v.at.time(), parts[v.key.id()], v.key.slot(), v.value.Metrics}, nil) {
					return errStopped
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(PartVersion{}, err)
		}
	}
}

// summed reports sums that are not made, or are of other definitions.
func (r reader) summed(channels Channels, days kpi.DateRange) error {
	unsummed, err := r.unsummed(days)
	if err != nil {
		return err
	}
	var hash string
	err = r.each("SELECT value FROM setting WHERE name = ?", []any{settingChannels}, func(rows *sql.Rows) error { return rows.Scan(&hash) })
	if err == nil && (hash != channels.Hash || len(unsummed) > 0) {
		return ErrUnassigned
	}
	return err
}
