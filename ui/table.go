package ui

import (
	"cmp"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// row is one line of a table: a channel or a campaign. It is comparable, so
// that an unchanged row is not drawn again.
type row struct {
	id, name    string
	now, before snapshot.Figures
	same        snapshot.Figures // what before compares with, where that is not now
	trend       trend
	costless    bool
	verdict     kpi.Verdict // of a channel
	p           kpi.Ratio
	silent      string // how long there has been no data, "" otherwise
	status      string // of a campaign: the platform's word
}

// channelRow is the row of c at the moment now of the data's clock.
func channelRow(c *snapshot.Channel, now time.Time) row {
	r := row{
		id: c.Name, name: c.Name, now: c.Now, same: c.Same, before: c.Before, costless: c.Costless,
		trend: trendOf(c.Days), verdict: c.Verdict, p: c.P,
	}
	if c.Verdict == kpi.NoData && !c.Watermark.IsZero() {
		r.silent = age(now.Sub(c.Watermark))
	}
	return r
}

func campaignRow(c *snapshot.Campaign) row {
	name := c.Name
	if name == "" {
		name = c.ID
	}
	return row{
		id: c.Source + "/" + c.Account + "/" + c.ID, name: name, status: c.Status,
		now: c.Now, same: c.Same, before: c.Before, trend: trendOf(c.Days),
	}
}

// column is one column of a table.
type column struct {
	key   string // in State.Sort; "" cannot be sorted by
	title string
	width int
	rank  int  // of those that do not fit, the highest goes first
	left  bool // title and cells are left-aligned
	draw  func(p *pen, r *row, width int)
	less  func(a, b *row) int
}

// grid is the columns that fit into a width, with the name taking the rest.
type grid struct {
	width   int
	name    int // width of the name column
	columns []*column
}

const (
	margin     = 3 // the cursor, the glyph and a space
	columnGap  = 2
	nameLeast  = 10
	nameMost   = 36
	tightWidth = 130 // below it one space between columns has to do
)

// gridFor keeps as many columns as fit; those of the highest rank go first,
// and those of rank 0 stay.
func gridFor(columns []*column, width, longestName int) grid {
	gap := gapFor(width)
	want := min(max(longestName, nameLeast), max(14, width/8))
	kept := append([]*column(nil), columns...)
	for len(kept) > 0 && margin+want+widthOf(kept, gap) > width {
		worst := 0
		for i, c := range kept {
			if c.rank > kept[worst].rank {
				worst = i
			}
		}
		if kept[worst].rank == 0 { // what must stay squeezes the name
			break
		}
		kept = append(kept[:worst], kept[worst+1:]...)
	}
	name := max(0, width-margin-widthOf(kept, gap))
	return grid{width, min(name, max(longestName, nameLeast), nameMost), kept}
}

func gapFor(width int) int {
	if width < tightWidth {
		return 1
	}
	return columnGap
}

func widthOf(columns []*column, gap int) int {
	total := 0
	for _, c := range columns {
		total += c.width + gap
	}
	return total
}

// header draws the column titles; the one the rows are sorted by is marked.
func (g grid) header(st *Styles, title, sorted string, reverse bool) string {
	arrow := "▾"
	if reverse {
		arrow = "▴"
	}
	return st.line(g.width, func(p *pen) {
		p.gap(margin)
		s := st.heading
		if sorted == "name" {
			s, title = st.accent, title+arrow
		}
		p.left(s, title, g.name)
		for _, c := range g.columns {
			p.gap(gapFor(g.width))
			s, text := st.heading, c.title
			if c.key != "" && c.key == sorted {
				s, text = st.accent, c.title+arrow
			}
			if c.left {
				p.left(s, text, c.width)
			} else {
				p.right(s, text, c.width)
			}
		}
	})
}

// line draws one row.
func (g grid) line(st *Styles, r *row, selected bool) string {
	p := newPen(st, selected)
	m := st.verdict(r.verdict)
	if selected {
		p.write(st.accent, "›")
	}
	p.to(1)
	p.write(m.style, m.glyph)
	p.to(3)
	name := st.text
	if r.verdict == kpi.Unprofitable {
		name = st.strong
	}
	p.left(name, r.name, g.name)
	for _, c := range g.columns {
		p.gap(gapFor(g.width))
		end := p.at + c.width
		c.draw(p, r, c.width)
		p.to(end)
	}
	return p.end(g.width)
}

// figure is the common kind of column: right-aligned text in one style.
func figure(key, title string, width, rank int, cell func(st *Styles, r *row, width int) (string, style), value func(r *row) kpi.Ratio) *column {
	return &column{
		key: key, title: title, width: width, rank: rank,
		draw: func(p *pen, r *row, width int) {
			text, s := cell(p.st, r, width)
			if text == missing {
				s = p.st.faint
			}
			p.right(s, text, width)
		},
		less: func(a, b *row) int { return compareRatios(value(b), value(a)) },
	}
}

// compareRatios puts what is unknown below everything.
func compareRatios(a, b kpi.Ratio) int {
	switch {
	case a.OK && b.OK:
		return cmp.Compare(a.Value, b.Value)
	case a.OK:
		return 1
	case b.OK:
		return -1
	}
	return 0
}

// byAttention puts first what needs a look: losses by certainty, then what
// cannot be judged, then what is well; within them by spend.
func byAttention(a, b *row) int {
	if by := cmp.Compare(urgency(a.verdict), urgency(b.verdict)); by != 0 {
		return by
	}
	if a.verdict == kpi.Unprofitable || a.verdict == kpi.AtRisk {
		if by := compareRatios(b.p, a.p); by != 0 {
			return by
		}
	}
	return cmp.Compare(b.now.Metrics.Cost, a.now.Metrics.Cost)
}

func urgency(v kpi.Verdict) int {
	switch v {
	case kpi.Unprofitable:
		return 0
	case kpi.AtRisk:
		return 1
	case kpi.NoData:
		return 2
	case kpi.TooEarly:
		return 3
	case kpi.Profitable:
		return 4
	}
	return 5
}

func byName(a, b *row) int {
	return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
}
