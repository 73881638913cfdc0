package ui

import (
	"adtop/snapshot"
)

// card is one key figure of the strip.
type card struct {
	rank         int // those of the highest rank go first
	label, value string
	extra        string
	style        style
	extraStyle   style
}

// carded are the figures of the strip, with their rank.
var carded = []struct {
	of   *figure
	rank int
}{{spend, 1}, {revenue, 3}, {profit, 0}, {roas, 2}, {poas, 7}, {cpa, 5}, {conversions, 4}}

// cards are the key figures of now; same is what of it is compared with before.
func (st *Styles) cards(now, same, before snapshot.Figures) []card {
	out := make([]card, 0, len(carded)+1)
	for _, c := range carded {
		v, change := c.of.of(now), changeOf(c.of, same, before)
		k := card{rank: c.rank, label: c.of.title, value: c.of.write(st.numbers, v, 11), style: st.strong, extraStyle: st.changed(change, c.of.wish)}
		switch c.of {
		case profit:
			k.style = st.signed(now.Profit.Micros.Float())
		case cpa:
			k.value = st.costPerConversion(now.Metrics, 9)
		case conversions:
			k.label = "CONVERSIONS"
		}
		if change.OK {
			k.extra = st.change(change)
		}
		if isYoung(now) && c.of.late {
			k.extraStyle = st.faint
			if c.of != profit {
				k.style = st.dim
			}
		}
		out = append(out, k)
	}
	return append(out, card{rank: 6, label: "MATURITY", value: st.share(now.Maturity, 0), style: st.note})
}

// cardLines draws the key figures in one line or two.
func (st *Styles) cardLines(now, same, before snapshot.Figures, width, height int) []string {
	if height == 0 {
		return nil
	}
	all := st.cards(now, same.Or(now), before)
	least := 16
	if height == 1 {
		least = 21
	}
	if width < 60 {
		least = 13
	}
	n := min(len(all), max(2, (width-2)/least))
	kept := all[:0:0]
	for _, c := range all {
		if c.rank < n {
			kept = append(kept, c)
		}
	}
	slot := (width - 2) / len(kept)
	labels := st.line(width, func(p *pen) {
		p.gap(1)
		for _, c := range kept {
			p.left(st.heading, c.label, slot)
		}
	})
	values := st.line(width, func(p *pen) {
		p.gap(1)
		for _, c := range kept {
			end := p.at + slot
			if height == 1 {
				p.left(st.heading, c.label+" ", min(cells(c.label)+1, 8))
			}
			p.left(c.style, c.value, min(cells(c.value), end-p.at-1))
			if c.extra != "" && end-p.at > cells(c.extra)+2 {
				p.write(c.extraStyle, "  "+c.extra)
			}
			p.to(end)
		}
	})
	if height == 1 {
		return []string{values}
	}
	return []string{labels, values}
}

// young is the maturity below which a figure is dimmed: more than half of its
// conversions are still to come.
const young = 0.5

func isYoung(f snapshot.Figures) bool { return f.Maturity.OK && f.Maturity.Value < young }
