package impact

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

// options are those of a side with what depends on it filled in.
func options(t testing.TB, side string) *Options {
	t.Helper()
	o := simulated("").(*Options)
	o.Side, o.Program = side, "1000"
	if _, err := o.check(); err != nil {
		t.Fatal(err)
	}
	return o
}

func decoded(t testing.TB, body []byte) action {
	t.Helper()
	scan := httpkit.NewScanner(body)
	a := readAction(scan)
	if err := scan.End(); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRecordedActionsReadAsAPersonWould(t *testing.T) {
	want := sources.Event{ID: "1000.4636.158133", Kind: "order", Status: sources.Pending, Currency: "USD"}
	for _, c := range []struct {
		file, side, campaign, promo string
		value, cost                 kpi.Micros
		year                        int
		customer                    string
	}{
		{"partner_action.json", partner, "", "SUMMERSALE2024", 880_000, 0, 2024, ""},
		{"brand_action.json", brand, "10000", "SUMMERSALE2020", 21_990_000, 880_000, 2020, sources.NewCustomer},
	} {
		a := decoded(t, sourcetest.Recorded(t, "impact", c.file))
		want.Time, want.Value, want.Cost, want.New = time.Date(c.year, 9, 10, 17, 42, 38, 0, time.UTC), c.value, c.cost, c.customer == sources.NewCustomer
		want.Key = sources.Key{Source: "impact", Medium: "affiliate", Campaign: c.campaign, Promo: c.promo, Customer: c.customer}
		if e := a.event(options(t, c.side)); a.whole() != nil || e != want {
			t.Errorf("%s: got %+v, want %+v", c.file, e, want)
		}
	}
}

func TestRecordedPageHasOneApprovedAction(t *testing.T) {
	var all []action
	next, err := page(httpkit.NewScanner(sourcetest.Recorded(t, "impact", "partner_actions_page.json")), "Actions", func(scan *httpkit.Scanner) error {
		all = append(all, readAction(scan))
		return nil
	})
	if err != nil || next != "" || len(all) != 1 {
		t.Fatalf("%+v, next %q, %v", all, next, err)
	}
	e := all[0].event(options(t, partner))
	if e.ID != "1000.1" || e.Status != sources.Approved || e.Value != 12_500_000 || e.Key.Campaign != "campaign-slug" || !e.Time.Equal(time.Date(2026, 8, 11, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", e)
	}
}

// served fetches two days, with a state if there is one, from a server that answers
// each list as told.
func served(t *testing.T, state []byte, actions, updates string) ([]sources.Event, sources.Receipt, error) {
	t.Helper()
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/ActionUpdates") {
			fmt.Fprint(w, updates)
			return
		}
		fmt.Fprint(w, actions)
	}), Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
	accounts, err := s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var events []sources.Event
	q := sources.Query{Account: accounts[0], Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 2), To: kpi.NewDate(2026, 11, 3)}, State: state}
	receipt, err := s.Fetch(t.Context(), q, func(r sources.Record) error { events = append(events, r.(sources.Event)); return nil })
	return events, receipt, err
}

func TestRecordedUpdateLeadsToItsDay(t *testing.T) {
	update := sourcetest.Recorded(t, "impact", "partner_action_update.json")
	asked := ""
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/ActionUpdates") {
			fmt.Fprintf(w, `{"@nextpageuri":"","ActionUpdates":[%s]}`, update)
			return
		}
		asked = r.URL.Query().Get("ActionDateStart") + " " + r.URL.Query().Get("ActionDateEnd")
		fmt.Fprint(w, list(body()))
	}), Definition(), simulated, time.Date(2021, 4, 30, 0, 0, 0, 0, time.UTC))
	accounts, err := s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, partner)
	at := time.Date(2021, 4, 29, 0, 0, 0, 0, time.UTC).Unix()
	state := httpkit.Keep(httpkit.Memory{From: 1, Seen: at, Swept: at, Terms: fmt.Sprint(o.Side, "", o.Keys)})
	q := sources.Query{Account: accounts[0], Days: kpi.DateRange{From: kpi.NewDate(2021, 4, 29), To: kpi.NewDate(2021, 4, 29)}, State: state}
	if _, err := s.Fetch(t.Context(), q, func(sources.Record) error { return nil }); err != nil || asked != "2021-04-24T04:00:00Z 2021-04-25T03:59:59Z" {
		t.Errorf("asked %q, %v: want 24 April in New York", asked, err)
	}
}

