package ui

import "testing"

func TestATableThatFitsASmallWindowComesBeforeTheChart(t *testing.T) {
	for _, c := range []struct {
		height, rows int
		whole, chart bool
	}{{24, 8, true, true}, {24, 13, true, false}, {24, 40, false, true}, {50, 13, true, true}} {
		p := layout(80, c.height, want{rows: c.rows})
		if whole, chart := p.rows >= c.rows, p.bottom > 0; whole != c.whole || chart != c.chart {
			t.Errorf("%d lines, %d rows: %+v", c.height, c.rows, p)
		}
	}
}
