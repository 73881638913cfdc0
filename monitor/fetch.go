package monitor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

const (
	maxInquiries = 20 // that wait at a source: the newest
	insideDays   = 62 // at most, of ad groups and ads
)

// inquiry asks for the ad groups of a campaign, the ads of an ad group, or the
// parts of a campaign.
type inquiry struct {
	inside  snapshot.Inside
	span    snapshot.Range // of the picture that shows them
	against snapshot.Comparison
}

// asked is what an inquiry asks the platform for. The parts of one campaign come
// with those of all campaigns of its account.
func asked(in snapshot.Inside) sources.Query {
	switch {
	case in.Breakdown != "":
		return sources.Query{Level: sources.LevelCampaign, Breakdown: in.Breakdown}
	case in.Group != "":
		return sources.Query{Level: sources.LevelAd, Parent: in.Group}
	}
	return sources.Query{Level: sources.LevelAdGroup, Parent: in.Campaign}
}

// whatOf names what a query asks for in a sentence.
func whatOf(q sources.Query) string {
	if q.Breakdown != "" {
		return plural(q.Level) + " by " + q.Breakdown
	}
	return plural(q.Level) + " of " + q.Parent
}

// plural names a level in a sentence.
func plural(level sources.Level) string { return strings.ReplaceAll(level.String(), "_", " ") + "s" }

// deeper says whether a poll was about ad groups or ads.
func deeper(level sources.Level) bool {
	return level == sources.LevelAdGroup || level == sources.LevelAd
}

// regularly says whether a poll was one of campaigns. Others, of accounts' totals
// and impression shares or on demand, are beside them: they tell nothing of
// channels, health and watermarks.
func regularly(level sources.Level, breakdown string) bool {
	return level != sources.LevelAccount && !deeper(level) && breakdown == ""
}

// regular leaves the polls of campaigns.
func regular(polls []store.Poll) []store.Poll {
	return slices.DeleteFunc(polls, func(p store.Poll) bool { return !regularly(p.Level, p.Breakdown) })
}

// days are those to fetch: of the picture and of what it compares with, or the
// last campaignDays, as far as insideDays reach.
func (q inquiry) days(today kpi.Date) kpi.DateRange {
	days := q.span.Days(today)
	days.To = min(days.To, today)
	if days.To < today-insideDays+campaignDays { // long ago: nothing else
		return kpi.DateRange{From: max(days.From, days.To-insideDays+1), To: days.To}
	}
	last := kpi.DateRange{From: min(days.From, today-campaignDays+1), To: today}
	if before := q.against.Of(q.span, q.span.Days(today)); before.From > today-insideDays && before.From < last.From {
		last.From = before.From
	}
	return kpi.DateRange{From: max(last.From, today-insideDays+1), To: today}
}

// inquiryOf reads an inquiry out of a command. A sender that did not say what its
// picture shows is content with the last days.
func inquiryOf(c store.Command) inquiry {
	q := inquiry{inside: fromInbox(c).Inside, span: snapshot.Ranges[0]}
	if r, err := snapshot.ParseRange(c.Args[rangeArg]); err == nil {
		q.span = r
	}
	if against, err := snapshot.ParseComparison(c.Args[againstArg]); err == nil {
		q.against = against
	}
	return q
}

// The pictures of the sender go along with an inquiry.
const (
	rangeArg   = "range"
	againstArg = "against"
)

// showing tells, with an inquiry, what range this process shows of it, or else of
// anything: the longest.
func (m *Monitor) showing(in snapshot.Inside, args map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	today := kpi.DateOf(m.o.Clock.Now(), m.o.Zone)
	var best snapshot.View
	for w := range m.watchers {
		rank := func(v snapshot.View) int { return 1000*b2i(v.Inside == in) + v.Range.Days(today).Days() }
		if best.Range == (snapshot.Range{}) || rank(w.view) > rank(best) {
			best = w.view
		}
	}
	if best.Range != (snapshot.Range{}) {
		args[rangeArg], args[againstArg] = best.Range.String(), cmp.Or(string(best.Against), "previous")
	}
}

// want leaves an inquiry with the poller of its source, in the place of an older
// one of the same that waits, and says why it cannot. Where the one under way
// covers it, the cache will answer.
func (m *Monitor) want(q inquiry) string {
	wish := asked(q.inside)
	i := slices.IndexFunc(m.o.Sources, func(s Source) bool { return s.Name == q.inside.Source })
	switch {
	case i < 0:
		return fmt.Sprintf("there is no source %q", q.inside.Source)
	case q.inside.Account == "" || q.inside.Campaign == "":
		return "it names no account or no campaign"
	case wish.Breakdown != "" && !slices.Contains(m.o.Sources[i].Definition.Breakdowns, wish.Breakdown):
		return fmt.Sprintf("%s does not split campaigns by %q", q.inside.Source, wish.Breakdown)
	case wish.Breakdown == "" && m.o.Sources[i].Definition.Deepest < wish.Level:
		return fmt.Sprintf("%s tells no %s", q.inside.Source, plural(wish.Level))
	}
	m.mu.Lock()
	waiting := slices.DeleteFunc(m.inquiries[q.inside.Source], func(other inquiry) bool { return other.inside == q.inside })
	waiting = append(waiting, q)
	m.inquiries[q.inside.Source] = waiting[max(0, len(waiting)-maxInquiries):]
	m.mu.Unlock()
	select {
	case m.inquired[q.inside.Source] <- struct{}{}:
	default:
	}
	return ""
}

