package monitor

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

const (
	approvalDays = 400 // age of the events that approval is learnt from
	oldestAge    = 180 // days after which a pending event is judged like one of this age
	// approvalPrior is for how many decided events the share stands that is assumed,
	// and the share of all events for those of one age.
	approvalPrior = 20
)

// fates are how the events of an account fared, as far as they are known at an
// instant: what approval as of any earlier one is learnt from.
type fates []store.StatusVersion // event by event, in the order of observation

// readFates reads what is known of an account's events at an instant.
func readFates(ctx context.Context, s store.Store, source, account string, at time.Time) (fates, error) {
	var f fates
	for v, err := range s.Statuses(ctx, source, account, at.AddDate(0, 0, -approvalDays), at) {
		if err != nil {
			return nil, err
		}
		f = append(f, v)
	}
	return f, nil
}

// approval says how much of what is pending will be approved.
type approval struct {
	told  snapshot.Approval
	byAge []kpi.Micros // share by age in whole days
}

// of returns the share of events pending at an age that end approved.
func (a *approval) of(age int) kpi.Micros {
	if a == nil {
		return kpi.MicrosPerUnit
	}
	return a.byAge[max(0, min(age, oldestAge))]
}

// learn estimates approval from what was known at an instant.
//
// An event that was seen pending is at risk from that age on until it is decided.
// With hᵃ and hʳ the shares of those at risk that are approved and rejected at an age,
// the chance to end approved is Fᵃ(d) = hᵃ(d) + (1−hᵃ(d)−hʳ(d))·Fᵃ(d+1), likewise Fʳ,
// and the share at age d is Fᵃ/(Fᵃ+Fʳ): the cumulative incidence of competing risks
// (Aalen and Johansen 1978), in which events that are still pending bias nothing.
// The shares of single ages are drawn to that of all decided events, which is drawn to
// the assumed one, each as if it stood for approvalPrior more.
func (f fates) learn(at time.Time, assumed kpi.Micros) *approval {
	var risk, approved, rejected [oldestAge + 1]float64
	a := &approval{told: snapshot.Approval{Assumed: assumed.Float(), Behind: approvalPrior}, byAge: make([]kpi.Micros, oldestAge+1)}
	for n := 0; n < len(f); {
		next := n + 1
		for next < len(f) && f[next].Event == f[n].Event {
			next++
		}
		e, ok := fate(f[n:next], at)
		n = next
		switch {
		case !ok:
			continue
		case e.decided && e.approved:
			a.told.Approved++
		case e.decided:
			a.told.Rejected++
		}
		if !e.watched {
			continue
		}
		for age := e.from; age <= e.to; age++ {
			risk[age]++
		}
		if e.decided && e.approved {
			approved[e.to]++
		} else if e.decided {
			rejected[e.to]++
		}
	}
	drawn := func(share, n, to float64) float64 { return (share*n + to*approvalPrior) / (n + approvalPrior) }
	all := assumed.Float()
	if n := float64(a.told.Approved + a.told.Rejected); n > 0 {
		all = drawn(float64(a.told.Approved)/n, n, all)
	}
	var good, bad, behind float64
	for age := oldestAge; age >= 0; age-- {
		if risk[age] > 0 {
			stay := 1 - (approved[age]+rejected[age])/risk[age]
			good, bad = approved[age]/risk[age]+stay*good, rejected[age]/risk[age]+stay*bad
			behind += approved[age] + rejected[age]
		}
		share := all
		if good+bad > 0 {
			share = drawn(good/(good+bad), behind, all)
		}
		a.byAge[age] = kpi.Micros(share*kpi.MicrosPerUnit + 0.5)
	}
	return a
}

// fated is what is known of one event.
type fated struct {
	watched           bool // it was seen pending
	from, to          int  // ages in days at which it was
	decided, approved bool
}

// fate reads the versions of one event that were known at an instant. One that was
// decided when it was first seen counts if it was old by then: it was fetched later,
// and pending before. A young one was never pending.
func fate(versions []store.StatusVersion, at time.Time) (e fated, ok bool) {
	age := func(when time.Time, made time.Time) int {
		return max(0, min(int(when.Sub(made)/(24*time.Hour)), oldestAge))
	}
	for _, v := range versions {
		if v.At.After(at) {
			break
		}
		pending := v.Status == sources.Pending
		switch {
		case v.Status == sources.Test:
			return fated{}, false
		case !ok && !pending && v.At.Sub(v.Made) < backfilled:
			return fated{}, false
		case pending && !e.watched:
			e.watched, e.from = true, age(v.At, v.Made)
		}
		if !pending && !e.decided {
			e.to = age(v.At, v.Made)
		}
		ok, e.decided, e.approved = true, !pending, v.Status == sources.Approved
	}
	if ok && !e.decided {
		e.to = age(at, versions[0].Made)
	}
	return e, ok
}

