package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// YandexToken is the only token that Yandex Direct's part accepts: an agency's,
// whose clients are the accounts of the world.
const YandexToken = "y0_simulated0agency0token"

// yandexReport is a request for a report.
type yandexReport struct {
	Params struct {
		SelectionCriteria struct{ DateFrom, DateTo string }
		FieldNames        []string
		Goals             []string
		AttributionModels []string
		ReportName        string
		ReportType        string
		DateRangeType     string
		Format            string
		IncludeVAT        string
	} `json:"params"`
}

// yandexDirect answers the Reports service, in tables, and two services about
// clients, in JSON.
func (s *Simulator) yandexDirect(c *call) answer {
	switch token, _ := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer "); {
	case c.r.Method != http.MethodPost:
		return yandexError(c, http.StatusBadRequest, 55, "Method not found", "")
	case !equalSecret(token, YandexToken):
		return yandexError(c, http.StatusBadRequest, 53, "Authorization error", "Invalid OAuth token")
	}
	switch c.path {
	case "/json/v5/agencyclients":
		return s.yandexClients(c, s.world.Accounts(world.Yandex))
	case "/json/v5/clients":
		return s.yandexClients(c, s.world.Accounts(world.Yandex)[:1])
	case "/json/v5/reports":
		return s.yandexTable(c)
	}
	return yandexError(c, http.StatusNotFound, 55, "Method not found", "")
}

// yandexError is an error object. Services other than Reports send it with
// status 200.
func yandexError(c *call, status, code int, text, detail string) answer {
	if !strings.HasSuffix(c.path, "/reports") {
		status = http.StatusOK
	}
	return jsonAnswer(status, fmt.Appendf(nil, `{"error":{"request_id":"2826","error_code":%d,"error_string":%q,"error_detail":%q}}`, code, text, detail))
}

// yandexFailure answers a fault in Yandex' form.
func (*Simulator) yandexFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return yandexError(c, http.StatusBadRequest, 506, "Too many connections", "The limit of concurrent connections is exceeded")
	case Outage:
		return yandexError(c, http.StatusInternalServerError, 1002, "Internal server error", "")
	case ExpiredToken, RevokedToken:
		return yandexError(c, http.StatusBadRequest, 53, "Authorization error", "OAuth token is invalid or has expired")
	case Denied:
		return yandexError(c, http.StatusBadRequest, 54, "No rights", "No rights to access the client")
	case TooMuch:
		return answer{http.StatusBadGateway, http.Header{"Content-Type": {"text/plain"}}, nil}
	case Building:
		return answer{http.StatusCreated, http.Header{"Retryin": {"10"}, "Reportsinqueue": {"1"}}, nil}
	}
	if strings.HasSuffix(c.path, "/reports") {
		return yandexTSV("Date\tCampaignId\tCampaignName\tImpressions\tClicks\tCost\tConversions\tRevenue\n" +
			c.now.Format("2006-01-02") + "\t7\tn\t{}\t7\t7.00\t7\t7.00\nTotal rows: 1\n")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"result":7}`))
}

func yandexTSV(text string) answer {
	return answer{http.StatusOK, http.Header{"Content-Type": {"text/tab-separated-values; charset=utf-8"}, "Requestid": {"8695244274068608439"}}, []byte(text)}
}

func (s *Simulator) yandexClients(c *call, clients []world.Account) answer {
	var request struct {
		Method string `json:"method"`
		Params struct {
			FieldNames []string
			Page       struct{ Limit, Offset int }
		} `json:"params"`
	}
	if err := json.Unmarshal(c.body, &request); err != nil || request.Method != "get" || len(request.Params.FieldNames) == 0 {
		return yandexError(c, http.StatusOK, 8000, "Invalid request", "FieldNames is required")
	}
	from := min(request.Params.Page.Offset, len(clients))
	to := min(from+2, len(clients)) // small pages, so that there are several
	b := []byte(`{"result":{"Clients":[`)
	for i, a := range clients[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"Login":%q,"ClientId":%d,"Currency":%q,"Archived":"NO","ClientInfo":`, a.ID, 12345678+from+i, a.Currency)
		b = append(appendValue(b, a.Name, true), '}')
	}
	b = append(b, ']')
	if to < len(clients) {
		b = fmt.Appendf(b, `,"LimitedBy":%d`, to)
	}
	return jsonAnswer(http.StatusOK, append(b, "}}"...))
}

