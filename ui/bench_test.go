package ui

import (
	"fmt"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"

	"adtop/snapshot"
)

// busySnapshot has twenty channels, as a large account has.
func busySnapshot() *snapshot.Snapshot {
	s := testSnapshot()
	base := s.Channels[0]
	s.Channels = nil
	for i := range 20 {
		c := base
		c.Name = fmt.Sprintf("Channel %02d", i)
		c.Now = figures(4210-float64(i)*100, 245, 15220, .88)
		s.Channels = append(s.Channels, c)
	}
	return s
}

// changedRow is s with another spend in one row; changedAll in every row and day.
func changedRow(s *snapshot.Snapshot, n int) *snapshot.Snapshot {
	out := *s
	out.Channels = append([]snapshot.Channel(nil), s.Channels...)
	out.Channels[7].Now = figures(3000+float64(n), 245, 15220, .88)
	return &out
}

func changedAll(s *snapshot.Snapshot, n int) *snapshot.Snapshot {
	out := *s
	out.Channels = append([]snapshot.Channel(nil), s.Channels...)
	for i := range out.Channels {
		out.Channels[i].Now = figures(3000+float64(n*20+i), 245, 15220, .88)
	}
	out.Days = daysOf(12000+float64(n*50), 3.1, 2.1)
	out.Total = figures(10758+float64(n), 471, 28980, .71)
	return &out
}

// naive draws the same table with a lipgloss style for each cell, and the
// chart, at every frame.
func naive(s *snapshot.Snapshot) string {
	st := newStyles("dark", colorprofile.TrueColor, true)
	cell := func(text, colour string, width int) string {
		return lipgloss.NewStyle().Foreground(lipgloss.Color(colour)).Width(width).Align(lipgloss.Right).Render(text)
	}
	var lines []string
	for i := range s.Channels {
		r := channelRow(&s.Channels[i], testNow)
		row := []string{cell(r.name, "#ffffff", 24)}
		for range 4 {
			row = append(row, cell(st.money(r.now.Metrics.Cost, 9), "#9aa3b5", 11), cell(st.money(r.now.Profit.Micros, 9), "#7fd48b", 11), cell(st.ratio(r.now.Metrics.ROAS()), "#ff7078", 9))
		}
		for _, day := range r.trend {
			row = append(row, lipgloss.NewStyle().Foreground(lipgloss.Color("#7fd48b")).Render(sparks[max(0, day.level-1)]))
		}
		lines = append(lines, lipgloss.JoinHorizontal(lipgloss.Top, row...))
	}
	pl := plotOf(seriesOf(s.Days, 14, berlin), profit)
	lines = append(lines, strings.Join(st.chart(&pl, 120, 18), "\n"))
	return lipgloss.JoinVertical(lipgloss.Left, lines...)
}

func BenchmarkView(b *testing.B) {
	base := busySnapshot()
	b.Run("naive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			naive(base)
		}
	})
	for _, change := range []struct {
		name string
		to   func(n int) *snapshot.Snapshot
	}{
		{"nothing", func(int) *snapshot.Snapshot { return base }},
		{"row", func(n int) *snapshot.Snapshot { return changedRow(base, n) }},
		{"everything", func(n int) *snapshot.Snapshot { return changedAll(base, n) }},
	} {
		b.Run(change.name, func(b *testing.B) {
			a := testApp(200, 50, looks[0])
			pictures := []*snapshot.Snapshot{change.to(0), change.to(1)}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				a.take(pictures[i%2]) // its sorting is part of the price
				a.View()
			}
		})
	}
}
