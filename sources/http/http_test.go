package http

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/record"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

var noon = time.Date(2026, 11, 20, 12, 30, 0, 0, time.UTC)

const key = "s3cr3t-of-acme"

// simple are options for a list of rows below data.
func simple(place string) any {
	o := defaults()
	o.URL = place + "/report?from={from}&until={until}"
	o.Rows = ".data[]"
	o.Columns = map[string]string{"date": ".day", "campaign": ".name", "cost": ".cost"}
	o.Accounts = []record.Account{{ID: "acme", Currency: "EUR", Timezone: "Europe/Berlin"}}
	return o
}

// ask fetches yesterday and today, and renders the rows.
func ask(t *testing.T, handler http.HandlerFunc, changes ...func(*Options)) ([]string, sources.Receipt, error) {
	t.Helper()
	s, _ := sourcetest.Serve(t, handler, Definition(), simple, noon, changes...)
	accounts, err := s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, receipt, err := sourcetest.Fetch(t, s, sourcetest.Query(accounts[0], sources.Day, kpi.NewDate(2026, 11, 19), kpi.NewDate(2026, 11, 20)))
	var texts []string
	for _, r := range rows {
		texts = append(texts, fmt.Sprintf("%s %s %d", r.Slot.Date, r.Entity.ID, r.Metrics.Cost))
	}
	return texts, receipt, err
}

func say(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func want(t *testing.T, got []string, err error, rows ...string) {
	t.Helper()
	if err != nil || !slices.Equal(got, rows) {
		t.Errorf("got %q, %v; want %q", got, err, rows)
	}
}

func refused(t *testing.T, got []string, err error, kind sources.Kind, says string) {
	t.Helper()
	if sources.KindOf(err) != kind || !strings.Contains(err.Error(), says) || len(got) > 0 {
		t.Errorf("got %q, %v; want %s: …%s…", got, err, kind, says)
	}
}

func TestNumbersAndIdsOfJSONStayExact(t *testing.T) {
	rows, receipt, err := ask(t, say(`{"data":[{"day":"2026-11-19","name":120900000000001001,"cost":9007199254740.993001}]}`))
	want(t, rows, err, "2026-11-19 120900000000001001 9007199254740993001")
	if end := kpi.NewDate(2026, 11, 19).End(sourcetest.Zone("Europe/Berlin")); !receipt.CompleteThrough.Equal(end) {
		t.Errorf("complete through %s: nobody promises more than the newest row", receipt.CompleteThrough)
	}
	_, receipt, err = ask(t, say(`{"data":[]}`), func(o *Options) { o.Lag = 2 * time.Hour })
	if err != nil || !receipt.CompleteThrough.Equal(noon.Add(-2*time.Hour).Truncate(time.Hour)) {
		t.Errorf("with a lag: %s, %v", receipt.CompleteThrough, err)
	}
}

func TestAFaultOfOneRowNamesIt(t *testing.T) {
	var list []string
	for i := range 10_000 {
		cost := "1"
		if i == 6 {
			cost = `{"amount":1}`
		}
		list = append(list, fmt.Sprintf(`{"day":"2026-11-19","name":"c%d","cost":%s}`, i, cost))
	}
	body := say(`{"data":[` + strings.Join(list, ",") + `]}`)
	rows, _, err := ask(t, body, func(o *Options) { o.Columns["cost"] = ".cost + 1" })
	refused(t, rows, err, sources.Malformed, "at page 1, row 7: columns.cost: cannot add: object")
	rows, _, err = ask(t, body)
	refused(t, rows, err, sources.Malformed, "at page 1, row 7: columns.cost: cost: expected text or a number, found an object")
	rows, _, err = ask(t, say(`{"data":[{"day":"2026-11-19","name":"a","cost":1},{"day":"20.11.2026","name":"a","cost":1}]}`))
	refused(t, rows, err, sources.Malformed, `at page 1, row 2: date: "20.11.2026": expected a date like YYYY-MM-DD`)
	rows, _, err = ask(t, say(`{"data":[{"day":"2026-11-19","name":"a","cost":1}]}`), func(o *Options) { o.Columns["campaign"] = ".name, .day" })
	refused(t, rows, err, sources.Malformed, "row 1: columns.campaign: it gives several values")
}

func TestExpressionsAreCheckedWhenTheConfigIsRead(t *testing.T) {
	for says, change := range map[string]func(*Options){
		"columns.cost: jq: character 7: ":                  func(o *Options) { o.Columns["cost"] = ".cost 2" },
		"columns.cost: jq: character 9: function not def":  func(o *Options) { o.Columns["cost"] = ".cost | tonumbre" },
		"rows: jq: character 1: variable not defined: $fr": func(o *Options) { o.Rows = "$frm" },
		"rows: jq: ":                   func(o *Options) { o.Rows = ".data[" },
		"rows: required":               func(o *Options) { o.Rows = "" },
		`columns: "costs" is no`:       func(o *Options) { o.Columns["costs"] = ".cost" },
		"columns.date: required":       func(o *Options) { delete(o.Columns, "date") },
		"columns: none of":             func(o *Options) { delete(o.Columns, "cost") },
		"paging.next: jq: ":            func(o *Options) { o.Paging = Paging{Style: "cursor", Next: "]"} },
		"paging.next: required":        func(o *Options) { o.Paging.Style = "cursor" },
		"url: {form}: expected":        func(o *Options) { o.URL += "{form}" },
		"headers.X: {secret.a}: there": func(o *Options) { o.Headers = map[string]string{"X": "{secret.a}"} },
		"url: expected":                func(o *Options) { o.URL = "ftp://x/" },
		"method: ":                     func(o *Options) { o.Method = "PUT" },
		"auth.token is missing":        func(o *Options) { o.Auth.Style = "bearer" },
		"accounts: required":           func(o *Options) { o.Accounts = nil },
		"answer: ":                     func(o *Options) { o.Answer = "yaml" },
		"format.cost: ":                func(o *Options) { o.Format.Cost = "cents" },
	} {
		o := simple("https://api.network.example").(*Options)
		change(o)
		if _, err := open(o, sources.Env{Name: "network"}); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("got %v, want %s…", err, says)
		}
	}
}

