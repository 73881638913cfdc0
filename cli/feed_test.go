//go:build !windows

package cli

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"adtop/config"
	"adtop/snapshot"
)

const feedToken = "0123456789abcdef0123"

// feedOf serves the feed of a shop whose campaigns somebody hostile named.
func feedOf(t *testing.T, changes ...func(*feed)) (url string) {
	t.Helper()
	dir := home(t)
	path := shop(t, dir)
	day, before := dayAgo(t, 0), dayAgo(t, 1)
	write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n"+
		day+",\"=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",10,20.00,2,90.00\n"+before+",\"a,b\"\"c\",4,7.10,,\n")
	s := sessionAt(t, path)
	f := newFeed(s.monitor, s.cache, func() (*config.Config, string) { return s.config, feedToken })
	for _, change := range changes {
		change(f)
	}
	server := httptest.NewServer(f.routes())
	t.Cleanup(server.Close)
	return server.URL + "/feed/"
}

// cells reads CSV by its header.
func cells(t *testing.T, body string) (rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatalf("%v:\n%s", err, body)
	}
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func TestAFeedHandsOutDaysOfChannelsAndCampaigns(t *testing.T) {
	base := feedOf(t)
	day, before := dayAgo(t, 0), dayAgo(t, 1)
	code, header, body := get(t, base+"channels.csv?range=7d", "Authorization", "Bearer "+feedToken)
	if code != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/csv") || header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%d %v: %s", code, header, body)
	}
	rows := cells(t, body)
	if len(rows) != 2 || rows[0]["date"] != before || rows[1]["date"] != day || rows[1]["channel"] != "Partners" || rows[1]["currency"] != "EUR" ||
		rows[1]["cost"] != "20.00" || rows[1]["profit"] != "25.00" || rows[1]["roas"] != "4.5" || rows[1]["impressions"] != "" {
		t.Errorf("channels: %v", rows)
	}
	if rows[0]["conversions"] != "" || rows[0]["revenue"] != "" || rows[0]["roas"] != "" {
		t.Errorf("what nobody told is %v", rows[0])
	}
	_, _, body = get(t, base+"campaigns.csv?range=7d&token="+feedToken)
	rows = cells(t, body)
	if len(rows) != 2 || rows[0]["campaign_name"] != `a,b"c` || rows[0]["cost"] != "7.10" || rows[1]["campaign_name"] != `'=HYPERLINK("http://evil","x")` || rows[1]["timezone"] != midday ||
		rows[1]["channel"] != "Partners" || rows[1]["conversions"] != "2" || rows[1]["conversion_value"] != "90.00" {
		t.Errorf("campaigns: %v", rows)
	}
	_, _, body = get(t, base+feedToken+"/campaigns.json?range="+day+".."+day)
	var answer struct {
		Version int
		Rows    []struct {
			Date        string
			Name        string `json:"campaign_name"`
			Cost        json.Number
			Impressions *int
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Version != 1 || len(answer.Rows) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	if r := answer.Rows[0]; r.Date != day || r.Name != `=HYPERLINK("http://evil","x")` || r.Cost != "20.00" || r.Impressions != nil {
		t.Errorf("campaigns in JSON: %+v", r)
	}
	for _, table := range []string{"alerts.csv", "alerts.json", "channels.json"} {
		if code, _, body := get(t, base+table, "Authorization", "bearer "+feedToken); code != 200 || body == "" {
			t.Errorf("%s: %d %s", table, code, body)
		}
	}
	if code, _, body := get(t, base+"channels.csv?range=2019-01-01..2019-01-31&token="+feedToken); code != 200 || strings.Count(body, "\n") != 1 {
		t.Errorf("days that nobody knows: %d %q", code, body)
	}
}

// TestWithoutTheTokenNobodyReads: wherever a wrong one stands.
func TestWithoutTheTokenNobodyReads(t *testing.T) {
	base := feedOf(t)
	wrong := feedToken[:len(feedToken)-1]
	for _, c := range []struct {
		path   string
		header []string
	}{
		{"channels.csv", nil}, {"channels.csv?token=", nil}, {"channels.csv?token=" + wrong, nil}, {"channels.csv?token=" + feedToken + "0", nil},
		{wrong + "/channels.csv", nil}, {"channels.csv", []string{"Authorization", "Bearer " + wrong}}, {"channels.csv", []string{"Authorization", "Basic " + feedToken}},
		{"channels.csv", []string{"Authorization", "Bearer"}}, {"nothing.csv", nil}, {"channels.csv?token=" + wrong + "&token=" + feedToken, nil}, {"channels.csv?range=%zz", nil},
	} {
		if code, header, body := get(t, base+c.path, c.header...); code != 401 || header.Get("WWW-Authenticate") == "" || strings.Contains(body, "Partners") {
			t.Errorf("%s %v: %d %s", c.path, c.header, code, body)
		}
	}
}

// TestAQuestionIsAnsweredOnceUntilSomethingChanges: a reader that has the answer
// gets none.
func TestAQuestionIsAnsweredOnceUntilSomethingChanges(t *testing.T) {
	base := feedOf(t)
	path := base + "campaigns.csv?token=" + feedToken
	code, header, body := get(t, path)
	tag := header.Get("ETag")
	if code != 200 || len(tag) < 10 || header.Get("Content-Length") != fmt.Sprint(len(body)) {
		t.Fatalf("%d %v", code, header)
	}
	for _, given := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if code, h, body := get(t, path, "If-None-Match", given); code != 304 || body != "" || h.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %q", given, code, body)
		}
	}
	if code, _, again := get(t, path, "If-None-Match", `"other"`); code != 200 || again != body {
		t.Errorf("with another tag: %d", code)
	}
	code, h, empty := ask(t, http.MethodHead, path)
	if code != 200 || empty != "" || h.Get("ETag") != tag || h.Get("Content-Length") != fmt.Sprint(len(body)) {
		t.Errorf("HEAD: %d %v %q", code, h, empty)
	}
	code, h, packed := get(t, path, "Accept-Encoding", "br;q=1.0, gzip;q=0.8")
	if code != 200 || h.Get("Content-Encoding") != "gzip" || h.Get("ETag") == tag || !strings.Contains(h.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("gzip: %d %v", code, h)
	}
	in, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(in); err != nil || string(unpacked) != body {
		t.Errorf("unpacked: %v %q", err, unpacked)
	}
	if _, h, plain := get(t, path, "Accept-Encoding", "gzip;q=0"); h.Get("Content-Encoding") != "" || plain != body {
		t.Error("gzip was sent to who refuses it")
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		if code, _, _ := ask(t, method, path); code != 405 {
			t.Errorf("%s: %d", method, code)
		}
	}
}

