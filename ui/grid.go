package ui

// grid is the columns that fit into a width, with the name taking the rest.
type grid[R any] struct {
	width, longest int // what it was made for
	name           int // width of the name column
	columns        []*column[R]
}

const (
	margin     = 3 // the cursor, the glyph and a space
	columnGap  = 2
	nameLeast  = 10
	nameMost   = 36
	tightWidth = 130 // below it one space between columns has to do
)

// fitGrid keeps as many columns as fit; those of the highest rank go first,
// and those of rank 0 stay. longest is the width of the longest name, which
// gets up to room cells before columns do.
func fitGrid[R any](columns []*column[R], width, longest, room int) grid[R] {
	gap := gapFor(width)
	want := min(max(longest, nameLeast), max(14, room))
	kept := append([]*column[R](nil), columns...)
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
	return grid[R]{width, longest, min(name, max(longest, nameLeast)), kept}
}

func gapFor(width int) int {
	if width < tightWidth {
		return 1
	}
	return columnGap
}

func widthOf[R any](columns []*column[R], gap int) int {
	total := 0
	for _, c := range columns {
		total += c.width + gap
	}
	return total
}

// header draws the column titles; the one the rows are sorted by is marked.
func (g grid[R]) header(st *Styles, title, sorted string, reverse bool) string {
	arrow := "▾"
	if reverse {
		arrow = "▴"
	}
	return st.line(g.width, func(p *pen) {
		p.gap(margin)
		s := st.heading
		if sorted == nameKey {
			s, title = st.accent, title+arrow
		}
		p.left(s, title, g.name)
		for _, c := range g.columns {
			p.gap(gapFor(g.width))
			s, text := st.heading, c.title
			if c.key == sorted {
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

// at names the column at cell x, "" when there is none.
func (g grid[R]) at(x int) string {
	end := margin + g.name
	if x < end {
		return nameKey
	}
	for _, c := range g.columns {
		if end += gapFor(g.width) + c.width; x < end {
			if c.sorts() {
				return c.key
			}
			return ""
		}
	}
	return ""
}