func TestExpressionsKnowTheQuestion(t *testing.T) {
	rows, _, err := ask(t, say(`{"acme":{"2026-11-19":{"a":1}}}`), func(o *Options) {
		o.Rows = `.[$account] | to_entries[] | select(.key >= $from and .key < $until) | .key as $day | .value | to_entries[] | {day: $day, name: .key, cost: .value}`
	})
	want(t, rows, err, "2026-11-19 a 1000000")
}

// server gives five rows, two a page, in the style of the request.
func server(t *testing.T, style string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/report") || r.URL.Query().Get("from") != "2026-11-19" || r.URL.Query().Get("until") != "2026-11-21" {
			t.Errorf("asked %s", r.URL)
		}
		at := 0
		fmt.Sscan(r.URL.Query().Get("at"), &at)
		start := at
		if style == "page" && at > 0 {
			start = (at - 1) * 2
		}
		var list []string
		for i := start; i < min(start+2, 5); i++ {
			list = append(list, fmt.Sprintf(`{"day":"2026-11-19","name":"c%d","cost":1}`, i))
		}
		next := `null`
		if start+2 < 5 {
			next = fmt.Sprintf(`"%d"`, start+2)
			target := fmt.Sprintf("?from=2026-11-19&until=2026-11-21&at=%d", start+2)
			if start == 0 { // the next one is relative to the page alone
				target = r.URL.Path + target
			}
			w.Header().Set("Link", fmt.Sprintf(`</report?from=2026-11-19&until=2026-11-21>; rel="first", <%s>; title="a; b"; rel="last next"`, target))
		}
		fmt.Fprintf(w, `{"data":[%s],"next":%s,"more":%t}`, strings.Join(list, ","), next, start+2 < 5)
	}
}

func TestPagesAreReadToTheLastInEveryStyle(t *testing.T) {
	for _, p := range []Paging{
		{Style: "page", Parameter: "at", First: 1}, {Style: "page", Parameter: "at", First: 1, Size: 2}, {Style: "page", Parameter: "at", First: 1, Next: ".more"},
		{Style: "offset", Parameter: "at"}, {Style: "offset", Parameter: "at", Size: 2}, {Style: "cursor", Parameter: "at", Next: ".next"}, {Style: "link"},
	} {
		rows, _, err := ask(t, server(t, p.Style), func(o *Options) { o.Paging = p })
		want(t, rows, err, "2026-11-19 c0 1000000", "2026-11-19 c1 1000000", "2026-11-19 c2 1000000", "2026-11-19 c3 1000000", "2026-11-19 c4 1000000")
	}
	rows, _, err := ask(t, server(t, "cursor"), func(o *Options) { o.Paging = Paging{Style: "cursor", Next: ".next"}; o.URL += "&at={cursor}" })
	want(t, rows, err, "2026-11-19 c0 1000000", "2026-11-19 c1 1000000", "2026-11-19 c2 1000000", "2026-11-19 c3 1000000", "2026-11-19 c4 1000000")
}

