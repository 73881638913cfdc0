package shopify

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// reading grows when orders are read otherwise than before: then all are read again.
const reading = " 2"

// Fetch hands over orders. Without State it is all that were created in
// q.Days. With State it is those that changed since, those whose visits were
// not known yet, and those of days before the ones read so far; then orders
// outside q.Days are among them.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := httpkit.CheckEvents(platform, q); err != nil {
		return sources.Receipt{}, err
	}
	now := s.env.Now()
	p := &poll{source: s, query: q, yield: yield, now: now, handed: map[string]bool{}}
	p.before = httpkit.Recall[memory](q.State)
	p.before.Memory, p.after.Memory = p.before.Resume(&p.query, now, string(s.options.Revenue)+" "+s.options.Visit+reading)
	for _, span := range p.spans() {
		if err := p.span(ctx, span); err != nil {
			return sources.Receipt{}, err
		}
	}
	p.after.Seen = p.before.Through(p.query, p.newest, now, lag)
	return sources.Receipt{CompleteThrough: now.Add(-lag), State: httpkit.Keep(p.after), Quota: p.cost.quota(), Warnings: p.warnings}, nil
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
