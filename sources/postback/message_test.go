package postback

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/record"
)

var (
	noon   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	secret = "0123456789abcdef0123"
)

func acme() *Options {
	o := defaults()
	o.Listen, o.Secret = "127.0.0.1:0", sources.NewSecret(secret)
	o.Account = record.Account{ID: "acme", Currency: "EUR", Timezone: "Europe/Berlin"}
	return o
}

func opened(t testing.TB, changes ...func(*Options)) *source {
	t.Helper()
	o := acme()
	for _, change := range changes {
		change(o)
	}
	s, err := open(o, sources.Env{Name: "tracker", Now: func() time.Time { return noon }, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*source)
}

func parsed(t testing.TB, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestEachTrackersMessageIsUnderstood(t *testing.T) {
	s := opened(t, func(o *Options) { o.UTM.Campaign = "sub_id_1" })
	for query, want := range map[string]sources.Event{
		"cid=w1&txid=T1&payout=12.50&currency=EUR&et=signup":                                   {ID: "tx:T1", Kind: "signup", Status: sources.Approved, Value: 12_500_000, Currency: "EUR", ClickID: "w1"}, // Voluum
		"subid=k1&tid=T2&payout=3&status=lead&sub_id_1=Spring":                                 {ID: "tx:T2", Kind: "conversion", Status: sources.Pending, Value: 3_000_000, Currency: "EUR", ClickID: "k1", Key: sources.Key{Campaign: "Spring"}},
		"cnv_id=b1&order_id=T3&payout=%E2%82%AC1,5&cnv_status=Rejected":                        {ID: "tx:T3", Kind: "conversion", Status: sources.Rejected, Currency: "EUR", ClickID: "b1"},
		"clickid=r1&event_id=T4&sum=12.50+EUR&type=Purchase&ts=1795165200":                     {ID: "tx:T4", Kind: "Purchase", Status: sources.Approved, Value: 12_500_000, Currency: "EUR", ClickID: "r1", Time: time.Unix(1795165200, 0)},
		"CLICKID=x&TransactionId=T5&payout={payout}&status=%7Bstatus%7D&goal=[goal]&currency=": {ID: "tx:T5", Kind: "conversion", Status: sources.Approved, ClickID: "x"},
		"tx_id=T6&time=2026-11-20+11:30:00&payout=-4":                                          {ID: "tx:T6", Kind: "conversion", Status: sources.Approved, Value: -4_000_000, Currency: "EUR", Time: noon.Add(-90 * time.Minute)},
		"tx_id=T7&status=weird":              {ID: "tx:T7", Kind: "conversion", Status: sources.Pending},
		"tx_id=T8&status=recurring&payout=0": {ID: "tx:T8", Kind: "conversion", Status: sources.Approved, Currency: "EUR"},
		"tx_id=T9&GCLID=g1&fbclid={fbclid}":  {ID: "tx:T9", Kind: "conversion", Status: sources.Approved, ClickID: "g1", Key: sources.Key{Click: "gclid"}},
		"tx_id=T10&cid=w1&yclid=7&campaign=": {ID: "tx:T10", Kind: "conversion", Status: sources.Approved, ClickID: "w1", Key: sources.Key{Click: "yclid"}}, // the tracker's id, the platform's click
		"ttclid=t1&status=lead":              {ID: identity("click", "t1\x00"), Kind: "conversion", Status: sources.Pending, ClickID: "t1", Key: sources.Key{Click: "ttclid"}},
	} {
		if want.Time.IsZero() {
			want.Time = noon
		}
		got, refused := s.event(parsed(t, query))
		if refused != nil || !got.Time.Equal(want.Time) {
			t.Errorf("%s: %v, %v", query, got, refused)
		}
		if got.Time = want.Time; got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", query, got, want)
		}
	}
	if w := s.tally.warnings(time.UTC); len(w) != 1 || !strings.Contains(w[0], "unknown statuses count as pending: weird") {
		t.Errorf("warnings are %q", w)
	}
	one, _ := s.event(parsed(t, "clickid=c&type=lead"))
	other, _ := s.event(parsed(t, "clickid=c&type=sale"))
	if one.ID == other.ID || !strings.HasPrefix(one.ID, "click:sha256-") {
		t.Errorf("without a transaction, click and type are the identity: %q, %q", one.ID, other.ID)
	}
	long, _ := s.event(parsed(t, "tx_id="+strings.Repeat("a", 900)))
	longer, _ := s.event(parsed(t, "tx_id="+strings.Repeat("a", 901)))
	if long.ID == longer.ID || len(long.ID) > 512 {
		t.Errorf("long ids are cut: %q", long.ID)
	}
}

func TestMessagesThatSayTooLittleOrNonsenseAreRefused(t *testing.T) {
	s := opened(t)
	for query, want := range map[string]int{
		"payout=1":                           400,
		"tx_id={transaction_id}":             400,
		"clickid=c&status=rebill&payout=1":   422,
		"tx_id=a&payout=abc":                 422,
		"tx_id=a&payout=1,234":               422,
		"tx_id=a&payout=1.234,50":            422,
		"tx_id=a&payout=1e3":                 422,
		"tx_id=a&payout=99999999999":         422,
		"tx_id=a&payout=$1":                  422,
		"tx_id=a&payout=1&currency=USD":      422,
		"tx_id=a&payout=EUR1USD":             422,
		"tx_id=a&time=yesterday":             422,
		"tx_id=a&time=1":                     422,
		"tx_id=a&time=2099-01-01T00:00:00Z":  422,
		"tx_id=a&time=99999999999999999":     422,
		"tx_id=a&time=-99999999999999999999": 422,
	} {
		if e, refused := s.event(parsed(t, query)); refused == nil || refused.status != want {
			t.Errorf("%s is %+v, %v; want status %d", query, e, refused, want)
		}
	}
}

func TestOptionsRenameParametersAndStatuses(t *testing.T) {
	s := opened(t, func(o *Options) {
		o.Parameters = map[string]string{"payout": "Net", "tx_id": "lead_no"}
		o.Statuses = map[string]string{"7": "rejected", "SALE": "pending"}
	})
	e, refused := s.event(parsed(t, "lead_no=9&net=2.5&payout=100&status=sale&txid=other"))
	if refused != nil || e.ID != "tx:9" || e.Value != 2_500_000 || e.Status != sources.Pending {
		t.Errorf("%+v, %v", e, refused)
	}
	if e, _ := s.event(parsed(t, "lead_no=9&status=7")); e.Status != sources.Rejected {
		t.Errorf("%+v", e)
	}
}

func TestPayoutKeepsTheCurrencyThatItNames(t *testing.T) {
	s := opened(t, func(o *Options) { o.Currencies = []kpi.Currency{"USD"} })
	for query, want := range map[string]kpi.Currency{"txid=1&payout=2": "EUR", "txid=1&payout=$2": "USD", "txid=1&payout=2&currency=usd": "USD", "txid=1&currency=USD": ""} {
		if e, refused := s.event(parsed(t, query)); refused != nil || e.Currency != want {
			t.Errorf("%s: %q, %v; want %q", query, e.Currency, refused, want)
		}
	}
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 2 || accounts[0].ID != "acme" || accounts[1].ID != "acme USD" || accounts[1].Currency != "USD" || accounts[1].Zone != accounts[0].Zone {
		t.Errorf("%+v, %v", accounts, err)
	}
}

func TestStatusesNeverGoBackwardsInWhateverOrderTheyCome(t *testing.T) {
	s := opened(t)
	sale := func(status sources.EventStatus, value kpi.Micros) sources.Event {
		return sources.Event{ID: "tx:1", Status: status, Value: value, Currency: "EUR"}
	}
	clicked := func(kind, from string) sources.Event {
		return sources.Event{ID: "tx:1", Status: sources.Approved, ClickID: "c", Key: sources.Key{Source: from, Click: kind}}
	}
	bare := sources.Event{ID: "tx:1", Status: sources.Approved, ClickID: "late", Key: sources.Key{Source: "x"}}
	for _, c := range []struct {
		known, reported, want sources.Event
		changed               bool
	}{
		{sale(sources.Pending, 5), sale(sources.Approved, 6), sale(sources.Approved, 6), true},
		{sale(sources.Approved, 6), sale(sources.Pending, 5), sale(sources.Approved, 6), false},
		{sale(sources.Approved, 6), sale(sources.Rejected, 0), sale(sources.Rejected, 0), true},
		{sale(sources.Rejected, 0), sale(sources.Approved, 6), sale(sources.Rejected, 0), false},
		{sale(sources.Approved, 6), sale(sources.Approved, 6), sale(sources.Approved, 6), false},
		{sale(sources.Approved, 6), sale(sources.Approved, 7), sale(sources.Approved, 7), true},
		{sale(sources.Pending, 5), bare, sources.Event{ID: "tx:1", Status: sources.Approved, Value: 5, Currency: "EUR", ClickID: "late", Key: sources.Key{Source: "x"}}, true},
		{sale(sources.Approved, 6), sources.Event{ID: "tx:1", Status: sources.Rejected}, sale(sources.Rejected, 0), true},
		{clicked("gclid", ""), clicked("fbclid", "x"), clicked("gclid", "x"), true},
		{clicked("", "x"), clicked("fbclid", "y"), clicked("fbclid", "x"), true},
		{clicked("gclid", "x"), clicked("", ""), clicked("gclid", "x"), false},
	} {
		c.known.Time, c.want.Time, c.reported.Time = noon, noon, noon.Add(time.Hour)
		if got, changed := s.Merge(c.known, c.reported); got != c.want || changed != c.changed {
			t.Errorf("%+v then %+v: got %+v %t, want %+v %t", c.known, c.reported, got, changed, c.want, c.changed)
		}
	}
	if w := strings.Join(s.tally.warnings(time.UTC), "; "); !strings.Contains(w, "2 messages came late: a newer status was known") || !strings.Contains(w, "2 messages came again and changed nothing") {
		t.Errorf("warnings are %q", w)
	}
}

func TestOptionsAreRefusedAtTheirKey(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"listen: ":               func(o *Options) { o.Listen = "8090" },
		"path: ":                 func(o *Options) { o.Path = "pb" },
		"secret: required":       func(o *Options) { o.Secret = sources.Secret{} },
		"secret: expected 16":    func(o *Options) { o.Secret = sources.NewSecret("short") },
		"signature.secret: ":     func(o *Options) { o.Sign.Secret = sources.NewSecret("short") },
		`parameters: "payuot"`:   func(o *Options) { o.Parameters = map[string]string{"payuot": "x"} },
		"statuses.7: ":           func(o *Options) { o.Statuses = map[string]string{"7": "done"} },
		"allow: ":                func(o *Options) { o.Allow = []string{"example.com"} },
		"proxies: ":              func(o *Options) { o.Proxy = []string{"10.0.0.0/99"} },
		"account: tracker: time": func(o *Options) { o.Account = record.Account{Currency: "EUR"} },
		"lag: ":                  func(o *Options) { o.Lag = -1 },
		"rate: ":                 func(o *Options) { o.Rate = 0 },
		`currencies: "EUR"`:      func(o *Options) { o.Currencies = []kpi.Currency{"USD", "EUR"} },
		`currencies: "usd"`:      func(o *Options) { o.Currencies = []kpi.Currency{"usd"} },
	} {
		o := acme()
		change(o)
		if _, err := open(o, sources.Env{Name: "tracker"}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s…", err, want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{"cid=w1&txid=T1&payout=12.50&currency=EUR", "subid=%00&status=%ff&ts=1e9", "tx_id=" + strings.Repeat("z", 600), "time=2026-11-20&payout=€1", "txid=T1&gclid=g1&GClid=%00"} {
		f.Add(seed)
	}
	s := opened(f)
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		e, refused := s.event(values)
		if refused != nil {
			return
		}
		if e.ID != sources.Clean(e.ID) || e.Kind != sources.Clean(e.Kind) || e.ClickID != sources.Clean(e.ClickID) || e.Time.After(noon) || rank(e.Status) == 0 || e.Value > most || e.Value < -most || e.Currency != "" && e.Currency != "EUR" ||
			e.Key.Click != "" && !slices.Contains(sources.ClickKinds, e.Key.Click) {
			t.Errorf("%q is %+v", query, e)
		}
		if _, changed := s.Merge(e, e); changed {
			t.Errorf("%q again changes something", query)
		}
	})
}