func TestKeptAnswersAreBoundedTogether(t *testing.T) {
	f := newFeed(nil, nil, nil)
	for i := range 3 * keptAnswers {
		q := question{table: "channels", span: fmt.Sprint(i % (2 * keptAnswers))}
		f.keep(q, answer{body: make([]byte, maxFeedBytes/8)})
		sum := 0
		for _, a := range f.kept {
			sum += len(a.body)
		}
		if _, kept := f.kept[q]; !kept || sum != f.size || sum > maxFeedBytes {
			t.Fatalf("after %d answers %d bytes are kept, %d counted", i+1, sum, f.size)
		}
	}
}

func TestHostileQuestionsAreRefusedInWords(t *testing.T) {
	base := feedOf(t)
	for path, c := range map[string]struct {
		code int
		says string
	}{
		"users.csv?":                                  {404, "channels, campaigns or alerts"},
		"channels.xml?":                               {404, ".csv or .json"},
		"channels?":                                   {404, "no such feed"},
		"channels.csv?range=fortnight&":               {400, "FROM..TO"},
		"channels.csv?range=24h&":                     {400, "FROM..TO"},
		"channels.csv?range=&":                        {400, "FROM..TO"},
		"channels.csv?range=7d&range=30d&":            {400, "once is enough"},
		"channels.csv?columns=secret&":                {400, `unknown parameter "columns"`},
		"channels.csv?range=2025-01-01..2026-12-31&":  {400, "at most 400"},
		"campaigns.csv?range=2026-01-01..2026-06-30&": {400, "at most 92"},
		"channels.csv?range=2026-11-20..2026-11-01&":  {400, "FROM..TO"},
		"channels.csv?range=1%27%3BDROP%20TABLE&":     {400, "FROM..TO"},
		"channels.csv?" + url.QueryEscape(strings.Repeat("x", 3000)) + "=1&": {400, "unknown parameter"},
	} {
		code, _, body := get(t, base+path+"token="+feedToken)
		if code != c.code || !strings.Contains(body, c.says) || len(body) > 300 || strings.Contains(body, feedToken) {
			t.Errorf("%.60s: %d %q, want %d %q", path, code, body, c.code, c.says)
		}
	}
	if code, _, body := get(t, base+"channels.csv?range=0001-01-01..0001-02-01&token="+feedToken); code != 200 || strings.Count(body, "\n") != 1 {
		t.Errorf("the year 1: %d %q", code, body)
	}
	if code, _, body := get(t, base+"alerts.csv?range=9999-12-01..9999-12-31&token="+feedToken); code != 200 {
		t.Errorf("the year 9999: %d %q", code, body)
	}
}

