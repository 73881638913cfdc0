package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"adtop/snapshot"
)

// Bounds of what a message says, in characters. Targets cut further where
// their service takes less.
const (
	maxTold    = 10 // alerts that are told of one by one
	maxTitle   = 250
	maxSummary = 200
	maxReason  = 800
	maxLink    = 1000
)

// Render words a message about alerts as of an instant; times are printed in
// zone. The title says how bad it is and what broke, in one line. The text has a
// paragraph for each of the ten that matter most: why, since when, what to do
// first and where to look. It is plain text without control characters, for
// targets to escape. There has to be an alert; a Note is worded by who sends it.
func Render(kind Kind, cause string, alerts []Alert, at time.Time, zone *time.Location) (title, text string) {
	alerts = slices.Clone(alerts)
	slices.SortFunc(alerts, worst)
	var paragraphs []string
	for i, a := range alerts {
		if i == maxTold {
			paragraphs = append(paragraphs, fmt.Sprintf("and %d more", len(alerts)-maxTold))
			break
		}
		lines := a.lines(at, zone)
		if len(alerts) > 1 {
			lines = slices.Insert(lines, 0, a.standing()+": "+a.what())
		}
		paragraphs = append(paragraphs, strings.Join(lines, "\n"))
	}
	if kind == Fired && cause != "" && cause != firstTime {
		paragraphs = append(paragraphs, "Sent because: "+printable(cause, maxSummary))
	}
	return heading(kind, cause, alerts), strings.Join(paragraphs, "\n\n")
}

// Causes that the wording depends on.
const (
	firstTime = "first notification"
	onceMore  = "repeat interval elapsed"
)

// heading is the title, after the alert that matters most.
func heading(kind Kind, cause string, alerts []Alert) string {
	first := alerts[0]
	head := first.standing()
	switch {
	case kind == Acked && first.AckedBy != "":
		head = "Acknowledged by " + printable(first.AckedBy, maxSummary)
	case kind == Acked:
		head = "Acknowledged"
	case cause == onceMore && first.Open():
		head = "STILL " + head
	}
	title := head + ": " + first.what()
	if more := len(alerts) - 1; more > 0 {
		title += fmt.Sprintf(", and %d more", more)
	}
	return printable(title, maxTitle)
}

// standing is how bad an open alert is, and how an ended one ended.
func (a Alert) standing() string {
	switch {
	case a.Open():
		return strings.ToUpper(a.Severity.String())
	case a.State == snapshot.Retracted:
		return "Taken back"
	}
	return "Resolved"
}

// what is the alert in a line.
func (a Alert) what() string {
	return printable(cmp.Or(a.Summary, a.Subject+": "+a.Rule), maxSummary)
}

// lines are the alert's paragraph.
func (a Alert) lines(at time.Time, zone *time.Location) (lines []string) {
	add := func(before, text string, limit int) {
		if text = printable(text, limit); text != "" {
			lines = append(lines, before+text)
		}
	}
	if a.State == snapshot.Retracted {
		lines = append(lines, "It had no ground: figures that came late filled what it fired on.")
	}
	add("", a.Reason, maxReason)
	clock := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04 MST") }
	if a.Open() {
		lines = append(lines, fmt.Sprintf("Since %s (%s)", clock(a.Since), lasted(at.Sub(a.Since))))
	} else {
		lines = append(lines, fmt.Sprintf("From %s to %s (%s)", clock(a.Since), clock(a.EndedAt), lasted(a.EndedAt.Sub(a.Since))))
	}
	if a.Open() && a.Frozen != "" {
		lines = append(lines, "Nothing new can be said of it now: "+printable(a.Frozen, maxSummary))
	}
	if a.AckedBy != "" {
		add("Acked by ", strings.TrimSuffix(a.AckedBy+": "+a.AckNote, ": "), maxSummary)
	}
	if a.Open() {
		add("What to do: ", a.Runbook, maxLink)
	}
	add("Look at: ", a.Link, maxLink)
	return lines
}

// lasted prints a span by its two largest units.
func lasted(d time.Duration) string {
	minutes := int(max(d, 0) / time.Minute)
	days, hours := minutes/(24*60), minutes/60%24
	switch {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh %dm", hours, minutes%60)
	}
	return fmt.Sprintf("%dm", minutes)
}

// printable makes one line of text from outside, at most limit characters long:
// control and invisible formatting characters are dropped, line breaks and tabs
// become spaces.
func printable(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200d':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return clipped(strings.TrimSpace(text), limit)
}

// clipped cuts a text to limit characters, an ellipsis at its end.
func clipped(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}
