package ui

const (
	leastWidth  = 30 // below it nothing is legible
	leastHeight = 8
)

// parts says how many lines each part of a screen gets, from the top. What
// has no room gets none. With what stands above and the line of hints, their
// sum is the height.
type parts struct {
	kpis, rule, title, rows, reason, bottom, notices int
	split                                            int // width of the chart beside the alerts; 0: the bottom holds one panel
}

// want is what a screen would like to show.
type want struct {
	rows    int  // lines of its table
	notices int  // lines about backfill and warnings
	above   int  // lines of the header
	detail  bool // the channel screen: its chart comes before the table
}

// layout decides what a terminal of w×h cells shows. The order of sacrifice:
// chart and alerts, the reason, the second line of the key figures.
func layout(w, h int, want want) parts {
	p := parts{title: 1}
	left := h - 2 - want.above
	take := func(into *int, n, keep int) {
		if left-n >= keep {
			*into = n
			left -= n
		}
	}
	kpis := 1
	if h >= 20 {
		kpis = 2
	}
	take(&p.kpis, kpis, 4)
	take(&p.reason, reasonLines(h), 4)
	take(&p.notices, min(want.notices, 2), 6)
	take(&p.rule, 1, 12)
	rows := max(3, want.rows)
	if spare := left - rows; spare >= 7 {
		p.bottom = spare
	} else if left >= 20 || left >= 16 && rows > left { // in a small window a table that fits goes first
		p.bottom = max(7, left/3)
	}
	if want.detail && left >= 12 {
		p.bottom = max(min(left-5, 9), min(left-rows, left*3/4))
	}
	p.rows = left - p.bottom
	if p.bottom > 0 && w >= 100 {
		p.split = w * 6 / 10
	}
	return p
}

func reasonLines(h int) int {
	if h >= 24 {
		return 2
	}
	return 1
}

// scroll moves the first shown line so that the cursor stays in sight.
func scroll(top, cursor, count, rows int) int {
	if rows <= 0 || cursor < 0 {
		return 0
	}
	if cursor < top {
		top = cursor
	}
	if cursor >= top+rows {
		top = cursor - rows + 1
	}
	return min(max(top, 0), max(0, count-rows))
}
