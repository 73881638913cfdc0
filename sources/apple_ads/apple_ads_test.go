package appleads

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

var noon = world.ConformanceAutumn

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.ClientID, o.TeamID, o.KeyID, o.PrivateKey = simulator.AppleClientID, simulator.AppleTeamID, simulator.AppleKeyID, sources.NewSecret(simulator.ApplePrivateKey())
	o.BaseURL, o.TokenURL = place, place+"/oauth/token"
	return o
}

// conformance is what the suite has to know; hours reach back seven days only.
func conformance() sourcetest.Adapter {
	key := strings.Split(simulator.ApplePrivateKey(), "\n")
	return sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		HoursBack:  7,
		Path:       "/reports/",
		Secrets:    []string{key[1], key[2], "eyJhbGciOiJFUzI1NiIs", "eyJsimulatedAppleAccess"}, // lines of the key, and how signed secrets begin
		Refreshes:  true,
		Parks:      true,
	}
}

func TestConformance(t *testing.T) { sourcetest.Run(t, conformance()) }

func TestConformanceWithHoursInUTC(t *testing.T) {
	a := conformance()
	a.RealHours = true
	a.Options = func(place string) any {
		o := simulated(place).(*Options)
		o.Hours = "utc"
		return o
	}
	sourcetest.Run(t, a)
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) (sources.Source, *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.Apple), func() time.Time { return noon })
}

func query(grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "123456781", Zone: sourcetest.Zone("Europe/Berlin"), Currency: "EUR"}, grain, days...)
}

var today = kpi.NewDate(2026, 11, 4)

// asked lists the bodies of the questions for figures.
func asked(sim *simulator.Simulator) (bodies []string) {
	for _, r := range sim.Requests(world.Apple) {
		if strings.Contains(r.Path, "/reports/") {
			bodies = append(bodies, r.Body)
		}
	}
	return bodies
}

func TestSingleDayIsTheTotalOfItself(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	one, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-1))
	if err != nil || len(one) == 0 || strings.Contains(asked(sim)[0], "granularity") {
		t.Fatalf("%d rows, %v, asked %s", len(one), err, asked(sim)[0])
	}
	both, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-1, today))
	if err != nil {
		t.Fatal(err)
	}
	found := map[sources.Slot]map[string]kpi.Metrics{}
	for _, r := range both {
		if found[r.Slot] == nil {
			found[r.Slot] = map[string]kpi.Metrics{}
		}
		found[r.Slot][r.Entity.ID] = r.Metrics
	}
	for _, r := range one {
		if r.Metrics != found[r.Slot][r.Entity.ID] {
			t.Errorf("alone %+v, beside another day %+v", r.Metrics, found[r.Slot][r.Entity.ID])
		}
	}
}

func TestAppleGivesNoRevenue(t *testing.T) {
	s, _ := opened(t, platformServer())
	rows, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-1, today))
	if err != nil || len(rows) == 0 || Definition().Gives&kpi.Revenue != 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.Metrics.Has != Definition().Gives || r.Entity.Action != "total installs" {
			t.Errorf("got %+v", r)
		}
	}
}

func TestInstallsAreThoseOfTheOption(t *testing.T) {
	for installs, want := range map[string]kpi.Micros{"total": 5_000_000, "tap": 3_000_000} {
		rows, err := decoded(t, []byte(`{"result":{"rows":[{"metadata":{"id":7},"granularMetrics":[{"date":"2026-11-04","tapInstalls":3,"viewInstalls":2,"totalInstalls":5}]}]}}`), query(sources.Day, today-1, today), installs)
		if err != nil || len(rows) != 1 || rows[0].Metrics.Conversions != want {
			t.Errorf("%s: %+v, %v", installs, rows, err)
		}
	}
}

func TestOlderDaysAndHoursThanAppleKeepsAreRefused(t *testing.T) {
	for name, q := range map[string]sources.Query{
		"days": query(sources.Day, today-kpi.Date(Definition().History)-2, today), "hours": query(sources.Hour, today-8, today),
	} {
		s, _ := opened(t, platformServer())
		if _, _, err := sourcetest.Fetch(t, s, q); sources.KindOf(err) != sources.Invalid || !strings.Contains(err.Error(), "too old") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, _ := opened(t, platformServer())
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-kpi.Date(Definition().History), today)); err != nil {
		t.Errorf("the history of the definition: %v", err)
	}
}

func TestHoursOfUTCThatAreNoHoursOfTheAccountAreRefused(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim, func(o *Options) { o.Hours = "utc" })
	q := query(sources.Hour, today)
	q.Account.Zone = sourcetest.Zone("Asia/Kolkata")
	if _, _, err := sourcetest.Fetch(t, s, q); sources.KindOf(err) != sources.Invalid || !strings.Contains(err.Error(), "Asia/Kolkata") {
		t.Errorf("got %v", err)
	}
}

func TestErrorWithStatusOfSuccessIsAnError(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: world.Apple, Path: "/reports/"})
	if rows, _, err := sourcetest.Fetch(t, s, query(sources.Day, today)); sources.KindOf(err) != sources.Invalid || len(rows) != 0 || !strings.Contains(err.Error(), "VALIDATION_ERROR") {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestCampaignsOnTheMapAreNotAskedAboutAndDeletedOnesAre(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	rows, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-20, today))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range rows {
		found = found || r.Entity.ID == "555666776"
	}
	if body := asked(sim)[0]; !found || strings.Contains(body, "111222333") || !strings.Contains(body, "555666776") {
		t.Errorf("deleted campaign found: %t; asked %s", found, body)
	}
}

