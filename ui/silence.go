package ui

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"adtop/snapshot"
)

// silenceEditor writes a silence: which alerts it matches, until when, why.
type silenceEditor struct {
	labels []string // of the fields, in their order; the last two are until and note
	fields []input
	times  []ahead
	until  int // of times
	at     int
	err    error
}

// matchedLabels are the labels that a silence is written with.
var matchedLabels = []string{"rule", "channel", "source", "severity"}

// editSilence begins with what fits the selected alert.
func (a *app) editSilence() tea.Cmd {
	alert := a.alertSelected()
	d := &silenceEditor{times: a.timesAhead(), until: 1}
	for _, label := range matchedLabels {
		value := alert.Labels[label]
		switch {
		case label == "rule":
			value = alert.Rule
		case label == "severity", label == "source" && alert.Labels["channel"] != "":
			value = "" // the channel tells it
		}
		d.labels, d.fields = append(d.labels, label), append(d.fields, newInput(value, 100))
	}
	d.labels, d.fields = append(d.labels, "until", "note"), append(d.fields, newInput("", 0), newInput("", maxNote))
	a.ask(d)
	return nil
}

func (d *silenceEditor) isUntil() bool { return d.labels[d.at] == "until" }

func (d *silenceEditor) key(a *app, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	key := msg.String()
	switch key {
	case "esc", "ctrl+g":
		return nil, true
	case "ctrl+c":
		return tea.Quit, true
	case "down", "tab", "ctrl+n":
		d.at = (d.at + 1) % len(d.fields)
	case "up", "shift+tab", "ctrl+p":
		d.at = (d.at - 1 + len(d.fields)) % len(d.fields)
	case "enter":
		command, err := d.command(a.dataNow())
		if d.err = err; err != nil {
			return nil, false
		}
		command.By = a.o.User
		return a.send("silence sent", command), true
	default:
		d.err = nil
		if !d.isUntil() {
			d.fields[d.at].key(msg)
			break
		}
		switch key {
		case "left":
			d.until = (d.until - 1 + len(d.times)) % len(d.times)
		case "right", "space":
			d.until = (d.until + 1) % len(d.times)
		}
	}
	return nil, false
}

// command is the silence as it is written; a moment that has passed is late.
func (d *silenceEditor) command(now time.Time) (snapshot.Command, error) {
	match := map[string]string{}
	c := snapshot.Command{Verb: "silence", Match: match, Until: d.times[d.until].at.Format(time.RFC3339)}
	for i, label := range d.labels {
		text := strings.TrimSpace(d.fields[i].String())
		switch {
		case label == "note":
			c.Note = text
		case label != "until" && text != "":
			match[label] = text
		}
	}
	if len(match) == 0 {
		return c, errors.New("a silence without any label would silence everything: name a rule, a channel or a source")
	}
	if !d.times[d.until].at.After(now) {
		return c, errors.New("that time has passed: choose another with ← and →")
	}
	return c, nil
}

func (d *silenceEditor) paste(_ *app, text string) {
	if !d.isUntil() {
		d.fields[d.at].insert(text)
	}
}

func (d *silenceEditor) draw(a *app, width, _ int) []string {
	st := a.st
	lines := []string{st.rule("Silence alerts whose labels match (* any text, empty: whatever)", width)}
	for i, label := range d.labels {
		lines = append(lines, st.line(width, func(p *pen) {
			look := st.dim
			if i == d.at {
				p.write(st.accent, "›")
				look = st.accent
			}
			p.to(2)
			p.left(look, label, 10)
			switch {
			case label == "until":
				t := d.times[d.until]
				p.left(st.text, "‹ "+t.label+", "+clock(t.at, a.dataNow(), a.zone())+" ›", max(0, width-p.at))
			case i == d.at:
				d.fields[i].draw(p, width-p.at)
			default:
				p.left(st.text, d.fields[i].String(), max(0, width-p.at))
			}
		}))
	}
	if d.err != nil {
		lines = append(lines, st.textLine(st.warn, " ! "+d.err.Error(), width))
	}
	return append(lines, st.textLine(st.faint, " ↵ silence  ↑↓ field  ←→ until when  esc leave", width))
}

// silences are those in force or still to come, the next to end first.
func (a *app) silences() []snapshot.Silence {
	var out []snapshot.Silence
	for _, s := range a.snap.Silences {
		if s.Ends.After(a.snap.AsOf) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y snapshot.Silence) int { return x.Ends.Compare(y.Ends) })
	return out
}

// silenceSelected is the one under the cursor of the silences' panel.
func (a *app) silenceSelected() *snapshot.Silence {
	all := a.silences()
	if len(all) == 0 {
		return nil
	}
	at := min(a.scrolled[alerts][sidePanel], len(all)-1)
	return &all[at]
}

func (a *app) noSilence() string {
	switch {
	case !a.wanted.AsOf.IsZero():
		return "the past cannot be changed: 0 goes back to now"
	case a.silenceSelected() == nil:
		return "no silence is in force: Z writes one"
	case a.focused() != sidePanel:
		return "tab goes to the silences first"
	}
	return ""
}

func (a *app) endSilence() tea.Cmd {
	s := a.silenceSelected()
	return a.send("silence ended: "+matchText(s.Match), snapshot.Command{Verb: "unsilence", ID: s.ID, By: a.o.User})
}

func matchText(match map[string]string) string {
	var parts []string
	for _, label := range slices.Sorted(maps.Keys(match)) {
		parts = append(parts, label+" "+match[label])
	}
	return strings.Join(parts, ", ")
}

// silenceLines is the panel of silences.
func (a *app) silenceLines(width, height int) []string {
	st, all := a.st, a.silences()
	if len(all) == 0 {
		return fill([]string{st.textLine(st.faint, " no silence in force; Z writes one", width)}, width, height)
	}
	cursor := min(a.scrolled[alerts][sidePanel], len(all)-1)
	a.scrolled[alerts][sidePanel] = cursor
	var lines []string
	for i := scroll(0, cursor, len(all), height); i < len(all) && len(lines) < height; i++ {
		s := all[i]
		selected := i == cursor && a.focused() == sidePanel
		p := newPen(st, selected)
		if selected {
			p.write(st.accent, "›")
		}
		p.to(1)
		p.write(st.dim, "◇ ")
		text := matchText(s.Match) + " · until " + clock(s.Ends, a.dataNow(), a.zone()) + " · " + s.By
		if s.Note != "" {
			text += ": " + s.Note
		}
		if s.Starts.After(a.snap.AsOf) {
			text += " · from " + clock(s.Starts, a.dataNow(), a.zone())
		}
		p.left(st.text, text, max(0, width-p.at))
		lines = append(lines, p.end(width))
	}
	return fill(lines, width, height)
}
