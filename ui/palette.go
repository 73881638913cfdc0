package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"adtop/snapshot"
)

// openPalette offers everything that can be done or seen, what was picked
// lately first.
func (a *app) openPalette() tea.Cmd {
	choices := a.everything()
	slices.SortStableFunc(choices, func(x, y choice) int { return a.recency(x.label) - a.recency(y.label) })
	for i := range choices {
		label, do := choices[i].label, choices[i].do
		choices[i].do = func() tea.Cmd {
			a.remember(label)
			return do()
		}
	}
	a.ask(newSearch("What would you like to do or see?", choices))
	return nil
}

// keptPicks is how many of the palette's picks are remembered.
const keptPicks = 12

func (a *app) recency(label string) int {
	if at := slices.Index(a.recent, label); at >= 0 {
		return at
	}
	return keptPicks
}

func (a *app) remember(label string) {
	a.recent = slices.DeleteFunc(slices.Clone(a.recent), func(l string) bool { return l == label })
	a.recent = slices.Insert(a.recent, 0, label)
	a.recent = a.recent[:min(len(a.recent), keptPicks)]
}

// everything lists what the palette offers.
func (a *app) everything() []choice {
	var out []choice
	for i := range keymap {
		b := &keymap[i]
		if b.group == "Move" || b.label == ":" {
			continue
		}
		detail := b.label
		if why := b.why(a); why != "" {
			detail = why
		}
		out = append(out, choice{label: b.help, detail: detail, do: func() tea.Cmd { return a.press(b.keys[0]) }})
	}
	add := func(label, detail string, do func() tea.Cmd) {
		out = append(out, choice{label: label, detail: detail, do: do})
	}
	if a.snap != nil {
		for i := range a.snap.Channels {
			name := a.snap.Channels[i].Name
			add("channel: "+name, a.st.verdict(a.snap.Channels[i].Verdict).word, func() tea.Cmd {
				a.goTo(place{screen: channel, channel: name})
				return nil
			})
		}
		for i := range a.snap.Notes {
			if n := a.snap.Notes[i]; a.wanted.AsOf.IsZero() && a.o.barred() == "" {
				add("remove the note: "+noteText(n), n.Channel, func() tea.Cmd {
					return a.send("note removed: "+n.Text, snapshot.Command{Verb: "unnote", ID: n.ID, By: a.o.User})
				})
			}
		}
	}
	for _, r := range snapshot.Ranges {
		add("days: "+r.Label(), "t", func() tea.Cmd { return a.showRange(r) })
	}
	for _, c := range snapshot.Comparisons {
		add("compare with: "+c.Label(), "c", func() tea.Cmd {
			a.wanted.Against = c
			a.bridge.show(a.wanted)
			return nil
		})
	}
	for i, f := range charted {
		add("chart: "+f.name, "v", doing(func() { a.chartFigure(i) }))
	}
	for _, c := range a.list().choices() {
		if c.sorts {
			add("sort by: "+c.title, "s", doing(func() { a.list().sortBy(c.key); a.saySort() }))
		}
	}
	for _, theme := range Themes {
		add("theme: "+theme, "", doing(func() { a.setTheme(theme) }))
	}
	return out
}

// doing makes a choice of work that needs no command.
func doing(work func()) func() tea.Cmd {
	return func() tea.Cmd {
		work()
		return nil
	}
}

// setTheme changes the colours for this session.
func (a *app) setTheme(name string) {
	a.theme = name
	if name == "dark" || name == "light" {
		a.dark = name == "dark"
	}
	a.restyle()
}
