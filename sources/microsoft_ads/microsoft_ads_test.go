package microsoftads

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
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
	"adtop/sources/httpkit"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

var noon = world.ConformanceAutumn

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.ClientID, o.RefreshToken, o.DeveloperToken = simulator.MicrosoftClientID, sources.NewSecret(simulator.MicrosoftRefreshToken), sources.NewSecret(simulator.MicrosoftDeveloperToken)
	o.BaseURL, o.CustomerURL, o.TokenURL = place, place, place+"/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		Path:       "GenerateReport",
		Secrets:    []string{simulator.MicrosoftRefreshToken, simulator.MicrosoftDeveloperToken, "EwBsimulatedAccessToken", "5imulated0signature"},
		Refreshes:  true,
	})
}

// opened is a source on a simulator; waits collects its pauses.
func opened(t *testing.T, change ...func(*Options)) (s *source, sim *simulator.Simulator, waits *[]time.Duration) {
	t.Helper()
	sim = simulator.New(world.ConformanceFor(world.Microsoft), func() time.Time { return noon })
	s, waits = on(t, sim, change...)
	return s, sim, waits
}

// on is a source on a handler.
func on(t *testing.T, handler http.Handler, change ...func(*Options)) (*source, *[]time.Duration) {
	t.Helper()
	served, waits := sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
	return served.(*source), waits
}

func query(grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "180535601", Zone: sourcetest.Zone("Europe/Berlin"), Currency: "EUR"}, grain, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestReportIsWaitedForEverLongerAndGivenUpOn(t *testing.T) {
	s, sim, waits := opened(t)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Building, Platform: world.Microsoft, Path: "/Poll", Times: 4})
	if rows, _, err := sourcetest.Fetch(t, s, query(sources.Day, today)); err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if want := []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("paused for %v, want %v", *waits, want)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.Building, Platform: world.Microsoft, Path: "/Poll"})
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today)); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "not ready") {
		t.Errorf("a report that is never ready: %v", err)
	}
}

func TestSuccessWithoutAFileIsNoRows(t *testing.T) {
	s, _, _ := opened(t)
	q := query(sources.Day, today)
	q.Account.ID = "180535603"
	if rows, receipt, err := sourcetest.Fetch(t, s, q); err != nil || len(rows) != 0 || receipt.CompleteThrough.IsZero() {
		t.Errorf("%d rows, %+v, %v", len(rows), receipt, err)
	}
}

func TestWatermarkIsWhatTheReportSaysWhenThatIsEarlier(t *testing.T) {
	zip := zipped(t, "r.csv", "\"Last Completed Available Hour: 11/4/2026 5:15:00 AM (GMT)\"\n\"Rows: 0\"\n\n"+header)
	through, err := unpack(zip, table{rows: rowsFor(t, query(sources.Day, today)), query: query(sources.Day, today)})
	if want := time.Date(2026, 11, 4, 5, 15, 0, 0, time.UTC); err != nil || !through.Equal(want) {
		t.Errorf("complete through %s, %v, want %s", through, err, want)
	}
	s, _, _ := opened(t)
	_, receipt, err := sourcetest.Fetch(t, s, query(sources.Day, today))
	if want := noon.Add(-lag).Truncate(time.Hour); err != nil || !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %s, %v, want %s", receipt.CompleteThrough, err, want)
	}
}

func TestNewestRefreshTokenIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "microsoft.token")
	s, _, _ := opened(t, func(o *Options) { o.TokenFile = path })
	if _, err := s.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), simulator.MicrosoftRefreshToken+"+1") {
		t.Errorf("kept %q, %v", content, err)
	}
}

func TestPollsOfADayAreThreeCallsEach(t *testing.T) {
	s, sim, _ := opened(t)
	if _, err := s.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := len(sim.Requests(world.Microsoft))
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Hour, today-1, today)); err != nil {
		t.Fatal(err)
	}
	if got := len(sim.Requests(world.Microsoft)) - before; got != Definition().Calls {
		t.Errorf("a poll of today and yesterday took %d calls, the definition says %d", got, Definition().Calls)
	}
}

