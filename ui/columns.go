package ui

import (
	"adtop/kpi"
	"adtop/snapshot"
)

// figure is what tables, cards and charts can show of a row.
type figure struct {
	key, title string // of its column
	name       string // in charts and menus
	unit       unit
	wish       int  // +1 when a rise is good, -1 when a fall is, 0 when neither
	late       bool // it grows with conversions that come later
	losable    bool // below zero it is a loss, and coloured so
	zero       float64
	zeroName   string // what the value zero is called, "" when there is none
	of         func(f snapshot.Figures) kpi.Ratio
}

// unit is how a figure is written.
type unit int

const (
	inMoney   unit = iota // whole units
	inPrice               // money for one of something: cents matter
	inPercent             // 0..1
	inRatio
	inCount
)

// metricOf makes a figure of one of kpi's sums or ratios.
func metricOf(ratio func(m kpi.Metrics) kpi.Ratio) func(snapshot.Figures) kpi.Ratio {
	return func(f snapshot.Figures) kpi.Ratio { return ratio(f.Metrics) }
}

func known(m kpi.Metrics, f kpi.Fields, v float64) kpi.Ratio {
	return kpi.Ratio{Value: v, OK: m.Knows(f)}
}

// The figures. The first is what charts show at first.
var (
	profit  = &figure{"profit", "PROFIT", "Profit", inMoney, +1, true, true, 0, "break-even", func(f snapshot.Figures) kpi.Ratio { return f.Profit.Float() }}
	revenue = &figure{"revenue", "REVENUE", "Revenue", inMoney, +1, true, false, 0, "", metricOf(func(m kpi.Metrics) kpi.Ratio {
		return known(m, kpi.Revenue, m.Revenue.Float())
	})}
	spend = &figure{"spend", "SPEND", "Spend", inMoney, 0, false, false, 0, "", metricOf(func(m kpi.Metrics) kpi.Ratio {
		return known(m, kpi.Cost, m.Cost.Float())
	})}
	conversions = &figure{"conv", "CONV", "Conversions", inCount, +1, true, false, 0, "", metricOf(func(m kpi.Metrics) kpi.Ratio {
		return known(m, kpi.Conversions, m.Conversions.Float())
	})}
	viewed = &figure{"view", "VIEW", "Conversions after a view", inCount, 0, true, false, 0, "", metricOf(func(m kpi.Metrics) kpi.Ratio {
		return known(m, kpi.ViewThrough, m.ViewThrough.Float())
	})}
	poas        = &figure{"poas", "POAS", "POAS", inRatio, +1, true, true, 1, "break-even", func(f snapshot.Figures) kpi.Ratio { return f.POAS() }}
	roas        = &figure{"roas", "ROAS", "ROAS", inRatio, +1, true, false, 0, "", metricOf(kpi.Metrics.ROAS)}
	cpa         = &figure{"cpa", "CPA", "CPA", inPrice, -1, true, false, 0, "", metricOf(kpi.Metrics.CPA)}
	aov         = &figure{"aov", "AOV", "Order value", inPrice, +1, false, false, 0, "", metricOf(kpi.Metrics.AOV)}
	clicks      = &figure{"clicks", "CLICKS", "Clicks", inCount, 0, false, false, 0, "", metricOf(func(m kpi.Metrics) kpi.Ratio { return known(m, kpi.Clicks, float64(m.Clicks)) })}
	impressions = &figure{"impressions", "IMPR", "Impressions", inCount, 0, false, false, 0, "", metricOf(func(m kpi.Metrics) kpi.Ratio {
		return known(m, kpi.Impressions, float64(m.Impressions))
	})}
	ctr      = &figure{"ctr", "CTR", "CTR", inPercent, +1, false, false, 0, "", metricOf(kpi.Metrics.CTR)}
	cpc      = &figure{"cpc", "CPC", "CPC", inPrice, -1, false, false, 0, "", metricOf(kpi.Metrics.CPC)}
	cpm      = &figure{"cpm", "CPM", "CPM", inPrice, -1, false, false, 0, "", metricOf(kpi.Metrics.CPM)}
	newShare = &figure{"new", "NEW", "Share of new customers", inPercent, +1, false, false, 0, "", func(f snapshot.Figures) kpi.Ratio { return f.NewShare() }}
	newCPA   = &figure{"new_cpa", "NEW CPA", "CPA of new customers", inPrice, -1, true, false, 0, "", func(f snapshot.Figures) kpi.Ratio { return f.NewCPA() }}
	cvr      = &figure{"cvr", "CVR", "Conversion rate", inPercent, +1, true, false, 0, "", metricOf(kpi.Metrics.CVR)}
)

