package simulator

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

const metaHourly = "hourly_stats_aggregated_by_advertiser_time_zone"

// metaPurchases are the action types under which Meta repeats one purchase.
var metaPurchases = [...]string{
	"web_in_store_purchase", "purchase", "onsite_web_app_purchase",
	"onsite_web_purchase", "offsite_conversion.fb_pixel_purchase", "omni_purchase",
}

// metaRow is one row of insights.
type metaRow struct {
	account  *world.Account
	campaign *world.Campaign // nil at account level
	days     kpi.DateRange
	hour     int // wall clock; -1 without the hourly breakdown
	metrics  kpi.Metrics
}

// metaReport is what a request for insights asks for.
type metaReport struct {
	days       kpi.DateRange
	byCampaign bool
	byHour     bool
	byDay      bool
	fields     []string
}

// metaFields appends each field with its key, or nothing where Meta leaves it out.
var metaFields = map[string]func(b []byte, r *metaRow) []byte{
	"account_id":       metaText("account_id", func(r *metaRow) string { return strings.TrimPrefix(r.account.ID, "act_") }),
	"account_name":     metaText("account_name", func(r *metaRow) string { return r.account.Name }),
	"account_currency": metaText("account_currency", func(r *metaRow) string { return string(r.account.Currency) }),
	"campaign_id":      metaCampaignText("campaign_id", func(c *world.Campaign) string { return c.ID }),
	"campaign_name":    metaCampaignText("campaign_name", func(c *world.Campaign) string { return c.Name }),
	"impressions":      metaText("impressions", func(r *metaRow) string { return strconv.FormatInt(r.metrics.Impressions, 10) }),
	// clicks counts likes and profile clicks too; those that lead to the website
	// are the inline link clicks.
	"clicks":              metaText("clicks", func(r *metaRow) string { return strconv.FormatInt(r.metrics.Clicks+r.metrics.Clicks/4, 10) }),
	"inline_link_clicks":  metaText("inline_link_clicks", func(r *metaRow) string { return strconv.FormatInt(r.metrics.Clicks, 10) }),
	"spend":               metaText("spend", func(r *metaRow) string { return r.metrics.Cost.Decimal(0) }),
	"attribution_setting": metaText("attribution_setting", func(*metaRow) string { return "7d_click_1d_view" }),
	"actions":             metaActions,
	"action_values":       metaActionValues,
	"date_start":          func(b []byte, _ *metaRow) []byte { return b }, // always there, see metaRow.append
	"date_stop":           func(b []byte, _ *metaRow) []byte { return b },
}

func metaText(key string, value func(*metaRow) string) func([]byte, *metaRow) []byte {
	return func(b []byte, r *metaRow) []byte {
		return append(appendValue(append(b, `"`+key+`":`...), value(r), true), ',')
	}
}

func metaCampaignText(key string, value func(*world.Campaign) string) func([]byte, *metaRow) []byte {
	text := metaText(key, func(r *metaRow) string { return value(r.campaign) })
	return func(b []byte, r *metaRow) []byte {
		if r.campaign == nil {
			return b
		}
		return text(b, r)
	}
}

// metaActions has no key at all when nothing happened. On every seventh day
// link_click is lacking although there were link clicks, as has been seen.
func metaActions(b []byte, r *metaRow) []byte {
	purchases := r.metrics.Conversions.Decimal(0)
	var actions []byte
	add := func(kind, value string) {
		actions = append(actions, fmt.Sprintf(`{"action_type":%q,"value":%q},`, kind, value)...)
	}
	if clicks := strconv.FormatInt(r.metrics.Clicks, 10); clicks != "0" {
		add("page_engagement", clicks)
		if r.days.From%7 != 0 {
			add("link_click", clicks)
		}
	}
	if purchases != "0" {
		for _, kind := range metaPurchases {
			add(kind, purchases)
		}
	}
	if len(actions) == 0 {
		return b
	}
	b = append(b, `"actions":[`...)
	b = append(b, actions[:len(actions)-1]...)
	return append(b, `],`...)
}

func metaActionValues(b []byte, r *metaRow) []byte {
	if r.metrics.Conversions == 0 {
		return b
	}
	b = append(b, `"action_values":[`...)
	for i, kind := range metaPurchases {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, fmt.Sprintf(`{"action_type":%q,"value":%q}`, kind, r.metrics.Revenue.Decimal(0))...)
	}
	return append(b, `],`...)
}