// TestWhatIsKeptOfAMessageNamesNobody keeps what is read, and of the rest the names.
func TestWhatIsKeptOfAMessageNamesNobody(t *testing.T) {
	signing := "fedcba98765432100123"
	s := opened(t, func(o *Options) {
		o.UTM.Campaign, o.Parameters = "sub_id_1", map[string]string{"payout": "Reward"}
		o.Sign.Secret = sources.NewSecret(signing)
	})
	for query, want := range map[string]string{
		"txid=T+1&cid=c1&Reward=2.50&status=lead&sub_id_1=Spring": "Reward=2.50&cid=c1&status=lead&sub_id_1=Spring&txid=T+1",
		"txid=T1&gclid=g1&gclsrc=aw.ds":                           "gclid=g1&txid=T1&gclsrc=%5Bleft+out%5D",
		"txid=T2&first_name=Ada&phone=123&Payout=2":               "txid=T2&Payout=%5Bleft+out%5D&first_name=%5Bleft+out%5D&phone=%5Bleft+out%5D",
		"txid=ada%40example.com&cid=203.0.113.7":                  "cid=%5Bleft+out%5D&txid=%5Bleft+out%5D",
		"txid=T3&cid=2001:db8::7&click_id=x203.0.113.7y":          "txid=T3&cid=%5Bleft+out%5D&click_id=%5Bleft+out%5D",
		"txid=T4&ada%40example.com=1&203.0.113.7=1":               "txid=T4",
		"txid=T5&utm_source=" + secret + "&promo=" + signing:      "txid=T5&promo=%5Bleft+out%5D&utm_source=%5Bleft+out%5D",
		"txid=T6&txid=T7&promo=%1b%0a":                            "promo=%1B%0A&txid=T6&txid=T7",
		"txid=" + strings.Repeat("x", 300):                        "txid=%5Bleft+out%5D",
	} {
		if got := s.raw(parsed(t, query)).Text; got != want {
			t.Errorf("%s: kept %s, want %s", query, got, want)
		}
	}
	long := url.Values{"txid": {"T8"}}
	for i := range 50 {
		long.Set(strings.Repeat("n", 100)+string(rune('A'+i)), "x")
	}
	if got := s.raw(long).Text; len(got) > maxRaw || !strings.HasPrefix(got, "txid=T8&") {
		t.Errorf("%d bytes are kept: %.40s", len(got), got)
	}
}
