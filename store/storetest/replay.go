package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// replay commits random histories, part of them behind what is there already,
// and compares every answer with a replay of all batches in memory.
func replay(t *testing.T, f *fixture) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			f := &fixture{T: t, open: f.open, path: fmt.Sprintf("%s.%d", f.path, seed)}
			f.Store = f.another()
			other := f.another()
			w := &world{Rand: rand.New(rand.NewPCG(seed, 7))}
			for range 60 {
				b := w.poll()
				w.batches = append(w.batches, b)
				if w.IntN(5) == 0 {
					f.Store, other = other, f.Store // another process takes over
				}
				f.commit(b)
				if w.IntN(4) == 0 {
					w.compare(f, at(w.IntN(w.clock+2)))
				}
			}
			for minute := -1; minute <= w.clock+1; minute++ {
				w.compare(f, at(minute))
			}
		})
	}
}

// world makes up what sources report, and remembers it.
type world struct {
	*rand.Rand
	clock   int // minute of the newest poll
	batches []store.Batch
}

// poll is a complete answer of one of four feeds: hours with zeros left out,
// days, hours and days in turn, events.
func (w *world) poll() store.Batch {
	minute := w.IntN(w.clock + 1)
	if w.IntN(3) > 0 {
		w.clock += w.IntN(3)
		minute = w.clock
	}
	b := batch(at(minute))
	from := today + kpi.Date(w.IntN(3))
	b.Query.Days = days(from, from+kpi.Date(w.IntN(2)))
	switch feed := w.IntN(4); feed {
	case 0:
		b.OmitsZeros = true
		w.rows(&b, 0.6)
	case 3:
		shopped := shop(at(minute))
		shopped.Query.Days = b.Query.Days
		b = shopped
		w.orders(&b)
	default:
		b.Account.ID = fmt.Sprint("complete ", feed)
		if feed == 1 || w.IntN(2) == 0 {
			b.Query.Grain = sources.Day
		}
		w.rows(&b, 1)
	}
	w.Shuffle(len(b.Records), func(i, j int) { b.Records[i], b.Records[j] = b.Records[j], b.Records[i] })
	return b
}

// rows has a row of every campaign and, with a probability, of every slot.
func (w *world) rows(b *store.Batch, share float64) {
	for _, id := range []string{"a", "b", "c"} {
		name := []string{"Spring", "Summer"}[w.IntN(2)]
		for d := b.Query.Days.From; d <= b.Query.Days.To; d++ {
			for _, slot := range []sources.Slot{hour(d, 1), hour(d, 2), hour(d, 23), day(d)} {
				named := d == b.Query.Days.From && (slot.Hour == 1 || slot.Grain == sources.Day)
				if slot.Grain != b.Query.Grain || !named && w.Float64() > share {
					continue
				}
				r := row(id, slot, kpi.Metrics{Has: kpi.Cost | kpi.Fields(w.IntN(32)), Cost: kpi.Micros(w.IntN(3)), Revenue: kpi.Micros(w.IntN(3)), Conversions: kpi.Micros(w.IntN(2))})
				r.Entity.Name = name
				b.Records = append(b.Records, r)
			}
		}
	}
}

// orders has every order of the asked days, as it stands now.
func (w *world) orders(b *store.Batch) {
	for n := range 8 {
		placed := time.Date(2026, 3, 2+n%4, 8+n%3, 0, 0, 0, time.UTC)
		if !b.Query.Days.Contains(kpi.DateOf(placed, b.Account.Zone)) {
			continue
		}
		o := order(fmt.Sprint(n), []string{"spring", "summer"}[w.IntN(2)], placed, int64(w.IntN(3)))
		o.Status = sources.EventStatus(1 + w.IntN(4))
		b.Records = append(b.Records, o)
	}
}

// seen is what the world had reported at one moment.
type seen struct {
	names map[string]string
	slots map[string]map[sources.Slot]stampedMetrics // by entity
}

type stampedMetrics struct {
	kpi.Metrics
	at time.Time
}

// asOf replays all batches up to an instant, one after the other.
func (w *world) asOf(instant time.Time) seen {
	s := seen{map[string]string{}, map[string]map[sources.Slot]stampedMetrics{}}
	ordered := slices.Clone(w.batches)
	slices.SortStableFunc(ordered, func(a, b store.Batch) int { return a.ObservedAt.Compare(b.ObservedAt) })
	placed := map[string]sources.Event{}
	for _, b := range ordered {
		if b.ObservedAt.After(instant) {
			break
		}
		reported := map[string]bool{}
		for _, record := range b.Records {
			switch r := record.(type) {
			case sources.Row:
				entity := b.Account.ID + " " + r.Entity.ID
				s.names[entity] = r.Entity.Name
				reported[entity+r.Slot.Date.String()+fmt.Sprint(r.Slot)] = true
				s.report(entity, r.Slot, r.Metrics.Only(kpi.AllFields), b.ObservedAt)
			case sources.Event:
				old, known := placed[r.ID]
				placed[r.ID] = r
				s.count(placed, r, b)
				if known {
					s.count(placed, old, b)
				}
			}
		}
		if b.OmitsZeros {
			s.zeros(b, reported)
		}
	}
	return s
}

