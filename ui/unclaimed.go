package ui

import (
	"bufio"
	"io"
	"strings"

	"adtop/kpi"
	"adtop/snapshot"
)

// unclaimedRow is one line of what no channel claims. It is comparable, so that an
// unchanged row is not drawn again.
type unclaimedRow struct {
	snapshot.Unclaimed
	campaign string // with how many others
	place    int    // in the order of the snapshot: the most money first
}

func newUnclaimedTable() *table[unclaimedRow] {
	text := func(key, title, help string, width, rank int, of func(r *unclaimedRow) string) *column[unclaimedRow] {
		return &column[unclaimedRow]{
			key: key, title: title, help: help, width: width, rank: rank, left: true, text: of,
			draw: func(p *pen, r *unclaimedRow, width int) { p.left(p.st.dim, of(r), width) },
		}
	}
	hidden := func(c *column[unclaimedRow]) *column[unclaimedRow] {
		c.hidden = true
		return c
	}
	number := func(f *figure, width, rank int) *column[unclaimedRow] {
		of := func(r *unclaimedRow) kpi.Ratio { return f.of(snapshot.Figures{Metrics: r.Metrics}) }
		return &column[unclaimedRow]{
			key: f.key, title: f.title, help: f.name, width: width, rank: rank, number: of,
			draw: func(p *pen, r *unclaimedRow, width int) {
				look, text := p.st.text, f.write(p.st.numbers, of(r), width)
				if text == missing {
					look = p.st.faint
				}
				p.right(look, text, width)
			},
		}
	}
	return &table[unclaimedRow]{
		name: "unclaimed", title: "FROM", names: []string{"from"}, most: nameMost, part: 4,
		columns: []*column[unclaimedRow]{
			number(revenue, 9, 0), number(conversions, 6, 10), number(spend, 9, 5), number(clicks, 7, 60), hidden(number(impressions, 9, 90)),
			text("what", "WHAT", "results, or the spend of a campaign", 7, 30, func(r *unclaimedRow) string { return r.what() }),
			text("source", "SOURCE", "which source tells of it", 12, 20, func(r *unclaimedRow) string { return r.Source }),
			text("campaign", "CAMPAIGN", "the campaign, or the utm_campaign of most of the results", 24, 40, func(r *unclaimedRow) string { return r.campaign }),
			text("counts", "IN TOTALS", "whether it is in the totals; results are not where others count the same", 9, 50, func(r *unclaimedRow) string { return r.counts() }),
			hidden(text("utm_source", "UTM SOURCE", "utm_source of the results", 14, 70, func(r *unclaimedRow) string { return r.Origin.UTMSource })),
			hidden(text("utm_medium", "UTM MEDIUM", "utm_medium of the results", 12, 71, func(r *unclaimedRow) string { return r.Origin.UTMMedium })),
			hidden(text("promo", "PROMO", "promotion code of the results", 12, 72, func(r *unclaimedRow) string { return r.Origin.Promo })),
			hidden(text("dialled", "DIALLED", "number that was called", 14, 73, func(r *unclaimedRow) string { return r.Origin.Dialled })),
			hidden(text("click_id", "CLICK ID", "kind of click id of the visits", 9, 74, func(r *unclaimedRow) string { return r.Origin.ClickID })),
			hidden(text("referrer", "REFERRER", "host of the page before", 18, 75, func(r *unclaimedRow) string { return r.Origin.Referrer })),
			hidden(text("account", "ACCOUNT", "the platform's id of the account", 14, 76, func(r *unclaimedRow) string { return r.Account })),
		},
		id: func(r *unclaimedRow) string { return r.ID }, label: func(r *unclaimedRow) string { return r.Name },
		mark:  func(*Styles, *unclaimedRow) mark { return mark{} },
		order: func(a, b *unclaimedRow) int { return a.place - b.place },
	}
}

