package simulator

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credentials that Taboola's part accepts.
const (
	TaboolaClientID     = "5imulated0taboola0client"
	TaboolaClientSecret = "5imulated0taboola0secret"
)

// taboola answers the Backstage API 1.0.
func (s *Simulator) taboola(c *call) answer {
	if c.path == tokenPath {
		return s.taboolaToken(c)
	}
	if !s.signedIn(c) {
		return taboolaXML(http.StatusUnauthorized, "UnauthorizedException", "unauthorized", "Full authentication is required to access this resource")
	}
	path, found := strings.CutPrefix(c.path, "/api/1.0/")
	id, below, _ := strings.Cut(path, "/")
	account, known := s.world.Account(world.Taboola, id)
	dimension, isReport := strings.CutPrefix(below, "reports/campaign-summary/dimensions/")
	switch {
	case c.r.Method != http.MethodGet || !found:
		return taboolaError(http.StatusNotFound, "Resource not found", "")
	case path == "users/current/allowed-accounts":
		return s.taboolaAccounts("")
	case id == taboolaNetwork && below == "advertisers":
		return s.taboolaAccounts(id)
	case !known: // the number of an account too
		return taboolaError(http.StatusNotFound, "Resource not found", "")
	case isReport:
		return s.taboolaReport(c, account, dimension)
	}
	return taboolaError(http.StatusNotFound, "Resource not found", "")
}

// taboolaNetwork is the network account: some advertisers are reached through it alone.
const taboolaNetwork = "acme-network"

// taboolaToken gives a token for the credentials of the client alone. It refuses in XML.
func (s *Simulator) taboolaToken(c *call) answer {
	form, err := url.ParseQuery(string(c.body))
	switch {
	case err != nil || form.Get("grant_type") != "client_credentials":
		return taboolaXML(http.StatusBadRequest, "UnsupportedGrantTypeException", "unsupported_grant_type", "Unsupported grant type")
	case form.Get("client_id") != TaboolaClientID || !equalSecret(form.Get("client_secret"), TaboolaClientSecret):
		return taboolaXML(http.StatusBadRequest, "BadClientCredentialsException", "invalid_client", "Bad client credentials")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"access_token":"`+s.oauth.access(c.platform)+`","token_type":"bearer","expires_in":43200}`))
}

func taboolaError(status int, message, field string) answer {
	b := fmt.Appendf(nil, `{"http_status":%d,"message":%q`, status, message)
	if field != "" {
		b = fmt.Appendf(b, `,"offending_field":%q`, field)
	}
	return jsonAnswer(status, append(b, '}'))
}

func taboolaXML(status int, exception, code, description string) answer {
	var text bytes.Buffer
	_ = xml.EscapeText(&text, []byte(description)) // a buffer takes everything
	body := fmt.Sprintf("<%s><error>%s</error><error_description>%s</error_description></%s>", exception, code, text.String(), exception)
	return answer{status, http.Header{"Content-Type": {"application/xml;charset=UTF-8"}}, []byte(body)}
}

// taboolaFailure answers a fault in Taboola's form: front ends in trouble send a page,
// and too many calls are refused without a word.
func (s *Simulator) taboolaFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return answer{http.StatusTooManyRequests, http.Header{"Content-Type": {"text/plain"}}, nil}
	case Outage:
		return answer{http.StatusServiceUnavailable, http.Header{"Content-Type": {"text/html"}}, []byte("<html><head><title>Taboola Service Unavailable</title></head></html>")}
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return taboolaXML(http.StatusUnauthorized, "InvalidTokenException", "invalid_token", "Access token expired")
	case RevokedToken:
		if c.path == tokenPath {
			return taboolaXML(http.StatusBadRequest, "BadClientCredentialsException", "invalid_client", "Bad client credentials")
		}
		return taboolaXML(http.StatusUnauthorized, "UnauthorizedException", "unauthorized", "Full authentication is required to access this resource")
	case Denied:
		return taboolaError(http.StatusForbidden, "Forbidden", "")
	case TooMuch:
		return taboolaError(http.StatusBadRequest, "Date range is too long", "start_date")
	}
	if strings.Contains(c.path, "/reports/") {
		return jsonAnswer(http.StatusOK, []byte(`{"results":[{"campaign":{},"spent":7}]}`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"results":7}`))
}

