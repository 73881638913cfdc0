package monitor

import (
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

const (
	totalsEvery = time.Hour     // how often an account's own totals are fetched beside its campaigns of today, at most
	totalsADay  = 8             // that a quota has to hold: four with all days that may change, and those until yesterday is complete
	windowEvery = 6 * time.Hour // how often the days that may still change are fetched again
	windowsADay = int(24 * time.Hour / windowEvery)
	rarely      = time.Hour // where today is polled no more often, a poll of all days that may still change stands for one of today
	chunkDays   = 30        // days of one history poll
	hourlyDays  = 62        // younger history is fetched by the hour where the platform has it
	quotaShare  = 0.8       // part of a daily quota that polling may use
	parkAtMost  = 24 * time.Hour
	// historyAgain is how long a failed poll of history waits at least.
	historyAgain = time.Hour
)

// interval returns how often a source with so many accounts is polled, and the
// reason when that is not what was wished for.
func (s Source) interval(accounts int) (time.Duration, string) {
	d := s.Definition
	every, why := s.Every, "as configured"
	if d.MinInterval > every {
		every, why = d.MinInterval, fmt.Sprintf("%s has nothing newer before %s", d.Type, short(d.MinInterval))
	}
	if calls := d.Calls * max(accounts, 1); d.DailyCalls > 0 && calls > 0 {
		if fastest := fastest(d, max(accounts, 1)); fastest > every {
			every = fastest
			why = fmt.Sprintf("%d calls a poll, and the lowest access tier allows %d a day", calls, d.DailyCalls)
		}
	}
	return every, why
}

// fastest is the shortest interval at which polling so many accounts keeps to
// the daily quota, with their totals. The polls of all days that may still change
// are among them, or beside them where today is polled often.
func fastest(d sources.Definition, accounts int) time.Duration {
	day, allowed := float64(24*time.Hour), quotaShare*float64(d.DailyCalls)
	allowed -= float64(d.Shares * accounts) // once a day
	polls, totals := float64(d.Calls*accounts), float64(d.Totals*accounts)
	if left := allowed - totalsADay*totals; left >= totalsADay*polls {
		every := time.Duration(day * polls / left)
		if every < rarely {
			every = time.Duration(day * polls / (left - float64(windowsADay)*polls))
		}
		return every.Round(time.Second)
	}
	return time.Duration(day * (polls + totals) / allowed).Round(time.Second) // each poll with totals
}

// short renders a span without trailing zeros: "15m", "1h30m", "3 days".
func short(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
	text := d.Round(time.Second).String()
	for _, tail := range []string{"m0s", "h0m"} {
		if len(text) > len(tail) && text[len(text)-len(tail):] == tail {
			text = text[:len(text)-2]
		}
	}
	return text
}

// task is one poll to do.
type task struct {
	window  bool // all days that may still change
	days    kpi.DateRange
	grain   sources.Grain
	history bool // fetched once; must not touch the state of the recurring polls
}

// schedule knows which poll of one account is due.
type schedule struct {
	source  Source
	account sources.Account
	every   time.Duration // between polls of today and yesterday
	recent  time.Time     // next poll of today and yesterday
	window  time.Time     // next poll of the days that may still change
	oldest  kpi.Date      // history is there from this day on
	history time.Time     // no poll of history before
	failed  int           // polls of today that failed in a row
	missed  int           // those of more days
	held    time.Time     // nothing is fetched on demand before: a quota or a sign-in
	through time.Time     // latest watermark: a poll of history knows nothing newer

	summed      time.Time     // when the account's totals were asked for
	whole       time.Time     // up to when they were complete
	shared      time.Time     // when impression shares were told
	sharesLater time.Time     // they are not asked for before
	owed        kpi.DateRange // days of which campaigns were polled since the last totals
}

// due returns the poll to do at now. Today's figures come first, and all else
// waits until history is allowed. Where polls are rare, one of all days that may
// still change brings today's.
func (s *schedule) due(now time.Time, history bool) (task, bool) {
	today := kpi.DateOf(now, s.account.Zone)
	d := s.source.Definition
	window := kpi.DateRange{From: today - kpi.Date(max(d.Restates, 1)), To: today}
	revisit := history && !s.window.After(now) && s.revisits(window.From, today)
	stands := revisit && (s.every >= rarely || window.From >= today-1)
	switch {
	case !s.recent.After(now) && !stands:
		return task{days: kpi.DateRange{From: today - 1, To: today}, grain: d.Grain}, true
	case revisit:
		if d.Events {
			window.From = max(window.From, s.oldest)
		}
		return task{window: true, days: window, grain: d.Grain}, true
	}
	chunk, ok := s.chunk(today)
	return chunk, ok && history && s.failed == 0 && !s.history.After(now)
}

// revisits says whether the days from one on that may still change are fetched
// again. A source of single orders hands over their changes by itself, but knows
// only of those that its state covers: once history has brought the days, it is
// asked for all of them.
func (s *schedule) revisits(from, today kpi.Date) bool {
	if !s.source.Definition.Events {
		return true
	}
	_, more := s.chunk(today)
	return s.oldest != 0 && (s.oldest <= from || !more)
}

// chunk returns the next piece of history, newest first.
func (s *schedule) chunk(today kpi.Date) (task, bool) {
	last := today - kpi.Date(s.source.History)
	if s.oldest == 0 || s.oldest <= last {
		return task{}, false
	}
	days := kpi.DateRange{From: max(last, s.oldest-chunkDays), To: s.oldest - 1}
	grain := s.source.Definition.Grain
	if days.From < today-hourlyDays {
		if border := today - hourlyDays; grain == sources.Hour && days.To >= border {
			days.From = border
		} else {
			grain = sources.Day
		}
	}
	return task{days: days, grain: grain, history: true}, true
}

// chunks counts the polls that history still takes.
func (s *schedule) chunks(today kpi.Date) (n int) {
	rest := *s
	for {
		t, ok := rest.chunk(today)
		if !ok {
			return n
		}
		rest.oldest = t.days.From
		n++
	}
}

// done notes a good poll.
func (s *schedule) done(t task, now time.Time, every time.Duration) {
	s.every, s.failed, s.held = every, 0, time.Time{}
	if t.history || t.window {
		s.missed = 0
	}
	switch {
	case t.history:
		s.oldest = t.days.From
		return
	case t.window:
		s.window = now.Add(max(windowEvery, every))
	}
	if s.oldest == 0 && (t.window || s.source.Definition.Events) {
		s.oldest = t.days.From
	}
	s.recent = now.Add(every)
}

// putOff notes a failed poll. One of more days than today and yesterday that the
// platform cannot answer holds up those alone; a quota or a sign-in holds up all
// polls.
func (s *schedule) putOff(t task, err error, now time.Time, every, retryAfter time.Duration) {
	s.every = every
	failed, more := &s.failed, t.history || t.window
	if more {
		failed = &s.missed
	}
	*failed++
	wait, kind := every, sources.KindOf(err)
	switch kind {
	case sources.QuotaKind:
		wait = max(every, retryAfter)
	case sources.Auth, sources.Permission, sources.Invalid:
		wait = max(every, 15*time.Minute) // nothing changes before a person acts
	default:
		wait = max(retryAfter, min(every<<min(*failed-1, 5), max(every, 30*time.Minute)))
	}
	again := now.Add(min(wait, parkAtMost))
	s.history = later(again, now.Add(historyAgain))
	all := kind == sources.QuotaKind || kind == sources.Auth
	if all {
		s.held = again
	}
	if all || !more {
		s.recent = later(s.recent, again)
	}
	if all || !t.history {
		s.window = later(s.window, again)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// nextAt returns when the next poll is due.
func (s *schedule) nextAt(history bool, now time.Time) time.Time {
	next := s.recent
	today := kpi.DateOf(now, s.account.Zone)
	if history && s.window.Before(next) && s.revisits(today-kpi.Date(max(s.source.Definition.Restates, 1)), today) {
		next = s.window
	}
	if _, ok := s.chunk(today); ok && history && s.failed == 0 && s.history.Before(next) {
		return later(s.history, now)
	}
	return later(next, now)
}

// totals returns the days whose totals are due with the good poll t of an
// account's campaigns, nil when none are. They are all those that were polled
// since the last totals, so that what totals and campaigns say of a day can be
// compared as of any totals. Once they hold all of yesterday there is nothing
// to compare before tomorrow.
func (s *schedule) totals(t task, now time.Time) *kpi.DateRange {
	d := s.source.Definition
	today := kpi.DateOf(now, s.account.Zone)
	switch {
	case d.Totals == 0:
		return nil
	case t.history:
		return &t.days
	case s.summed.IsZero(): // nobody knows what was missed before: the window, which follows, asks
		s.owed = kpi.DateRange{From: today - kpi.Date(max(d.Restates, 1)), To: today}
	case s.owed == (kpi.DateRange{}):
		s.owed = t.days
	}
	s.owed.From, s.owed.To = min(s.owed.From, t.days.From), max(s.owed.To, t.days.To)
	if !t.window && (s.summed.IsZero() || now.Sub(s.summed) < totalsEvery || !s.whole.Before(today.Start(s.account.Zone))) {
		return nil
	}
	s.summed = now
	days := s.owed
	return &days
}

// shares returns the days whose impression shares are due: once a day, when
// yesterday is complete.
func (s *schedule) shares(now time.Time) (days kpi.DateRange, due bool) {
	d := s.source.Definition
	today := kpi.DateOf(now, s.account.Zone)
	begun := today.Start(s.account.Zone)
	return kpi.DateRange{From: today - kpi.Date(max(d.Restates, 1)), To: today - 1},
		d.Shares > 0 && s.shared.Before(begun) && !s.through.Before(begun) && !s.sharesLater.After(now)
}

// CallsADay is how many API calls, at most, polling some accounts takes in a day once
// their history is there, apart from listing the accounts.
func (s Source) CallsADay(accounts int) (calls int) {
	d := s.Definition
	every, _ := s.interval(accounts)
	one := &schedule{source: s, account: sources.Account{Zone: time.UTC}, every: every}
	begin := kpi.NewDate(2026, 1, 1).Start(time.UTC) // any day will do
	for now := begin; now.Before(begin.Add(24 * time.Hour)); now = later(one.nextAt(true, now), now.Add(time.Second)) {
		t, due := one.due(now, true)
		if !due {
			continue
		}
		calls += d.Calls
		if t.window && d.Window > 0 {
			calls += d.Window - d.Calls
		}
		one.done(t, now, every)
		one.through = now.Add(-d.Lag)
		if one.totals(t, now) != nil {
			calls, one.whole, one.owed = calls+d.Totals, one.through, kpi.DateRange{}
		}
		if _, due := one.shares(now); due {
			calls, one.shared = calls+d.Shares, now
		}
	}
	return calls * accounts
}
