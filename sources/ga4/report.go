package ga4

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// rowsAtOnce is how many rows a page has at most: so many, printed as Google prints
// them, stay well below the bound of an answer.
const rowsAtOnce = 25_000

type named struct {
	Name string `json:"name"`
}

type ordered struct {
	Dimension struct {
		Name string `json:"dimensionName"`
	} `json:"dimension"`
}

// question is the body of a report. Its order makes pages hold together, and has
// all rows of a slot follow each other.
type question struct {
	DateRanges []span    `json:"dateRanges"`
	Dimensions []named   `json:"dimensions"`
	Metrics    []named   `json:"metrics"`
	Limit      string    `json:"limit"`
	Offset     string    `json:"offset"`
	OrderBys   []ordered `json:"orderBys"`
	Quota      bool      `json:"returnPropertyQuota"`
}

type span struct {
	Start string `json:"startDate"`
	End   string `json:"endDate"`
}

// ask is the question that a decoder reads the answers to.
func (d *decoder) ask() question {
	asked := question{
		DateRanges: []span{{d.query.Days.From.String(), d.query.Days.To.String()}},
		Limit:      strconv.Itoa(rowsAtOnce), Quota: true,
	}
	for _, name := range d.dimensions {
		asked.Dimensions = append(asked.Dimensions, named{name})
		var by ordered
		by.Dimension.Name = name
		asked.OrderBys = append(asked.OrderBys, by)
	}
	for _, m := range d.metrics {
		asked.Metrics = append(asked.Metrics, named{m.name})
	}
	return asked
}

// columns are the figures that the options ask for.
func (o *Options) columns() []column {
	events := "keyEvents"
	if o.KeyEvent != "" {
		events += ":" + o.KeyEvent
	}
	return []column{{"sessions", kpi.Clicks}, {events, kpi.Conversions}, {revenues[o.Revenue], kpi.Revenue}}
}

// Fetch reads the origins of sessions by day or by hour, page by page.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if _, err := httpkit.NewRows(platform, q, yield, sources.Day, sources.Hour); err != nil {
		return sources.Receipt{}, err
	}
	if !propertyPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no property id", platform, sources.Clean(q.Account.ID))
	}
	asked := s.env.Now()
	d := newDecoder(q, yield, s.options.columns(), "sessionSource", "sessionMedium", "sessionCampaignName")
	d.rows.Entity.Action = s.options.KeyEvent
	body := d.ask()
	for n, offset := 0, int64(0); ; n++ {
		if n >= maxPages {
			return sources.Receipt{}, sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
		}
		body.Offset = strconv.FormatInt(offset, 10)
		response, err := s.client.Do(ctx, &httpkit.Request{Method: http.MethodPost, Path: "v1beta/properties/" + q.Account.ID + ":runReport", Body: body})
		if err != nil {
			return sources.Receipt{}, err
		}
		read, total, err := d.page(s.client.Scan(response))
		if err != nil {
			return sources.Receipt{}, err
		}
		if offset += read; read == 0 || offset >= total {
			break
		}
		if err := ctx.Err(); err != nil {
			return sources.Receipt{}, err
		}
	}
	if err := d.close(); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{
		CompleteThrough: httpkit.CompleteThrough(asked, time.Duration(s.options.LagHours)*time.Hour, q),
		Quota:           d.limits.used(tiers[s.options.Tier]),
		Warnings:        append(d.rows.Warnings, d.warnings()...),
	}, nil
}

// limits are what is left of the limits of a property.
type limits struct{ day, hour, project, thresholded httpkit.Integer }

// used is the share of the limit that is nearest to its end. Google tells what is
// left, and how much there was in its documentation only.
func (l limits) used(times float64) (quota sources.Quota) {
	for _, limit := range []struct {
		left  httpkit.Integer
		whole float64
		scope string
	}{
		{l.day, 200_000 * times, "tokens of the property a day"},
		{l.hour, 40_000 * times, "tokens of the property an hour"},
		{l.project, 14_000 * times, "tokens of the project an hour"},
		{l.thresholded, 120, "requests an hour that may meet a threshold"},
	} {
		if used := 1 - float64(limit.left.Value)/limit.whole; limit.left.Known && (quota.Scope == "" || used > quota.Used) {
			quota = sources.Quota{Used: min(max(used, 0), 1), Scope: limit.scope}
		}
	}
	return quota
}

// warnings are sentences on what the figures leave out.
func (d *decoder) warnings() (all []string) {
	for _, w := range []struct {
		holds bool
		text  string
	}{
		{d.thresholded, "Google holds back rows of few users: figures of small campaigns may be missing"},
		{d.folded || d.other > 0, fmt.Sprintf(`Google folds rare origins into "(other)": %d sessions have no campaign of their own`, d.other)},
		{d.unset > 0, fmt.Sprintf(`%d sessions have "(not set)" as their source or medium`, d.unset)},
		{d.sampled, "Google worked these figures out from a sample"},
	} {
		if w.holds {
			all = append(all, w.text)
		}
	}
	return all
}
