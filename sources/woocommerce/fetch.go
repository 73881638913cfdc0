package woocommerce

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	lag        = time.Minute      // an order is in the list within seconds
	overlap    = 10 * time.Minute // read again before the newest modification seen
	sweepEvery = 24 * time.Hour
	sweepBack  = 30 * 24 * time.Hour // orders that may have changed without being modified
	pageSize   = 100
	mostPages  = 50_000
)

// reading grows when orders are read otherwise than before: then all are read again.
const reading = 2

// Fetch hands over orders. Without State it is all that were created in q.Days.
// With State it is those modified since, and those of days before the ones read so
// far; then orders outside q.Days are among them.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := httpkit.CheckEvents(platform, q); err != nil {
		return sources.Receipt{}, err
	}
	p := &poll{source: s, query: q, yield: yield, now: s.env.Now(), handed: map[int64]bool{}, foreign: map[kpi.Currency]int{}}
	terms := fmt.Sprint(s.options.Revenue, s.options.Sales, s.options.Origins, s.options.Customers, reading)
	p.before, p.after = httpkit.Recall[httpkit.Memory](q.State).Resume(&p.query, p.now, terms)
	if err := p.run(ctx); err != nil {
		return sources.Receipt{}, err
	}
	p.after.Seen = p.before.Through(p.query, p.newest, p.now, lag)
	return sources.Receipt{CompleteThrough: p.now.Add(-lag), State: httpkit.Keep(p.after), Warnings: p.warnings()}, nil
}

// poll is one Fetch under way.
type poll struct {
	*source
	query         sources.Query
	yield         func(sources.Record) error
	now           time.Time
	before, after httpkit.Memory
	handed        map[int64]bool // ids of this Fetch
	newest        time.Time      // newest modification of this Fetch
	buyers        buyers
	foreign       map[kpi.Currency]int // orders left out, by currency
}

// instant writes a bound of a list. Bounds themselves do not belong to it.
func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05") }

// run reads all that is to be read.
func (p *poll) run(ctx context.Context) error {
	days, zone := p.query.Days, p.query.Account.Zone
	if p.before.Seen == 0 {
		p.after.Swept = p.now.Unix()
		if days.Days() == 0 {
			return nil
		}
		return p.created(ctx, days.From.Start(zone), days.To.End(zone))
	}
	if p.options.Customers && days.Days() > 0 { // most of what was modified is of these days
		if err := p.readBuyers(ctx, days.From.Start(zone), days.To.End(zone)); err != nil {
			return err
		}
	}
	since := instant(time.Unix(p.before.Seen, 0).Add(-overlap))
	for _, status := range []string{"any", "trash"} {
		if err := p.list(ctx, url.Values{"modified_after": {since}, "status": {status}}); err != nil {
			return err
		}
	}
	if days.Days() > 0 && days.From < p.before.From {
		if err := p.created(ctx, days.From.Start(zone), p.before.From.Start(zone)); err != nil {
			return err
		}
	}
	p.after.Swept = p.before.Swept
	if p.now.Sub(time.Unix(p.before.Swept, 0)) < sweepEvery {
		return nil
	}
	p.after.Swept = p.now.Unix()
	from := p.now.Add(-sweepBack)
	if first := p.after.From.Start(zone); from.Before(first) {
		from = first
	}
	return p.created(ctx, from, p.now)
}

// created reads the orders created from an instant until before another.
func (p *poll) created(ctx context.Context, from, to time.Time) error {
	if p.options.Customers {
		if err := p.readBuyers(ctx, from, to); err != nil {
			return err
		}
	}
	return p.list(ctx, url.Values{"after": {instant(from.Add(-time.Second))}, "before": {instant(to)}, "status": {"any"}})
}

// list goes through a list of orders by their id.
func (p *poll) list(ctx context.Context, query url.Values) error {
	query.Set("dates_are_gmt", "true")
	query.Set("orderby", "id")
	query.Set("order", "asc")
	query.Set("_fields", orderFields)
	return p.pages(ctx, "/wc/v3/orders", query, func(scan *httpkit.Scanner) error {
		o, err := readOrder(scan)
		if scan.Err() != nil {
			return scan.Err()
		}
		if err == nil {
			err = o.whole()
		}
		if err != nil {
			return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
		}
		return p.hand(ctx, o)
	})
}

// pages goes through the pages of a list. How many there are stands in a header;
// where a server drops it, the list ends with a page that is not full.
func (s *source) pages(ctx context.Context, route string, query url.Values, read func(*httpkit.Scanner) error) error {
	query.Set("per_page", strconv.Itoa(pageSize))
	for page := 1; page <= mostPages; page++ {
		query.Set("page", strconv.Itoa(page))
		response, err := s.ask(ctx, route, query)
		if err != nil {
			if page > 1 && isBeyond(err) {
				return nil
			}
			return err
		}
		scan, n := s.client.Scan(response), 0
		for range scan.Array() {
			n++
			if err := read(scan); err != nil {
				return err
			}
		}
		if err := scan.End(); err != nil {
			return err
		}
		total, err := strconv.Atoi(response.Header.Get("X-WP-TotalPages"))
		if n == 0 || err == nil && page >= total || err != nil && n < pageSize {
			return nil
		}
	}
	return sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, mostPages)
}

// hand yields one order, once. One from before all that was asked for is left out:
// it would stand for its whole day.
func (p *poll) hand(ctx context.Context, o order) error {
	if o.modified.After(p.newest) {
		p.newest = o.modified
	}
	if p.handed[o.id] || o.created.Before(p.after.From.Start(p.query.Account.Zone)) {
		return nil
	}
	p.handed[o.id] = true
	if o.currency != p.query.Account.Currency {
		p.foreign[o.currency]++
		return nil
	}
	event, err := o.event(&p.options)
	if err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	if p.options.Customers {
		if event.Key.Customer, err = p.customer(ctx, o); err != nil {
			return err
		}
		event.New = event.Key.Customer == sources.NewCustomer
	}
	return p.yield(event)
}

// warnings tells of the orders that were left out.
func (p *poll) warnings() []string {
	if len(p.foreign) == 0 {
		return nil
	}
	var parts []string
	for currency, n := range p.foreign {
		parts = append(parts, fmt.Sprintf("%d in %s", n, sources.Clean(string(currency))))
	}
	slices.Sort(parts)
	return []string{fmt.Sprintf("Orders that are not in %s are left out: %s", p.query.Account.Currency, strings.Join(parts, ", "))}
}
