package appleads

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// idsAtOnce is how many campaigns a question names: so many series of 90 days or
// 7 days of hours stay well below the bound of an answer.
const idsAtOnce = 200

// lag is how late figures may be.
const lag = 3 * time.Hour

// span is the time of a report. Without a granularity each campaign has one
// total, which for a single day is the only way: Apple wants more than one day
// for days.
type span struct {
	Start       string `json:"start"`
	End         string `json:"end"`
	Zone        string `json:"timeZone"`
	Granularity string `json:"granularity,omitempty"`
}

// Fetch reads campaigns by day or by hour, a question for each group of
// campaigns and each page of the answer.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day, sources.Hour)
	if err != nil {
		return sources.Receipt{}, err
	}
	if !accountPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account id", platform, sources.Clean(q.Account.ID))
	}
	rows.Entity.Action = s.options.Installs + " installs"
	asked := s.env.Now()
	d := decoder{rows: rows, query: q, installs: results[s.options.Installs], utc: q.Grain == sources.Hour && s.options.Hours == "utc"}
	rows.RealHours = d.utc
	names, err := s.campaigns(ctx, q.Account.ID)
	if err != nil {
		return sources.Receipt{}, err
	}
	receipt := sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q)}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(names)), idsAtOnce) {
		if err := s.pages(ctx, q, some, &d, &receipt); err != nil {
			return sources.Receipt{}, err
		}
	}
	if err := rows.Close(); err != nil {
		return sources.Receipt{}, err
	}
	receipt.Warnings = rows.Warnings
	return receipt, nil
}

// pages hands over some campaigns.
func (s *source) pages(ctx context.Context, q sources.Query, campaigns []string, d *decoder, receipt *sources.Receipt) error {
	ids := make([]int64, len(campaigns))
	for i, id := range campaigns {
		ids[i], _ = strconv.ParseInt(id, 10, 64) // they were numbers when they came
	}
	body := struct {
		Time       span     `json:"timeRange"`
		Filters    []filter `json:"filters"`
		Pagination page     `json:"pagination"`
	}{d.span(), []filter{{"campaignId", "IN", ids}}, page{Size: idsAtOnce}}
	d.single = body.Time.Granularity == ""
	for n := 0; ; n++ {
		if n >= maxPages {
			return sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
		}
		response, err := s.client.Do(ctx, &httpkit.Request{
			Method: http.MethodPost, Path: "v1/reports/apps/campaigns/query", Header: inContext(q.Account.ID), Body: body,
		})
		if err != nil {
			return err
		}
		read, total, err := d.page(s.client.Scan(response))
		if err != nil {
			return err
		}
		receipt.Quota = used(response.Header)
		body.Pagination.Offset += read
		if read == 0 || int64(body.Pagination.Offset) >= total {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// span is the time to ask for. Days of UTC are more than those of the account:
// what lies outside of these is not handed over.
func (d *decoder) span() span {
	days := d.query.Days
	asked := span{Zone: "ORTZ", Granularity: "DAILY"}
	switch {
	case d.utc:
		zone := d.query.Account.Zone
		days = kpi.DateRange{From: kpi.DateOf(days.From.Start(zone), time.UTC), To: kpi.DateOf(days.To.End(zone).Add(-1), time.UTC)}
		asked.Zone, asked.Granularity = "UTC", "HOURLY"
	case d.query.Grain == sources.Hour:
		asked.Granularity = "HOURLY"
	case days.Days() == 1:
		asked.Granularity = ""
	}
	asked.Start, asked.End = days.From.String(), days.To.String()
	return asked
}
