package storetest

import (
	"fmt"
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
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			f := &fixture{T: t, open: f.open, path: fmt.Sprintf("%s.%d", f.path, seed)}
			f.Store = f.another()
			other := f.another()
			w := &world{Rand: rand.New(rand.NewPCG(seed, 7)), pace: 1, turn: 1 << 30}
			w.assign(f, byName)
			for n := range 60 {
				b := w.poll()
				w.batches = append(w.batches, b)
				if w.IntN(5) == 0 {
					f.Store, other = other, f.Store // another process takes over
					if n%2 == 0 {
						w.assign(f, byName)
					}
				}
				if f.commit(b).Moved && w.IntN(2) == 0 {
					w.assign(f, byName)
				}
				if w.IntN(4) == 0 {
					w.compare(f, at(w.IntN(w.clock+2)))
				}
			}
			for n, channels := range []store.Channels{byName, byAccount, byName} { // sums that were kept, and sums made anew
				w.assign(f, channels)
				for minute := -1; minute <= w.clock+1; minute += 1 + 5*n {
					w.compare(f, at(minute))
				}
				if changed := must[int](t)(f.Rebuild(ctx, nil)); changed != 0 {
					t.Fatalf("a rebuild changed %d sums", changed)
				}
				w.compare(f, at(w.clock))
			}
		})
	}
}

// world makes up what sources report, and remembers it.
type world struct {
	*rand.Rand
	pace     int // minutes
	turn     int // minute at which the attribution setting changes, which begins new series
	clock    int // minute of the newest poll
	batches  []store.Batch
	channels store.Channels // those assigned
}

func (w *world) assign(f *fixture, c store.Channels) {
	f.Helper()
	if err := f.Assign(ctx, c, nil); err != nil {
		f.Fatal(err)
	}
	w.channels = c
}

// poll is a complete answer of one of four feeds: hours with zeros left out,
// days, hours and days in turn, events.
func (w *world) poll() store.Batch {
	if w.clock > 20*w.pace && w.turn > w.clock {
		w.turn = w.clock
	}
	first := 0 // no poll comes late from before the turn
	if w.turn <= w.clock {
		first = w.turn
	}
	minute := first + w.IntN(w.clock-first+1)
	if w.IntN(3) > 0 {
		w.clock += w.IntN(3) * w.pace
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
		shopped.PendingApart, shopped.Gives = true, shopped.Gives|kpi.Cost
		shopped.Query.Days = b.Query.Days
		shopped.Account.Zone = zone([]string{"Europe/Berlin", "America/New_York"}[w.IntN(2)])
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
		name, attribution := []string{"Spring", "Summer"}[w.IntN(2)], ""
		if !b.ObservedAt.Before(at(w.turn)) {
			attribution = "7d"
		}
		for d := b.Query.Days.From; d <= b.Query.Days.To; d++ {
			for _, slot := range []sources.Slot{hour(d, 1), hour(d, 2), hour(d, 23), day(d)} {
				named := d == b.Query.Days.From && (slot.Hour == 1 || slot.Grain == sources.Day)
				if slot.Grain != b.Query.Grain || !named && w.Float64() > share {
					continue
				}
				r := row(id, slot, kpi.Metrics{Has: kpi.Cost | kpi.Fields(w.IntN(64)), Cost: kpi.Micros(w.IntN(3)), Revenue: kpi.Micros(w.IntN(3)), Conversions: kpi.Micros(w.IntN(2)), ViewThrough: kpi.Micros(w.IntN(2))})
				r.Entity.Name, r.Entity.Attribution = name, attribution
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
		o.Status, o.Cost = sources.EventStatus(1+w.IntN(4)), kpi.Micros(w.IntN(3))
		o.Key.Customer = []string{"", sources.NewCustomer, sources.ReturningCustomer}[w.IntN(3)]
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
	placed := map[string]placedOrder{}
	for _, b := range ordered {
		if b.ObservedAt.After(instant) {
			break
		}
		reported := map[string]bool{}
		for _, record := range b.Records {
			switch r := record.(type) {
			case sources.Row:
				entity := b.Account.ID + " " + r.Entity.ID + "/" + r.Entity.Attribution
				s.names[entity] = r.Entity.Name
				reported[entity+r.Slot.Date.String()+fmt.Sprint(r.Slot)] = true
				s.report(entity, r.Slot, r.Metrics.Only(kpi.AllFields), b.ObservedAt)
			case sources.Event:
				old, known := placed[r.ID]
				date, h := kpi.HourOf(r.Time, b.Account.Zone)
				placed[r.ID] = placedOrder{r, hour(date, h)}
				s.count(placed, placed[r.ID], b)
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

// placedOrder is an order with the hour that it counts in.
type placedOrder struct {
	sources.Event
	slot sources.Slot
}

// entity is where the order counts: pending ones stand apart.
func (o placedOrder) entity() string {
	if o.Status == sources.Pending {
		return "shop " + o.Key.ID() + sources.Undecided
	}
	return "shop " + o.Key.ID()
}

// count sums the orders of the slot and key that an order is in.
func (s seen) count(placed map[string]placedOrder, at placedOrder, b store.Batch) {
	sum := orders(0, 0)
	sum.Has |= kpi.Cost
	for _, o := range placed {
		if o.entity() == at.entity() && o.slot == at.slot && o.Status.Counts() {
			sum.Conversions += kpi.MicrosPerUnit
			sum.Revenue += o.Value
			sum.Cost += o.Cost
		}
	}
	s.names[at.entity()] = at.Key.Name()
	s.report(at.entity(), at.slot, sum, b.ObservedAt)
}
