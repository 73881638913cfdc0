package ui

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// Plain prints the overview once, without escape sequences: for pipes, cron
// and files. Names are cut so that a line has at most width cells; a width
// below 40 counts as 120.
func Plain(w io.Writer, s *snapshot.Snapshot, width int) error {
	if width < 40 {
		width = 120
	}
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	st := stylesOf(palette{})
	out := bufio.NewWriter(w)
	line := func(text string) { out.WriteString(strings.TrimRight(printable(text), " ") + "\n") }
	line(s.Title + " · " + s.View.Range.Label() + " · as of " + s.AsOf.In(zone).Format("2006-01-02 15:04 ") + zone.String() + " · " + string(s.Currency))
	line("")
	table := newFigureTable("channels", "CHANNEL", channelColumns, byAttention)
	rows := make([]row, 0, len(s.Channels)+1)
	for i := range s.Channels {
		rows = append(rows, channelRow(&s.Channels[i], s.AsOf))
	}
	shareSpend(rows)
	slices.SortStableFunc(rows, func(x, y row) int { return byAttention(&x, &y) })
	table.order = func(_, _ *row) int { return 0 }
	table.show(append(rows, row{id: "total", name: "Total", now: s.Total, same: s.Same, before: s.Before, trend: trendOf(s.Days)}))
	table.fit(st, width)
	line(table.grid.header(st, table.title, "", false))
	for _, r := range table.shown {
		line(table.paint(st, r, false))
	}
	plainAlerts(s, line)
	for _, warning := range s.Warnings {
		line("! " + warning)
	}
	if s.Backfill.What != "" {
		line("History is still being fetched: " + s.Backfill.What + ", " + st.whole(float64(s.Backfill.Done)) + " of " + st.whole(float64(s.Backfill.Total)) + " polls")
	}
	return out.Flush()
}

func plainAlerts(s *snapshot.Snapshot, line func(string)) {
	titled := false
	for i := range s.Alerts {
		alert := &s.Alerts[i]
		if !alert.EndedAt.IsZero() {
			continue
		}
		if !titled {
			line("")
			titled = true
		}
		m := (&Styles{}).alert(alert)
		line(m.glyph + " " + alertTitle(alert) + asideText(alert, s))
		if alert.Reason != "" {
			line("  " + alert.Reason)
		}
	}
	for i := range s.Channels {
		if c := &s.Channels[i]; c.Verdict == kpi.NoData && c.Problem != "" {
			line("○ " + c.Name + ": " + c.Problem)
		}
	}
}