func TestPagesThatGoRoundInCirclesEnd(t *testing.T) {
	same := say(`{"data":[{"day":"2026-11-19","name":"a","cost":1}],"next":"again"}`)
	for _, p := range []Paging{{Style: "page", Parameter: "wrong", First: 1}, {Style: "cursor", Next: ".next"}} {
		rows, _, err := ask(t, same, func(o *Options) { o.Paging = p; o.Format.Duplicates = "sum" })
		refused(t, rows, err, sources.Malformed, "at page 2: it is the same as the one before")
	}
	rows, _, err := ask(t, say(`{"data":[],"next":"https://elsewhere.example/steal"}`), func(o *Options) { o.Paging = Paging{Style: "cursor", Next: ".next"} })
	refused(t, rows, err, sources.Malformed, "links to https://elsewhere.example")
}

func TestCSVAndXMLAreReadLikeJSON(t *testing.T) {
	rows, _, err := ask(t, say("\ufeffTag;Name;Kosten\n19.11.2026;\"a;b\";12,50\n20.11.2026;c;0,1\n"), func(o *Options) {
		o.Answer, o.Delimiter, o.Format.Date, o.Format.Decimal = "csv", ";", "DD.MM.YYYY", "comma"
		o.Rows, o.Columns = ".[]", map[string]string{"date": ".Tag", "campaign": ".Name", "cost": ".Kosten"}
	})
	want(t, rows, err, "2026-11-19 a;b 12500000", "2026-11-20 c 100000")
	rows, _, err = ask(t, say(`<report><row id="7"><day>2026-11-19</day><cost currency="EUR">1.5</cost></row><row id="8"><day>2026-11-20</day><cost currency="EUR">2</cost></row></report>`), func(o *Options) {
		o.Answer, o.Rows = "xml", ".report.row[]"
		o.Columns = map[string]string{"date": ".day[0]", "campaign_id": `."@id"`, "cost": `.cost[0]."#text"`, "currency": `.cost[0]."@currency"`}
	})
	want(t, rows, err, "2026-11-19 7 1500000", "2026-11-20 8 2000000")
	for body, says := range map[string]string{
		`<report><row>`:                    "not XML: ",
		`<report/><another/>`:              "a second document follows",
		strings.Repeat("<a>", 100):         "nested too deep",
		`<!DOCTYPE html><html></html>`:     "HTML page",
		`<?xml version="1.0"?><a>&x;</a>`:  "not XML: ",
		`{"report": "was moved to JSON!"}`: "not XML: ",
	} {
		rows, _, err := ask(t, say(body), func(o *Options) { o.Answer = "xml" })
		refused(t, rows, err, sources.Malformed, says)
	}
	for body, says := range map[string]string{"a,a\n1,2\n": "two columns", "a,b\n1\n": "wrong number of fields", "a\n\xff\n": "not UTF-8"} {
		rows, _, err := ask(t, say(body), func(o *Options) { o.Answer = "csv" })
		refused(t, rows, err, sources.Malformed, says)
	}
}

func TestRequestsCarryWhatTheTemplateSaysAndErrorsNoSecret(t *testing.T) {
	secrets := func(o *Options) {
		o.Secrets = map[string]sources.Secret{"key": sources.NewSecret(key)}
		o.URL += "&key={secret.key}&account={account}"
		o.Headers = map[string]string{"X-Key": "{secret.key}"}
		o.Accounts[0].ID = "a&b {from}"
	}
	rows, _, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("key") != key || r.Header.Get("X-Key") != key || r.URL.Query().Get("account") != "a&b {from}" {
			t.Errorf("asked %s with %v", r.URL, r.Header)
		}
		fmt.Fprint(w, `{"data":[]}`)
	}, secrets)
	want(t, rows, err)
	rows, _, err = ask(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !json.Valid(body) || !strings.Contains(string(body), `"until":"2026-11-21","q":"{ campaigns {id} }","key":"`+key) || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("sent %s %s", r.Header, body)
		}
		if user, password, ok := r.BasicAuth(); !ok || user != "ann" || password != key {
			t.Errorf("signed in as %q %q", user, password)
		}
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "your key %s is unknown", key)
	}, secrets, func(o *Options) {
		o.Method, o.Body = http.MethodPost, `{"until":"{until}","q":"{ campaigns {id} }","key":"{secret.key}"}`
		o.Auth = Auth{Style: "basic", User: "ann", Password: sources.NewSecret(key)}
	})
	refused(t, rows, err, sources.Invalid, "your key [redacted] is unknown")
	rows, _, err = ask(t, say(`{"data":[{"name":"`+key+`"}]}`), secrets)
	refused(t, rows, err, sources.Malformed, `row 1: date: missing`)
	if strings.Contains(err.Error(), key) {
		t.Errorf("%v has the secret", err)
	}
	rows, _, err = ask(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, `{"status":"error","message":"no such report"}`)
	}, func(o *Options) {
		o.Auth = Auth{Style: "bearer", Token: sources.NewSecret(key)}
		o.Failure = `select(.status == "error") | .message`
	})
	refused(t, rows, err, sources.Invalid, "the answer says: no such report")
	rows, _, err = ask(t, say(`{"message":"the key `+key+` has expired"}`), secrets, func(o *Options) { o.Failure = ".message" })
	refused(t, rows, err, sources.Invalid, "the answer says: the key [redacted] has expired")
}

