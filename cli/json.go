package cli

import (
	"io"
	"math"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// reportVersion is the version of the JSON report. It grows when a field
// changes its meaning or goes; new fields come without notice.
const reportVersion = 1

// jsonReport is the JSON report: the contract is in the README. Money is a
// decimal string in major units, ratios are numbers, what is unknown is null.
type jsonReport struct {
	Version  int           `json:"version"`
	AsOf     time.Time     `json:"as_of"`
	Title    string        `json:"title"`
	Currency kpi.Currency  `json:"currency"`
	Range    jsonRange     `json:"range"`
	Alerting jsonAlerting  `json:"alerting"`
	Total    jsonFigures   `json:"total"`
	Channels []jsonChannel `json:"channels"`
	Alerts   []jsonAlert   `json:"alerts"`
	Sources  []jsonSource  `json:"sources"`
	Targets  []jsonTarget  `json:"targets"`
	Notes    []jsonNote    `json:"notes"`
	Warnings []string      `json:"warnings"`

	Unclaimed []jsonUnclaimed `json:"unclaimed,omitempty"` // where it was asked for
}

type jsonRange struct {
	Name string `json:"name"`
	From string `json:"from"` // in the display zone; each account counts its own days
	To   string `json:"to"`
	Zone string `json:"zone"`
}

type jsonAlerting struct {
	Threshold           float64 `json:"threshold"`
	FalseAlarmsPerMonth float64 `json:"false_alarms_per_month"` // accepted
	Expected            float64 `json:"expected"`               // those to expect at 1.5 times break-even
	Met                 bool    `json:"met"`
}

type jsonChannel struct {
	Name          string      `json:"name"`
	Verdict       kpi.Verdict `json:"verdict"`
	PUnprofitable *float64    `json:"p_unprofitable"`
	Reason        string      `json:"reason"`
	BreakEvenROAS *float64    `json:"break_even_roas"`
	Watermark     *time.Time  `json:"complete_through"`
	Attribution   []string    `json:"attribution"` // a sentence for each source of results
	jsonFigures
	Approvals []jsonApproval `json:"approval"` // of accounts whose pending results count at a rate
	Previous  *jsonFigures   `json:"previous"`
	Compared  *jsonFigures   `json:"compared"` // what previous compares with, null when that is the figures themselves

	Campaigns []jsonCampaign `json:"campaigns,omitempty"` // where they were asked for
}

// jsonApproval is what is known of how the pending results of an account end.
type jsonApproval struct {
	Source   string   `json:"source"`
	Account  string   `json:"account"`
	Rate     *float64 `json:"rate"` // approved of those decided
	Approved int      `json:"approved"`
	Rejected int      `json:"rejected"`
	Assumed  float64  `json:"assumed"` // counts as if it stood for so many decided more
	Behind   int      `json:"assumed_weight"`
}

type jsonCampaign struct {
	Source        string       `json:"source"`
	Account       string       `json:"account"`
	ID            string       `json:"id"`
	Name          string       `json:"name"`
	Status        string       `json:"status"`
	Attribution   *string      `json:"attribution"` // the setting of the campaign, in words
	URL           *string      `json:"url"`
	Verdict       *kpi.Verdict `json:"verdict"`
	PUnprofitable *float64     `json:"p_unprofitable"`
	Reason        string       `json:"reason"`
	jsonFigures
}

// jsonUnclaimed is what no channel claims: results of one origin, or a campaign.
type jsonUnclaimed struct {
	What      string  `json:"what"` // results or spend
	Source    string  `json:"source"`
	Name      string  `json:"name"`
	Account   *string `json:"account"`  // of campaigns
	Campaign  *string `json:"campaign"` // of results the utm_campaign of most of them
	Campaigns int     `json:"campaigns"`

	UTMSource   *string `json:"utm_source"`
	UTMMedium   *string `json:"utm_medium"`
	UTMCampaign *string `json:"utm_campaign"`
	Promo       *string `json:"promo"`
	Dialled     *string `json:"dialled"`
	ClickID     *string `json:"click_id"`
	Referrer    *string `json:"referrer"`

	Impressions *int64  `json:"impressions"`
	Clicks      *int64  `json:"clicks"`
	Cost        *string `json:"cost"`
	Conversions *string `json:"conversions"`
	Revenue     *string `json:"revenue"`
	InTotals    bool    `json:"in_totals"`
	Lines       string  `json:"lines"` // for the config, under channels
}

type jsonAlert struct {
	ID       string     `json:"id"`
	Rule     string     `json:"rule"`
	Subject  string     `json:"subject"`
	Severity string     `json:"severity"`
	State    string     `json:"state"`
	Muted    *string    `json:"muted"`
	Since    time.Time  `json:"since"`
	FiredAt  *time.Time `json:"fired_at"`
	EndedAt  *time.Time `json:"ended_at"`
	AckedBy  *string    `json:"acked_by"`
	Marked   *string    `json:"marked"`
	Summary  string     `json:"summary"`
	Reason   string     `json:"reason"`
}

type jsonSource struct {
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Health     snapshot.Health `json:"health"`
	Problem    *string         `json:"problem"`
	LastGood   *time.Time      `json:"last_good"`
	AgeSeconds *int64          `json:"age_seconds"`
	Watermark  *time.Time      `json:"complete_through"`
}

// jsonTarget is a target of notifications.
type jsonTarget struct {
	Name          string          `json:"name"`
	Type          string          `json:"type"`
	Health        snapshot.Health `json:"health"`
	Problem       *string         `json:"problem"`
	Next          *string         `json:"next"`
	FailingSince  *time.Time      `json:"failing_since"`
	LastDelivery  *time.Time      `json:"last_delivery"`
	Waiting       int             `json:"waiting"`
	OldestWaiting *time.Time      `json:"oldest_waiting"`
}

type jsonNote struct {
	ID      string    `json:"id"`
	Date    string    `json:"date"`
	Channel *string   `json:"channel"` // null: of all channels
	Text    string    `json:"text"`
	By      *string   `json:"by"`
	At      time.Time `json:"at"`
}

func writeJSON(w io.Writer, s *snapshot.Snapshot) error {
	days := s.View.Range.Days(kpi.DateOf(s.AsOf, s.Zone))
	r := jsonReport{
		Version: reportVersion, AsOf: s.AsOf.UTC().Truncate(time.Second), Title: s.Title, Currency: s.Currency,
		Range:    jsonRange{s.View.Range.String(), days.From.String(), days.To.String(), s.Zone.String()},
		Alerting: jsonAlerting{s.Alarm.Threshold, s.Alarm.Wish, math.Round(s.Alarm.Rate*100) / 100, s.Alarm.Met},
		Total:    figuresOf(s.Total), Channels: []jsonChannel{}, Sources: []jsonSource{}, Targets: []jsonTarget{}, Notes: []jsonNote{}, Warnings: append([]string{}, s.Warnings...),
	}
	for _, ch := range s.Channels {
		c := jsonChannel{Name: ch.Name, Verdict: ch.Verdict, PUnprofitable: number(ch.P), Reason: ch.Reason,
			BreakEvenROAS: number(ch.Economics.BreakEvenROAS()), Watermark: instant(ch.Watermark), Attribution: append([]string{}, ch.Attribution...),
			jsonFigures: figuresOf(ch.Now), Previous: knownFigures(ch.Before), Compared: knownFigures(ch.Same), Approvals: []jsonApproval{}}
		for _, a := range ch.Approvals {
			c.Approvals = append(c.Approvals, jsonApproval{a.Source, a.Account, number(a.Rate()), a.Approved, a.Rejected, a.Assumed, a.Behind})
		}
		for _, one := range ch.Campaigns {
			c.Campaigns = append(c.Campaigns, campaignOf(one))
		}
		r.Channels = append(r.Channels, c)
	}
	r.Alerts = alertsOf(s.Alerts)
	for _, src := range s.Sources {
		j := jsonSource{Name: src.Name, Type: src.Type, Health: src.Health, Problem: text(src.Problem), LastGood: instant(src.LastGood), Watermark: instant(src.Watermark)}
		if !src.LastGood.IsZero() {
			age := int64(s.AsOf.Sub(src.LastGood) / time.Second)
			j.AgeSeconds = &age
		}
		r.Sources = append(r.Sources, j)
	}
	for _, t := range s.Targets {
		r.Targets = append(r.Targets, jsonTarget{t.Name, t.Type, t.Health(), text(t.Problem), text(t.Next), instant(t.Failing), instant(t.Delivered), t.Waiting, instant(t.Oldest)})
	}
	for _, u := range s.Unclaimed {
		r.Unclaimed = append(r.Unclaimed, unclaimedOf(u))
	}
	for _, n := range notesOf(s) {
		r.Notes = append(r.Notes, noteOf(n))
	}
	return writeIndented(w, r)
}

func alertsOf(alerts []snapshot.Alert) []jsonAlert {
	all := []jsonAlert{}
	for _, a := range alerts {
		all = append(all, jsonAlert{ID: a.ID, Rule: a.Rule, Subject: a.Subject, Severity: a.Severity.String(), State: a.State, Muted: text(a.Muted()), Since: a.Since.UTC(),
			FiredAt: instant(a.FiredAt), EndedAt: instant(a.EndedAt), AckedBy: text(a.AckedBy), Marked: text(a.Marked), Summary: a.Summary, Reason: a.Reason})
	}
	return all
}

func noteOf(n snapshot.Note) jsonNote {
	return jsonNote{ID: n.ID, Date: n.Date.String(), Channel: text(n.Channel), Text: n.Text, By: text(n.By), At: n.At.UTC()}
}

func campaignOf(c snapshot.Campaign) jsonCampaign {
	j := jsonCampaign{Source: c.Source, Account: c.Account, ID: c.ID, Name: c.Name, Status: c.Status, Attribution: text(c.Attribution), URL: text(c.URL),
		PUnprofitable: percent(c.P), Reason: c.Reason, jsonFigures: figuresOf(c.Now)}
	if c.Verdict != "" {
		j.Verdict = &c.Verdict
	}
	return j
}

func unclaimedOf(u snapshot.Unclaimed) jsonUnclaimed {
	f, o := figuresOf(snapshot.Figures{Metrics: u.Metrics}), u.Origin
	j := jsonUnclaimed{What: "results", Source: u.Source, Name: u.Name, Account: text(u.Account), Campaign: text(u.Campaign), Campaigns: u.Campaigns,
		UTMSource: text(o.UTMSource), UTMMedium: text(o.UTMMedium), UTMCampaign: text(o.UTMCampaign), Promo: text(o.Promo), Dialled: text(o.Dialled),
		ClickID: text(o.ClickID), Referrer: text(o.Referrer), Impressions: f.Impressions, Clicks: f.Clicks, Cost: f.Cost, Conversions: f.Conversions,
		Revenue: f.Revenue, InTotals: u.Counts, Lines: u.Lines}
	if u.Spend {
		j.What = "spend"
	}
	return j
}

// notesOf are the notes on the days of the range.
func notesOf(s *snapshot.Snapshot) []snapshot.Note {
	days := s.View.Range.Days(kpi.DateOf(s.AsOf, s.Zone))
	return slices.DeleteFunc(slices.Clone(s.Notes), func(n snapshot.Note) bool { return !days.Contains(n.Date) })
}