func TestWhoAsksTooOftenIsAskedToWait(t *testing.T) {
	base := feedOf(t, func(f *feed) { f.limiter.SetLimit(rate.Every(time.Hour)) }) // however slow the test is
	path := base + "channels.csv?token=" + feedToken
	for n := range feedBurst + 20 {
		code, header, _ := get(t, path)
		if code == http.StatusTooManyRequests {
			if header.Get("Retry-After") != "1" || n < feedBurst {
				t.Errorf("refused at question %d: %v", n+1, header)
			}
			if code, _, _ := get(t, base+"channels.csv"); code != 401 {
				t.Errorf("without a token, afterwards: %d", code)
			}
			return
		}
		if code != 200 {
			t.Fatalf("question %d: %d", n+1, code)
		}
	}
	t.Errorf("%d questions at once were answered", feedBurst+20)
}

// TestAReloadChangesTheToken of the real program, whose log never has either.
func TestAReloadChangesTheToken(t *testing.T) {
	dir := home(t)
	path := shop(t, dir)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(content)+"feed:\n  token: file:token\n")
	write(t, filepath.Join(dir, "token"), feedToken+"\n")
	s := startsService(t, dir, nil, "collect", "--config", path, "--feed", ":0")
	_, at, _ := strings.Cut(s.says("msg=answering"), "at=")
	url := "http://" + at + "/feed/channels.json"
	if code, header, body := get(t, url, "Authorization", "Bearer "+feedToken); code != 200 || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("with the token: %d %v %s", code, header, body)
	}
	write(t, filepath.Join(dir, "token"), "weak\n")
	s.signal(syscall.SIGHUP)
	s.says("was not reloaded", "shop.yaml:", "at least 16")
	if code, _, _ := get(t, url, "Authorization", "Bearer "+feedToken); code != 200 {
		t.Errorf("with the token, after a bad reload: %d", code)
	}
	write(t, filepath.Join(dir, "token"), "another-token-of-the-feed\n")
	s.signal(syscall.SIGHUP)
	s.says("was reloaded")
	if code, _, _ := get(t, url, "Authorization", "Bearer "+feedToken); code != 401 {
		t.Errorf("with the former token: %d", code)
	}
	if code, _, _ := get(t, url+"?token=another-token-of-the-feed"); code != 200 {
		t.Errorf("with the new token: %d", code)
	}
	s.ends(syscall.SIGTERM)
}

// FuzzQuestion: whatever is asked, it is refused in a short sentence, or means a
// bounded range of a table that there is.
func FuzzQuestion(f *testing.F) {
	for _, seed := range [][2]string{{"channels.csv", "range=7d"}, {"alerts.json", "range=2026-11-01..2026-11-20&token=x"}, {"campaigns.csv", "range=%00"}, {"channels.csv", "a=b;c"}, {"..", "range"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, file, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := parseQuestion(file, query)
		if err != nil {
			if len(err.Error()) > 400 {
				t.Errorf("a long refusal: %s", err)
			}
			return
		}
		if _, known := feedTables[q.table]; !known || q.format != "csv" && q.format != "json" {
			t.Fatalf("%+v", q)
		}
		r, err := snapshot.ParseRange(q.span)
		if err != nil || r.String() != q.span || r.ByHour() || r.Days(20000).Days() > 800 {
			t.Errorf("range %q: %v", q.span, err)
		}
	})
}