// charted are the figures that a chart can show, in the order of the key that
// steps through them.
var charted = []*figure{profit, revenue, spend, conversions, poas, roas, cpa, aov, cvr, ctr, cpc, cpm, clicks, impressions}

// write renders a value of the figure, "—" when it is not known.
func (f *figure) write(n numbers, v kpi.Ratio, width int) string {
	if !v.OK {
		return missing
	}
	switch f.unit {
	case inMoney:
		if m, err := kpi.MicrosFromFloat(v.Value); err == nil {
			return n.money(m, width)
		}
		return n.short(v.Value)
	case inPrice:
		return n.price(v.Value, width)
	case inPercent:
		return n.share(v, 2)
	case inRatio:
		return n.ratio(v)
	}
	if v.Value < 100 {
		return n.count(v.Value)
	}
	return n.fitted(v.Value, width)
}

// young returns s, dimmed where the row's conversions are still too few of the
// final ones to be judged.
func (r *row) young(st *Styles, s style) style {
	if isYoung(r.now) {
		return st.faint
	}
	return s
}

func cost(r *row) kpi.Ratio { return spend.of(r.now) }

// changeOf is the change of a figure against the period compared with.
func changeOf(f *figure, now, before snapshot.Figures) kpi.Ratio {
	return kpi.Change(f.of(now), f.of(before))
}

// figureColumn shows a figure, right-aligned.
func figureColumn(f *figure, width, rank int, look func(st *Styles, r *row) style) *column[row] {
	return &column[row]{
		key: f.key, title: f.title, help: f.name, width: width, rank: rank,
		number: func(r *row) kpi.Ratio {
			if f == spend && r.costless {
				return kpi.Ratio{}
			}
			return f.of(r.now)
		},
		draw: func(p *pen, r *row, width int) {
			v := f.of(r.now)
			if f == spend && r.costless {
				v.OK = false
			}
			text := f.write(p.st.numbers, v, width)
			if f == cpa {
				text = p.st.costPerConversion(r.now.Metrics, width)
			}
			s := look(p.st, r)
			switch {
			case text == missing:
				s = p.st.faint
			case f.late:
				s = r.young(p.st, s)
			}
			p.right(s, text, width)
		},
	}
}

// changeColumn shows how a figure changed, coloured by whether that is good.
func changeColumn(f *figure, title string, rank int, hidden bool) *column[row] {
	of := func(r *row) kpi.Ratio { return changeOf(f, r.compared(), r.before) }
	return &column[row]{
		key: f.key + "_change", title: title, help: f.name + " against the period compared with", width: max(6, cells(title)), rank: rank, hidden: hidden,
		number: of,
		draw: func(p *pen, r *row, width int) {
			v := of(r)
			s := p.st.changed(v, f.wish)
			if f.late && v.OK {
				s = r.young(p.st, s)
			}
			p.right(s, p.st.change(v), width)
		},
	}
}

func plainLook(st *Styles, _ *row) style { return st.text }
func dimLook(st *Styles, _ *row) style   { return st.dim }

