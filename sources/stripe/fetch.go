package stripe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	lag         = time.Minute      // a payment is in the list within seconds
	overlap     = 10 * time.Minute // read again before the newest object seen
	sweepEvery  = 24 * time.Hour
	changesFor  = 30 * 24 * time.Hour  // payments and refunds that may still change by themselves
	disputesFor = 120 * 24 * time.Hour // and disputes that may still end
)

// Fetch hands over payments. Without State it is all that were made in q.Days.
// With State it is those made since, those refunded or disputed since, and those of
// days before the ones read so far; then payments outside q.Days are among them.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := httpkit.CheckEvents(platform, q); err != nil {
		return sources.Receipt{}, err
	}
	p := &poll{source: s, query: q, yield: yield, now: s.env.Now(), handed: map[string]bool{}, foreign: map[kpi.Currency]int{}}
	p.before, p.after = httpkit.Recall[httpkit.Memory](q.State).Resume(&p.query, p.now, fmt.Sprint(s.options.Revenue, s.options.UTM, s.options.Metadata))
	if err := p.run(ctx); err != nil {
		return sources.Receipt{}, err
	}
	var newest time.Time
	if p.newest != 0 {
		newest = time.Unix(p.newest, 0)
	}
	p.after.Seen = p.before.Through(p.query, newest, p.now, lag)
	return sources.Receipt{CompleteThrough: p.now.Add(-lag), State: httpkit.Keep(p.after), Warnings: p.warnings()}, nil
}

// poll is one Fetch under way.
type poll struct {
	*source
	query         sources.Query
	yield         func(sources.Record) error
	now           time.Time
	before, after httpkit.Memory
	handed        map[string]bool // ids of this Fetch
	newest        int64           // newest creation that was read
	sessions      sessions
	foreign       map[kpi.Currency]int // payments left out, by currency
}

// run reads all that is to be read, by the lists that tell of it.
func (p *poll) run(ctx context.Context) error {
	days, zone := p.query.Days, p.query.Account.Zone
	if p.before.Seen == 0 {
		p.after.Swept = p.now.Unix()
		if days.Days() == 0 {
			return nil
		}
		return p.payments(ctx, days.From.Start(zone), days.To.End(zone))
	}
	since := time.Unix(p.before.Seen, 0).Add(-overlap)
	payments, refunds, disputes := since, since, since
	p.after.Swept = p.before.Swept
	if p.now.Sub(time.Unix(p.before.Swept, 0)) >= sweepEvery {
		p.after.Swept = p.now.Unix()
		payments, refunds, disputes = p.longAgo(since, changesFor), p.longAgo(since, changesFor), p.longAgo(since, disputesFor)
	}
	if err := p.payments(ctx, payments, time.Time{}); err != nil {
		return err
	}
	if days.Days() > 0 && days.From < p.before.From {
		if err := p.payments(ctx, days.From.Start(zone), p.before.From.Start(zone)); err != nil {
			return err
		}
	}
	if err := p.changed(ctx, "v1/refunds", refunds); err != nil {
		return err
	}
	return p.changed(ctx, "v1/disputes", disputes)
}

// longAgo is so long before now, but no later than since and not before the first
// day that counts.
func (p *poll) longAgo(since time.Time, ago time.Duration) time.Time {
	from := p.now.Add(-ago)
	if first := p.after.From.Start(p.query.Account.Zone); from.Before(first) {
		from = first
	}
	if since.Before(from) {
		return since
	}
	return from
}

// hand yields one payment, once. One from before all that was asked for is left
// out: it would stand for its whole day.
func (p *poll) hand(ctx context.Context, c charge) error {
	if err := c.whole(); err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	p.newest = max(p.newest, c.created)
	if p.handed[c.id] || c.created < p.after.From.Start(p.query.Account.Zone).Unix() {
		return nil
	}
	withheld, err := p.withheld(ctx, c)
	if err != nil {
		return err
	}
	if p.options.UTM == "checkout" {
		if c.origin, err = p.sessionOf(ctx, c); err != nil {
			return err
		}
	}
	event, ok, err := c.event(p.query.Account.Currency, p.options.Revenue, withheld)
	if err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	p.handed[c.id] = true
	if !ok {
		p.foreign[c.currency]++
		return nil
	}
	return p.yield(event)
}

// warnings tells of the payments that were left out.
func (p *poll) warnings() []string {
	if len(p.foreign) == 0 {
		return nil
	}
	var parts []string
	for currency, n := range p.foreign {
		parts = append(parts, fmt.Sprintf("%d in %s", n, currency))
	}
	slices.Sort(parts)
	return []string{fmt.Sprintf("Payments that did not settle in %s are left out: %s", p.query.Account.Currency, strings.Join(parts, ", "))}
}