func (r *unclaimedRow) what() string {
	if r.Spend {
		return "spend"
	}
	return "results"
}

func (r *unclaimedRow) counts() string {
	if r.Counts {
		return "yes"
	}
	return "no"
}

// unclaimedRowOf is the row of a line at a place in the snapshot.
func unclaimedRowOf(n numbers, u *snapshot.Unclaimed, at int) unclaimedRow {
	r := unclaimedRow{Unclaimed: *u, campaign: u.Campaign, place: at}
	if u.Campaigns > 1 {
		r.campaign = "and " + n.plural(u.Campaigns-1, "other") + ": " + u.Campaign
	}
	return r
}

func (a *app) unclaimedRows() []unclaimedRow {
	rows := a.unclaimedSet.rows[:0]
	for i := range a.snap.Unclaimed {
		rows = append(rows, unclaimedRowOf(a.st.numbers, &a.snap.Unclaimed[i], i))
	}
	return rows
}

// unclaimedSelected is the line under the cursor, nil where there is none.
func (a *app) unclaimedSelected() *snapshot.Unclaimed {
	if r := a.unclaimedSet.current(); r != nil {
		return &r.Unclaimed
	}
	return nil
}

// unclaimedPanel says how the selected line is bound to a channel.
func (a *app) unclaimedPanel(width, height int) (string, []string) {
	u, st := a.unclaimedSelected(), a.st
	if u == nil {
		return "Lines for the config", fill(nil, width, height)
	}
	var lines []string
	for _, l := range strings.Split(strings.TrimRight(u.Lines, "\n"), "\n") {
		lines = append(lines, st.textLine(st.text, " "+l, width))
	}
	lines = append(lines, st.textLine(st.text, "", width))
	for _, text := range a.unclaimedAdvice(u) {
		for _, l := range st.wrap(text, width-2, 6) {
			lines = append(lines, st.textLine(st.dim, " "+l, width))
		}
	}
	return "Lines for the config, under channels:", a.window(sidePanel, lines, width, height)
}

func (a *app) unclaimedAdvice(u *snapshot.Unclaimed) []string {
	out := []string{"y copies them. A first match wins: stand them behind the channels that are narrower, and * is any text. Or add the keys to a channel that you have; adtop reads its config when it starts."}
	if !u.Counts && u.Metrics.Knows(kpi.Conversions) {
		out = append(out, "These results are in no total: what other channels take from elsewhere may be the same.")
	}
	return out
}

// PlainUnclaimed prints what no channel claims once, without escape sequences, and
// then the lines that bind it.
func PlainUnclaimed(w io.Writer, s *snapshot.Snapshot, width int) error {
	st := stylesOf(palette{})
	out := bufio.NewWriter(w)
	line := func(text string) { out.WriteString(strings.TrimRight(printable(text), " ") + "\n") }
	line(s.Title + " · unclaimed · " + s.View.Range.Label() + " · as of " + s.AsOf.In(s.Zone).Format("2006-01-02 15:04 ") + s.Zone.String() + " · " + string(s.Currency))
	line("")
	if len(s.Unclaimed) == 0 {
		line(nothingUnclaimed)
		return out.Flush()
	}
	table := newUnclaimedTable()
	rows := make([]unclaimedRow, 0, len(s.Unclaimed))
	for i := range s.Unclaimed {
		rows = append(rows, unclaimedRowOf(st.numbers, &s.Unclaimed[i], i))
	}
	table.show(rows)
	table.fit(st, max(width, 80))
	line(table.grid.header(st, table.title, "", false))
	for _, r := range table.shown {
		line(table.paint(st, r, false))
	}
	line("")
	line("channels:")
	for i := range s.Unclaimed {
		for _, l := range strings.Split(strings.TrimRight(s.Unclaimed[i].Lines, "\n"), "\n") {
			line(l)
		}
	}
	return out.Flush()
}

const nothingUnclaimed = "a channel claims each result and campaign of these days"