// figureColumns are those that every table of figures has.
var figureColumns = []*column[row]{
	figureColumn(spend, 9, 20, plainLook),
	changeColumn(spend, "Δ PREV", 60, false),
	{
		key: "share", title: "OF SPEND", help: "part of the spend of all lines", width: 9, rank: 85, left: true,
		number: func(r *row) kpi.Ratio { return r.share },
		draw: func(p *pen, r *row, _ int) {
			if !r.share.OK {
				p.left(p.st.faint, missing, 9)
				return
			}
			filled, rest := bar(r.share.Value, 4)
			p.write(p.st.note, filled)
			p.write(p.st.faint, rest)
			p.right(p.st.dim, p.st.share(r.share, 0), 5)
		},
	},
	figureColumn(impressions, 9, 94, dimLook),
	{
		key: "impr_share", title: "IMPR SH", help: "impressions won of those that could have been, in search", width: 7, rank: 98, hidden: true,
		number: func(r *row) kpi.Ratio {
			return kpi.Ratio{Value: r.now.ImpressionShare.Value, OK: r.now.ImpressionShare.Known}
		},
		draw: func(p *pen, r *row, width int) {
			s := r.now.ImpressionShare
			if !s.Known {
				p.right(p.st.faint, missing, width)
				return
			}
			p.right(p.st.dim, s.Sign()+p.st.numbers.share(kpi.Ratio{Value: s.Value, OK: true}, 0), width)
		},
	},
	figureColumn(clicks, 7, 90, dimLook),
	figureColumn(ctr, 6, 93, dimLook),
	figureColumn(cpc, 6, 91, dimLook),
	hide(figureColumn(cpm, 6, 96, dimLook)),
	figureColumn(cvr, 6, 95, dimLook),
	figureColumn(revenue, 9, 40, plainLook),
	changeColumn(revenue, "Δ REV", 86, true),
	figureColumn(profit, 9, 0, func(st *Styles, r *row) style { return st.signed(r.now.Profit.Micros.Float()) }),
	changeColumn(profit, "Δ PROFIT", 87, true),
	figureColumn(roas, 5, 30, plainLook),
	changeColumn(roas, "Δ ROAS", 87, true),
	figureColumn(poas, 5, 92, func(st *Styles, r *row) style { return st.signed(r.now.POAS().Value - 1) }),
	figureColumn(cpa, 7, 50, plainLook),
	changeColumn(cpa, "Δ CPA", 87, true),
	hide(figureColumn(aov, 7, 88, plainLook)),
	hide(figureColumn(newShare, 6, 97, dimLook)),
	hide(figureColumn(newCPA, 7, 97, dimLook)),
	figureColumn(conversions, 6, 55, plainLook),
	changeColumn(conversions, "Δ CONV", 87, true),
	hide(figureColumn(viewed, 6, 97, dimLook)),
	{
		key: "maturity", title: "MATURITY", help: "share of the final conversions seen by now", width: 9, rank: 70, left: true,
		number: func(r *row) kpi.Ratio { return r.now.Maturity },
		draw:   func(p *pen, r *row, _ int) { maturityBar(p, r.now.Maturity) },
	},
	{
		key: "trend", title: "TREND 14d", help: "profit of 14 days; dim: still growing", width: trendDays, rank: 80, left: true,
		draw: func(p *pen, r *row, width int) { r.trend.draw(p, width) },
	},
}

func hide(c *column[row]) *column[row] {
	c.hidden = true
	return c
}

func verdictColumn(rank int) *column[row] {
	return &column[row]{
		key: "verdict", title: "VERDICT", help: "what the evidence says, and how sure it is of a loss", width: 17, rank: rank, left: true,
		draw: drawVerdict, less: byAttention, text: func(r *row) string { return string(r.verdict) },
	}
}

var sureColumn = &column[row]{
	key: "sure", title: "LOSS", help: "how sure it is that money is lost", width: 5, rank: 89, hidden: true,
	number: func(r *row) kpi.Ratio { return r.p },
	draw:   func(p *pen, r *row, width int) { p.right(p.st.dim, p.st.sure(r.p), width) },
}

var (
	channelColumns  = append(append([]*column[row](nil), figureColumns...), sureColumn, verdictColumn(0))
	campaignColumns = append(append([]*column[row](nil), figureColumns...), sureColumn, verdictColumn(66),
		&column[row]{
			key: "status", title: "STATUS", help: "the platform's word", width: 9, rank: 65, left: true,
			text: func(r *row) string { return r.status },
			draw: func(p *pen, r *row, width int) { p.left(p.st.dim, r.status, width) },
		},
		&column[row]{
			key: "account", title: "ACCOUNT", help: "the platform's id of the account", width: 14, rank: 97, left: true, hidden: true,
			text: func(r *row) string { return r.account },
			draw: func(p *pen, r *row, width int) { p.left(p.st.dim, r.account, width) },
		})
)

// drawVerdict writes the word and P, or for how long there has been no data.
func drawVerdict(p *pen, r *row, width int) {
	m := p.st.verdict(r.verdict)
	if r.verdict == kpi.NoData {
		text := m.word
		if r.silent != "" {
			text += " for " + r.silent
		}
		p.left(m.style, text, width)
		return
	}
	p.left(m.style, m.word, 12)
	if r.p.OK && r.verdict != kpi.Idle && r.verdict != kpi.TooEarly {
		p.right(m.style, p.st.sure(r.p), width-12)
	}
}

// newFigureTable makes a table of channels, or of what they are made of.
func newFigureTable(name, title string, columns []*column[row], order func(a, b *row) int, names ...string) *table[row] {
	return &table[row]{
		name: name, title: title, names: names, columns: columns, order: order, most: nameMost, part: 8,
		id: func(r *row) string { return r.id }, label: func(r *row) string { return r.name },
		mark:   func(st *Styles, r *row) mark { return st.verdict(r.verdict) },
		strong: func(r *row) bool { return r.verdict == kpi.Unprofitable },
	}
}
