package ui

import (
	"adtop/kpi"
)

// of returns s, dimmed where the row's conversions are still too few of the
// final ones to be judged.
func (r *row) of(st *Styles, s style) style {
	if isYoung(r.now) {
		return st.faint
	}
	return s
}

func (r *row) profitStyle(st *Styles) style {
	return r.of(st, st.signed(r.now.Profit.Micros.Float()))
}

// amountKnown is a money field as a ratio, for sorting.
func amountKnown(m kpi.Metrics, f kpi.Fields, v kpi.Micros) kpi.Ratio {
	return kpi.Ratio{Value: v.Float(), OK: m.Knows(f)}
}

func cost(r *row) kpi.Ratio { return amountKnown(r.now.Metrics, kpi.Cost, r.now.Metrics.Cost) }
func revenue(r *row) kpi.Ratio {
	return amountKnown(r.now.Metrics, kpi.Revenue, r.now.Metrics.Revenue)
}
func converted(r *row) kpi.Ratio {
	return amountKnown(r.now.Metrics, kpi.Conversions, r.now.Metrics.Conversions)
}

// spendChange is the spend against the previous period.
func spendChange(r *row) kpi.Ratio {
	now := r.same.Or(r.now).Metrics
	return kpi.Change(amountKnown(now, kpi.Cost, now.Cost), amountKnown(r.before.Metrics, kpi.Cost, r.before.Metrics.Cost))
}

