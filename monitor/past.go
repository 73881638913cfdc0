package monitor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// past is the period that a range is compared with.
//
// What was watched then is taken as it was known at the same moment of it: this
// Monday until ten against last Monday until ten, equally mature. Where nobody
// watched, a period that is over is taken as it is known now; a running one
// likewise, with the hours up to the same hour of its last day, and the present
// without the hour that runs. Such a past has had longer to come in than the
// present: where the present is not mature, only what does not mature is
// compared (impressions, clicks, cost), and a warning says so.
type past struct {
	then    time.Time // the same moment of it
	before  question
	same    *question // what before compares with, where that is not the present
	late    bool      // it is known as of now
	running bool      // and ends at an hour
	byHour  bool      // it is made of hours
}

// matureEnough is from which maturity on a present is compared with a past that
// is known as of now. What is still to come is within the noise of a day.
const matureEnough = 0.95

// comparing finds the period that the view compares with, nil where there is
// none to compare with; s.Past says why.
func (b *builder) comparing(ctx context.Context, s *snapshot.Snapshot, l *ledger, watched func(then time.Time) (bool, error)) (*past, error) {
	r, against := s.View.Range, s.View.Against
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	days := r.Days(today)
	shift := against.Shift(r, days)
	then := s.AsOf.In(b.o.Zone).AddDate(0, 0, -int(shift))
	s.Past = snapshot.Past{Days: against.Of(r, days)}
	c := comparison{l: l, r: r, against: against, then: then}
	seen, err := watched(then)
	if err != nil {
		return nil, err
	}
	if seen {
		exact, _, err := b.o.Store.Exact(ctx, then)
		if err != nil {
			return nil, err
		}
		p := &past{then: then, before: question{asOf: exact, windows: c.windows(), days: s.Past.Days, span: b.capped(s.Past.Days)}, byHour: r.ByHour()}
		if lag := then.Sub(exact); lag > 0 { // the past is known a little earlier than asked for: so is the present then
			same := l.present(r, b.o.Zone, s.AsOf.Add(-lag))
			p.same = &same
		}
		s.Past.Known = exact
		return p, nil
	}
	s.Past.Known = s.AsOf
	p := &past{then: then, before: question{asOf: s.AsOf, days: s.Past.Days, span: b.capped(s.Past.Days)}, late: true, running: r.ByHour() || days.Contains(today), byHour: r.ByHour()}
	if !p.running {
		p.before.windows = c.windows()
		return p, nil
	}
	if c.through, err = b.through(ctx, s.AsOf); err != nil {
		return nil, err
	}
	same := question{asOf: s.AsOf, days: days, span: b.capped(days)}
	p.before.windows, same.windows = c.cut()
	p.same = &same
	return p, nil
}

// through returns up to when each account's figures are complete.
func (b *builder) through(ctx context.Context, asOf time.Time) (map[[2]string]time.Time, error) {
	health, err := b.o.Store.Health(ctx, asOf)
	through := map[[2]string]time.Time{}
	for _, h := range health {
		through[[2]string{h.Last.Source, h.Last.Account}] = h.Good.CompleteThrough
	}
	return through, err
}

// comparison moves the windows of a range to what it compares with.
type comparison struct {
	l       *ledger
	r       snapshot.Range
	against snapshot.Comparison
	then    time.Time
	through map[[2]string]time.Time
}

// windows are those of the whole period.
func (c comparison) windows() map[[2]string]window {
	all := map[[2]string]window{}
	for key, a := range c.l.accounts {
		w := window{days: c.against.Of(c.r, c.r.Days(kpi.DateOf(c.l.asOf, a.Zone)))}
		if c.r.ByHour() {
			w = window{empty, c.then.Add(-dayHours * time.Hour), c.then.Add(time.Hour)}
		}
		all[key] = w
	}
	return all
}

