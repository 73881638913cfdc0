package snapchatads

import (
	"context"
	"net/url"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	daysByDay  = 30 // Snapchat takes 31, and one with 25 hours would make them too long
	daysByHour = 6  // Snapchat takes seven days of 24 hours
)

// lag is how old the newest complete figures are taken to be; Snapchat speaks
// of 15 minutes.
const lag = time.Hour

// timeForm is how bounds are written: with the offset that holds on that day.
const timeForm = "2006-01-02T15:04:05.000-07:00"

// Fetch reads campaigns by day or hour, one question for all campaigns and each
// piece of the asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day, sources.Hour)
	if err != nil {
		return sources.Receipt{}, err
	}
	if !accountPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account id", platform, sources.Clean(q.Account.ID))
	}
	rows.RealHours = true // they carry their offset
	rows.Entity.Action, rows.Entity.Attribution = s.options.Result, s.options.SwipeWindow+" swipe, "+s.options.ViewWindow+" view"
	asked, length := s.env.Now(), daysByDay
	if q.Grain == sources.Hour {
		length = daysByHour
	}
	d := decoder{rows: rows, query: q, metrics: s.options.metrics(), slots: map[string]sources.Slot{}}
	if d.names, err = s.campaigns(ctx, q.Account.ID); err != nil {
		return sources.Receipt{}, err
	}
	for _, days := range httpkit.Pieces(q.Days, length) {
		if err := s.days(ctx, q, days, &d); err != nil {
			return sources.Receipt{}, err
		}
	}
	receipt := sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q), Expires: s.client.Expires()}
	if q.Grain == sources.Hour && s.bareHours.Load() {
		receipt.Warnings = append(receipt.Warnings, platform+" refuses conversions by hour: these hours have none, look at the days")
	}
	return receipt, nil
}

// days hands over some days. Hours that are refused as a bad request are asked
// for without conversions, now and from now on.
func (s *source) days(ctx context.Context, q sources.Query, days kpi.DateRange, d *decoder) error {
	bare := q.Grain == sources.Hour && s.bareHours.Load()
	err := s.pages(ctx, s.request(q, days, bare), d)
	if q.Grain == sources.Hour && !bare && sources.KindOf(err) == sources.Invalid {
		if again := s.pages(ctx, s.request(q, days, true), d); sources.KindOf(again) != sources.Invalid {
			s.bareHours.Store(again == nil)
			return again
		}
	}
	return err
}

func (s *source) pages(ctx context.Context, request *httpkit.Request, d *decoder) error {
	for page := 0; request != nil; page++ {
		if page >= maxPages {
			return sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
		}
		response, err := s.client.Do(ctx, request)
		if err != nil {
			return err
		}
		link, err := d.page(s.client.Scan(response))
		if err != nil {
			return err
		}
		request = next(link)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// request asks for some days. Bounds are the beginnings of the account's days,
// with the offset that holds there, the latter one not included: full hours of
// the account's clock also where its zone is half an hour off.
func (s *source) request(q sources.Query, days kpi.DateRange, bare bool) *httpkit.Request {
	zone, granularity := q.Account.Zone, "DAY"
	from, to := days.From.Start(zone), days.To.End(zone)
	if q.Grain == sources.Hour {
		granularity = "HOUR"
	}
	fields := []string{"impressions", "swipes", "spend"}
	if !bare {
		for _, name := range s.options.metrics() {
			if name != "" {
				fields = append(fields, name)
			}
		}
	}
	return &httpkit.Request{Path: "v1/adaccounts/" + q.Account.ID + "/stats", Query: url.Values{
		"breakdown":                   {"campaign"},
		"granularity":                 {granularity},
		"fields":                      {strings.Join(fields, ",")},
		"start_time":                  {from.Format(timeForm)},
		"end_time":                    {to.Format(timeForm)},
		"swipe_up_attribution_window": {s.options.SwipeWindow},
		"view_attribution_window":     {s.options.ViewWindow},
		"action_report_time":          {"impression"}, // which of the two is the default is not documented
		"omit_empty":                  {"true"},
	}}
}
