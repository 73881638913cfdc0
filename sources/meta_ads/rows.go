package metaads

import (
	"bytes"
	"strings"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// results lists the action types that stand for a result, best first. The
// first alternative of which anything is there is taken; the types within one
// are parts that add up. Meta counts a purchase under all of its types at once.
var results = map[string][][]string{
	"purchase": {{"omni_purchase"}, {"purchase"}, {"offsite_conversion.fb_pixel_purchase"}},
	"lead":     {{"lead"}, {"onsite_conversion.lead_grouped", "offsite_conversion.fb_pixel_lead"}},
}

// alternatives returns the action types to look for under a result option.
func alternatives(result string) [][]string {
	if known, ok := results[result]; ok {
		return known
	}
	return [][]string{{result}}
}

// level is how Meta names a level and the fields that say what a row is about.
type level struct{ name, id, title, parent string }

var levels = map[sources.Level]level{
	sources.LevelAccount:  {name: "account"},
	sources.LevelCampaign: {"campaign", "campaign_id", "campaign_name", ""},
	sources.LevelAdGroup:  {"adset", "adset_id", "adset_name", "campaign_id"},
	sources.LevelAd:       {"ad", "ad_id", "ad_name", "adset_id"},
}

// fields lists what is asked for at a level.
func (l level) fields() string {
	fields := "account_id,account_currency,"
	for _, name := range []string{l.id, l.title, l.parent} {
		if name != "" {
			fields += name + ","
		}
	}
	return fields + "impressions,inline_link_clicks,spend,actions,action_values,attribution_setting,date_start,date_stop"
}

// breakdowns are the parts that rows can be split into. Meta calls their
// figures estimates: it does not promise that they add up to the whole.
var breakdowns = map[string]string{
	"network":   "publisher_platform",                   // as in instagram
	"placement": "publisher_platform,platform_position", // as in instagram/feed
}

// decoder reads the rows of insights.
type decoder struct {
	rows    *httpkit.Rows
	query   sources.Query
	account string // without act_
	level   level
	status  map[string][]byte // by id, where it is known

	actions, values tally
	viewed          tally  // of actions, those within a day of a view
	attribution     string // of the row that is handed over
	breakdown       []byte
}

// newDecoder makes a decoder for a query whose days are those of one request.
func newDecoder(q sources.Query, result string, status map[string][]byte, yield func(sources.Record) error) *decoder {
	types := alternatives(result)
	d := &decoder{query: q, account: strings.TrimPrefix(q.Account.ID, "act_"), level: levels[q.Level], status: status, actions: newTally(types), values: newTally(types), viewed: newTally(types)}
	d.rows = httpkit.RowsOf(platform, q, func(r sources.Record) error {
		row := r.(sources.Row)
		row.Entity.Attribution = d.attribution
		return yield(row)
	})
	d.rows.Of, d.rows.Entity.Action = "row", result
	return d
}

// page reads one page of insights and returns the link to the next, "" after
// the last one.
func (d *decoder) page(s *httpkit.Scanner) (next string, err error) {
	there := false
	for key := range s.Object() {
		switch string(key) {
		case "data":
			for range s.Array() {
				d.rows.Line++
				i := d.insight(s)
				if s.Err() != nil {
					break
				}
				if err := d.put(i); err != nil {
					return "", err
				}
			}
			there = true
		case "paging":
			for key := range s.Object() {
				if string(key) == "next" {
					next = string(s.Text())
				}
			}
		}
	}
	if err := s.End(); err != nil {
		return "", err
	}
	if !there {
		return "", sources.Errorf(sources.Malformed, "%s: answer has no data", platform)
	}
	return next, nil
}

// insight is one row as it came. All its numbers are strings.
type insight struct {
	account, currency []byte
	id, name, parent  []byte
	network, position []byte
	attribution       []byte
	start, stop       []byte
	metrics           kpi.Metrics
}

// insight reads a row. Meta leaves out link clicks and actions that did not
// happen, so in a row these are zero. Results without any value have an unknown
// revenue: the pixel does not send it.
func (d *decoder) insight(s *httpkit.Scanner) (i insight) {
	d.actions.clear()
	d.values.clear()
	d.viewed.clear()
	m := &i.metrics
	m.Has = kpi.Clicks
	for key := range s.Object() {
		switch string(key) {
		case "account_id":
			i.account = s.Text()
		case "account_currency":
			i.currency = s.Text()
		case "publisher_platform":
			i.network = s.Text()
		case "platform_position":
			i.position = s.Text()
		case "attribution_setting":
			i.attribution = s.Text()
		case "date_start":
			i.start = s.Text()
		case "date_stop":
			i.stop = s.Text()
		case "impressions":
			s.Metric(m, kpi.Impressions)
		case "inline_link_clicks":
			s.Metric(m, kpi.Clicks)
		case "spend": // in units of the account's currency
			s.Metric(m, kpi.Cost)
		case "actions":
			d.actions.read(s, &d.viewed)
		case "action_values":
			d.values.read(s, nil)
		case d.level.id:
			i.id = s.Text()
		case d.level.title:
			i.name = s.Text()
		case d.level.parent:
			i.parent = s.Text()
		}
	}
	return i
}

// put hands a row over.
func (d *decoder) put(i insight) error {
	account := d.query.Account
	switch {
	case string(i.account) != d.account:
		return d.rows.Malformed("a row is of account %q", sources.Clean(string(i.account)))
	case len(i.currency) > 0 && string(i.currency) != string(account.Currency):
		return d.rows.Malformed("a row is in %q: expected %s", sources.Clean(string(i.currency)), account.Currency)
	case !bytes.Equal(i.start, i.stop):
		// As hours without time_increment do.
		return d.rows.Malformed("a row covers %q to %q: expected one day", sources.Clean(string(i.start)), sources.Clean(string(i.stop)))
	case d.query.Breakdown != "" && len(i.network) == 0:
		return d.rows.Malformed("a row of %s has no publisher_platform", sources.Clean(string(i.start)))
	case d.level.parent != "" && len(i.parent) == 0:
		return d.rows.Malformed("a row of %s has no %s", sources.Clean(string(i.start)), d.level.parent)
	}
	m, err := d.finish(i.metrics, bytes.Contains(i.attribution, viewWindow))
	if err != nil {
		return d.rows.Malformed("%w", err)
	}
	slot, err := d.rows.Day(i.start)
	if err != nil {
		return err
	}
	f := httpkit.Figure{ID: i.id, Name: i.name, Parent: i.parent, Status: d.status[string(i.id)], Slot: slot, Metrics: m}
	if d.query.Level == sources.LevelAccount {
		f.ID, f.Name = []byte(account.ID), []byte(account.Name)
	}
	if d.query.Breakdown != "" {
		d.breakdown = append(d.breakdown[:0], i.network...)
		if len(i.position) > 0 {
			d.breakdown = append(append(d.breakdown, '/'), i.position...)
		}
		f.Breakdown = d.breakdown
	}
	if string(i.attribution) != d.attribution {
		d.attribution = sources.Clean(string(i.attribution))
	}
	return d.rows.Put(f)
}

// viewWindow is the window of a view, in an attribution setting and as the key of an
// action.
var viewWindow = []byte("1d_view")

// finish adds conversions and revenue to what a row has, and where the setting counts
// views, how many conversions followed one. Those of a type that Meta gives no such
// number for are none: it leaves out what did not happen.
func (d *decoder) finish(m kpi.Metrics, views bool) (kpi.Metrics, error) {
	m.Has |= kpi.Conversions
	var err error
	if m.Conversions, _, err = d.actions.pick(); err != nil {
		return kpi.Metrics{}, err
	}
	if views {
		m.Has |= kpi.ViewThrough
		if m.ViewThrough, err = d.viewed.beside(&d.actions); err != nil {
			return kpi.Metrics{}, err
		}
	}
	value, valued, err := d.values.pick()
	if err != nil {
		return kpi.Metrics{}, err
	}
	if valued || m.Conversions == 0 {
		m.Has, m.Revenue = m.Has|kpi.Revenue, value
	}
	return m, nil
}