// yandexFields writes the columns of a report.
var yandexFields = map[string]func(f *figure, micros bool) string{
	"Date":       func(f *figure, _ bool) string { return f.date.String() },
	"CampaignId": func(f *figure, _ bool) string { return f.campaign.ID },
	"CampaignName": func(f *figure, _ bool) string {
		return strings.NewReplacer("\t", " ", "\n", " ").Replace(f.campaign.Name)
	},
	"CampaignType": func(*figure, bool) string { return "UNIFIED_CAMPAIGN" },
	"Impressions":  func(f *figure, _ bool) string { return strconv.FormatInt(f.metrics.Impressions, 10) },
	"Clicks":       func(f *figure, _ bool) string { return strconv.FormatInt(f.metrics.Clicks, 10) },
	"Cost":         func(f *figure, micros bool) string { return yandexMoney(f.metrics.Cost, micros) },
	"Conversions":  func(f *figure, _ bool) string { return f.metrics.Conversions.Decimal(0) },
	"Revenue":      func(f *figure, micros bool) string { return yandexMoney(f.metrics.Revenue, micros) },
}

func yandexMoney(m kpi.Micros, micros bool) string {
	if micros {
		return strconv.FormatInt(int64(m), 10)
	}
	return m.Decimal(2)
}

func (s *Simulator) yandexTable(c *call) answer {
	var report yandexReport
	if json.Unmarshal(c.body, &report) != nil {
		return yandexError(c, http.StatusBadRequest, 8000, "Invalid request", "JSON expected")
	}
	p, header := report.Params, c.r.Header
	account, found := s.world.Account(world.Yandex, header.Get("Client-Login"))
	from, err := kpi.ParseDate(p.SelectionCriteria.DateFrom)
	to, err2 := kpi.ParseDate(p.SelectionCriteria.DateTo)
	switch {
	case !found:
		return yandexError(c, http.StatusBadRequest, 513, "Your login is not connected to Yandex.Direct", "Client-Login")
	case p.ReportType != "CAMPAIGN_PERFORMANCE_REPORT" || p.DateRangeType != "CUSTOM_DATE" || p.Format != "TSV" || p.ReportName == "" || p.IncludeVAT == "":
		return yandexError(c, http.StatusBadRequest, 8000, "Invalid request", "the report is not simulated")
	case err != nil || err2 != nil || from > to:
		return yandexError(c, http.StatusBadRequest, 4000, "Invalid parameter", "DateFrom, DateTo")
	}
	var names []string
	for _, name := range p.FieldNames {
		if yandexFields[name] == nil {
			return yandexError(c, http.StatusBadRequest, 4000, "Invalid parameter", "FieldNames: "+name)
		}
		if (name == "Conversions" || name == "Revenue") && len(p.Goals) > 0 {
			for _, goal := range p.Goals {
				names = append(names, name+"_"+goal+"_"+strings.Join(p.AttributionModels, "_"))
			}
			continue
		}
		names = append(names, name)
	}
	return s.yandexRows(c, p.ReportName, names, s.figures(c, &account, kpi.DateRange{From: from, To: to}, false))
}

// yandexRows writes the table: title, header, rows, and how many there are.
// With goals all conversions are of the first one.
func (s *Simulator) yandexRows(c *call, title string, names []string, rows []figure) answer {
	var b strings.Builder
	header := c.r.Header
	if header.Get("skipReportHeader") != "true" {
		fmt.Fprintf(&b, "%q\n", title)
	}
	novel := c.fault.Kind == UnknownFields
	if novel {
		names = append(slices.Clone(names), "NotYetDocumented")
	}
	b.WriteString(strings.Join(names, "\t") + "\n")
	for i := range rows {
		seen := map[string]bool{}
		for n, name := range names {
			if n > 0 {
				b.WriteByte('\t')
			}
			field, _, _ := strings.Cut(name, "_")
			write := yandexFields[field]
			if write == nil || seen[field] {
				b.WriteString("--")
				continue
			}
			seen[field] = true
			b.WriteString(write(&rows[i], header.Get("returnMoneyInMicros") != "false"))
		}
		b.WriteByte('\n')
	}
	if header.Get("skipReportSummary") != "true" {
		fmt.Fprintf(&b, "Total rows: %d\n", len(rows))
	}
	return yandexTSV(b.String())
}
