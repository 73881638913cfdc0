package alert

import (
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// Field is a name that an expression may use.
type Field struct {
	Path string // "channel.today.roas"
	Text bool   // it is a text, not a number
	Own  bool   // only one kind of subject has it
	Doc  string
}

// figure is a key figure that channels, campaigns and the account have.
type figure struct {
	name, doc string
	of        func(snapshot.Figures) kpi.Ratio
}

func count(v int64, known bool) kpi.Ratio { return kpi.Ratio{Value: float64(v), OK: known} }

func money(v kpi.Micros, known bool) kpi.Ratio { return kpi.Ratio{Value: v.Float(), OK: known} }

var figures = []figure{
	{"impressions", "impressions", func(f snapshot.Figures) kpi.Ratio {
		return count(f.Metrics.Impressions, f.Metrics.Knows(kpi.Impressions))
	}},
	{"clicks", "clicks", func(f snapshot.Figures) kpi.Ratio { return count(f.Metrics.Clicks, f.Metrics.Knows(kpi.Clicks)) }},
	{"cost", "cost, in your currency", func(f snapshot.Figures) kpi.Ratio { return money(f.Metrics.Cost, f.Metrics.Knows(kpi.Cost)) }},
	{"conversions", "conversions seen so far", func(f snapshot.Figures) kpi.Ratio {
		return money(f.Metrics.Conversions, f.Metrics.Knows(kpi.Conversions))
	}},
	{"view_through", "conversions among them that followed a view without a click, where the platform tells", func(f snapshot.Figures) kpi.Ratio {
		return money(f.Metrics.ViewThrough, f.Metrics.Knows(kpi.ViewThrough))
	}},
	{"revenue", "revenue seen so far", func(f snapshot.Figures) kpi.Ratio { return money(f.Metrics.Revenue, f.Metrics.Knows(kpi.Revenue)) }},
	{"contribution", "revenue × margin − payouts", func(f snapshot.Figures) kpi.Ratio { return f.Contribution.Float() }},
	{"profit", "contribution − cost − fixed fees", func(f snapshot.Figures) kpi.Ratio { return f.Profit.Float() }},
	{"ctr", "clicks / impressions", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.CTR() }},
	{"cpc", "cost / clicks", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.CPC() }},
	{"cpm", "1000 × cost / impressions", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.CPM() }},
	{"cvr", "conversions / clicks", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.CVR() }},
	{"cpa", "cost / conversions; unknown without a conversion", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.CPA() }},
	{"aov", "revenue / conversions", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.AOV() }},
	{"roas", "revenue / cost", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.ROAS() }},
	{"acos", "cost / revenue", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.ACOS() }},
	{"poas", "contribution / cost", func(f snapshot.Figures) kpi.Ratio { return f.POAS() }},
	{"maturity", "share of the final conversions seen so far, 0 to 1", func(f snapshot.Figures) kpi.Ratio { return f.Maturity }},
}

// The spans of time that figures come for, the shorthand for today included.
const (
	spanToday      = "today"
	spanWeek       = "last_7d"
	spanDayBefore  = "today_before"
	spanWeekBefore = "last_7d_before"
)

var spans = []string{spanToday, spanWeek, spanDayBefore, spanWeekBefore}

// own are the fields that only one kind of subject has.
var own = []Field{
	{"channel.name", true, true, "its name"},
	{"channel.verdict", true, true, "profitable, at risk, unprofitable, too early or idle"},
	{"channel.p_unprofitable", false, true, "how sure the evidence is of a loss, 0 to 1"},
	{"channel.loss_per_day", false, true, "expected loss a day, 0 without one"},
	{"channel.break_even_roas", false, true, "ROAS at which contribution is cost"},
	{"channel.target_roas", false, true, "as configured"},
	{"channel.target_cpa", false, true, "as configured"},
	{"channel.last_24h.cost", false, true, "of the 24 hours before its figures end; unknown where a source tells days only"},
	{"channel.last_24h.clicks", false, true, "likewise"},
	{"channel.last_24h.conversions", false, true, "likewise, seen so far"},
	{"channel.last_24h.revenue", false, true, "likewise, seen so far"},
	{"channel.last_24h.cpa", false, true, "likewise"},
	{"channel.last_24h.roas", false, true, "likewise"},
	{"campaign.name", true, true, "its name"},
	{"campaign.id", true, true, "the platform's id"},
	{"campaign.status", true, true, "the platform's word"},
	{"source.name", true, true, "its name"},
	{"source.health", true, true, "ok, error or stale"},
	{"source.age_minutes", false, true, "since the last good answer"},
	{"source.lag_minutes", false, true, "since the moment up to which its figures are complete"},
	{"source.quota_used", false, true, "share of the platform's quota in use, 0 to 1"},
	{"source.expires_hours", false, true, "until its access ends, where it can tell"},
}

// Fields lists what expressions may use. Figures stand there once for each
// kind of subject and span of time.
func Fields() []Field {
	all := append([]Field(nil), own...)
	for _, kind := range []string{kindChannel, kindCampaign, kindAccount} {
		for _, f := range figures {
			all = append(all, Field{kind + "." + f.name, false, false, f.doc})
			for _, span := range spans {
				all = append(all, Field{kind + "." + span + "." + f.name, false, false, f.doc})
			}
		}
	}
	return all
}