// body is an action of 100.00 EUR with 10.00 EUR of payout, with some of its fields
// changed.
func body(change ...string) string {
	fields := map[string]string{"Id": `"1.2.3"`, "State": `"PENDING"`, "EventDate": `"2026-11-02T10:42:38-07:00"`, "Currency": `"EUR"`, "Payout": `"10.00"`, "Amount": `"100.00"`, "SubId1": `"spring"`}
	for i := 0; i < len(change); i += 2 {
		fields[change[i]] = change[i+1]
	}
	var parts []string
	for name, value := range fields {
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func list(actions ...string) string {
	return `{"@page":"1","@nextpageuri":"","Actions":[` + strings.Join(actions, ",") + `]}`
}

func TestStateAndIntentionDecideTheValue(t *testing.T) {
	for name, c := range map[string]struct {
		side                  string
		change                []string
		status                sources.EventStatus
		value, cost, refunded kpi.Micros
	}{
		"pending":        {partner, nil, sources.Pending, 10_000_000, 0, 0},
		"approved":       {partner, []string{"State", `"APPROVED"`}, sources.Approved, 10_000_000, 0, 0},
		"reversed":       {partner, []string{"State", `"REVERSED"`, "Payout", `"0"`, "IntendedPayout", `"10.00"`}, sources.Rejected, 0, 0, 0},
		"novel":          {brand, []string{"State", `"FROZEN"`}, sources.Rejected, 0, 0, 0},
		"pays less":      {partner, []string{"IntendedPayout", `"12.50"`}, sources.Pending, 10_000_000, 0, 2_500_000},
		"pays more":      {partner, []string{"IntendedPayout", `"7.50"`}, sources.Pending, 10_000_000, 0, 0},
		"intends none":   {partner, []string{"IntendedPayout", `""`}, sources.Pending, 10_000_000, 0, 0},
		"cost of payout": {brand, []string{"ClientCost", "null"}, sources.Pending, 100_000_000, 10_000_000, 0},
		"cost with fee":  {brand, []string{"ClientCost", "12.5"}, sources.Pending, 100_000_000, 12_500_000, 0},
		"sells less":     {brand, []string{"ClientCost", "null", "IntendedAmount", "120"}, sources.Pending, 100_000_000, 10_000_000, 20_000_000},
		"a lead":         {brand, []string{"ClientCost", "null", "Amount", `""`}, sources.Pending, 0, 10_000_000, 0},
	} {
		a := decoded(t, []byte(body(c.change...)))
		e := a.event(options(t, c.side))
		if a.whole() != nil || e.Status != c.status || e.Value != c.value || e.Cost != c.cost || e.Refunded != c.refunded {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestWhatCameOfAViewCanBeKeptApart(t *testing.T) {
	o := options(t, partner)
	o.Keys.Medium = "ReferringType"
	if err := o.Keys.check(); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"CLICK_COOKIE", "ANOTHER"} {
		a := decoded(t, []byte(body("ReferringType", `"`+word+`\u001b"`)))
		if e := a.event(o); e.Key.Medium != word {
			t.Errorf("%s: %+v", word, e.Key)
		}
	}
}

func TestStateThatIsNotKnownIsSaid(t *testing.T) {
	events, receipt, err := served(t, nil, list(body("State", `"FROZEN\u001b"`)), "")
	if err != nil || len(events) != 1 || cmp.Diff([]string{"Actions of a state that adtop does not know do not count: 1 FROZEN"}, receipt.Warnings) != "" {
		t.Errorf("%+v, %q, %v", events, receipt.Warnings, err)
	}
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"no id":           list(body("Id", "null")),
		"no date":         list(body("EventDate", `""`)),
		"no offset":       list(body("EventDate", `"2026-11-02T10:42:38"`)),
		"no state":        list(body("State", `""`)),
		"no payout":       list(body("Payout", `""`)),
		"no currency":     list(body("Currency", "null")),
		"a word of money": list(body("Amount", `"much"`)),
		"too much":        list(body("Payout", `"99999999999999"`)),
		"no list":         `{"@page":"1"}`,
		"null":            `null`,
		"endless":         `{"@nextpageuri":"/x?ActionDateEnd=2026-11-04T00%3A00%3A00Z","Actions":[]}`,
	} {
		if events, _, err := served(t, nil, answer, ""); sources.KindOf(err) != sources.Malformed || len(events) != 0 {
			t.Errorf("%s: %+v, %v", name, events, err)
		}
	}
	o := options(t, partner)
	at := time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC).Unix()
	state := httpkit.Keep(httpkit.Memory{From: 1, Seen: at, Swept: at, Terms: fmt.Sprint(o.Side, "", o.Keys)})
	for _, updates := range []string{`{"ActionUpdates":[{"ActionId":"1"}]}`, `{"ActionUpdates":[{"ActionDate":"2026-11-02T10:42:38-07:00"}]}`, `{}`} {
		if _, _, err := served(t, state, list(), updates); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", updates, err)
		}
	}
}

func TestErrorsAreToldByStatus(t *testing.T) {
	for status, kind := range map[int]sources.Kind{401: sources.Auth, 402: sources.Permission, 403: sources.Permission, 404: sources.Invalid, 405: sources.Invalid} {
		got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(`{"Status":"ERROR","Message":"why\u001b","Errors":[{"Field":"f","Message":"m"}]}`)})
		if got == nil || got.Kind != kind || strings.Contains(got.Error(), "\x1b") || !strings.Contains(got.Error(), "why; f: m") || got.Next == "" {
			t.Errorf("%d: %v, want %v", status, got, kind)
		}
	}
	for reset, want := range map[string]time.Duration{"": time.Minute, "90": 90 * time.Second, "99999": time.Hour, "soon": time.Minute} {
		for _, text := range []string{`{"Message":"x"}`, "plain"} {
			got := classify(&httpkit.Response{Status: 429, Header: http.Header{"X-Ratelimit-Reset": {reset}}, Body: []byte(text)})
			var e *sources.Error
			if !errors.As(got, &e) || e.Kind != sources.QuotaKind || e.RetryAfter != want {
				t.Errorf("reset %q: %v, want a wait of %s", reset, got, want)
			}
		}
	}
	for _, status := range []int{200, 400, 500} {
		if got := classify(&httpkit.Response{Status: status, Body: []byte(`{"Message":"x"}`)}); got != nil {
			t.Errorf("%d is for the status to say, got %v", status, got)
		}
	}
}