func TestFaultsOfReportsHaveTheirKind(t *testing.T) {
	for kind, want := range map[simulator.FaultKind]struct {
		kind  sources.Kind
		retry time.Duration
	}{
		simulator.TooMuch: {sources.QuotaKind, reportsPause}, simulator.Denied: {sources.Permission, 0}, simulator.Throttle: {sources.QuotaKind, callsPause},
	} {
		s, sim, _ := opened(t)
		sim.Faults().Set(simulator.Fault{Kind: kind, Platform: world.Microsoft, Path: "Submit"})
		_, _, err := sourcetest.Fetch(t, s, query(sources.Day, today))
		var e *sources.Error
		if !errors.As(err, &e) || e.Kind != want.kind || e.RetryAfter != want.retry {
			t.Errorf("%s: %v, want %v after %s", kind, err, want.kind, want.retry)
		}
	}
}

func TestSpoiltFilesAreRefused(t *testing.T) {
	for kind, want := range map[simulator.FaultKind]sources.Kind{
		simulator.Truncated: sources.Malformed, simulator.NotJSON: sources.Malformed, simulator.HTML: sources.Unavailable,
		simulator.Dropped: sources.Unavailable, simulator.Oversized: sources.Malformed,
	} {
		s, sim, _ := opened(t)
		sim.Faults().Set(simulator.Fault{Kind: kind, Platform: world.Microsoft, Path: "/files/"})
		if rows, _, err := sourcetest.Fetch(t, s, query(sources.Day, today)); sources.KindOf(err) != want || len(rows) != 0 {
			t.Errorf("%s: %d rows, %v, want %v", kind, len(rows), err, want)
		}
	}
}

func TestLinkThatHasRunOutIsTriedAgainLater(t *testing.T) {
	s, _, _ := opened(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone.zip" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"ReportRequestId":"1","ReportRequestStatus":{"Status":"Success","ReportDownloadUrl":"http://%s/gone.zip"}}`, r.Host)
	}))
	defer server.Close()
	s.client.Base, _ = httpkit.ParseBase(server.URL, "")
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today)); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "five minutes") {
		t.Errorf("got %v", err)
	}
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	s, _, _ := opened(t, func(o *Options) { o.Accounts = []string{"180535602"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Zone.String() != "Asia/Tokyo" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s, _, _ = opened(t, func(o *Options) { o.Accounts = []string{"1"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestEveryZoneExists(t *testing.T) {
	for name, iana := range zones {
		if _, err := time.LoadLocation(iana); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if zone("Almaty_Novosibirsk", "") != "Asia/Novosibirsk" || zone("Atlantis", "UTC") != "UTC" {
		t.Error("underscores or the fallback are not understood")
	}
	unknown := account{ID: "1", TimeZone: "Atlantis", Currency: "EUR"}
	var e *sources.Error
	if _, err := (&source{}).account(unknown); !errors.As(err, &e) || !strings.Contains(e.Error(), "Atlantis") || !strings.Contains(e.Next, "timezone") {
		t.Errorf("an unknown zone: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"client_id":       func(o *Options) { o.ClientID = "" },
		"refresh_token":   func(o *Options) { o.RefreshToken = sources.Secret{} },
		"developer_token": func(o *Options) { o.DeveloperToken = sources.Secret{} },
		"accounts":        func(o *Options) { o.Accounts = []string{"F149W3B6"} },
		"timezone":        func(o *Options) { o.Timezone = "Santiago" },
		"base_url":        func(o *Options) { o.BaseURL = "x" },
		"customer_url":    func(o *Options) { o.CustomerURL = "x" },
		"token_url":       func(o *Options) { o.TokenURL = "x" },
	})
}

// zipped packs one file.
func zipped(t testing.TB, name, content string) []byte {
	t.Helper()
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	file, err := archive.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// rowsFor drops what is read.
func rowsFor(t testing.TB, q sources.Query) *httpkit.Rows {
	t.Helper()
	rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
