package impact

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	day        = 24 * time.Hour
	lag        = time.Hour // an action is in the list within minutes to an hour
	recentFor  = 2 * day   // actions that come with every poll
	overlap    = time.Hour // of the journal
	sweepEvery = 7 * day
	sweepBack  = 90 * day
	nearby     = 3       // days that the journal names are read together when no more lie between
	pageSize   = "10000" // a question may have ten pages
	mostPages  = 1000
)

// Accounts returns the account that the options describe.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	return []sources.Account{s.account}, ctx.Err()
}

// poll is one Fetch under way.
type poll struct {
	*source
	query         sources.Query
	yield         func(sources.Record) error
	now           time.Time
	before, after httpkit.Memory
	handed        map[string]bool      // ids of this Fetch
	changed       map[string]time.Time // actions that the journal names, with their dates
	foreign       map[string]int       // actions left out, by currency
	novel         map[string]int       // actions of a state that is not known
}

// Fetch hands over actions. Without State it is all of q.Days. With State it is those
// made lately, those that the journal names, and those of days before the ones read so
// far; then actions outside q.Days are among them.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := httpkit.CheckEvents(platform, q); err != nil {
		return sources.Receipt{}, err
	}
	if q.Account.ID != s.account.ID {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: no account %q: the token is of %s", platform, sources.Clean(q.Account.ID), s.account.ID)
	}
	p := &poll{source: s, query: q, yield: yield, now: s.env.Now(), handed: map[string]bool{}, changed: map[string]time.Time{}, foreign: map[string]int{}, novel: map[string]int{}}
	p.resume()
	if err := p.run(ctx); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: p.now.Add(-lag), State: httpkit.Keep(p.after), Warnings: p.warnings()}, nil
}

// resume takes up what the last Fetch left.
func (p *poll) resume() {
	terms := fmt.Sprint(p.options.Side, p.options.Program, p.options.Keys)
	p.before, p.after = httpkit.Recall[httpkit.Memory](p.query.State).Resume(&p.query, p.now, terms)
	p.after.Seen, p.after.Swept = p.now.Unix(), p.before.Swept
	if p.before.Seen != 0 {
		return
	}
	p.after.Swept = p.now.Unix()
	if end := p.query.Days.To.End(p.account.Zone); end.Before(p.now) {
		p.after.Seen = end.Unix() // what was made after the days of a first load is not known
	}
}

// run reads all that is to be read.
func (p *poll) run(ctx context.Context) error {
	days, zone := p.query.Days, p.account.Zone
	if p.before.Seen == 0 {
		return p.actions(ctx, days.From.Start(zone), days.To.End(zone), nil)
	}
	first, seen := p.after.From.Start(zone), time.Unix(p.before.Seen, 0)
	if seen.After(p.now) {
		seen = p.now
	}
	back := recentFor
	if p.now.Sub(time.Unix(p.before.Swept, 0)) >= sweepEvery {
		p.after.Swept, back = p.now.Unix(), sweepBack
	}
	recent := seen.Add(-back)
	if recent.Before(first) {
		recent = first
	}
	if err := p.actions(ctx, recent, p.now, nil); err != nil {
		return err
	}
	if days.Days() > 0 && days.From < p.before.From {
		if err := p.actions(ctx, first, p.before.From.Start(zone), nil); err != nil {
			return err
		}
	}
	if err := p.journal(ctx, seen.Add(-overlap)); err != nil {
		return err
	}
	for _, span := range p.changedDays() {
		if err := p.actions(ctx, span.From.Start(zone), span.To.End(zone), p.changed); err != nil {
			return err
		}
	}
	return nil
}

// changedDays are the days of the actions that the journal names and that were not
// read yet, with days nearby in one span.
func (p *poll) changedDays() []kpi.DateRange {
	days := map[kpi.Date]bool{}
	for id, at := range p.changed {
		if d := kpi.DateOf(at, p.account.Zone); !p.handed[id] && d >= p.after.From {
			days[d] = true
		}
	}
	var spans []kpi.DateRange
	for _, d := range slices.Sorted(maps.Keys(days)) {
		if n := len(spans); n > 0 && d-spans[n-1].To <= nearby {
			spans[n-1].To = d
		} else {
			spans = append(spans, kpi.DateRange{From: d, To: d})
		}
	}
	return spans
}

