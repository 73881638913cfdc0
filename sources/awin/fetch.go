package awin

import (
	"context"
	"fmt"
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
	lag        = 3 * time.Hour // transactions are in the list within minutes to hours; of clicks it is assumed
	recentFor  = 2 * day       // transactions that come with every poll
	checkEvery = day
	checkBack  = 7 * day // validations and amendments that are looked through then
	sweepEvery = 7 * day
	sweepBack  = 90 * day
)

// memory is Receipt.State: what the next Fetch needs to know of this one.
type memory struct {
	httpkit.Memory
	Checked int64 `json:"checked"` // when validations and amendments were looked through, in Unix seconds
}

// poll is one Fetch under way.
type poll struct {
	*source
	query         sources.Query
	yield         func(sources.Record) error
	now           time.Time
	before, after memory
	handed        map[int64]bool // ids of this Fetch
	foreign       map[kpi.Currency]int
	novel         map[string]int // transactions of a status that is not known
}

// Fetch hands over transactions. Without State it is all that were made in q.Days.
// With State it is those made lately, those validated, amended or deleted since, and
// those of days before the ones read so far; then transactions outside q.Days are
// among them.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := httpkit.CheckEvents(platform, q); err != nil {
		return sources.Receipt{}, err
	}
	if !idPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account number", platform, sources.Clean(q.Account.ID))
	}
	p := &poll{source: s, query: q, yield: yield, now: s.env.Now(), handed: map[int64]bool{}, foreign: map[kpi.Currency]int{}, novel: map[string]int{}}
	p.resume()
	if err := p.run(ctx); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: p.now.Add(-lag), State: httpkit.Keep(p.after), Warnings: p.warnings()}, nil
}

// resume takes up what the last Fetch left.
func (p *poll) resume() {
	p.before = httpkit.Recall[memory](p.query.State)
	p.before.Memory, p.after.Memory = p.before.Resume(&p.query, p.now, fmt.Sprint(p.options.Side, p.options.Keys))
	p.after.Seen, p.after.Swept, p.after.Checked = p.now.Unix(), p.before.Swept, p.before.Checked
	if p.before.Seen != 0 {
		return
	}
	p.after.Swept, p.after.Checked = p.now.Unix(), p.now.Unix()
	if end := p.query.Days.To.End(p.query.Account.Zone); end.Before(p.now) {
		p.after.Seen = end.Unix() // what was made after the days of a first load is not known
	}
}

// run reads all that is to be read.
func (p *poll) run(ctx context.Context) error {
	days, zone := p.query.Days, p.query.Account.Zone
	if p.before.Seen == 0 {
		return p.list(ctx, days.From.Start(zone), days.To.End(zone), "transaction", "")
	}
	first := p.after.From.Start(zone)
	since := func(seen int64, back time.Duration) time.Time {
		from := p.now.Add(-back)
		if at := time.Unix(seen, 0).Add(-back); at.Before(from) {
			from = at
		}
		return from
	}
	swept := p.now.Sub(time.Unix(p.before.Swept, 0)) >= sweepEvery
	if !swept {
		if err := p.list(ctx, latest(first, since(p.before.Seen, recentFor)), p.now, "transaction", ""); err != nil {
			return err
		}
	}
	if days.Days() > 0 && days.From < p.before.From {
		if err := p.list(ctx, first, p.before.From.Start(zone), "transaction", ""); err != nil {
			return err
		}
	}
	if p.now.Sub(time.Unix(p.before.Checked, 0)) >= checkEvery {
		p.after.Checked = p.now.Unix()
		for _, changed := range []string{"validation", "amendment"} {
			if err := p.list(ctx, since(p.before.Checked, checkBack), p.now, changed, ""); err != nil {
				return err
			}
		}
	}
	if !swept {
		return nil
	}
	p.after.Swept = p.now.Unix()
	from := latest(first, since(p.before.Seen, sweepBack))
	if err := p.list(ctx, from, p.now, "transaction", ""); err != nil {
		return err
	}
	return p.list(ctx, from, p.now, "transaction", "deleted")
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// list reads the transactions of a span by one of their dates, some days at a time.
// The end of a question belongs to it.
func (p *poll) list(ctx context.Context, from, to time.Time, dated, status string) error {
	if latest := p.now.Add(time.Second); to.After(latest) {
		to = latest
	}
	length := time.Duration(p.options.PerCall) * day
	for ; from.Before(to); from = from.Add(length) {
		end := from.Add(length)
		if end.After(to) {
			end = to
		}
		query := url.Values{"startDate": {from.UTC().Format(timeLayout)}, "endDate": {end.Add(-time.Second).UTC().Format(timeLayout)}, "timezone": {"UTC"}, "dateType": {dated}}
		if status != "" {
			query.Set("status", status)
		}
		if err := p.read(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// read asks one question.
func (p *poll) read(ctx context.Context, query url.Values) error {
	response, err := p.ask(ctx, p.options.Side+"s/"+p.query.Account.ID+"/transactions/", query)
	if err != nil {
		return err
	}
	scan := p.client.Scan(response)
	for range scan.Array() {
		t := readTransaction(scan)
		if scan.Err() != nil {
			break
		}
		if err := p.hand(&t); err != nil {
			return err
		}
	}
	return scan.End()
}

// hand yields one transaction, once. One from before all that was asked for is left
// out: it would stand for its whole day.
func (p *poll) hand(t *transaction) error {
	if err := t.whole(); err != nil {
		return sources.Errorf(sources.Malformed, "%s: %w", platform, err)
	}
	if p.handed[t.id] || t.at.Before(p.after.From.Start(p.query.Account.Zone)) {
		return nil
	}
	p.handed[t.id] = true
	event, ok := t.event(&p.options, p.query.Account.Currency)
	if !ok {
		currency := t.commission.currency
		if currency == p.query.Account.Currency {
			currency = t.sale.currency
		}
		p.foreign[currency]++
		return nil
	}
	if _, known := t.state(); !known {
		p.novel[t.status]++
	}
	return p.yield(event)
}

// warnings tells of the transactions that were left out or do not count.
func (p *poll) warnings() (told []string) {
	var parts []string
	for currency, n := range p.foreign {
		parts = append(parts, fmt.Sprintf("%d in %s", n, sources.Clean(string(currency))))
	}
	if len(parts) > 0 {
		slices.Sort(parts)
		told = append(told, fmt.Sprintf("Transactions that are not in %s are left out: %s", p.query.Account.Currency, strings.Join(parts, ", ")))
	}
	parts = nil
	for status, n := range p.novel {
		parts = append(parts, fmt.Sprintf("%d %q", n, sources.Clean(status)))
	}
	if len(parts) > 0 {
		slices.Sort(parts)
		told = append(told, "Transactions of a status that adtop does not know do not count: "+strings.Join(parts, ", "))
	}
	return told
}