// cut returns the windows of a period and of the present that both end with the
// last hour that is complete now: at the same hour of the day, each account's own.
func (c comparison) cut() (before, same map[[2]string]window) {
	before, same = map[[2]string]window{}, map[[2]string]window{}
	for key, a := range c.l.accounts {
		now := c.l.asOf
		if through := c.through[key]; !through.IsZero() && through.Before(now) {
			now = through
		}
		if c.r.ByHour() {
			begin := c.l.asOf.Add(-dayHours * time.Hour)
			moved := c.l.asOf.Sub(c.then)
			same[key], before[key] = window{empty, begin, now}, window{empty, begin.Add(-moved), now.Add(-moved)}
			continue
		}
		today := kpi.DateOf(c.l.asOf, a.Zone)
		days := c.r.Days(today)
		shift := c.against.Shift(c.r, days)
		of, last := c.against.Of(c.r, days), today-shift
		same[key], before[key] = window{days: days}, window{days: of}
		if days.Contains(today) && of.Contains(last) {
			same[key] = window{kpi.DateRange{From: days.From, To: today - 1}, today.Start(a.Zone).Add(-1), now}
			before[key] = window{kpi.DateRange{From: of.From, To: last - 1}, last.Start(a.Zone).Add(-1), now.In(a.Zone).AddDate(0, 0, -int(shift))}
		}
	}
	return before, same
}

// compare answers the questions of a period. It returns none where there is
// nothing to compare with, and says why in s.Past.
func (b *builder) compare(ctx context.Context, s *snapshot.Snapshot, l *ledger, p *past) (before, same *tally, err error) {
	if before, err = b.tally(ctx, l, p.before); err != nil {
		return nil, nil, err
	}
	if p.same != nil {
		if same, err = b.tally(ctx, l, *p.same); err != nil {
			return nil, nil, err
		}
	}
	switch deaf := p.deaf(before, same); {
	case !before.known() && len(before.deaf) == 0:
		s.Past.Why = fmt.Sprintf("No figures are stored of %s.", spelled(s.Past.Days))
	case len(deaf) > 0:
		s.Past.Why = fmt.Sprintf("Nobody was collecting at this time on %s, and %s tells whole days only: part of a day is not compared with a whole one.",
			kpi.DateOf(p.then, b.o.Zone), strings.Join(deaf, ", "))
	case !before.known():
		s.Past.Why = fmt.Sprintf("No hours are stored of %s: %s tells whole days only.", spelled(s.Past.Days), strings.Join(before.deaf, ", "))
	default:
		return before, same, nil
	}
	s.Past.Known = time.Time{}
	return nil, nil, nil
}

// deaf names the sources that keep a period from being cut at an hour. Of a
// range by the hour, those that never tell hours are missing on both sides.
func (p *past) deaf(before, same *tally) []string {
	if !p.late || !p.running {
		return nil
	}
	deaf := slices.Clone(before.deaf)
	if p.byHour {
		return slices.DeleteFunc(deaf, func(source string) bool { return slices.Contains(same.deaf, source) })
	}
	deaf = append(deaf, same.deaf...)
	slices.Sort(deaf)
	return slices.Compact(deaf)
}

// spelled renders days for a sentence.
func spelled(days kpi.DateRange) string {
	if days.From == days.To {
		return days.From.String()
	}
	return days.From.String() + " to " + days.To.String()
}

// watchedWithin is how old the last good poll of every account may be for a
// past moment to count as watched, unless it is polled less often.
const watchedWithin = 6 * time.Hour

// watched says whether what was known at a past moment is the picture of that
// moment: every account had been polled shortly before.
func (b *builder) watched(ctx context.Context, l *ledger, then time.Time) (bool, error) {
	health, err := b.o.Store.Health(ctx, then)
	if err != nil {
		return false, err
	}
	good := map[[2]string]time.Time{}
	for _, h := range health {
		good[[2]string{h.Last.Source, h.Last.Account}] = h.Good.At
	}
	for key := range l.polled {
		if at := good[key]; at.IsZero() || then.Sub(at) > max(watchedWithin, l.every[key[0]]) {
			return false, nil
		}
	}
	return true, nil
}

// fair takes out of a past that is known as of now what the present has not had
// the time to reach, and says whether it did.
func (p *past) fair(now snapshot.Figures, before *snapshot.Figures) bool {
	if !p.late || !before.Known || now.Maturity.OK && now.Maturity.Value >= matureEnough || !now.Maturity.OK && !p.running {
		return false
	}
	return withoutResults(before)
}

// withoutResults takes out what matures, and says whether there was any of it.
func withoutResults(f *snapshot.Figures) bool {
	const matures = kpi.Conversions | kpi.Revenue | kpi.ViewThrough
	if f.Metrics.Has&matures == 0 {
		return false
	}
	f.Metrics = f.Metrics.Only(kpi.AllFields &^ matures)
	f.Contribution, f.Profit, f.Pending, f.Payable = kpi.Amount{}, kpi.Amount{}, snapshot.Undecided{}, kpi.Payable{}
	f.New, f.Told = 0, 0
	f.Known = f.Metrics.Has != 0
	return true
}
