package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	account   *world.Account
	campaign  *world.Campaign // nil at account level
	group     *world.AdGroup  // nil above the ad set
	ad        *world.Ad       // nil above the ad
	placement *world.Placement
	days      kpi.DateRange
	hour      int  // wall clock; -1 without the hourly breakdown
	viewed    bool // actions tell what of them is in the window of a view
	metrics   kpi.Metrics
}

// metaReport is what a request for insights asks for.
type metaReport struct {
	days       kpi.DateRange
	level      string // account, campaign, adset or ad
	within     string // id of the campaign or ad set that rows have to belong to, or ""
	byHour     bool
	byDay      bool
	byPlatform bool
	byPosition bool
	viewed     bool // the window 1d_view was asked for
	fields     []string
}

// metaFields appends each field with its key, or nothing where Meta leaves it out.
var metaFields = map[string]func(b []byte, r *metaRow) []byte{
	"account_id":       metaText("account_id", func(r *metaRow) string { return strings.TrimPrefix(r.account.ID, "act_") }),
	"account_name":     metaText("account_name", func(r *metaRow) string { return r.account.Name }),
	"account_currency": metaText("account_currency", func(r *metaRow) string { return string(r.account.Currency) }),
	"campaign_id":      metaCampaignText("campaign_id", func(c *world.Campaign) string { return c.ID }),
	"campaign_name":    metaCampaignText("campaign_name", func(c *world.Campaign) string { return c.Name }),
	"adset_id":         metaGroupText("adset_id", func(g *world.AdGroup) string { return g.ID }),
	"adset_name":       metaGroupText("adset_name", func(g *world.AdGroup) string { return g.Name }),
	"ad_id":            metaAdText("ad_id", func(a *world.Ad) string { return a.ID }),
	"ad_name":          metaAdText("ad_name", func(a *world.Ad) string { return a.Name }),
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

func metaGroupText(key string, value func(*world.AdGroup) string) func([]byte, *metaRow) []byte {
	text := metaText(key, func(r *metaRow) string { return value(r.group) })
	return func(b []byte, r *metaRow) []byte {
		if r.group == nil {
			return b
		}
		return text(b, r)
	}
}

func metaAdText(key string, value func(*world.Ad) string) func([]byte, *metaRow) []byte {
	text := metaText(key, func(r *metaRow) string { return value(r.ad) })
	return func(b []byte, r *metaRow) []byte {
		if r.ad == nil {
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
	add := func(kind, value string, viewed kpi.Micros) {
		actions = append(actions, fmt.Sprintf(`{"action_type":%q,"value":%q`, kind, value)...)
		if r.viewed && viewed != 0 {
			actions = append(actions, fmt.Sprintf(`,"1d_view":%q`, viewed.Decimal(0))...)
		}
		actions = append(actions, `},`...)
	}
	if clicks := strconv.FormatInt(r.metrics.Clicks, 10); clicks != "0" {
		add("page_engagement", clicks, 0)
		if r.days.From%7 != 0 {
			add("link_click", clicks, 0)
		}
	}
	if purchases != "0" {
		for _, kind := range metaPurchases {
			add(kind, purchases, r.metrics.ViewThrough)
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
	if r.placement != nil {
		b = append(b, fmt.Sprintf(`,"publisher_platform":%q`, r.placement.Network)...)
		if r.placement.Position != "" {
			b = append(b, fmt.Sprintf(`,"platform_position":%q`, r.placement.Position)...)
		}
	}
	return append(b, '}')
}

// metaInsights answers the insights of an account.
func (s *Simulator) metaInsights(c *call, account world.Account, query url.Values) answer {
	report, refused := parseMetaReport(query)
	if refused != "" {
		return metaInvalid(refused).answer()
	}
	return s.metaReported(c, account, report, query, s.SyncRows)
}

// metaReported answers with a page of a report that has no more than so many
// rows; 0 is no limit.
func (s *Simulator) metaReported(c *call, account world.Account, report metaReport, query url.Values, most int) answer {
	report.days.From = max(report.days.From, kpi.DateOf(s.world.Spec().Epoch, account.Zone))
	report.days.To = min(report.days.To, kpi.DateOf(c.now, account.Zone))
	rows := s.metaRows(c, &account, report)
	if most > 0 && len(rows) > most {
		return metaRefusal{http.StatusBadRequest, 100, 1487534, "(#100) Too much data was requested in one call", false}.answer()
	}
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
	switch r.level = query.Get("level"); r.level {
	case "campaign", "adset", "ad", "account":
	case "":
		r.level = "account"
	default:
		return r, "level must be one of the following values: ad, adset, campaign, account"
	}
	if r.within, refused = parseMetaFilter(query.Get("filtering"), r.level); refused != "" {
		return r, refused
	}
	switch query.Get("time_increment") {
	case "1":
		r.byDay = true
	case "", "all_days":
	default:
		return r, "time_increment must be 1 or all_days" // months and other runs of days are not simulated
	}
	switch query.Get("breakdowns") {
	case metaHourly: // with no other breakdown of delivery
		r.byHour = true
	case "publisher_platform":
		r.byPlatform = true
	case "publisher_platform,platform_position":
		r.byPlatform, r.byPosition = true, true
	case "":
	default:
		return r, "breakdowns is not supported: " + query.Get("breakdowns")
	}
	if r.viewed, refused = parseMetaWindows(query.Get("action_attribution_windows")); refused != "" {
		return r, refused
	}
	r.days, refused = parseMetaDays(query.Get("time_range"))
	return r, refused
}

// metaWindows are the windows that actions may be split by. Those of longer views were
// removed in January 2026.
var metaWindows = []string{"1d_click", "7d_click", "28d_click", "1d_ev", "1d_view", "incrementality"}

// parseMetaWindows says whether the window of a view is asked for; the others are not
// simulated.
func parseMetaWindows(text string) (viewed bool, refused string) {
	if text == "" {
		return false, ""
	}
	var windows []string
	if err := json.Unmarshal([]byte(text), &windows); err != nil {
		return false, "param action_attribution_windows must be an array"
	}
	for _, w := range windows {
		if !slices.Contains(metaWindows, w) {
			return false, "action_attribution_windows must be one of the following values: " + strings.Join(metaWindows, ", ")
		}
	}
	return slices.Contains(windows, "1d_view"), ""
}

// parseMetaFilter reads the one kind of filter that is simulated: what belongs
// to a campaign or an ad set.
func parseMetaFilter(text, level string) (within, refused string) {
	if text == "" {
		return "", ""
	}
	var filters []struct{ Field, Operator, Value string }
	if err := json.Unmarshal([]byte(text), &filters); err != nil || len(filters) != 1 || filters[0].Operator != "EQUAL" {
		return "", "param filtering must be an array of filter objects"
	}
	if field := filters[0].Field; field != "campaign.id" && (field != "adset.id" || level != "ad") {
		return "", "Filtering field " + field + " is invalid"
	}
	return filters[0].Value, ""
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

// metaKey is what rows of a report have apart from each other.
type metaKey struct {
	id, platform, position string
	date                   kpi.Date
	hour                   int
}

// metaRows makes the rows with delivery. Without a time increment, one row
// stands for the same hour, or all hours, of all days. What was deleted is in
// no list, and still in the figures of what it belonged to.
func (s *Simulator) metaRows(c *call, account *world.Account, report metaReport) []metaRow {
	place := map[metaKey]int{}
	var rows []metaRow
	add := func(row metaRow, d kpi.Date) {
		if !isNonzero(row.metrics) || !report.shapes(&row) {
			return
		}
		k := metaKey{hour: row.hour}
		switch report.level {
		case "campaign":
			k.id = row.campaign.ID
		case "adset":
			k.id = row.group.ID
		case "ad":
			k.id = row.ad.ID
		}
		if row.placement != nil {
			k.platform, k.position = row.placement.Network, row.placement.Position
		}
		row.account, row.days, row.viewed = account, report.days, report.viewed
		if report.byDay {
			k.date, row.days = d, kpi.DateRange{From: d, To: d}
		}
		if i, known := place[k]; known {
			rows[i].metrics = sum(rows[i].metrics, row.metrics)
			return
		}
		place[k] = len(rows)
		rows = append(rows, row)
	}
	parted := report.level == "adset" || report.level == "ad" || report.byPlatform
	for i := range account.Campaigns {
		campaign := &account.Campaigns[i]
		for d := report.days.From; d <= report.days.To; d++ {
			s.metaDay(c, account, campaign, d, report.byHour, parted, func(row metaRow) { add(row, d) })
		}
	}
	return rows
}

// metaDay hands over the figures of a day of a campaign: the whole, or each
// part of it.
func (s *Simulator) metaDay(c *call, account *world.Account, campaign *world.Campaign, d kpi.Date, byHour, parted bool, add func(metaRow)) {
	row := func(part world.Part, hour int, end time.Time) {
		add(metaRow{campaign: campaign, group: part.Group, ad: part.Ad, placement: part.Placement, hour: hour, metrics: c.restated(part.Metrics, end, account.Currency)})
	}
	if !byHour {
		parts := []world.Part{{Metrics: s.world.Day(account.ID, campaign.ID, d, c.now)}}
		if parted {
			parts = s.world.DayParts(account.ID, campaign.ID, d, c.now)
		}
		for _, part := range parts {
			row(part, -1, d.End(account.Zone))
		}
		return
	}
	hours := s.world.Hours(account.ID, campaign.ID, d, c.now)
	for n, whole := range hours {
		begin := d.Start(account.Zone).Add(time.Duration(n) * time.Hour)
		parts := []world.Part{{Metrics: whole}}
		if parted {
			parts = s.world.Parts(account.ID, campaign.ID, begin, whole)
		}
		for _, part := range parts {
			row(part, begin.In(account.Zone).Hour(), begin.Add(time.Hour))
		}
	}
}

// shapes leaves of a row what the report asks for; false when it has no such row.
func (r *metaReport) shapes(row *metaRow) bool {
	within := r.within == "" || row.campaign.ID == r.within || row.group != nil && row.group.ID == r.within
	gone := r.level != "account" && row.campaign.Status == "DELETED"
	switch r.level {
	case "adset":
		gone = gone || row.group == nil || row.group.Status == "DELETED"
		row.ad = nil
	case "ad":
		gone = gone || row.ad == nil || row.group.Status == "DELETED" || row.ad.Status == "DELETED"
	case "account":
		row.campaign, row.group, row.ad = nil, nil, nil
	default:
		row.group, row.ad = nil, nil
	}
	if !r.byPlatform {
		row.placement = nil
	} else if row.placement == nil {
		row.placement = &world.Placement{Network: "unknown"}
	}
	if !r.byPosition && row.placement != nil {
		row.placement = &world.Placement{Network: row.placement.Network}
	}
	return within && !gone
}