func TestManyCampaignsAreAskedForInGroups(t *testing.T) {
	var groups []int
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.Contains(r.URL.Path, "/campaigns/query") && !strings.Contains(r.URL.Path, "/reports/"):
			var list []string
			for i := range 450 {
				list = append(list, fmt.Sprintf(`{"id":%d,"promotedObjectType":"APPSTORE_APP"}`, 1000+i))
			}
			fmt.Fprintf(w, `{"result":[%s],"pagination":{"totalCount":450}}`, strings.Join(list, ","))
		case strings.Contains(r.URL.Path, "/reports/"):
			body, _ := io.ReadAll(r.Body)
			groups = append(groups, strings.Count(string(body), ",1")+strings.Count(string(body), "[1"))
			fmt.Fprint(w, `{"result":{"rows":[]},"pagination":{"totalCount":0}}`)
		default:
			fmt.Fprint(w, `{"access_token":"a","token_type":"bearer"}`)
		}
	}))
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today)); err != nil || fmt.Sprint(groups) != "[200 200 50]" {
		t.Errorf("groups %v, %v", groups, err)
	}
}

func TestPollsOfADayAreOneCallEach(t *testing.T) {
	calls := 0
	sim := platformServer()
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; strings.Contains(r.URL.Path, "/reports/") {
			fmt.Fprint(w, `{"result":{"rows":[]},"pagination":{"totalCount":0}}`)
			return
		}
		sim.ServeHTTP(w, r)
	}))
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-1, today)); err != nil { // lists the campaigns
		t.Fatal(err)
	}
	calls = 0
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-1, today)); err != nil || calls != Definition().Calls {
		t.Errorf("a poll of today and yesterday took %d calls, the definition says %d; %v", calls, Definition().Calls, err)
	}
}

func TestQuotaIsWhatTheHeadersSay(t *testing.T) {
	s, _ := opened(t, platformServer())
	_, receipt, err := sourcetest.Fetch(t, s, query(sources.Day, today-1, today))
	if err != nil || receipt.Quota.Used < 0.099 || receipt.Quota.Used > 0.101 || receipt.Quota.Scope == "" {
		t.Errorf("%+v, %v", receipt.Quota, err)
	}
}

func TestSecretIsSignedAnewForEachToken(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	for range 3 {
		sim.Faults().Set(simulator.Fault{Kind: simulator.ExpiredToken, Platform: world.Apple, Path: "/acls", Times: 1})
		if _, err := s.Accounts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	secrets := map[string]bool{}
	for _, r := range sim.Requests(world.Apple) {
		if r.Path == "/oauth/token" {
			secrets[r.Body] = true
		}
	}
	if len(secrets) != 4 {
		t.Errorf("%d secrets for four tokens", len(secrets))
	}
}

func TestKeyOfAnotherClientAsksToCheckIt(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"client": func(o *Options) { o.ClientID = "SEARCHADS.another" }, "team": func(o *Options) { o.TeamID = "x" },
		"key": func(o *Options) { o.PrivateKey = sources.NewSecret(pemOf(t, "EC PRIVATE KEY", elliptic.P256())) },
	} {
		s, _ := opened(t, platformServer(), change)
		_, err := s.Accounts(t.Context())
		if e, ok := err.(*sources.Error); !ok || e.Kind != sources.Auth || !strings.Contains(e.Next, "key_id") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// pemOf is the text of a file with a new key.
func pemOf(t *testing.T, kind string, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if kind == "EC PRIVATE KEY" {
		der, err = x509.MarshalECPrivateKey(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestBothFormsOfAKeyAreReadAndOthersRefusedWithoutRepeatingThem(t *testing.T) {
	parameters := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" // as OpenSSL writes before a key
	for _, text := range []string{pemOf(t, "PRIVATE KEY", elliptic.P256()), parameters + pemOf(t, "EC PRIVATE KEY", elliptic.P256())} {
		if _, err := parseKey(text); err != nil {
			t.Error(err)
		}
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no PEM": "5imulated-secret-text", "a public key": "-----BEGIN PUBLIC KEY-----\nBggqhkjOPQMBBw==\n-----END PUBLIC KEY-----\n",
		"another curve": pemOf(t, "EC PRIVATE KEY", elliptic.P384()), "RSA": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"rubbish": "-----BEGIN EC PRIVATE KEY-----\nBggqhkjOPQMBBw==\n-----END EC PRIVATE KEY-----\n",
	} {
		_, err := parseKey(text)
		if err == nil || strings.Contains(err.Error(), "5imulated") || strings.Contains(err.Error(), "Bggq") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim, func(o *Options) { o.Accounts = []string{"123456782"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Currency != "JPY" {
		t.Errorf("got %v, %v", accounts, err)
	}
	if got := len(sim.Requests(world.Apple)); got != 3 {
		t.Errorf("%d requests, want one for the token, one for the list and one for the account", got)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"40669820"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an organisation in place of an account: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"client_id":   func(o *Options) { o.ClientID = "" },
		"team_id":     func(o *Options) { o.TeamID = "" },
		"key_id":      func(o *Options) { o.KeyID = "" },
		"private_key": func(o *Options) { o.PrivateKey = sources.NewSecret("x") },
		"accounts":    func(o *Options) { o.Accounts = []string{"acme"} },
		"installs":    func(o *Options) { o.Installs = "view" },
		"hours":       func(o *Options) { o.Hours = "ORTZ" },
		"base_url":    func(o *Options) { o.BaseURL = "x" },
		"token_url":   func(o *Options) { o.TokenURL = "x" },
	})
}
