package monitor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
)

const (
	digestMovers   = 5
	digestRuleDays = 90 // over which rules are judged: a week has too few alerts
)

// Digest tells what the day or week that ended with yesterday brought, as far as
// it is known now, and compares it with the one before.
func (m *Monitor) Digest(ctx context.Context, period string, now time.Time) (*snapshot.Digest, error) {
	o, b := m.current()
	yesterday := kpi.DateOf(now, o.Zone) - 1
	days := kpi.DateRange{From: yesterday, To: yesterday}
	switch period {
	case snapshot.DigestDay:
	case snapshot.DigestWeek:
		days.From -= 6
	default:
		return nil, fmt.Errorf("no digest is of a %q: expected %s or %s", period, snapshot.DigestDay, snapshot.DigestWeek)
	}
	s, err := b.build(ctx, snapshot.View{Range: snapshot.Range{Fixed: days}, Campaigns: snapshot.AllCampaigns, Ended: digestRuleDays}, now, m.status())
	if err != nil {
		return nil, err
	}
	d := &snapshot.Digest{Title: s.Title, Period: period, AsOf: s.AsOf, Days: days, Past: s.Past, Currency: s.Currency, Zone: s.Zone,
		Total: snapshot.Compared{Now: s.Total, Before: s.Before, Same: s.Same}, RuleDays: digestRuleDays, Warnings: s.Warnings}
	for _, ch := range s.Channels {
		d.Channels = append(d.Channels, digestChannel(ch, days))
	}
	for _, n := range s.Notes {
		if days.Contains(n.Date) {
			d.Notes = append(d.Notes, n)
		}
	}
	if d.Movers, err = movers(s.Channels); err != nil {
		return nil, err
	}
	digestAlerts(d, s.Alerts)
	if d.Losses, err = losses(d, s); err != nil {
		return nil, err
	}
	d.Failures, err = b.failures(ctx, days.From.Start(o.Zone), days.To.End(o.Zone))
	return d, err
}

func digestChannel(ch snapshot.Channel, days kpi.DateRange) snapshot.DigestChannel {
	d := snapshot.DigestChannel{Name: ch.Name, Compared: snapshot.Compared{Now: ch.Now, Before: ch.Before, Same: ch.Same}}
	if !ch.Unassigned {
		d.Verdict, d.P, d.Reason = ch.Verdict, ch.P, ch.Reason
	}
	known := slices.ContainsFunc(ch.Days, func(day snapshot.Day) bool { return day.Figures.Known })
	for _, day := range ch.Days {
		switch {
		case !days.Contains(day.Date):
		case !day.Figures.Known && known && !ch.Unassigned:
			d.Unknown = append(d.Unknown, day.Date)
		case day.Figures.Maturity.OK && day.Figures.Maturity.Value < matureEnough:
			d.Young = append(d.Young, day.Date)
		}
	}
	return d
}

