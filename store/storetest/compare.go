package storetest

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// byName and byAccount are two definitions of channels. Both tell new customers' orders
// from others; what is pending stands apart in the first alone.
var (
	byName = store.Channels{Hash: "by name", Of: func(e store.Entity) store.Assignment {
		if e.Source == "shop" {
			return store.Assignment{Channel: sources.ParseKey(e.Entity.ID).Campaign, Fields: kpi.Conversions | kpi.Revenue | kpi.Cost, Customer: customer(e), Pending: e.Action == sources.Undecided}
		}
		return store.Assignment{Channel: e.Name, Fields: kpi.Cost | kpi.Clicks}
	}}
	byAccount = store.Channels{Hash: "by account", Of: func(e store.Entity) store.Assignment {
		if e.Account == "complete 1" {
			return store.Assignment{} // counts nowhere
		}
		return store.Assignment{Channel: e.Account, Fields: kpi.AllFields, Customer: customer(e)}
	}}
)

// customer is whose results an entity holds.
func customer(e store.Entity) string {
	if e.Level != sources.LevelKey {
		return ""
	}
	return sources.ParseKey(e.Entity.ID).Customer
}

// answers are what a store says as of an instant, a line for each figure.
type answers struct {
	names                                     map[string]string
	days, hours, folded, channelDays, byHours []string
}

var allDays = days(today-1, today+9)

// compare asks the store everything as of an instant.
func (w *world) compare(f *fixture, instant time.Time) {
	f.Helper()
	exact, _, err := f.Exact(ctx, instant)
	if err != nil {
		f.Fatal(err)
	}
	want := w.want(f, exact)
	got := w.got(f, instant)
	if !maps.Equal(got.names, w.asOf(instant).names) {
		f.Fatalf("names as of %s: %v, want %v", instant.Format(time.TimeOnly), got.names, w.asOf(instant).names)
	}
	for what, pair := range map[string][2][]string{
		"days": {got.days, want.days}, "hours": {got.hours, want.hours},
		"channels by day": {got.channelDays, want.channelDays}, "channels by hour": {got.byHours, want.byHours},
	} {
		same(f, what, instant, pair[0], pair[1])
	}
	if exact.Equal(instant) { // a replay shows what is kept, and nothing that was thinned
		same(f, "versions", instant, got.folded, want.folded)
	}
}

func same(f *fixture, what string, instant time.Time, got, want []string) {
	f.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		f.Fatalf("%s as of %s:\n got %q\nwant %q", what, instant.Format(time.DateTime), got, want)
	}
}

func line(about string, slot sources.Slot, m kpi.Metrics) string {
	return fmt.Sprint(about, " ", slot.Date, " ", slot.Grain, " ", slot.Hour, " ", m)
}

// got asks the store.
func (w *world) got(f *fixture, instant time.Time) answers {
	f.Helper()
	a := answers{names: map[string]string{}}
	label := map[store.EntityID]string{}
	for _, e := range must[[]store.Entity](f.T)(f.Entities(ctx, instant)) {
		label[e.ID] = labelOf(e)
		a.names[label[e.ID]] = e.Name
	}
	entities := slices.Sorted(maps.Keys(label))
	for _, total := range must[[]store.Total](f.T)(f.Days(ctx, allDays, instant, nil)) {
		a.days = append(a.days, line(label[total.Entity], day(total.Date), total.Metrics))
	}
	some, of := append([]store.EntityID{}, entities[:len(entities)/2]...), [2][]string{}
	for _, total := range must[[]store.Total](f.T)(f.Days(ctx, allDays, instant, some)) {
		of[0] = append(of[0], line(label[total.Entity], day(total.Date), total.Metrics))
	}
	for _, one := range a.days {
		if slices.ContainsFunc(some, func(id store.EntityID) bool { return strings.HasPrefix(one, label[id]+" ") }) {
			of[1] = append(of[1], one)
		}
	}
	same(f, "days of some entities", instant, of[0], of[1])
	hours := must[[]store.Version](f.T)(f.Hours(ctx, allDays, instant, nil))
	byHour := [2][]string{}
	for _, v := range must[[]store.Version](f.T)(f.Hours(ctx, allDays, instant, some)) {
		byHour[0] = append(byHour[0], line(label[v.Entity], v.Slot, v.Metrics))
	}
	for _, v := range hours {
		if slices.Contains(some, v.Entity) {
			byHour[1] = append(byHour[1], line(label[v.Entity], v.Slot, v.Metrics))
		}
	}
	same(f, "hours of some entities", instant, byHour[0], byHour[1])
	inOrder(f, hours, func(v store.Version) int { return int(v.Entity) }, func(v store.Version) sources.Slot { return v.Slot })
	for _, v := range hours {
		a.hours = append(a.hours, line(label[v.Entity], v.Slot, v.Metrics))
	}
	a.folded = fold(f, instant, f.Versions(ctx, allDays, instant), func(v store.Version) (time.Time, string, sources.Slot, kpi.Metrics) {
		return v.At, label[v.Entity], v.Slot, v.Metrics
	})
	for _, v := range must[[]store.PartVersion](f.T)(f.ChannelDays(ctx, w.channels, allDays, instant)) {
		a.channelDays = append(a.channelDays, line(partLabel(v.Part), v.Slot, v.Metrics))
	}
	channelHours := must[[]store.PartVersion](f.T)(f.ChannelHours(ctx, w.channels, allDays, instant))
	inOrder(f, channelHours, func(store.PartVersion) int { return 0 }, func(v store.PartVersion) sources.Slot { return v.Slot })
	for _, v := range channelHours {
		a.byHours = append(a.byHours, line(partLabel(v.Part), v.Slot, v.Metrics))
	}
	w.otherDefinitions(f, instant)
	return a
}