// FuzzAction decodes any action: what does not count has no value, and texts are fit
// for a terminal.
func FuzzAction(f *testing.F) {
	f.Add([]byte(body("SubId1", `"a\u001b"`, "IntendedPayout", `"11"`)), true)
	f.Add([]byte(body("ClientCost", "1e3")), false)
	earns, owes := options(f, partner), options(f, brand)
	f.Fuzz(func(t *testing.T, text []byte, earn bool) {
		scan := httpkit.NewScanner(text)
		a := readAction(scan)
		if scan.End() != nil || a.whole() != nil {
			return
		}
		o := owes
		if earn {
			o = earns
		}
		e := a.event(o)
		if !e.Status.Counts() && (e.Value != 0 || e.Cost != 0) || earn && e.Cost != 0 || e.Refunded < 0 || e.Key.Campaign != sources.Clean(e.Key.Campaign) || e.ID != sources.Clean(e.ID) {
			t.Errorf("event %+v of %s", e, text)
		}
	})
}

// BenchmarkDecode reads actions as long as Impact.com's are.
func BenchmarkDecode(b *testing.B) {
	const n = 3000
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"Id":"1000.4636.%d","CampaignId":"1000","CampaignName":"Acme Campaign","ActionTrackerId":"2240","ActionTrackerName":"Sale","State":"PENDING","AdId":"506720","Payout":"%d.88","Amount":"%d.99","Currency":"USD",`+
			`"EventDate":"2026-09-10T10:42:38-07:00","LockingDate":"2026-09-26T00:00:00-07:00","Oid":"9217374917472","EventCode":"","SharedId":"RT-19247423","SubId1":"spring-%d","SubId2":"","SubId3":"","DeltaPayout":"0.88","IntendedPayout":"0.88",`+
			`"DeltaAmount":"21.99","IntendedAmount":"21.99","ReferringDate":"2026-09-10T09:45:07-07:00","CreationDate":"2026-09-10T10:51:23-07:00","ClearedDate":"","ReferringType":"CLICK_COOKIE","PromoCode":"SUMMER","CustomerArea":"855","CustomerCity":"Santa Barbara","CustomerCountry":"US"}`, i, i%90, i, i))
	}
	text := []byte(list(all...))
	o := options(b, partner)
	b.SetBytes(int64(len(text)))
	sourcetest.Bench(b, "x-of-json", n, func() error {
		_, err := page(httpkit.NewScanner(text), "Actions", func(scan *httpkit.Scanner) error {
			a := readAction(scan)
			a.event(o)
			return nil
		})
		return err
	}, func() error {
		var answer struct {
			Actions []struct {
				ID, State, EventDate, Currency                   string
				Payout, Amount, IntendedPayout, IntendedAmount   string
				SubID1, SubID2, SubID3, SharedID, PromoCode      string
				CampaignID, CampaignName, ActionTrackerName, Oid string
				CustomerArea, CustomerCity, CustomerCountry      string
			}
		}
		return json.Unmarshal(text, &answer)
	})
}
