package shopify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	lag       = time.Minute      // an order is in the list within seconds
	overlap   = 10 * time.Minute // read again before the newest change seen
	firstSize = 50               // orders of a page
	leastSize = 5                // where Shopify finds a page of 50 too dear
	chain     = 24_000           // orders read with one query; Shopify pages through 25,000 at most
)

// Fetch hands over orders. Without State it is all that were created in
// q.Days. With State it is those that changed since, those whose visits were
// not known yet, and those of days before the ones read so far; then orders
// outside q.Days are among them.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if q.Breakdown != "" {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s has no breakdown by %s", platform, q.Breakdown)
	}
	if q.Account.Zone == nil || q.Account.Currency == "" {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: account %q lacks its zone or currency", platform, sources.Clean(q.Account.ID))
	}
	now := s.env.Now()
	p := &poll{source: s, query: q, yield: yield, now: now, handed: map[string]bool{}}
	p.before, p.after = p.memories()
	for _, span := range p.spans() {
		if err := p.span(ctx, span); err != nil {
			return sources.Receipt{}, err
		}
	}
	p.after.Seen = p.through(now)
	return sources.Receipt{CompleteThrough: now.Add(-lag), State: p.after.encode(), Quota: p.cost.quota(), Warnings: p.warnings}, nil
}

// poll is one Fetch under way.
type poll struct {
	*source
	query         sources.Query
	yield         func(sources.Record) error
	now           time.Time
	before, after memory
	handed        map[string]bool // ids of this Fetch
	newest        time.Time       // newest updatedAt of this Fetch
	cost          cost
	warnings      []string
}

// through is the change up to which everything is known. What was created
// after the days of a first load has changed after their end.
func (p *poll) through(now time.Time) int64 {
	newest := p.newest
	if newest.IsZero() || newest.After(now) {
		newest = now.Add(-lag)
	}
	if end := p.query.Days.To.End(p.query.Account.Zone); p.before.Seen == 0 && newest.After(end) {
		newest = end
	}
	return max(newest.Unix(), p.before.Seen)
}

// span is a filter of orders. Bounds that are zero are open.
type span struct {
	createdFrom, createdTo time.Time
	updatedFrom            time.Time
}

func (s span) filter() string {
	const instant = "2006-01-02T15:04:05-07:00"
	filter := ""
	for _, bound := range []struct {
		name string
		at   time.Time
	}{{"created_at:>=", s.createdFrom}, {"created_at:<", s.createdTo}, {"updated_at:>=", s.updatedFrom}} {
		if !bound.at.IsZero() {
			filter += fmt.Sprintf(" %s'%s'", bound.name, bound.at.UTC().Format(instant))
		}
	}
	return filter[min(len(filter), 1):]
}

// span reads all orders of a filter, oldest change first. After as many as one
// chain of pages may hold it goes on from the last change.
func (p *poll) span(ctx context.Context, s span) error {
	for {
		last, more, err := p.pages(ctx, s)
		if err != nil || !more {
			return err
		}
		if !last.After(s.updatedFrom) {
			return sources.Errorf(sources.Malformed, "%s: more than %d orders changed at %s: Shopify does not list them all", platform, chain, last.UTC().Format(time.RFC3339))
		}
		s.updatedFrom = last
	}
}

// pages reads one chain of pages. more says that it was cut short, last is the
// newest change that it held.
func (p *poll) pages(ctx context.Context, s span) (last time.Time, more bool, err error) {
	variables := map[string]any{"q": s.filter(), "first": firstSize, "after": nil}
	for size, read := firstSize, 0; ; {
		if wait := p.cost.wait(); wait > 0 {
			if err := httpkit.Wait(ctx, p.env, wait); err != nil {
				return last, false, err
			}
		}
		var page orderPage
		e, header, err := p.ask(ctx, ordersQuery, variables, &page)
		if errors.Is(err, errTooDear) && size > leastSize {
			size = max(size/2, leastSize)
			variables["first"] = size
			continue
		}
		if err != nil {
			return last, false, err
		}
		if page.Orders == nil {
			return last, false, sources.Errorf(sources.Malformed, "%s: answer has no orders", platform)
		}
		p.cost = e.Extensions.Cost
		p.compareVersion(header.Get("X-Shopify-API-Version"))
		for _, o := range page.Orders.Nodes {
			if err := p.hand(o); err != nil {
				return last, false, err
			}
			if o.Updated.After(last) {
				last = o.Updated
			}
		}
		read += len(page.Orders.Nodes)
		next := page.Orders.Page
		switch {
		case !next.More:
			return last, false, nil
		case next.End == "" || next.End == variables["after"] || len(page.Orders.Nodes) == 0:
			return last, false, sources.Errorf(sources.Malformed, "%s: a page has no end, but says that another one follows", platform)
		case read >= chain:
			return last, true, nil
		}
		variables["after"] = next.End
	}
}

// hand yields one order, once. A change of an order from before all that was
// asked for is left out: it would stand for its whole day.
func (p *poll) hand(o order) error {
	event, err := o.event(p.query.Account.Currency, p.options)
	if err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	if o.Updated.After(p.newest) {
		p.newest = o.Updated
	}
	if p.handed[event.ID] || o.Created.Before(p.after.From.Start(p.query.Account.Zone)) {
		return nil
	}
	p.handed[event.ID] = true
	if o.awaited() && p.now.Sub(o.Created) < patience {
		p.after.await(o.Created)
	}
	return p.yield(event)
}

// compareVersion warns when Shopify answers by another version than asked, as
// it does once that has expired.
func (p *poll) compareVersion(answered string) {
	if answered == "" || answered == p.options.Version || len(p.warnings) > 0 {
		return
	}
	p.warnings = []string{fmt.Sprintf("Shopify answers by version %s, not %s: set version to a newer one", sources.Clean(answered), p.options.Version)}
}

// spans says what to read: see Fetch.
func (p *poll) spans() []span {
	days, zone := p.query.Days, p.query.Account.Zone
	if p.before.Seen == 0 {
		if days.Days() == 0 {
			return nil
		}
		return []span{{createdFrom: days.From.Start(zone), createdTo: days.To.End(zone)}}
	}
	known := p.before.From.Start(zone)
	spans := []span{{updatedFrom: time.Unix(p.before.Seen, 0).Add(-overlap)}}
	for _, hours := range p.before.awaited(p.now) {
		spans = append(spans, span{createdFrom: hours[0], createdTo: hours[1]})
	}
	if days.Days() > 0 && days.From < p.before.From {
		spans = append(spans, span{createdFrom: days.From.Start(zone), createdTo: known})
	}
	return spans
}

// reading grows when orders are read otherwise than before.
const reading = " 2"

// memories returns what the last Fetch left, and the beginning of what this
// one leaves. When the options that make up an event have changed, or how it is
// read, all orders known so far are read again.
func (p *poll) memories() (before, after memory) {
	terms := string(p.options.Revenue) + " " + p.options.Visit + reading
	before = decodeMemory(p.query.State)
	if before.Seen != 0 && before.Terms != terms {
		p.query.Days = kpi.DateRange{From: min(before.From, p.query.Days.From), To: max(kpi.DateOf(p.now, p.query.Account.Zone), p.query.Days.To)}
		before = memory{}
	}
	after = memory{From: p.query.Days.From, Terms: terms}
	if before.Seen != 0 {
		after.From = min(before.From, p.query.Days.From)
		if p.query.Days.Days() == 0 {
			after.From = before.From
		}
	}
	return before, after
}