// otherDefinitions asks by channels that are not assigned: the answer is the
// same as if they were.
func (w *world) otherDefinitions(f *fixture, instant time.Time) {
	f.Helper()
	unknown := w.channels
	unknown.Hash += ", or so it says"
	for what, ask := range map[string]func(c store.Channels) ([]store.PartVersion, error){
		"day":  func(c store.Channels) ([]store.PartVersion, error) { return f.ChannelDays(ctx, c, allDays, instant) },
		"hour": func(c store.Channels) ([]store.PartVersion, error) { return f.ChannelHours(ctx, c, allDays, instant) },
	} {
		var lines [2][]string
		for i, c := range []store.Channels{w.channels, unknown} {
			for _, v := range must[[]store.PartVersion](f.T)(ask(c)) {
				lines[i] = append(lines[i], line(partLabel(v.Part), v.Slot, v.Metrics))
			}
		}
		same(f, "channels that are not assigned, by "+what, instant, lines[1], lines[0])
	}
}

func labelOf(e store.Entity) string {
	if e.Source == "shop" {
		return "shop " + e.Entity.ID + e.Action
	}
	return e.Account + " " + e.Entity.ID + "/" + e.Attribution
}

func partLabel(p store.Part) string {
	return fmt.Sprint(p.Channel, " of ", p.Source, " ", p.Account, " ", p.Fields, p.Customer, p.Pending)
}

func inOrder[T any](f *fixture, list []T, id func(T) int, slot func(T) sources.Slot) {
	f.Helper()
	if !slices.IsSortedFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(slot(a).Date, slot(b).Date), cmp.Compare(slot(a).Hour, slot(b).Hour), cmp.Compare(id(a), id(b)))
	}) {
		f.Fatal("hours are not in order")
	}
}

// fold replays versions and keeps the last one of every slot.
func fold[T any](f *fixture, instant time.Time, versions iter.Seq2[T, error], read func(T) (time.Time, string, sources.Slot, kpi.Metrics)) []string {
	f.Helper()
	folded := map[string]string{}
	var last time.Time
	for v, err := range versions {
		if err != nil {
			f.Fatal(err)
		}
		at, about, slot, m := read(v)
		if at.Before(last) || at.After(instant) {
			f.Fatalf("version %+v after %s as of %s", v, last, instant)
		}
		last = at
		folded[fmt.Sprint(about, slot)] = line(about, slot, m)
	}
	return slices.Collect(maps.Values(folded))
}

// want replays all batches in memory.
func (w *world) want(f *fixture, instant time.Time) answers {
	seen := w.asOf(instant)
	var a answers
	channelDays, byHours := map[string]sum{}, map[string]sum{}
	parts := w.parts(f)
	for entity, slots := range seen.slots {
		totals, whole := map[kpi.Date]kpi.Metrics{}, map[kpi.Date]bool{}
		for slot, m := range slots {
			a.folded = append(a.folded, line(entity, slot, m.Metrics))
			if slot.Grain == sources.Hour {
				a.hours = append(a.hours, line(entity, slot, m.Metrics))
				add(byHours, parts, entity, slot, m.Metrics)
			}
			switch {
			case slot.Grain == sources.Day:
				totals[slot.Date], whole[slot.Date] = m.Metrics, true
			case !whole[slot.Date]:
				totals[slot.Date], _ = totals[slot.Date].Add(m.Metrics)
			}
		}
		for date, total := range totals {
			a.days = append(a.days, line(entity, day(date), total))
			add(channelDays, parts, entity, day(date), total)
		}
	}
	for _, s := range channelDays {
		a.channelDays = append(a.channelDays, line(s.part, s.slot, s.metrics))
	}
	for _, s := range byHours {
		a.byHours = append(a.byHours, line(s.part, s.slot, s.metrics))
	}
	return a
}

// parts says whom entities count for: by their present names, whenever the
// question is about.
func (w *world) parts(f *fixture) map[string]string {
	parts := map[string]string{}
	for _, e := range must[[]store.Entity](f.T)(f.Entities(ctx, at(1<<20))) {
		if a := w.channels.Of(e); a.Fields != 0 {
			parts[labelOf(e)] = partLabel(store.Part{Channel: a.Channel, Source: e.Source, Account: e.Account, Fields: a.Fields, Customer: a.Customer, Pending: a.Pending})
		}
	}
	return parts
}

type sum struct {
	part    string
	slot    sources.Slot
	metrics kpi.Metrics
}

func add(sums map[string]sum, parts map[string]string, entity string, slot sources.Slot, m kpi.Metrics) {
	part, ok := parts[entity]
	if !ok {
		return
	}
	key := strings.Join([]string{part, fmt.Sprint(slot)}, " ")
	total, _ := sums[key].metrics.Add(m)
	sums[key] = sum{part, slot, total}
}
