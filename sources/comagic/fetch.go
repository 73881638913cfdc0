package comagic

import (
	"context"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	longest   = 88 // days of a question: it may span three months
	pageSize  = 10_000
	mostPages = 1000
)

// poll is one Fetch under way.
type poll struct {
	*source
	query  sources.Query
	yield  func(sources.Record) error
	handed map[int64]bool
	limits limits
}

// Fetch hands over the incoming calls that began in q.Days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := httpkit.CheckEvents(platform, q); err != nil {
		return sources.Receipt{}, err
	}
	p := &poll{source: s, query: q, yield: yield, handed: map[int64]bool{}}
	asked := s.env.Now()
	for _, days := range httpkit.Pieces(q.Days, longest) {
		if err := p.list(ctx, days); err != nil {
			return sources.Receipt{}, err
		}
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, Definition().Lag, q), Quota: p.limits.quota()}, nil
}

// list goes through the calls of days, oldest first. The next page begins with the
// second in which the last call did; what comes again is handed over once.
func (p *poll) list(ctx context.Context, days kpi.DateRange) error {
	from, till := days.From.String()+" 00:00:00", days.To.String()+" 23:59:59"
	for range mostPages {
		if err := p.limits.wait(ctx, p.env); err != nil {
			return err
		}
		response, err := p.ask(ctx, "get.calls_report", map[string]any{
			"date_from": from, "date_till": till, "limit": pageSize, "fields": fields,
			"filter": map[string]string{"field": "direction", "operator": "=", "value": "in"},
			"sort":   []map[string]string{{"field": "start_time", "order": "asc"}},
		})
		if err != nil {
			return err
		}
		scan := p.client.Scan(response)
		read, err := readPage(scan, p.options.Attributes, func(c *call) error { return p.hand(c, from, till) })
		if err != nil {
			return err
		}
		p.limits = read.limits
		switch {
		case read.calls == 0, read.total.Known && int64(read.calls) >= read.total.Value:
			return nil
		case read.last == from && !read.total.Known:
			return nil
		case read.last == from:
			return sources.Errorf(sources.Malformed, "%s: of %d calls that began at %s or later, the answer holds those of one second", platform, read.total.Value, sources.Clean(from))
		}
		from = read.last
	}
	return sources.Errorf(sources.Malformed, "%s: calls of %s have more than %d pages", platform, days, mostPages)
}

// hand yields one call, once.
func (p *poll) hand(c *call, from, till string) error {
	if err := c.whole(); err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	if c.date() < from[:len(time.DateOnly)] || c.date() > till[:len(time.DateOnly)] {
		return sources.Errorf(sources.Malformed, "%s: call %d did not begin between %s and %s, as was asked for", platform, c.id, sources.Clean(from), till)
	}
	if p.handed[c.id] || c.outgoing {
		return nil
	}
	p.handed[c.id] = true
	event, err := c.event(&p.options, p.query.Account)
	if err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	return p.yield(event)
}

// page is what an answer says besides its calls.
type page struct {
	calls  int
	last   string // when its last call began
	total  httpkit.Integer
	limits limits
}

// readPage reads one page. Its calls have to come in the order of their days.
func readPage(scan *httpkit.Scanner, wanted []string, hand func(*call) error) (p page, err error) {
	listed := false
	day := ""
	for key := range scan.Object() {
		if string(key) != "result" {
			continue
		}
		for key := range scan.Object() {
			switch string(key) {
			case "data":
				listed = scan.Peek() == '['
				for range scan.Array() {
					c := readCall(scan, wanted)
					if scan.Err() != nil {
						break
					}
					if c.date() < day {
						return p, sources.Errorf(sources.Malformed, "%s: call %d comes after one of a later day", platform, c.id)
					}
					if err := hand(&c); err != nil {
						return p, err
					}
					p.calls++
					p.last, day = c.start, c.date()
				}
			case "metadata":
				p.total, p.limits = readMetadata(scan)
			}
		}
	}
	if err := scan.End(); err != nil {
		return p, err
	}
	if !listed {
		return p, sources.Errorf(sources.Malformed, "%s: answer has no list of calls", platform)
	}
	return p, nil
}

func readMetadata(scan *httpkit.Scanner) (total httpkit.Integer, l limits) {
	for key := range scan.Object() {
		switch string(key) {
		case "total_items":
			total = scan.Integer()
		case "limits":
			l = readLimits(scan)
		}
	}
	return total, l
}