var (
	spendColumn = figure("spend", "SPEND", 9, 20, func(st *Styles, r *row, w int) (string, style) {
		if r.costless || !r.now.Metrics.Knows(kpi.Cost) {
			return missing, st.faint
		}
		return money(r.now.Metrics.Cost, w), st.text
	}, cost)
	changeColumn = figure("change", "Δ PREV", 6, 60, func(st *Styles, r *row, _ int) (string, style) {
		return change(spendChange(r)), st.dim
	}, spendChange)
	revenueColumn = figure("revenue", "REVENUE", 9, 40, func(st *Styles, r *row, w int) (string, style) {
		if !r.now.Metrics.Knows(kpi.Revenue) {
			return missing, st.faint
		}
		return money(r.now.Metrics.Revenue, w), r.of(st, st.text)
	}, revenue)
	profitColumn = figure("profit", "PROFIT", 9, 0, func(st *Styles, r *row, w int) (string, style) {
		return amount(r.now.Profit, w), r.profitStyle(st)
	}, func(r *row) kpi.Ratio { return r.now.Profit.Float() })
	roasColumn = figure("roas", "ROAS", 5, 30, func(st *Styles, r *row, _ int) (string, style) {
		return ratio(r.now.Metrics.ROAS()), r.of(st, st.text)
	}, func(r *row) kpi.Ratio { return r.now.Metrics.ROAS() })
	cpaColumn = figure("cpa", "CPA", 7, 50, func(st *Styles, r *row, w int) (string, style) {
		return costPerConversion(r.now.Metrics, w), r.of(st, st.text)
	}, func(r *row) kpi.Ratio { return r.now.Metrics.CPA() })
	conversionsColumn = figure("conv", "CONV", 6, 55, func(st *Styles, r *row, w int) (string, style) {
		if !r.now.Metrics.Knows(kpi.Conversions) {
			return missing, st.faint
		}
		return conversions(r.now.Metrics.Conversions, w), r.of(st, st.text)
	}, converted)
	impressionsColumn = figure("impressions", "IMPR", 9, 94, func(st *Styles, r *row, w int) (string, style) {
		if !r.now.Metrics.Knows(kpi.Impressions) {
			return missing, st.faint
		}
		return fitted(float64(r.now.Metrics.Impressions), w), st.dim
	}, func(r *row) kpi.Ratio {
		return kpi.Ratio{Value: float64(r.now.Metrics.Impressions), OK: r.now.Metrics.Knows(kpi.Impressions)}
	})
	clicksColumn = figure("clicks", "CLICKS", 7, 90, func(st *Styles, r *row, w int) (string, style) {
		if !r.now.Metrics.Knows(kpi.Clicks) {
			return missing, st.faint
		}
		return fitted(float64(r.now.Metrics.Clicks), w), st.dim
	}, func(r *row) kpi.Ratio {
		return kpi.Ratio{Value: float64(r.now.Metrics.Clicks), OK: r.now.Metrics.Knows(kpi.Clicks)}
	})
	ctrColumn = figure("ctr", "CTR", 6, 93, func(st *Styles, r *row, _ int) (string, style) {
		return share(r.now.Metrics.CTR(), 2), st.dim
	}, func(r *row) kpi.Ratio { return r.now.Metrics.CTR() })
	cpcColumn = figure("cpc", "CPC", 6, 91, func(st *Styles, r *row, w int) (string, style) {
		cpc := r.now.Metrics.CPC()
		if !cpc.OK {
			return missing, st.faint
		}
		return price(cpc.Value, w), st.dim
	}, func(r *row) kpi.Ratio { return r.now.Metrics.CPC() })
	cvrColumn = figure("cvr", "CVR", 6, 95, func(st *Styles, r *row, _ int) (string, style) {
		return share(r.now.Metrics.CVR(), 2), r.of(st, st.dim)
	}, func(r *row) kpi.Ratio { return r.now.Metrics.CVR() })
	poasColumn = figure("poas", "POAS", 5, 92, func(st *Styles, r *row, _ int) (string, style) {
		return ratio(r.now.POAS()), r.of(st, st.signed(r.now.POAS().Value-1))
	}, func(r *row) kpi.Ratio { return r.now.POAS() })

	maturityColumn = &column{
		key: "maturity", title: "MATURITY", width: 9, rank: 70, left: true,
		draw: func(p *pen, r *row, _ int) { maturityBar(p, r.now.Maturity) },
		less: func(a, b *row) int { return compareRatios(b.now.Maturity, a.now.Maturity) },
	}
	trendColumn = &column{
		title: "TREND 14d", width: trendDays, rank: 80, left: true,
		draw: func(p *pen, r *row, width int) { r.trend.draw(p, width) },
	}
	verdictColumn = &column{
		key: "verdict", title: "VERDICT", width: 17, rank: 0, left: true,
		draw: drawVerdict, less: byAttention,
	}
	statusColumn = &column{
		title: "STATUS", width: 12, rank: 65, left: true,
		draw: func(p *pen, r *row, width int) { p.left(p.st.dim, r.status, width) },
	}
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
		p.right(m.style, sure(r.p), width-12)
	}
}

// The columns of the two tables, in the order in which they stand.
var (
	channelColumns = []*column{
		spendColumn, changeColumn, impressionsColumn, clicksColumn, ctrColumn, cpcColumn, cvrColumn, revenueColumn,
		profitColumn, roasColumn, poasColumn, cpaColumn, conversionsColumn, maturityColumn, trendColumn, verdictColumn,
	}
	campaignColumns = []*column{
		spendColumn, changeColumn, impressionsColumn, clicksColumn, ctrColumn, cpcColumn, cvrColumn, revenueColumn,
		profitColumn, roasColumn, poasColumn, cpaColumn, conversionsColumn, maturityColumn, trendColumn, statusColumn,
	}
)

// lessBy returns the order of a sort key; an unknown key sorts by attention.
func lessBy(key string) func(a, b *row) int {
	if key == "name" {
		return byName
	}
	for _, c := range channelColumns {
		if c.key == key && c.less != nil {
			return c.less
		}
	}
	return byAttention
}

// sortKeys are the keys that a grid can be sorted by, as they stand.
func (g grid) sortKeys() []string {
	keys := []string{"name"}
	for _, c := range g.columns {
		if c.key != "" {
			keys = append(keys, c.key)
		}
	}
	return keys
}
