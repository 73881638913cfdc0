package monitor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// part is what was added up of a channel, an account or a campaign, in the
// display currency.
type part struct {
	sum   kpi.Metrics // over the range
	days  map[kpi.Date]kpi.Metrics
	hours []kpi.Metrics // oldest first; nil unless they were wanted one by one
	deaf  kpi.Fields    // told by the day where hours were asked for: unknown

	pending snapshot.Undecided              // of sum
	waiting map[kpi.Date]snapshot.Undecided // of days
	// fresh are conversions of new customers in sum, and told those of which it is known
	// whose they are.
	fresh, told kpi.Micros
}

func (p *part) addDay(d kpi.Date, m kpi.Metrics, inRange bool) (err error) {
	if p.days == nil {
		p.days = map[kpi.Date]kpi.Metrics{}
	}
	if p.days[d], err = p.days[d].Add(m); err == nil && inRange {
		p.sum, err = p.sum.Add(m)
	}
	return err
}

func (p *part) addHour(m kpi.Metrics, n int, single bool) (err error) {
	if single {
		if p.hours == nil {
			p.hours = make([]kpi.Metrics, dayHours)
		}
		if p.hours[n], err = p.hours[n].Add(m); err != nil {
			return err
		}
	}
	p.sum, err = p.sum.Add(m)
	return err
}

// note keeps of what was added to the range, and of what it counted as, what is
// pending and whose it is.
func (p *part) note(of heard, reported, counted kpi.Metrics) (err error) {
	if of.pending {
		if err := addPending(&p.pending, reported, counted); err != nil {
			return err
		}
	}
	if of.part.Customer == sources.NewCustomer {
		if p.fresh, err = p.fresh.Add(counted.Conversions); err != nil {
			return err
		}
	}
	if of.part.Customer != "" {
		p.told, err = p.told.Add(counted.Conversions)
	}
	return err
}

// wait keeps what is pending of a day.
func (p *part) wait(d kpi.Date, reported, counted kpi.Metrics) error {
	if p.waiting == nil {
		p.waiting = map[kpi.Date]snapshot.Undecided{}
	}
	all := p.waiting[d]
	err := addPending(&all, reported, counted)
	p.waiting[d] = all
	return err
}

// addPending adds to what is pending.
func addPending(to *snapshot.Undecided, reported, counted kpi.Metrics) (err error) {
	if to.Reported, err = to.Reported.Add(reported); err == nil {
		to.Counted, err = to.Counted.Add(counted)
	}
	return err
}

// close takes out what is only half told.
func (p *part) close() {
	if p.deaf == 0 {
		return
	}
	for _, m := range []*kpi.Metrics{&p.sum, &p.pending.Reported, &p.pending.Counted} {
		*m = m.Only(kpi.AllFields &^ p.deaf)
	}
	if p.deaf&kpi.Conversions != 0 {
		p.fresh, p.told = 0, 0
	}
	for i := range p.hours {
		p.hours[i] = p.hours[i].Only(kpi.AllFields &^ p.deaf)
	}
}

// tally is what a pass over sums added up by channel.
type tally struct {
	question
	channels []part
	accounts []map[[2]string]*part // of the opened channels
	missing  []string              // warnings
	deaf     []string              // sources that tell no hours where some were asked for

	approvals map[[2]string]*approval
}

// known says whether anything was observed.
func (t *tally) known() bool {
	return slices.ContainsFunc(t.channels, func(p part) bool { return p.sum.Has != 0 })
}

// heard is a date of a channel's part in an account, or of an entity.
type heard struct {
	part    store.Part
	entity  store.EntityID
	date    kpi.Date
	pending bool
}

// adder adds slots to the parts that they belong to.
type adder struct {
	*ledger
	question
	hourly    map[heard]bool // what has hours on a date
	missing   map[string]bool
	deaf      map[string]bool
	approvals map[[2]string]*approval // as of the question
}

func (l *ledger) adder(q question) *adder {
	return &adder{ledger: l, question: q, hourly: map[heard]bool{}, missing: map[string]bool{}, deaf: map[string]bool{}}
}

// counted is what of an account's results counts.
func (a *adder) counted(of heard, key [2]string, m kpi.Metrics) (kpi.Metrics, error) {
	if !of.pending {
		return m, nil
	}
	age := kpi.DateOf(a.question.asOf, a.accounts[key].Zone) - of.date
	return m.Times(a.approvals[key].of(int(age)))
}

