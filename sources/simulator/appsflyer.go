package simulator

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// AppsFlyerToken is the only token that AppsFlyer's part accepts, of generation V2.
const AppsFlyerToken = "eyJ5imulated.AppsFlyer.token.of.V2"

// appsflyerQuota counts the questions about more than two days, of each app and of all.
type appsflyerQuota struct {
	mu   sync.Mutex
	day  kpi.Date // of UTC
	apps map[string]int
	all  int
}

// take counts one; false is that the day has no more.
func (q *appsflyerQuota) take(app string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if today := kpi.DateOf(now, time.UTC); q.apps == nil || q.day != today {
		q.day, q.apps, q.all = today, map[string]int{}, 0
	}
	q.apps[app]++
	q.all++
	return q.apps[app] <= 24 && q.all <= 120
}

// appsflyer answers the list of apps, in JSON, and the aggregate Pull API, in tables.
func (s *Simulator) appsflyer(c *call) answer {
	switch {
	case !equalSecret(c.r.Header.Get("Authorization"), "Bearer "+AppsFlyerToken): // V1 came as api_token in the query
		return appsflyerError(http.StatusUnauthorized, "Supplied API token is invalid")
	case c.path == "/api/mng/apps":
		return s.appsflyerApps(c)
	}
	path, found := strings.CutPrefix(c.path, "/api/agg-data/export/app/")
	id, report, _ := strings.Cut(path, "/")
	app, known := s.world.Account(world.AppsFlyer, id)
	if !found || !known || report != "partners_by_date_report/v5" {
		return answer{http.StatusNotFound, http.Header{"Content-Type": {"text/html"}}, []byte("<html><head><title>404 Not Found</title></head></html>")}
	}
	query := c.r.URL.Query()
	from, err := kpi.ParseDate(query.Get("from"))
	to, err2 := kpi.ParseDate(query.Get("to"))
	days := kpi.DateRange{From: from, To: to}
	switch {
	case err != nil || err2 != nil || days.Days() < 1:
		return appsflyerError(http.StatusBadRequest, "Invalid date range")
	case days.Days() > 2 && !s.appsFlyer.take(id, c.now):
		return appsflyerSpent()
	case query.Get("reattr") == "true": // nobody was won back
		return appsflyerTable(c, &app, nil)
	}
	return appsflyerTable(c, &app, s.appsflyerDays(c, &app, days, query.Get("timezone")))
}

func appsflyerError(status int, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"message":%q}`, message))
}

// appsflyerSpent is the refusal of a question that the day has no more of.
func appsflyerSpent() answer {
	return answer{http.StatusForbidden, http.Header{"Content-Type": {"text/plain"}}, []byte("Limit reached for partners-daily-report")}
}

// appsflyerFailure answers a fault in AppsFlyer's form; none says how long to wait.
func (*Simulator) appsflyerFailure(c *call) answer {
	report := strings.Contains(c.path, "/agg-data/")
	switch c.fault.Kind {
	case Throttle:
		return appsflyerError(http.StatusBadRequest, "Your API call limit has been reached for the given report type")
	case Outage:
		return answer{http.StatusServiceUnavailable, http.Header{"Content-Type": {"text/plain"}}, []byte("Service unavailable")}
	case ExpiredToken, RevokedToken:
		return appsflyerError(http.StatusUnauthorized, "Supplied API token is invalid")
	case Denied:
		return jsonAnswer(http.StatusForbidden, []byte(`"Not authorized app-ids: com.acme.shop"`))
	case TooMuch:
		return appsflyerSpent()
	}
	if report {
		return csvAnswer([]byte("Date,Media Source (pid),Campaign (c),Clicks\r\n" + kpi.DateOf(c.now, time.UTC).String() + ",a_int,c,{}\r\n"))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"data":7}`))
}

func csvAnswer(text []byte) answer {
	return answer{http.StatusOK, http.Header{"Content-Type": {"text/csv; charset=UTF-8"}}, text}
}