// assumedApproval is what the definition of a source assumes, 0 where its pending
// events count in full.
func (o *Options) assumedApproval(source string) kpi.Micros {
	i := slices.IndexFunc(o.Sources, func(s Source) bool { return s.Name == source })
	if i < 0 {
		return 0
	}
	return o.Sources[i].Definition.Approval
}

// learntOf is an account and the full hour as of which its approval is learnt: all
// pictures of an hour share it.
type learntOf struct {
	source, account string
	hour            int64 // Unix seconds
}

// maxLearnt bounds what is remembered of them.
const maxLearnt = 256

// approvals returns how much of what is pending counts as of an instant, by account.
func (b *builder) approvals(ctx context.Context, l *ledger, asOf time.Time) (map[[2]string]*approval, error) {
	all := map[[2]string]*approval{}
	for key := range l.accounts {
		assumed := b.o.assumedApproval(key[0])
		if assumed == 0 {
			continue
		}
		var err error
		if all[key], err = b.approval(ctx, key, asOf.UTC().Truncate(time.Hour), assumed); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (b *builder) approval(ctx context.Context, key [2]string, hour time.Time, assumed kpi.Micros) (*approval, error) {
	of := learntOf{key[0], key[1], hour.Unix()}
	b.learning.Lock()
	defer b.learning.Unlock()
	if a := b.learnt[of]; a != nil {
		return a, nil
	}
	f, err := readFates(ctx, b.o.Store, key[0], key[1], hour)
	if err != nil {
		return nil, err
	}
	if b.learnt == nil || len(b.learnt) >= maxLearnt {
		b.learnt = map[learntOf]*approval{}
	}
	a := f.learn(hour, assumed)
	a.told.Source, a.told.Account = key[0], key[1]
	b.learnt[of] = a
	return a, nil
}

// readFates reads what a replay up to an instant learns approval from.
func (w *weigher) readFates(ctx context.Context, now time.Time) (err error) {
	for key := range w.accounts {
		if w.o.assumedApproval(key[0]) != 0 && err == nil {
			w.fates[key], err = readFates(ctx, w.o.Store, key[0], key[1], now)
		}
	}
	return err
}

// learn brings approval up to the day, UTC, in which an instant lies, as it was known
// when that began, and tells the detectors anew what is pending: it is a day older.
// Campaigns that have some of it read it anew with the next round.
func (w *weigher) learn(ctx context.Context, at time.Time) error {
	today := kpi.DateOf(at, time.UTC)
	if today <= w.learnt {
		return nil
	}
	w.learnt = today
	begin := today.Start(time.UTC)
	for key := range w.accounts {
		assumed := w.o.assumedApproval(key[0])
		if assumed == 0 {
			continue
		}
		f, read := w.fates[key]
		if !read {
			var err error
			if f, err = readFates(ctx, w.o.Store, key[0], key[1], begin); err != nil {
				return err
			}
		}
		w.approval[key] = f.learn(begin, assumed)
	}
	keys := slices.SortedFunc(maps.Keys(w.pending), func(a, b partKey) int {
		return cmp.Or(cmp.Compare(a.part.Channel, b.part.Channel), cmp.Compare(a.slot.Date, b.slot.Date), cmp.Compare(a.slot.Hour, b.slot.Hour),
			cmp.Compare(a.part.Source, b.part.Source), cmp.Compare(a.part.Account, b.part.Account), cmp.Compare(a.part.Fields, b.part.Fields), cmp.Compare(a.part.Customer, b.part.Customer))
	})
	for _, key := range keys {
		v := w.pending[key]
		v.At = at
		w.tell(v)
	}
	for _, c := range w.channels {
		c.reread = c.reread || slices.ContainsFunc(c.campaigns, (*weighedCampaign).waits)
	}
	return nil
}

// approvedAt is the share of a version's pending results that counts on the day
// learnt.
func (w *weigher) approvedAt(v store.PartVersion) kpi.Micros {
	key := [2]string{v.Part.Source, v.Part.Account}
	assumed := w.o.assumedApproval(key[0])
	if w.approval[key] == nil && assumed != 0 { // an account that appeared today
		w.approval[key] = fates(nil).learn(v.At, assumed)
	}
	return w.approval[key].of(int(w.learnt - v.Slot.Date))
}

// approved lists what is known of approval at the accounts that a channel takes its
// results from.
func (t *tally) approved(ch snapshot.Channel) (all []snapshot.Approval) {
	for key, a := range t.approvals {
		if slices.Contains(ch.CountedBy, key[0]) {
			all = append(all, a.told)
		}
	}
	slices.SortFunc(all, func(a, b snapshot.Approval) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Account, b.Account))
	})
	return all
}