// hour adds an hour of an account to some parts.
func (a *adder) hour(of heard, key [2]string, slot sources.Slot, m kpi.Metrics, parts ...*part) error {
	account := a.accounts[key]
	a.hourly[of] = true
	if !a.windows[key].hour(slot, account.Zone) {
		return nil
	}
	m, err := a.rates.convert(m, account.Currency, slot.Date)
	if err != nil || m.Has == 0 {
		return nil // its day warns of it, or it counts elsewhere
	}
	counted, err := a.counted(of, key, m)
	if err != nil {
		return err
	}
	n, single := a.slot(slot.Start(account.Zone))
	for _, p := range parts {
		if err := errors.Join(p.addHour(counted, n, single), p.note(of, m, counted)); err != nil {
			return err
		}
	}
	return nil
}

// day adds a day, after all hours. A day without hours where some are asked for
// leaves its fields unknown.
func (a *adder) day(of heard, key [2]string, m kpi.Metrics, parts ...*part) error {
	account, w, date := a.accounts[key], a.windows[key], of.date
	m, err := a.rates.convert(m, account.Currency, date)
	if err != nil {
		a.missing[fmt.Sprintf("%s: %v", key[0], err)] = true
		return nil
	}
	if m.Has == 0 {
		return nil // counts elsewhere
	}
	deaf := w.dates(account.Zone).Contains(date) && !a.hourly[of]
	if deaf {
		a.deaf[key[0]] = true
	}
	counted, err := a.counted(of, key, m)
	if err != nil {
		return err
	}
	in := w.days.Contains(date)
	for _, p := range parts {
		if deaf {
			p.deaf |= m.Has
		}
		if err := p.addDay(date, counted, in); err != nil {
			return err
		}
		if of.pending {
			if err := p.wait(date, m, counted); err != nil {
				return err
			}
		}
		if in {
			if err := p.note(of, m, counted); err != nil {
				return err
			}
		}
	}
	return nil
}

// tally answers a question for all channels, and for the accounts of those that
// the view opens.
func (b *builder) tally(ctx context.Context, l *ledger, q question) (*tally, error) {
	days, hours := q.reads(l)
	byDay, err := b.o.Store.ChannelDays(ctx, b.channel, days, q.asOf)
	if err != nil {
		return nil, err
	}
	var byHour []store.PartVersion
	if hours.Days() > 0 {
		if byHour, err = b.o.Store.ChannelHours(ctx, b.channel, hours, q.asOf); err != nil {
			return nil, err
		}
	}
	t := &tally{question: q, channels: make([]part, len(b.o.Channels)+1), accounts: make([]map[[2]string]*part, len(b.o.Channels)+1)}
	index := map[string]int{"": len(b.o.Channels)}
	for i, ch := range b.o.Channels {
		index[ch.Name] = i
	}
	a := l.adder(q)
	if a.approvals, err = b.approvals(ctx, l, q.asOf); err != nil {
		return nil, err
	}
	for _, slots := range [][]store.PartVersion{byHour, byDay} {
		for _, v := range slots {
			key := [2]string{v.Part.Source, v.Part.Account}
			_, known := l.accounts[key]
			channel, steered := index[v.Part.Channel]
			if !known || !steered {
				continue
			}
			parts := append(make([]*part, 0, 2), &t.channels[channel])
			if l.opened[channel] {
				parts = append(parts, t.account(channel, key))
			}
			m, of := v.Metrics.Only(v.Part.Fields), heard{part: v.Part, date: v.Slot.Date, pending: v.Part.Pending}
			if v.Slot.Grain == sources.Hour {
				err = a.hour(of, key, v.Slot, m, parts...)
			} else {
				err = a.day(of, key, m, parts...)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.Part.Source, err)
			}
		}
	}
	t.close(a)
	t.approvals = a.approvals
	return t, nil
}

// account returns what is added up of an account in an opened channel.
func (t *tally) account(channel int, key [2]string) *part {
	if t.accounts[channel] == nil {
		t.accounts[channel] = map[[2]string]*part{}
	}
	if t.accounts[channel][key] == nil {
		t.accounts[channel][key] = &part{}
	}
	return t.accounts[channel][key]
}

func (t *tally) close(a *adder) {
	for i := range t.channels {
		t.channels[i].close()
		for _, p := range t.accounts[i] {
			p.close()
		}
	}
	t.missing, t.deaf = slices.Sorted(maps.Keys(a.missing)), slices.Sorted(maps.Keys(a.deaf))
}
