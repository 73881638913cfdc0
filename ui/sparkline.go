package ui

import (
	"strings"

	"adtop/kpi"
	"adtop/snapshot"
)

const trendDays = 14

var sparks = [...]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// trend is a sparkline of the last fourteen days. It is comparable, so that a
// row can be recognised as unchanged.
type trend [trendDays]spark

// spark is one day of a trend; the zero value is a day without figures.
type spark struct {
	level       int8 // 1..8
	loss, young bool
}

// trendOf draws profit, or revenue where no day of the trend has a profit.
// The scale is the row's own and always contains zero.
func trendOf(days []snapshot.Day) trend {
	days = days[max(0, len(days)-trendDays):]
	var values [trendDays]kpi.Ratio
	low, high, found := 0.0, 0.0, false
	for pass := 0; pass < 2 && !found; pass++ {
		for i := range days {
			f := &days[i].Figures
			v := f.Profit.Float()
			if pass == 1 {
				v = kpi.Ratio{Value: f.Metrics.Revenue.Float(), OK: f.Metrics.Knows(kpi.Revenue)}
			}
			if v.OK = v.OK && f.Known; v.OK {
				low, high, found = min(low, v.Value), max(high, v.Value), true
			}
			values[i] = v
		}
	}
	var out trend
	for i := range days {
		v := values[i]
		if !v.OK {
			continue
		}
		level := int8(1)
		if high > low {
			level = 1 + int8(7*(v.Value-low)/(high-low)+0.5)
		}
		m := days[i].Figures.Maturity
		out[trendDays-len(days)+i] = spark{level, v.Value < 0, m.OK && m.Value < young}
	}
	return out
}

// draw writes the trend in its last width cells.
func (t *trend) draw(p *pen, width int) {
	for _, s := range t[max(0, trendDays-width):] {
		switch {
		case s.level == 0:
			p.write(p.st.faint, "·")
		case s.young:
			p.write(p.st.faint, sparks[s.level-1])
		case s.loss:
			p.write(p.st.bad, sparks[s.level-1])
		default:
			p.write(p.st.good, sparks[s.level-1])
		}
	}
}

var eighths = [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// bar renders a share 0..1 as a bar of width cells, in eighths of a cell. It
// returns the filled part and the rest.
func bar(part float64, width int) (filled, rest string) {
	n := int(min(max(part, 0), 1)*float64(8*width) + 0.5)
	filled = strings.Repeat("█", n/8) + eighths[n%8]
	return filled, strings.Repeat("░", width-cells(filled))
}

// maturityBar writes a bar of four cells and a percentage, nine cells in all.
func maturityBar(p *pen, m kpi.Ratio) {
	if !m.OK {
		p.left(p.st.faint, "░░░░", 9)
		return
	}
	filled, rest := bar(m.Value, 4)
	p.write(p.st.note, filled)
	p.write(p.st.faint, rest)
	p.right(p.st.dim, p.st.share(m, 0), 5)
}
