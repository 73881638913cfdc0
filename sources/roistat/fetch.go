package roistat

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	lag       = time.Hour // a deal is in the list once the CRM was asked, within minutes to an hour
	overlap   = time.Hour // of what was updated
	pageSize  = 1000      // with visits, five calls a minute may ask for so many, and one for more
	mostPages = 1000
	freely    = 4                // pages that one Fetch reads without a pause
	pause     = 15 * time.Second // before each page after these
)

const timeLayout = "2006-01-02T15:04:05-0700"

// poll is one Fetch under way.
type poll struct {
	*source
	query         sources.Query
	yield         func(sources.Record) error
	now           time.Time
	before, after httpkit.Memory
	pages         int
	handed        map[string]bool // ids of this Fetch
	novel         map[string]int  // deals of a group that is not known
}

// Fetch hands over the deals that were created in q.Days. With State it is also those
// that were updated since; then deals outside q.Days are among them.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := httpkit.CheckEvents(platform, q); err != nil {
		return sources.Receipt{}, err
	}
	if !projectPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: project %q: expected its number", platform, sources.Clean(q.Account.ID))
	}
	p := &poll{source: s, query: q, yield: yield, now: s.env.Now(), handed: map[string]bool{}, novel: map[string]int{}}
	p.resume()
	if err := p.run(ctx); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: p.now.Add(-lag), State: httpkit.Keep(p.after), Warnings: p.warnings()}, nil
}

// resume recalls what the last Fetch left, and says what this one leaves.
func (p *poll) resume() {
	terms := fmt.Sprint(p.options.Counts, p.options.Origins)
	p.before, p.after = httpkit.Recall[httpkit.Memory](p.query.State).Resume(&p.query, p.now, terms)
	p.after.Seen = p.now.Unix()
	if end := p.query.Days.To.End(p.query.Account.Zone); p.before.Seen == 0 && end.Before(p.now) {
		p.after.Seen = end.Unix() // what was created after the days of a first load is not known
	}
}

// run reads all that is to be read. A single condition stands without "and": within one
// it is refused with an internal error.
func (p *poll) run(ctx context.Context) error {
	stamp := func(at time.Time) string { return at.UTC().Format(timeLayout) }
	if days, zone := p.query.Days, p.query.Account.Zone; days.Days() > 0 {
		from, to := days.From.Start(zone).Add(-time.Second), days.To.End(zone)
		if err := p.list(ctx, map[string]any{"and": []any{[]string{"creation_date", ">", stamp(from)}, []string{"creation_date", "<", stamp(to)}}}); err != nil {
			return err
		}
	}
	if p.before.Seen == 0 {
		return nil
	}
	since := time.Unix(p.before.Seen, 0)
	if since.After(p.now) {
		since = p.now
	}
	return p.list(ctx, []any{[]string{"update_date", ">", stamp(since.Add(-overlap))}})
}

// question is the body of a list.
type question struct {
	Filters any      `json:"filters"`
	Extend  []string `json:"extend"`
	Sort    []string `json:"sort"`
	Limit   int      `json:"limit"`
	Offset  int      `json:"offset"`
}

// list goes through the pages of a list of deals, oldest first, so that new ones come
// last. Nothing ends what was updated: a deal that changes meanwhile stays in the list.
func (p *poll) list(ctx context.Context, filters any) error {
	asked := question{Filters: filters, Extend: []string{"visit"}, Sort: []string{"creation_date", "asc"}, Limit: pageSize}
	for range mostPages {
		if p.pages++; p.pages > freely {
			if err := httpkit.Wait(ctx, p.env, pause); err != nil {
				return fmt.Errorf("%s: %w", platform, err)
			}
		}
		response, err := p.client.Do(ctx, &httpkit.Request{Method: http.MethodPost, Path: "project/integration/order/list",
			Query: url.Values{"project": {p.query.Account.ID}}, Body: asked})
		if err != nil {
			return err
		}
		scan := p.client.Scan(response)
		read, total, err := page(scan, p.hand)
		if err != nil {
			return err
		}
		if asked.Offset += read; read == 0 || total.Known && int64(asked.Offset) >= total.Value {
			return nil
		}
	}
	return sources.Errorf(sources.Malformed, "%s: a list of deals has more than %d pages", platform, mostPages)
}

// page reads one page: how many deals it holds, and how many there are.
func page(scan *httpkit.Scanner, hand func(*deal) error) (read int, total httpkit.Integer, err error) {
	listed, success := false, false
	for key := range scan.Object() {
		switch string(key) {
		case "data":
			listed = scan.Peek() == '['
			for range scan.Array() {
				d := readDeal(scan)
				if scan.Err() != nil {
					break
				}
				if err := hand(&d); err != nil {
					return 0, total, err
				}
				read++
			}
		case "total":
			total = scan.Integer()
		case "status":
			success = string(scan.Text()) == "success"
		}
	}
	if err := scan.End(); err != nil {
		return 0, total, err
	}
	if !listed || !success {
		return 0, total, sources.Errorf(sources.Malformed, "%s: answer has no list of deals that succeeded", platform)
	}
	return read, total, nil
}

// hand yields one deal, once. One from before all that was asked for is left out: it
// would stand for its whole day.
func (p *poll) hand(d *deal) error {
	if err := d.whole(p.options.Counts); err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	if p.handed[d.id] || d.created.Before(p.after.From.Start(p.query.Account.Zone)) {
		return nil
	}
	p.handed[d.id] = true
	if !slices.Contains(groups, d.group) {
		p.novel[sources.Clean(d.group)]++
	}
	return p.yield(d.event(&p.options, p.query.Account.Currency))
}

// warnings tells of the deals that do not count for want of a known group.
func (p *poll) warnings() []string {
	if len(p.novel) == 0 {
		return nil
	}
	var parts []string
	for _, group := range slices.Sorted(maps.Keys(p.novel)) {
		parts = append(parts, fmt.Sprintf("%d %q", p.novel[group], group))
	}
	return []string{"Deals of a group of statuses that adtop does not know do not count: " + strings.Join(parts, ", ")}
}