// taboolaAccounts lists what the user may see, or the advertisers of the network. Both
// may hold nulls. A publisher and an account that is closed have nothing to report.
func (s *Simulator) taboolaAccounts(network string) answer {
	list := []string{"null"}
	entry := func(id, name, kind, partner, currency, zone string, active bool) {
		b := fmt.Appendf(nil, `{"id":%d,"account_id":%q,"partner_types":[%q],"type":%q,"campaign_types":["PAID"],"currency":%q,"time_zone_name":%q,"is_active":%t,"name":`,
			1234567+len(list), id, partner, kind, currency, zone, active)
		list = append(list, string(append(appendValue(b, name, true), '}')))
	}
	for _, a := range s.world.Accounts(world.Taboola) {
		if a.Manager == network {
			entry(a.ID, a.Name, "PARTNER", "ADVERTISER", string(a.Currency), a.Zone.String(), true)
		}
	}
	if network == "" {
		entry("acme-news", "A publisher", "PARTNER", "PUBLISHER", "USD", "US/Eastern", true)
		entry("acme-closed-sc", "Closed", "PARTNER", "ADVERTISER", "USD", "US/Eastern", false)
		entry(taboolaNetwork, "Network", "NETWORK", "ADVERTISER", "USD", "US/Eastern", true)
	}
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"results":[%s],"metadata":{"total":null,"count":%d}}`, strings.Join(list, ","), len(list)))
}

// taboolaReport answers by day, or by hour for at most 48 hours.
func (s *Simulator) taboolaReport(c *call, account world.Account, dimension string) answer {
	query := c.r.URL.Query()
	byHour := dimension == "campaign_hour_breakdown"
	from, err := taboolaTime(query.Get("start_date"), "T00:00:00")
	to, err2 := taboolaTime(query.Get("end_date"), "T23:59:59")
	switch {
	case !byHour && dimension != "campaign_day_breakdown":
		return taboolaError(http.StatusBadRequest, "Unsupported dimension "+dimension, "dimension")
	case err != nil:
		return taboolaError(http.StatusBadRequest, "Invalid date", "start_date")
	case err2 != nil || to.Before(from):
		return taboolaError(http.StatusBadRequest, "Invalid date", "end_date")
	case byHour && to.Sub(from) > 48*time.Hour:
		return taboolaError(http.StatusBadRequest, "The interval is longer than 48 hours", "start_date")
	}
	days := kpi.DateRange{From: kpi.DateOf(from, time.UTC), To: kpi.DateOf(to, time.UTC)}
	figures := byClock(s.figures(c, &account, days, byHour))
	zone, _ := c.now.In(account.Zone).Zone()
	updated := c.now.Add(-100 * time.Minute)
	b := fmt.Appendf(nil, `{"last-used-rawdata-update-time":"%s.0","last-used-rawdata-update-time-gmt-millisec":%d,"timezone":%q,"results":`,
		updated.In(account.Zone).Format(time.DateTime), updated.UnixMilli(), zone)
	if len(figures) == 0 {
		b = append(b, "null"...)
	} else {
		b = append(b, "[null"...)
		for i := range figures {
			b = taboolaRow(append(b, ','), &figures[i], account.Currency)
		}
		b = append(b, ']')
	}
	b = fmt.Appendf(b, `,"recordCount":%d,"metadata":{"total":null,"count":null,"static_fields":[{"id":"date","format":null,"data_type":"date"}],"dynamic_fields":[],"start_date":"%s.000Z","end_date":"%s.000Z"}}`,
		len(figures), from.Format("2006-01-02T15:04:05"), to.Format("2006-01-02T15:04:05"))
	return jsonAnswer(http.StatusOK, b)
}

// taboolaTime reads a time of the account's clock, or a day without one.
func taboolaTime(text, missing string) (time.Time, error) {
	if len(text) == len(time.DateOnly) {
		text += missing
	}
	return time.Parse("2006-01-02T15:04:05", text)
}

// taboolaRow writes one row. Rates are percent.
func taboolaRow(b []byte, f *figure, currency kpi.Currency) []byte {
	m := &f.metrics
	b = fmt.Appendf(b, `{"date":"%s %02d:00:00.0","campaign":%q,"campaign_name":`, f.date, max(f.hour, 0), f.campaign.ID)
	b = appendValue(b, f.campaign.Name, true)
	return fmt.Appendf(b, `,"clicks":%d,"impressions":%d,"visible_impressions":%d,"spent":%s,"conversions_value":%s,"roas":0.0,"ctr":0.229,"vctr":0.299,"cpm":1.4,"vcpm":1.82,"cpc":0.61,"cpa":7.32,`+
		`"cpa_actions_num":%s,"cpa_actions_num_from_clicks":%s,"cpa_actions_num_from_views":%s,"cpa_conversion_rate":8.33,"currency":%q}`,
		m.Clicks, m.Impressions, m.Impressions/4*3, m.Cost.Decimal(2), m.Revenue.Decimal(2), m.Conversions.Decimal(0), (m.Conversions - m.ViewThrough).Decimal(0), m.ViewThrough.Decimal(0), currency)
}