// take hands out the oldest inquiry at a source that may be granted now.
func (m *Monitor) take(source string, may func(account string) bool) (inquiry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, q := range m.inquiries[source] {
		if may(q.inside.Account) {
			m.inquiries[source] = slices.Delete(m.inquiries[source], i, i+1)
			m.granting[q.inside] = true
			return q, true
		}
	}
	return inquiry{}, false
}

// granted notes that an inquiry is done with, well or badly.
func (m *Monitor) granted(q inquiry) {
	m.mu.Lock()
	delete(m.granting, q.inside)
	m.mu.Unlock()
	m.markDirty()
}

// busy are the inquiries, under m.mu, that wait or are being granted.
func (m *Monitor) busy() map[snapshot.Inside]bool {
	all := map[snapshot.Inside]bool{}
	for in := range m.granting {
		all[in] = true
	}
	for _, waiting := range m.inquiries {
		for _, q := range waiting {
			all[q.inside] = true
		}
	}
	return all
}

// grant fetches what is inquired about. It returns when to look again where a quota
// or a sign-in holds an inquiry up, else next.
func (p *poller) grant(ctx context.Context, next time.Time) time.Time {
	for ctx.Err() == nil {
		now, held := p.m.o.Clock.Now(), time.Time{}
		q, ok := p.m.take(p.src.Name, func(account string) bool {
			s := p.schedules[account]
			if s == nil || !s.held.After(now) {
				return true
			}
			if held.IsZero() || s.held.Before(held) {
				held = s.held
			}
			return false
		})
		if !ok {
			if !held.IsZero() && held.Before(next) {
				next = held
			}
			return next
		}
		if s := p.schedules[q.inside.Account]; s != nil {
			p.fetchInside(ctx, s, q)
		} else {
			p.m.o.Log.Warn("command refused", "why", fmt.Sprintf("fetch: %s has no account %q", p.src.Name, q.inside.Account))
		}
		p.m.granted(q)
	}
	return next
}

// fetchInside does one poll of ad groups, ads or parts, unless the cache has it from
// the present interval. Only a quota or a sign-in touches the regular polls.
func (p *poller) fetchInside(ctx context.Context, s *schedule, q inquiry) {
	now := p.m.o.Clock.Now()
	wish := asked(q.inside)
	days := q.days(kpi.DateOf(now, s.account.Zone))
	every, _ := p.src.interval(len(p.order))
	last, err := p.m.o.Store.Inside(ctx, p.src.Name, s.account.ID, wish, now)
	if err == nil && last.Last.Kind == 0 && now.Sub(last.Good.At) < every && covers(last.Good.Days, days) {
		return
	}
	b := store.Batch{
		Source: p.src.Name, Type: p.src.Definition.Type, Account: s.account, ObservedAt: now,
		Query: wish,
		Gives: p.src.Definition.Gives, OmitsZeros: p.src.Definition.OmitsZeros,
	}
	b.Query.Account, b.Query.Days, b.Query.Grain = s.account, days, sources.Day
	p.fetchBeside(ctx, s, &b, whatOf(wish))
}

// fetchBeside does one poll beside the regular ones and says whether it was
// good.
func (p *poller) fetchBeside(ctx context.Context, s *schedule, b *store.Batch, what string) bool {
	err := Collect(ctx, p.src.Source, b)
	if err != nil {
		err = fmt.Errorf("fetch %s in %s %s %s: %w", what, p.src.Name, s.account.ID, b.Query.Days, err)
	} else {
		b.Receipt.State = nil // that of the regular polls stays
		err = p.m.commit(ctx, *b)
	}
	if err == nil || ctx.Err() != nil {
		return err == nil
	}
	every, _ := p.src.interval(len(p.order))
	if kind := sources.KindOf(err); kind == sources.QuotaKind || kind == sources.Auth {
		s.putOff(task{history: true}, err, p.m.o.Clock.Now(), every, retryAfter(err))
	}
	p.fail(ctx, store.Failure{Account: s.account.ID, Days: b.Query.Days, Query: b.Query, Err: err})
	return false
}

// covers says whether a lies around b.
func covers(a, b kpi.DateRange) bool { return a.From <= b.From && b.To <= a.To }