func (s seen) report(entity string, slot sources.Slot, m kpi.Metrics, at time.Time) {
	if s.slots[entity] == nil {
		s.slots[entity] = map[sources.Slot]stampedMetrics{}
	}
	s.slots[entity][slot] = stampedMetrics{m, at}
}

// zeros reports what a complete answer left out.
func (s seen) zeros(b store.Batch, reported map[string]bool) {
	for entity, slots := range s.slots {
		for slot := range slots {
			if entity[:2] == b.Account.ID+" " && slot.Grain == b.Query.Grain && b.Query.Days.Contains(slot.Date) && !reported[entity+slot.Date.String()+fmt.Sprint(slot)] {
				if zero := (kpi.Metrics{Has: b.Gives}); slots[slot].Metrics != zero {
					s.report(entity, slot, zero, b.ObservedAt)
				}
			}
		}
	}
}

// count sums the orders of the slot and key that an order is in.
func (s seen) count(placed map[string]sources.Event, at sources.Event, b store.Batch) {
	slotOf := func(e sources.Event) sources.Slot {
		d, h := kpi.HourOf(e.Time, b.Account.Zone)
		return hour(d, h)
	}
	sum := orders(0, 0)
	for _, e := range placed {
		if e.Key == at.Key && slotOf(e) == slotOf(at) && e.Status.Counts() {
			sum.Conversions += kpi.MicrosPerUnit
			sum.Revenue += e.Value
		}
	}
	s.names["shop "+at.Key.ID()] = at.Key.ID()
	s.report("shop "+at.Key.ID(), slotOf(at), sum, b.ObservedAt)
}

// compare asks the store everything as of an instant.
func (w *world) compare(f *fixture, instant time.Time) {
	f.Helper()
	want := w.asOf(instant)
	names, label := map[string]string{}, map[store.EntityID]string{}
	for _, e := range must[[]store.Entity](f.T)(f.Entities(ctx, instant)) {
		label[e.ID] = e.Account + " " + e.Entity.ID
		if e.Source == "shop" {
			label[e.ID] = "shop " + e.Entity.ID
		}
		names[label[e.ID]] = e.Name
	}
	if !maps.Equal(names, want.names) {
		f.Fatalf("names as of %s: %v, want %v", instant.Format(time.TimeOnly), names, want.names)
	}
	all := days(today-1, today+9)

	var gotDays, gotHours, gotFolded, wantDays, wantHours, wantFolded []string
	line := func(entity string, slot any, m kpi.Metrics) string { return fmt.Sprint(entity, " ", slot, " ", m) }
	for _, total := range must[[]store.Total](f.T)(f.Days(ctx, all, instant, nil)) {
		gotDays = append(gotDays, line(label[total.Entity], total.Date, total.Metrics))
	}
	hours := must[[]store.Version](f.T)(f.Hours(ctx, all, instant))
	if !slices.IsSortedFunc(hours, func(a, b store.Version) int {
		return cmp.Or(cmp.Compare(a.Slot.Date, b.Slot.Date), cmp.Compare(a.Slot.Hour, b.Slot.Hour), cmp.Compare(a.Entity, b.Entity))
	}) {
		f.Fatal("hours are not in order")
	}
	for _, v := range hours {
		gotHours = append(gotHours, line(label[v.Entity], v.Slot, v.Metrics))
	}
	folded := map[string]string{}
	var last time.Time
	for v, err := range f.Versions(ctx, all, instant) {
		if err != nil || v.At.Before(last) || v.At.After(instant) {
			f.Fatalf("version %+v after %s as of %s: %v", v, last, instant, err)
		}
		last = v.At
		folded[fmt.Sprint(v.Entity, v.Slot)] = line(label[v.Entity], v.Slot, v.Metrics)
	}
	gotFolded = slices.Collect(maps.Values(folded))

	for entity, slots := range want.slots {
		totals, whole := map[kpi.Date]kpi.Metrics{}, map[kpi.Date]bool{}
		for slot, m := range slots {
			wantFolded = append(wantFolded, line(entity, slot, m.Metrics))
			if slot.Grain == sources.Hour {
				wantHours = append(wantHours, line(entity, slot, m.Metrics))
			}
			switch {
			case slot.Grain == sources.Day:
				totals[slot.Date], whole[slot.Date] = m.Metrics, true
			case !whole[slot.Date]:
				totals[slot.Date], _ = totals[slot.Date].Add(m.Metrics)
			}
		}
		for date, total := range totals {
			wantDays = append(wantDays, line(entity, date, total))
		}
	}
	for what, pair := range map[string][2][]string{"days": {gotDays, wantDays}, "hours": {gotHours, wantHours}, "versions": {gotFolded, wantFolded}} {
		slices.Sort(pair[0])
		slices.Sort(pair[1])
		if !slices.Equal(pair[0], pair[1]) {
			f.Fatalf("%s as of %s:\n got %q\nwant %q", what, instant.Format(time.TimeOnly), pair[0], pair[1])
		}
	}
}
