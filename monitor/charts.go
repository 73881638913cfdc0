package monitor

import (
	"context"
	"errors"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

const (
	chartDays    = 14  // a chart has at least
	maxChartDays = 400 // and at most: the last of the range
)

// chartOf returns the days of a range's chart.
func chartOf(r snapshot.Range, today kpi.Date) kpi.DateRange {
	days := r.Days(today)
	return kpi.DateRange{From: max(min(days.From, days.To-chartDays+1), days.To-maxChartDays+1), To: days.To}
}

// shownDays are the days that a picture shows one by one, those that a chart
// compares with among them where that reads little more.
func shownDays(v snapshot.View, today kpi.Date) kpi.DateRange {
	shown := kpi.DateRange{From: today - trendDays + 1, To: today}
	if v.Range.ByHour() {
		return shown
	}
	chart := chartOf(v.Range, today)
	shown.From = min(shown.From, chart.From)
	shift := v.Against.Shift(v.Range, v.Range.Days(today))
	if chart.To-shift+trendDays >= shown.From {
		shown.From = min(shown.From, chart.From-shift)
	}
	return shown
}

// charts fills in the series of the total and of every channel. now is what
// figures added up.
func (b *builder) charts(ctx context.Context, s *snapshot.Snapshot, l *ledger, now *tally) error {
	chart := b.dayChart
	if s.View.Range.ByHour() {
		chart = b.hourChart
	}
	fill, err := chart(ctx, s, l, now)
	if err != nil {
		return err
	}
	for i := range s.Channels {
		if err := fill(i, &s.Channels[i].Series); err != nil {
			return err
		}
	}
	return sumSeries(s)
}

// dayChart returns what fills in the series of channel i by the day.
func (b *builder) dayChart(ctx context.Context, s *snapshot.Snapshot, l *ledger, now *tally) (func(i int, to *snapshot.Series) error, error) {
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	days := s.View.Range.Days(today)
	shift, compared := s.View.Against.Shift(s.View.Range, days), s.View.Against.Of(s.View.Range, days)
	chart := chartOf(s.View.Range, today)
	before := now
	if old := (kpi.DateRange{From: chart.From - shift, To: chart.To - shift}); old.From < now.span.From {
		var err error
		if before, err = b.tally(ctx, l, question{asOf: s.AsOf, span: b.since(old)}); err != nil {
			return nil, err
		}
	}
	starts := make([][2]time.Time, 0, chart.Days())
	for d := chart.From; d <= chart.To; d++ {
		starts = append(starts, [2]time.Time{d.Start(b.o.Zone), (d - shift).Start(b.o.Zone)})
	}
	return func(i int, to *snapshot.Series) error {
		to.Slots, to.Before = make([]snapshot.Slot, len(starts)), make([]snapshot.Slot, len(starts))
		for n := range starts {
			d := chart.From + kpi.Date(n)
			old := d - shift
			to.Slots[n].Start, to.Before[n].Start = starts[n][0], starts[n][1]
			f, err := b.dayOf(s, l, i, d, now)
			to.Slots[n].Figures = f
			if !days.Contains(d) || old <= compared.To { // of a longer month, the last days have no other
				var err2 error
				to.Before[n].Figures, err2 = b.dayOf(s, l, i, old, before)
				err = errors.Join(err, err2)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// dayOf returns the figures of a channel's day, which Days mostly has already, with
// what of it is pending.
func (b *builder) dayOf(s *snapshot.Snapshot, l *ledger, i int, d kpi.Date, t *tally) (f snapshot.Figures, err error) {
	ch, p := s.Channels[i], &t.channels[i]
	if n := int(d - ch.Days[0].Date); n >= 0 && n < len(ch.Days) {
		f = ch.Days[n].Figures
	} else {
		one := kpi.DateRange{From: d, To: d}
		if f, err = b.closeBooks(ch, p.days[d], one, &l.curves[i], s.AsOf, p.days); err == nil {
			err = b.pay(&f, ch, one, s.AsOf, p.days)
		}
	}
	if waiting, some := p.waiting[d]; some && err == nil {
		f.Pending, err = earning(ch, waiting)
	}
	return f, err
}

// hourChart returns what fills in the series of channel i by the hour.
func (b *builder) hourChart(ctx context.Context, s *snapshot.Snapshot, l *ledger, now *tally) (func(i int, to *snapshot.Series) error, error) {
	days := s.View.Range.Days(kpi.DateOf(s.AsOf, b.o.Zone))
	then := s.AsOf.In(b.o.Zone).AddDate(0, 0, -int(s.View.Against.Shift(s.View.Range, days)))
	c := comparison{l: l, r: s.View.Range, against: s.View.Against, then: then}
	before, err := b.tally(ctx, l, question{asOf: s.AsOf, windows: c.windows(), span: empty, last: then})
	if err != nil {
		return nil, err
	}
	return func(i int, to *snapshot.Series) (err error) {
		to.ByHour = true
		if to.Slots, err = b.hourSlots(s, l, i, now); err == nil {
			to.Before, err = b.hourSlots(s, l, i, before)
		}
		return err
	}, nil
}

func (b *builder) hourSlots(s *snapshot.Snapshot, l *ledger, i int, t *tally) ([]snapshot.Slot, error) {
	slots, hours := make([]snapshot.Slot, dayHours), t.channels[i].hours
	for n, begin := range hourBegins(t.last, b.o.Zone) {
		slots[n].Start = begin
		if hours == nil || hours[n].Has == 0 {
			continue
		}
		f := snapshot.Figures{Metrics: hours[n], Known: true, Maturity: l.curves[i].ofHours([]time.Time{begin}, hours[n:n+1], s.AsOf)}
		var err error
		if f.Fees, err = hourFee(s.Channels[i].Economics, begin, b.o.Zone); err == nil {
			err = settle(&f, s.Channels[i])
		}
		if err != nil {
			return nil, err
		}
		slots[n].Figures = f
	}
	return slots, nil
}

// sumSeries adds up the series of all channels.
func sumSeries(s *snapshot.Snapshot) error {
	var problems []error
	add := func(sum *[]snapshot.Slot, slots []snapshot.Slot) {
		for n, slot := range slots {
			if n == len(*sum) {
				*sum = append(*sum, snapshot.Slot{Start: slot.Start})
			}
			if !slot.Figures.Known {
				continue
			}
			var err error
			(*sum)[n].Figures, err = plus((*sum)[n].Figures, slot.Figures)
			problems = append(problems, err)
		}
	}
	for _, ch := range s.Channels {
		s.Series.ByHour = ch.Series.ByHour
		add(&s.Series.Slots, ch.Series.Slots)
		add(&s.Series.Before, ch.Series.Before)
	}
	return errors.Join(problems...)
}