func (r *metaRow) append(b []byte, fields []string) []byte {
	b = append(b, '{')
	for _, name := range fields {
		b = metaFields[name](b, r)
	}
	b = append(b, fmt.Sprintf(`"date_start":%q,"date_stop":%q`, r.days.From, r.days.To)...)
	if r.hour >= 0 {
		b = append(b, fmt.Sprintf(`,"%s":"%02d:00:00 - %02d:59:59"`, metaHourly, r.hour, r.hour)...)
	}
	return append(b, '}')
}

// metaInsights answers the insights of an account.
func (s *Simulator) metaInsights(c *call, account world.Account, query url.Values) answer {
	report, refused := parseMetaReport(query)
	if refused != "" {
		return metaInvalid(refused).answer()
	}
	report.days.From = max(report.days.From, kpi.DateOf(s.world.Spec().Epoch, account.Zone))
	report.days.To = min(report.days.To, kpi.DateOf(c.now, account.Zone))
	rows := s.metaRows(c, &account, report)
	return s.metaPage(c, query, len(rows), func(b []byte, i int) []byte { return rows[i].append(b, report.fields) })
}

// parseMetaReport reads the parameters of insights; refused says what is wrong.
func parseMetaReport(query url.Values) (r metaReport, refused string) {
	r.fields = splitFields(query.Get("fields"))
	if len(r.fields) == 0 {
		r.fields = []string{"account_id", "impressions", "spend"}
	}
	for _, name := range r.fields {
		if metaFields[name] == nil {
			return r, name + " is not valid for fields param."
		}
	}
	switch level := query.Get("level"); level {
	case "campaign":
		r.byCampaign = true
	case "account", "":
	default:
		return r, "level must be one of the following values: account, campaign" // ad sets and ads are not simulated
	}
	switch query.Get("time_increment") {
	case "1":
		r.byDay = true
	case "", "all_days":
	default:
		return r, "time_increment must be 1 or all_days" // months and other runs of days are not simulated
	}
	switch query.Get("breakdowns") {
	case metaHourly:
		r.byHour = true
	case "":
	default:
		return r, "breakdowns is not supported: " + query.Get("breakdowns")
	}
	r.days, refused = parseMetaDays(query.Get("time_range"))
	return r, refused
}

func parseMetaDays(text string) (kpi.DateRange, string) {
	var span struct{ Since, Until string }
	if err := json.Unmarshal([]byte(text), &span); err != nil {
		return kpi.DateRange{}, "param time_range must be non-empty and a JSON object with since and until."
	}
	since, errSince := kpi.ParseDate(span.Since)
	until, errUntil := kpi.ParseDate(span.Until)
	if errSince != nil || errUntil != nil {
		return kpi.DateRange{}, "Must be a date representation in the format YYYY-MM-DD"
	}
	if since > until {
		return kpi.DateRange{}, "since date must be on or before until date"
	}
	return kpi.DateRange{From: since, To: until}, ""
}

// metaRows makes the rows with delivery. Without a time increment, one row
// stands for the same hour, or all hours, of all days.
func (s *Simulator) metaRows(c *call, account *world.Account, report metaReport) []metaRow {
	type key struct {
		campaign string
		date     kpi.Date
		hour     int
	}
	place := map[key]int{}
	var rows []metaRow
	add := func(campaign *world.Campaign, d kpi.Date, hour int, m kpi.Metrics) {
		if !isNonzero(m) {
			return
		}
		row := metaRow{account, campaign, report.days, hour, m}
		k := key{"", 0, hour}
		if report.byCampaign {
			k.campaign = campaign.ID
		} else {
			row.campaign = nil
		}
		if report.byDay {
			k.date, row.days = d, kpi.DateRange{From: d, To: d}
		}
		if i, known := place[k]; known {
			rows[i].metrics = sum(rows[i].metrics, m)
			return
		}
		place[k] = len(rows)
		rows = append(rows, row)
	}
	for i := range account.Campaigns {
		campaign := &account.Campaigns[i]
		for d := report.days.From; d <= report.days.To; d++ {
			if !report.byHour {
				add(campaign, d, -1, c.restated(s.world.Day(account.ID, campaign.ID, d, c.now), d.End(account.Zone), account.Currency))
				continue
			}
			start := d.Start(account.Zone)
			for n, m := range s.world.Hours(account.ID, campaign.ID, d, c.now) {
				begin := start.Add(time.Duration(n) * time.Hour)
				add(campaign, d, begin.In(account.Zone).Hour(), c.restated(m, begin.Add(time.Hour), account.Currency))
			}
		}
	}
	return rows
}