func TestAThrottledServerIsWaitedForAsItsHeaderSays(t *testing.T) {
	rows, _, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Reset", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
	}, func(o *Options) { o.Wait = "X-Reset" })
	refused(t, rows, err, sources.QuotaKind, "retry in 2h0m0s")
}

func TestAnExpressionWithoutAnEndIsEndedWithTheFetch(t *testing.T) {
	started := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{}`)
		close(started)
	}))
	defer server.Close()
	o := simple(server.URL).(*Options)
	o.Rows = "last(range(1e18)) | empty"
	s, _ := sourcetest.Open(t, Definition(), o, noon)
	ctx, cancel := contextUntil(t, started)
	defer cancel()
	_, err := s.Fetch(ctx, sourcetest.Query(s.(*source).accounts[0], sources.Day, kpi.NewDate(2026, 11, 19)), func(sources.Record) error { return nil })
	if err == nil || ctx.Err() == nil {
		t.Errorf("got %v", err)
	}
}

// TestTheTruthOverHTTPToTheMicro reads the simulator's exports, whose truth is
// known, over HTTP.
func TestTheTruthOverHTTPToTheMicro(t *testing.T) {
	w := world.ConformanceFor(world.CSV)
	asOf := world.ConformanceAutumn
	dir := t.TempDir()
	if err := simulator.New(w, func() time.Time { return asOf }).WriteCSV(dir, asOf); err != nil {
		t.Fatal(err)
	}
	account := w.Accounts(world.CSV)[0]
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(filepath.Join(dir, filepath.Base(r.URL.Path)))
		if err != nil {
			t.Error(err)
		}
		_, _ = answer.Write(text)
	}), Definition(), func(place string) any {
		o := simple(place).(*Options)
		o.URL = place + "/{account}.csv"
		o.Answer, o.Delimiter, o.Rows, o.Format.Decimal = "csv", ";", ".[]", "comma"
		o.Columns = map[string]string{"date": ".date", "campaign": ".partner", "clicks": ".clicks", "cost": ".commission", "conversions": ".orders", "revenue": ".revenue"}
		o.Accounts = []record.Account{{ID: account.ID, Currency: string(account.Currency), Timezone: account.Zone.String()}}
		return o
	}, asOf)
	accounts, err := s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	today := kpi.DateOf(asOf, account.Zone)
	rows, _, err := sourcetest.Fetch(t, s, sourcetest.Query(accounts[0], sources.Day, today-13, today))
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	byName := map[string]string{}
	for _, c := range account.Campaigns {
		byName[sources.Clean(c.Name)] = c.ID
	}
	for _, r := range rows {
		if truth := w.Day(account.ID, byName[r.Entity.ID], r.Slot.Date, asOf); truth != r.Metrics {
			t.Errorf("%s on %s: got %+v, want %+v", r.Entity.ID, r.Slot.Date, r.Metrics, truth)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"data":[{"day":"2026-11-19","name":"a","cost":1}]}`, `<a><b c="d">e</b></a>`, "day;name\n1;2", `[`, `{"data":{"x":[1]}}`} {
		f.Add(seed, "json", ".data[]")
		f.Add(seed, "xml", "..")
		f.Add(seed, "csv", ".[]")
	}
	f.Fuzz(func(t *testing.T, body, kind, rows string) {
		o := simple("https://api.network.example").(*Options)
		o.Answer, o.Rows = kind, ".data[]?, .[]?"
		if len(rows) < 20 && !strings.ContainsAny(rows, "*()") {
			o.Rows = rows
		}
		opened, err := open(o, sources.Env{Name: "network", Now: func() time.Time { return noon }})
		if err != nil {
			return
		}
		s := opened.(*source)
		q := sourcetest.Query(s.accounts[0], sources.Day, kpi.NewDate(2026, 11, 19))
		book, err := record.NewBook(s.env.Name, q, o.Format)
		if err != nil {
			t.Fatal(err)
		}
		p := &pages{source: s, query: q, book: book, number: 1}
		_, err = p.page(t.Context(), responseOf(body))
		var got []sources.Row
		if err == nil {
			err = book.Put(sourcetest.Collect(&got))
		}
		sourcetest.CheckDecoded(t, q, got, err)
	})
}
