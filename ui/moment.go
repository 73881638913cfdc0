package ui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"adtop/kpi"
	"adtop/snapshot"
)

// chooseRange asks which days to show.
func (a *app) chooseRange() tea.Cmd {
	keys := "dyh7w3ml" // of snapshot.Ranges, in their order
	var choices []choice
	for i, r := range snapshot.Ranges {
		key := ""
		if i < len(keys) {
			key = keys[i : i+1]
		}
		detail := ""
		if a.snap != nil && !r.ByHour() {
			detail = spanText(r.Days(kpi.DateOf(a.dataNow(), a.zone())))
		}
		choices = append(choices, choice{label: r.Label(), detail: detail, key: key, do: func() tea.Cmd { return a.showRange(r) }})
	}
	choices = append(choices, choice{label: "Other days…", key: "o", do: func() tea.Cmd { a.askDays(); return nil }})
	a.ask(newMenu("Days", choices, slices.Index(snapshot.Ranges, a.wanted.Range)))
	return nil
}

func spanText(days kpi.DateRange) string {
	if days.From == days.To {
		return shortDate(days.From)
	}
	return shortDate(days.From) + " – " + shortDate(days.To)
}

// askDays asks for a range that has no name.
func (a *app) askDays() {
	days := a.wanted.Range.Days(kpi.DateOf(a.dataNow(), a.zone()))
	a.ask(&prompt{
		label: "days", hint: "FROM..TO as in " + days.String() + "  ↵ show", input: newInput("", 30),
		accept: func(text string) (tea.Cmd, error) {
			r, err := snapshot.ParseRange(text)
			if err != nil {
				return nil, err
			}
			return a.showRange(r), nil
		},
	})
}

// showRange asks for another range; the screen keeps the old figures, and says
// so, until the new ones are there.
func (a *app) showRange(r snapshot.Range) tea.Cmd {
	a.wanted.Range, a.reading = r, -1
	a.bridge.show(a.wanted)
	return nil
}

func (a *app) nextComparison() tea.Cmd {
	at := slices.Index(snapshot.Comparisons, a.wanted.Against)
	a.wanted.Against = snapshot.Comparisons[(at+1)%len(snapshot.Comparisons)]
	a.bridge.show(a.wanted)
	a.notice = "compared with: " + a.wanted.Against.Label()
	return nil
}

// stepUnit is how far < and > go.
type stepUnit int

const (
	byPoll stepUnit = iota
	byHour
	byDay
	stepUnits
)

func (u stepUnit) String() string { return [...]string{"poll", "hour", "day"}[u] }

// stepBack and stepForward go through past moments; forward ends at the live
// picture.
func (a *app) stepBack() tea.Cmd    { return a.showMoment(a.moment(-1)) }
func (a *app) stepForward() tea.Cmd { return a.showMoment(a.moment(+1)) }

// moment is the past moment next to the one shown; ok is false when there is
// none.
func (a *app) moment(by int) (at time.Time, ok bool) {
	from := a.wanted.AsOf
	live := from.IsZero()
	if live && by > 0 {
		return at, false
	}
	if live {
		from = a.snap.AsOf
	}
	local := from.In(a.zone())
	switch {
	case a.step == byPoll && by < 0:
		return a.snap.Earlier, !a.snap.Earlier.IsZero()
	case a.step == byPoll:
		return a.snap.Later, true // zero: live
	case a.step == byHour:
		_, beside := local.Zone() // some zones are half an hour beside the others
		offset := time.Duration(beside) * time.Second
		at = local.Add(offset).Truncate(time.Hour).Add(-offset)
		if by > 0 || at.Equal(local) {
			at = at.Add(time.Duration(by) * time.Hour)
		}
	default:
		day := kpi.DateOf(local, a.zone())
		if at = day.Start(a.zone()); by > 0 || at.Equal(local) {
			at = (day + kpi.Date(by)).Start(a.zone())
		}
	}
	if !at.Before(a.liveNow()) {
		at = time.Time{}
	}
	return at, true
}

// liveNow is the present on the data's clock, whatever is shown.
func (a *app) liveNow() time.Time {
	if a.snap.View.AsOf.IsZero() {
		return a.dataNow()
	}
	return a.lastLive
}

// showMoment asks for the picture as it was known at an instant, the zero one
// being live.
func (a *app) showMoment(at time.Time, ok bool) tea.Cmd {
	if !ok {
		a.notice = "nothing earlier is known"
		return nil
	}
	if a.wanted.AsOf.IsZero() && a.snap != nil {
		a.lastLive = a.dataNow()
	}
	a.wanted.AsOf, a.frozen, a.held = at, false, nil
	a.bridge.show(a.wanted)
	return nil
}

func (a *app) showLive() tea.Cmd { return a.showMoment(time.Time{}, true) }

func (a *app) nextStep() tea.Cmd {
	a.step = (a.step + 1) % stepUnits
	a.notice = "< and > step by " + a.step.String()
	return nil
}

// toggleFreeze stops the screen, or lets it go on.
func (a *app) toggleFreeze() tea.Cmd {
	a.frozen = !a.frozen
	if !a.frozen && a.held != nil {
		a.snap, a.received, a.held = a.held, a.heldAt, nil
		a.arrange()
	}
	return nil
}

// bandText says that what is shown is not the present, "" when it is.
func (a *app) bandText() string {
	s := a.snap
	if s == nil {
		return ""
	}
	if !s.View.AsOf.IsZero() {
		exact := ""
		switch {
		case s.Resolution >= 24*time.Hour:
			exact = ", kept by the day"
		case s.Resolution > 0:
			exact = ", kept by the hour"
		}
		return "as it was known on " + s.AsOf.In(a.zone()).Format("Mon 2 Jan 2006 15:04") + exact + " · < > by the " + a.step.String() + " (. changes it) · 0 back to now"
	}
	if a.frozen {
		return "frozen at " + s.AsOf.In(a.zone()).Format("15:04") + ": f goes on"
	}
	return ""
}