// journal notes the actions that changed since an instant.
func (p *poll) journal(ctx context.Context, since time.Time) error {
	return p.pieces(since, p.now, 30, func(from, to string) error {
		return p.pages(ctx, "/ActionUpdates", url.Values{"StartDate": {from}, "EndDate": {to}}, "ActionUpdates", func(scan *httpkit.Scanner) error {
			var id string
			var at time.Time
			for key := range scan.Object() {
				switch string(key) {
				case "ActionId":
					id = string(scan.Text())
				case "ActionDate":
					at = readTime(scan)
				}
			}
			if scan.Err() == nil && (id == "" || at.IsZero()) {
				return sources.Errorf(sources.Malformed, "%s: an update lacks its ActionId or ActionDate", platform)
			}
			p.changed[id] = at
			return nil
		})
	})
}

// actions hands over the actions of a span, or those of them that only names.
func (p *poll) actions(ctx context.Context, from, to time.Time, only map[string]time.Time) error {
	return p.pieces(from, to, p.options.PerCall, func(from, to string) error {
		return p.pages(ctx, "/Actions", url.Values{"ActionDateStart": {from}, "ActionDateEnd": {to}}, "Actions", func(scan *httpkit.Scanner) error {
			a := readAction(scan)
			if scan.Err() != nil {
				return nil
			}
			if _, wanted := only[a.id]; only != nil && !wanted {
				return nil
			}
			return p.hand(&a)
		})
	})
}

// pieces cuts a span into questions of some days. The end of a question belongs to it.
func (p *poll) pieces(from, to time.Time, days int, ask func(from, to string) error) error {
	if latest := p.now.Add(time.Second); to.After(latest) {
		to = latest
	}
	for ; from.Before(to); from = from.Add(time.Duration(days) * day) {
		end := from.Add(time.Duration(days) * day)
		if end.After(to) {
			end = to
		}
		if err := ask(from.UTC().Format(time.RFC3339), end.Add(-time.Second).UTC().Format(time.RFC3339)); err != nil {
			return err
		}
	}
	return nil
}

// pages goes through the pages of a list. Of the address of the next one only the
// parameters are taken: its host and path are known.
func (p *poll) pages(ctx context.Context, path string, query url.Values, list string, read func(*httpkit.Scanner) error) error {
	query.Set("PageSize", pageSize)
	if p.options.Program != "" {
		query.Set("CampaignId", p.options.Program)
	}
	for range mostPages {
		response, err := p.client.Do(ctx, &httpkit.Request{Path: p.root + path, Query: query})
		if err != nil {
			return err
		}
		next, err := page(p.client.Scan(response), list, read)
		if err != nil || next == "" {
			return err
		}
		address, err := url.Parse(next)
		if err != nil || address.RawQuery == query.Encode() {
			return sources.Errorf(sources.Malformed, "%s: the page after one of %s leads to itself or nowhere", platform, list)
		}
		query = address.Query()
	}
	return &sources.Error{Kind: sources.Malformed, Next: "lower days_per_call", Err: fmt.Errorf("%s: %s of one question have more than %d pages", platform, list, mostPages)}
}

// page reads one page and returns the address of the next, "" after the last.
func page(scan *httpkit.Scanner, list string, read func(*httpkit.Scanner) error) (next string, err error) {
	listed := false
	for key := range scan.Object() {
		switch string(key) {
		case "@nextpageuri":
			next = string(scan.Text())
		case list:
			listed = scan.Peek() == '['
			for range scan.Array() {
				if err := read(scan); err != nil {
					return "", err
				}
			}
		}
	}
	if err := scan.End(); err != nil {
		return "", err
	}
	if !listed {
		return "", sources.Errorf(sources.Malformed, "%s: answer has no list of %s", platform, list)
	}
	return next, nil
}

// hand yields one action, once. One from before all that was asked for is left out: it
// would stand for its whole day.
func (p *poll) hand(a *action) error {
	if err := a.whole(); err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	if p.handed[a.id] || a.at.Before(p.after.From.Start(p.account.Zone)) {
		return nil
	}
	p.handed[a.id] = true
	if a.currency != p.account.Currency {
		p.foreign["in "+sources.Clean(string(a.currency))]++
		return nil
	}
	if _, known := a.status(); !known {
		p.novel[sources.Clean(a.state)]++
	}
	return p.yield(a.event(&p.options))
}

// warnings tells of the actions that were left out or do not count.
func (p *poll) warnings() (told []string) {
	if len(p.foreign) > 0 {
		told = append(told, fmt.Sprintf("Actions that are not in %s are left out: %s", p.account.Currency, counted(p.foreign)))
	}
	if len(p.novel) > 0 {
		told = append(told, "Actions of a state that adtop does not know do not count: "+counted(p.novel))
	}
	return told
}

func counted(by map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d %s", by[name], name))
	}
	return strings.Join(parts, ", ")
}