// appsflyerApps lists the apps, few a page, so that there are several.
func (s *Simulator) appsflyerApps(c *call) answer {
	query, apps := c.r.URL.Query(), s.world.Accounts(world.AppsFlyer)
	limit, err := strconv.Atoi(query.Get("limit"))
	from, err2 := strconv.Atoi(query.Get("offset"))
	if err != nil || err2 != nil || limit < 1 || limit > 1000 || from < 0 {
		return appsflyerError(http.StatusBadRequest, "Invalid limit or offset")
	}
	from = min(from, len(apps))
	to := min(from+min(limit, 3), len(apps))
	b := []byte(`{"data":[`)
	for i, a := range apps[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%q,"type":"app","attributes":{"platform":"android","currency":%q,"time_zone":%q,"name":`, a.ID, a.Currency, a.Zone)
		b = append(appendValue(b, a.Name, true), "}}"...)
	}
	here := "http://" + c.r.Host + c.prefix + "/api/mng/apps?limit=" + strconv.Itoa(limit) + "&offset="
	b = fmt.Appendf(b, `],"meta":{"total_items":%d},"links":{"self":"%s%d"`, len(apps), here, from)
	if to < len(apps) {
		b = fmt.Appendf(b, `,"next":"%s%d"`, here, to)
	}
	return jsonAnswer(http.StatusOK, append(b, "}}"...))
}

// appsflyerDays are those of the app's zone, or of UTC where another one is asked for.
func (s *Simulator) appsflyerDays(c *call, app *world.Account, days kpi.DateRange, zone string) []figure {
	if zone == app.Zone.String() {
		return s.figures(c, app, days, false)
	}
	var found []figure
	for _, f := range s.figures(c, app, days.Widen(1), true) {
		if f.date, f.hour = kpi.DateOf(f.start, time.UTC), -1; !days.Contains(f.date) {
			continue
		}
		if n := len(found); n > 0 && found[n-1].campaign == f.campaign && found[n-1].date == f.date {
			found[n-1].metrics = sum(found[n-1].metrics, f.metrics)
			continue
		}
		found = append(found, f)
	}
	return found
}

// appsflyerTable writes a report as spreadsheets like it: with a mark at the beginning and
// lines that end with two characters. An event adds three columns.
func appsflyerTable(c *call, app *world.Account, rows []figure) answer {
	header := []string{"Date", "Agency/PMD (af_prt)", "Media Source (pid)", "Campaign (c)", "Impressions", "Clicks", "CTR", "Installs", "Conversion Rate", "Sessions", "Loyal Users",
		"Loyal Users/Installs", "Total Revenue", "Total Cost", "ROI", "ARPU", "Average eCPI",
		"af_purchase (Unique users)", "af_purchase (Event counter)", "af_purchase (Sales in " + string(app.Currency) + ")"}
	if c.fault.Kind == UnknownFields {
		header = append([]string{"Not Yet Documented"}, header...)
	}
	text := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(text)
	w.UseCRLF = true
	_ = w.Write(header) // a buffer takes everything
	for i := range rows {
		cells := appsflyerRow(&rows[i])
		if c.fault.Kind == UnknownFields {
			cells = append([]string{"novel"}, cells...)
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return csvAnswer(text.Bytes())
}

// appsflyerRow writes what is not known as N/A, and no name as None. Half of the installs
// have bought something.
func appsflyerRow(f *figure) []string {
	m, utm := &f.metrics, f.campaign.UTM
	known := func(field kpi.Fields, text string) string {
		if !m.Knows(field) {
			return "N/A"
		}
		return text
	}
	named := func(name string) string {
		if name == "" {
			return "None"
		}
		return name
	}
	installs := int64(m.Conversions / kpi.MicrosPerUnit)
	bought := strconv.FormatInt(installs/2, 10)
	return []string{
		f.date.String(), named(utm.Medium), utm.Source, named(utm.Campaign),
		known(kpi.Impressions, strconv.FormatInt(m.Impressions, 10)), known(kpi.Clicks, strconv.FormatInt(m.Clicks, 10)), known(kpi.Clicks, "0.0229"),
		strconv.FormatInt(installs, 10), known(kpi.Clicks, "0.1167"), strconv.FormatInt(7*installs, 10), strconv.FormatInt(installs/2, 10), "0.5000",
		m.Revenue.Decimal(4), known(kpi.Cost, m.Cost.Decimal(4)), known(kpi.Cost, "1.1650"), "9.2786", known(kpi.Cost, "4.2857"),
		bought, bought, m.Revenue.Decimal(1),
	}
}