// movers are the campaigns that changed most: those whose profit is known by it,
// the others by their cost.
func movers(channels []snapshot.Channel) (all []snapshot.Mover, err error) {
	for _, ch := range channels {
		for _, c := range ch.Campaigns {
			m := snapshot.Mover{Channel: ch.Name, Source: c.Source, Account: c.Account, Campaign: c.ID, Name: c.Name, URL: c.URL,
				Compared: snapshot.Compared{Now: c.Now, Before: c.Before, Same: c.Same}}
			now, before := m.Comparable(), m.Before
			switch {
			case c.Unlisted || !now.Known || !before.Known:
				continue
			case earned(now).Known && earned(before).Known:
				m.ByProfit = true
				m.Change, err = earned(now).Micros.Add(-earned(before).Micros)
			case now.Metrics.Knows(kpi.Cost) && before.Metrics.Knows(kpi.Cost):
				m.Change, err = now.Metrics.Cost.Add(-before.Metrics.Cost)
			}
			if err != nil {
				return nil, err
			}
			if m.Change != 0 {
				all = append(all, m)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b snapshot.Mover) int { return cmp.Compare(max(b.Change, -b.Change), max(a.Change, -a.Change)) })
	return all[:min(len(all), digestMovers)], nil
}

// earned is contribution less cost. Fixed fees belong to no campaign and to no
// trouble.
func earned(f snapshot.Figures) kpi.Amount {
	if !f.Contribution.Known || !f.Metrics.Knows(kpi.Cost) {
		return kpi.Amount{}
	}
	rest, err := f.Contribution.Micros.Add(-f.Metrics.Cost)
	return kpi.Amount{Micros: rest, Known: err == nil}
}

// digestAlerts sorts out what fired and ended within the period, and how right
// the rules were.
func digestAlerts(d *snapshot.Digest, alerts []snapshot.Alert) {
	from, to := d.Days.From.Start(d.Zone), d.Days.To.End(d.Zone)
	within := func(t time.Time) bool { return !t.IsZero() && !t.Before(from) && t.Before(to) }
	records := map[string]*snapshot.RuleRecord{}
	for _, a := range alerts {
		if a.FiredAt.IsZero() {
			continue
		}
		if within(a.FiredAt) {
			d.Fired = append(d.Fired, a)
		}
		if within(a.EndedAt) {
			d.Ended = append(d.Ended, a)
		}
		if a.FiredAt.Before(to.AddDate(0, 0, -digestRuleDays)) || !a.FiredAt.Before(to) {
			continue
		}
		r := records[a.Rule]
		if r == nil {
			r = &snapshot.RuleRecord{Rule: a.Rule}
			records[a.Rule] = r
		}
		r.Fired++
		r.True += b2i(a.Marked == snapshot.MarkedTrue)
		r.False += b2i(a.Marked == snapshot.MarkedFalse)
		r.Retracted += b2i(a.State == snapshot.Retracted)
	}
	slices.SortStableFunc(d.Fired, func(a, b snapshot.Alert) int { return a.FiredAt.Compare(b.FiredAt) })
	slices.SortStableFunc(d.Ended, func(a, b snapshot.Alert) int { return a.EndedAt.Compare(b.EndedAt) })
	for _, name := range slices.Sorted(maps.Keys(records)) {
		d.Rules = append(d.Rules, *records[name])
	}
}

// losses tells of every alert about an unprofitable channel that fired within
// the period or went on in it.
func losses(d *snapshot.Digest, s *snapshot.Snapshot) (all []snapshot.Loss, err error) {
	from, to := d.Days.From.Start(d.Zone), d.Days.To.End(d.Zone)
	for _, a := range s.Alerts {
		i := slices.IndexFunc(s.Channels, func(ch snapshot.Channel) bool { return ch.Name == a.Subject })
		over := !a.EndedAt.IsZero() && a.EndedAt.Before(from)
		if a.Rule != alert.RuleUnprofitable || i < 0 || a.FiredAt.IsZero() || !a.FiredAt.Before(to) || over {
			continue
		}
		l, err := lossOf(a, s.Channels[i].Days, d)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	slices.SortStableFunc(all, func(a, b snapshot.Loss) int { return a.FiredAt.Compare(b.FiredAt) })
	return all, nil
}

// weekBefore is how many days the usual cost of a channel is taken from.
const weekBefore = 7

// lossOf reckons by whole days of the channel: on what days the alert fired, and
// what cost a day before the trouble and after it was told.
func lossOf(a snapshot.Alert, days []snapshot.Day, d *snapshot.Digest) (l snapshot.Loss, err error) {
	l = snapshot.Loss{Channel: a.Subject, FiredAt: a.FiredAt, EndedAt: a.EndedAt, Maturity: kpi.Ratio{Value: 1, OK: true}}
	began := a.Since
	if !a.Ground.From.IsZero() && a.Ground.From.Before(began) {
		began = a.Ground.From
	}
	trouble, told := kpi.DateOf(began, d.Zone), kpi.DateOf(a.FiredAt, d.Zone)
	last := d.Days.To
	if !a.EndedAt.IsZero() {
		last = min(last, kpi.DateOf(a.EndedAt, d.Zone))
	}
	firing := sumDays(days, kpi.DateRange{From: max(told, d.Days.From), To: last})
	l.Days, l.Lost, l.Maturity = firing.days, firing.lost, firing.maturity
	before := sumDays(days, kpi.DateRange{From: trouble - weekBefore, To: trouble - 1})
	after := sumDays(days, kpi.DateRange{From: max(told+1, d.Days.From), To: last})
	wrong := sumDays(days, kpi.DateRange{From: trouble, To: told})
	l.Before, l.After = before.costADay(), after.costADay()
	switch {
	case after.days == 0:
		l.Why = "no whole day has passed since it was told"
	case !l.Before.Known || !l.After.Known:
		l.Why = "the cost of some days is not known"
	case l.After.Micros >= l.Before.Micros:
		l.Saved, l.Why = kpi.Amount{Known: true}, "its cost was not reduced"
	case !wrong.lost.Known || wrong.cost.Micros == 0:
		l.Why = "what it earned in the trouble is not known"
	case wrong.maturity.Value < matureEnough:
		l.Why = "its results are still coming in"
	default:
		rate := wrong.lost.Micros.Float() / wrong.cost.Micros.Float()
		l.Saved.Micros, err = kpi.MicrosFromFloat((l.Before.Micros - l.After.Micros).Float() * float64(after.days) * rate)
		l.Saved.Known = err == nil
	}
	return l, err
}

// daySum is what some days of a channel come to.
type daySum struct {
	days     int
	cost     kpi.Amount // unknown where that of any day is
	lost     kpi.Amount // cost less contribution, at least 0
	maturity kpi.Ratio  // the least
}

func sumDays(days []snapshot.Day, span kpi.DateRange) daySum {
	t := daySum{days: max(0, span.Days()), maturity: kpi.Ratio{Value: 1, OK: true}}
	if t.days == 0 {
		return t
	}
	t.cost.Known, t.lost.Known = true, true
	seen := 0
	var errs [2]error
	for _, day := range days {
		if !span.Contains(day.Date) {
			continue
		}
		seen++
		f := day.Figures
		profit := earned(f)
		t.cost.Known = t.cost.Known && f.Metrics.Knows(kpi.Cost)
		t.lost.Known = t.lost.Known && profit.Known
		t.cost.Micros, errs[0] = t.cost.Micros.Add(f.Metrics.Cost)
		t.lost.Micros, errs[1] = t.lost.Micros.Add(-profit.Micros)
		if errs[0] != nil || errs[1] != nil {
			t.cost.Known, t.lost.Known = false, false
		}
		if f.Maturity.OK {
			t.maturity.Value = min(t.maturity.Value, f.Maturity.Value)
		}
	}
	if seen < t.days { // longer ago than the picture reaches
		t.cost.Known, t.lost.Known = false, false
	}
	t.lost.Micros = max(0, t.lost.Micros)
	return t
}

func (t daySum) costADay() kpi.Amount {
	if t.days == 0 {
		return kpi.Amount{}
	}
	return kpi.Amount{Micros: t.cost.Micros / kpi.Micros(t.days), Known: t.cost.Known}
}

// failures tells of the sources of which a regular poll failed between two
// instants.
func (b *builder) failures(ctx context.Context, from, to time.Time) (all []snapshot.SourceFailure, err error) {
	polls, err := b.o.Store.Polls(ctx, from, to)
	if err != nil {
		return nil, err
	}
	found := map[string]*snapshot.SourceFailure{}
	since := map[[2]string]time.Time{} // of an account, and of "": the last good answer of any
	broken := map[[2]string]bool{}     // it failed after that; "": the accounts could not be listed
	down := func(key [2]string, until time.Time) {
		if broken[key] {
			f := found[key[0]]
			f.Down = max(f.Down, until.Sub(later(since[key], from)))
		}
	}
	for _, p := range regular(polls) {
		key, f := [2]string{p.Source, p.Account}, found[p.Source]
		if f == nil {
			f = &snapshot.SourceFailure{Source: p.Source}
			found[p.Source] = f
		}
		f.Polls++
		if p.Kind != 0 {
			f.Failed++
			f.Problem, broken[key] = problem(p.Kind, p.Message), true
			down(key, p.At)
			continue
		}
		for _, key := range [][2]string{key, {p.Source, ""}} {
			down(key, p.At)
			since[key], broken[key] = p.At, false
		}
	}
	for key := range broken { // that did not answer any more
		down(key, to)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if f := found[name]; f.Failed > 0 {
			all = append(all, *f)
		}
	}
	return all, nil
}