// Kinds of subject.
const (
	kindChannel  = "channel"
	kindCampaign = "campaign"
	kindSource   = "source"
	kindAccount  = "account"
)

// values are the numbers of one subject by the path of their field. A number
// that is not there is missing.
type values map[string]float64

func (v values) put(path string, r kpi.Ratio) {
	if r.OK {
		v[path] = r.Value
	}
}

// figures puts those of a span of time; today's also stand without it.
func (v values) figures(kind, span string, f snapshot.Figures) {
	if !f.Known {
		return
	}
	for _, one := range figures {
		r := one.of(f)
		v.put(kind+"."+span+"."+one.name, r)
		if span == spanToday {
			v.put(kind+"."+one.name, r)
		}
	}
}

// Books are the pictures that rules of the config read: the figures of today
// and of the last seven days, each with the period before at the same moment.
type Books struct{ Today, Week *snapshot.Snapshot }

func (b Books) account() values {
	v := values{}
	v.figures(kindAccount, spanToday, b.Today.Total)
	v.figures(kindAccount, spanDayBefore, b.Today.Before)
	v.figures(kindAccount, spanWeek, b.Week.Total)
	v.figures(kindAccount, spanWeekBefore, b.Week.Before)
	return v
}

func (b Books) channel(judged snapshot.Channel) (values, map[string]string) {
	v := values{}
	if ch, ok := named(b.Today, judged.Name); ok {
		v.figures(kindChannel, spanToday, ch.Now)
		v.figures(kindChannel, spanDayBefore, ch.Before)
	}
	if ch, ok := named(b.Week, judged.Name); ok {
		v.figures(kindChannel, spanWeek, ch.Now)
		v.figures(kindChannel, spanWeekBefore, ch.Before)
	}
	v.put("channel.p_unprofitable", judged.P)
	v.put("channel.loss_per_day", money(judged.Evidence.LossPerDay, judged.P.OK))
	v.put("channel.break_even_roas", judged.Economics.BreakEvenROAS())
	v.put("channel.target_roas", money(judged.Economics.TargetROAS, judged.Economics.TargetROAS > 0))
	v.put("channel.target_cpa", money(judged.Economics.TargetCPA, judged.Economics.TargetCPA > 0))
	v.lastDay(judged)
	return v, map[string]string{"channel.name": judged.Name, "channel.verdict": string(judged.Verdict)}
}

// lastDay puts the 24 hours before the watermark. Where spend or results are
// known by the day, nobody knows them.
func (v values) lastDay(ch snapshot.Channel) {
	from := ch.Watermark.Add(-24 * time.Hour)
	spend, results := false, false
	for i := range ch.Cohorts {
		s := &ch.Cohorts[i]
		if s.End.After(from) && s.End.Sub(s.Start) > time.Hour {
			return
		}
		if s.HasSpend && s.End.After(from) {
			spend = true
		}
		if s.HasResults && s.End.After(from) {
			results = true
		}
	}
	if !spend || !results {
		return
	}
	day := between(ch, from, ch.Watermark)
	v["channel.last_24h.cost"], v["channel.last_24h.clicks"] = day.cost, day.clicks
	v["channel.last_24h.conversions"], v["channel.last_24h.revenue"] = day.conversions, day.revenue
	if day.conversions > 0 {
		v["channel.last_24h.cpa"] = day.cost / day.conversions
	}
	if day.cost > 0 {
		v["channel.last_24h.roas"] = day.revenue / day.cost
	}
}

// campaign joins the figures of one campaign to those of its channel.
func (b Books) campaign(v values, texts map[string]string, ch string, c snapshot.Campaign) {
	v.figures(kindCampaign, spanToday, c.Now)
	v.figures(kindCampaign, spanDayBefore, c.Before)
	if week, ok := named(b.Week, ch); ok {
		for _, other := range week.Campaigns {
			if other.Source == c.Source && other.Account == c.Account && other.ID == c.ID {
				v.figures(kindCampaign, spanWeek, other.Now)
				v.figures(kindCampaign, spanWeekBefore, other.Before)
			}
		}
	}
	texts["campaign.name"], texts["campaign.id"], texts["campaign.status"] = c.Name, c.ID, c.Status
}

func sourceValues(src snapshot.Source, s *snapshot.Snapshot) (values, map[string]string) {
	v := values{}
	if !src.LastGood.IsZero() {
		v["source.age_minutes"] = s.AsOf.Sub(src.LastGood).Minutes()
	}
	if !src.Watermark.IsZero() {
		v["source.lag_minutes"] = s.AsOf.Sub(src.Watermark).Minutes()
	}
	if !src.Expires.IsZero() {
		v["source.expires_hours"] = src.Expires.Sub(s.AsOf).Hours()
	}
	v.put("source.quota_used", src.QuotaUsed)
	return v, map[string]string{"source.name": src.Name, "source.health": string(src.Health)}
}

func named(s *snapshot.Snapshot, name string) (snapshot.Channel, bool) {
	for _, ch := range s.Channels {
		if ch.Name == name {
			return ch, true
		}
	}
	return snapshot.Channel{}, false
}

// kindOf is what a field is about.
func kindOf(path string) string {
	kind, _, _ := strings.Cut(path, ".")
	return kind
}
