package ui

import (
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"adtop/kpi"
	"adtop/snapshot"
)

// askNote asks for a note on the day that is read in the chart, else on today.
func (a *app) askNote() tea.Cmd {
	day := kpi.DateOf(a.dataNow(), a.zone())
	name := ""
	if c := a.channelInReach(); c != nil {
		name = c.Name
	}
	if a.place.screen != alerts {
		if s := a.chartSeries(); a.reading >= 0 && a.reading < len(s.Slots) {
			day = kpi.DateOf(s.Slots[a.reading].Start, a.zone())
		}
	}
	where := name
	if where == "" {
		where = "all channels"
	}
	a.ask(&prompt{
		label: "note on " + where + ", " + shortDate(day) + ":", hint: "2026-11-24 … in front: another day  * in front: all channels", input: newInput("", maxNote+16),
		accept: func(text string) (tea.Cmd, error) {
			command, err := noteCommand(text, name, day)
			if err != nil {
				return nil, err
			}
			command.By = a.o.User
			return a.send("note sent", command), nil
		},
	})
	return nil
}

// noteCommand reads what was typed: a "*" in front means all channels, a date
// another day, in either order.
func noteCommand(text, channel string, day kpi.Date) (snapshot.Command, error) {
	text = strings.TrimSpace(text)
	star := func() {
		if rest, all := strings.CutPrefix(text, "*"); all {
			text, channel = strings.TrimSpace(rest), ""
		}
	}
	star()
	if first, rest, _ := strings.Cut(text, " "); len(first) == len("2026-11-24") {
		if d, err := kpi.ParseDate(first); err == nil {
			text, day = strings.TrimSpace(rest), d
			star()
		}
	}
	switch {
	case text == "":
		return snapshot.Command{}, errors.New("write what happened, or leave with esc")
	case len([]rune(text)) > maxNote:
		return snapshot.Command{}, fmt.Errorf("a note has at most %d characters", maxNote)
	}
	return snapshot.Command{Verb: "note", ID: channel, On: day.String(), Note: text}, nil
}

// noteText is a note in a line.
func noteText(n snapshot.Note) string {
	text := shortDate(n.Date) + " " + n.Text
	if n.By != "" {
		text += " (" + n.By + ")"
	}
	return text
}
