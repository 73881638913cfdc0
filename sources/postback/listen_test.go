package postback

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"adtop/sources"
)

var discard = slog.New(slog.DiscardHandler)

// station is a source that listens, and what it has committed.
type station struct {
	*testing.T
	*source
	stop func() error

	lock     sync.Mutex
	events   []sources.Event
	messages []string
	sink     func([]sources.Record) error // in place of the usual one
}

func listening(t *testing.T, changes ...func(*Options)) *station {
	t.Helper()
	s := &station{T: t, source: opened(t, changes...)}
	s.listen()
	return s
}

func (s *station) listen() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Listen(ctx, func(records []sources.Record) error {
			if s.sink != nil {
				return s.sink(records)
			}
			s.lock.Lock()
			defer s.lock.Unlock()
			for _, r := range records {
				switch r := r.(type) {
				case sources.Event:
					s.events = append(s.events, r)
				case sources.Message:
					s.messages = append(s.messages, r.Text)
				}
			}
			return nil
		})
	}()
	<-s.tried
	var once sync.Once
	s.stop = func() (err error) {
		once.Do(func() { cancel(); err = <-ended })
		return err
	}
	s.Cleanup(func() {
		if err := s.stop(); err != nil {
			s.Error(err)
		}
	})
}

func (s *station) url(rest string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.address.String() + rest
}

// send makes a request and returns its status.
func (s *station) send(method, rest, contentType, body string, headers ...string) int {
	s.Helper()
	r, err := http.NewRequest(method, s.url(rest), strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.Fatal(err)
	}
	if (answer.StatusCode == http.StatusOK) != (string(text) == "OK") {
		s.Errorf("status %d says %q", answer.StatusCode, text)
	}
	if strings.Contains(string(text), secret) {
		s.Errorf("the answer %q holds the secret", text)
	}
	return answer.StatusCode
}

func (s *station) want(status int, got int) {
	s.Helper()
	if got != status {
		s.Errorf("got status %d, want %d", got, status)
	}
}

// warns finds a warning.
func (s *station) warns(text string) {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if all := strings.Join(s.tally.warnings(time.UTC), "; "); !strings.Contains(all, text) {
		s.Errorf("warnings are %q, want …%s…", all, text)
	}
}

func TestGetFormAndJSONAreTaken(t *testing.T) {
	s := listening(t)
	s.want(200, s.send("GET", "/pb/"+secret+"?txid=1&payout=2.5", "", ""))
	s.want(200, s.send("GET", "/pb?token="+secret+"&txid=2&payout=2.5", "", ""))
	s.want(200, s.send("POST", "/pb/"+secret+"?txid=3", "application/x-www-form-urlencoded", "payout=2.5&status=lead"))
	s.want(200, s.send("POST", "/pb/"+secret, "application/json; charset=utf-8", `{"txid":4,"payout":2.50,"test":true,"nested":{"a":1},"currency":null}`))
	if len(s.events) != 4 {
		t.Fatalf("%d events", len(s.events))
	}
	for i, e := range s.events {
		if e.ID != fmt.Sprintf("tx:%d", i+1) || e.Value != 2_500_000 {
			t.Errorf("%+v", e)
		}
	}
	for _, c := range []struct {
		method, rest, kind, body string
		status                   int
	}{
		{"PUT", "?txid=1", "", "", 405}, {"HEAD", "?txid=1", "", "", 405}, {"POST", "?txid=1", "application/json", "[1]", 400}, {"POST", "", "application/json", `{"txid":1`, 400},
		{"POST", "", "", "%zz", 400}, {"GET", "?txid=%zz", "", "", 400}, {"GET", "", "", "", 400},
		{"GET", "?txid=" + strings.Repeat("a", 1025), "", "", 400}, {"GET", "?txid=1&x=" + strings.Repeat("a", 9000), "", "", 414},
		{"GET", "?txid=1" + strings.Repeat("&x=1", 51), "", "", 400}, {"GET", "?txid=1&" + many(50), "", "", 400}, {"POST", "?txid=1", "", "x=" + strings.Repeat("a", 65<<10), 413},
		{"GET", "?txid=1&payout=x", "", "", 422},
	} {
		if got := s.send(c.method, "/pb/"+secret+c.rest, c.kind, c.body); got != c.status {
			t.Errorf("%s %.40s %.40s: status %d, want %d", c.method, c.rest, c.body, got, c.status)
		}
	}
	if len(s.events) != 4 {
		t.Errorf("%d events after refusals", len(s.events))
	}
	s.warns("could not be read")
}

func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("p%d=1", i))
	}
	return strings.Join(all, "&")
}

func TestWhoDoesNotKnowTheSecretLearnsNothing(t *testing.T) {
	s := listening(t)
	for _, rest := range []string{"/", "/pb", "/pb/", "/pb/" + secret + "x", "/pb/" + secret[1:], "/pb/" + secret + "/x", "/pbx/" + secret, "/pb?token=", "/favicon.ico", "/pb/%00"} {
		s.want(404, s.send("GET", rest+"?txid=1", "", ""))
	}
	if len(s.events) > 0 {
		t.Errorf("%v", s.events)
	}
	s.warns("10 messages had a wrong secret or signature")
}

func TestASignatureCoversWhatIsSent(t *testing.T) {
	key := "another-secret-of-acme"
	sign := func(text string) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		return hex.EncodeToString(mac.Sum(nil))
	}
	s := listening(t, func(o *Options) {
		o.Secret = sources.Secret{}
		o.Sign.Secret, o.Sign.Time = sources.NewSecret(key), "ts"
	})
	at := strconv.FormatInt(noon.Unix(), 10)
	good := "payout=1&ts=" + at + "&txid=1"
	s.want(200, s.send("GET", "/pb?txid=1&sig="+sign(good)+"&payout=1&ts="+at, "", ""))
	s.want(200, s.send("POST", "/pb", "", good+"&sig="+sign(good)))
	s.want(404, s.send("GET", "/pb?"+strings.Replace(good, "payout=1", "payout=9", 1)+"&sig="+sign(good), "", ""))
	s.want(404, s.send("GET", "/pb?"+good, "", ""))
	s.want(404, s.send("GET", "/pb?"+good+"&sig=zz", "", ""))
	old := "txid=2&ts=" + strconv.FormatInt(noon.Add(-6*time.Minute).Unix(), 10)
	values, _ := url.ParseQuery(old)
	s.want(404, s.send("GET", "/pb?"+old+"&sig="+sign(values.Encode()), "", ""))
	s.warns("1 messages were sent too long ago")
	s.warns("3 messages had a wrong secret or signature")

	body := listening(t, func(o *Options) {
		o.Secret = sources.Secret{}
		o.Sign = Signature{Secret: sources.NewSecret(key), Header: "X-Signature"}
	})
	body.want(200, body.send("POST", "/pb", "application/json", `{"txid":"1"}`, "X-Signature", "sha256="+sign(`{"txid":"1"}`)))
	body.want(404, body.send("POST", "/pb", "application/json", `{"txid":"2"}`, "X-Signature", sign(`{"txid":"1"}`)))
	body.want(200, body.send("POST", "/pb?payout=7", "application/json", `{"txid":"1"}`, "X-Signature", sign(`{"txid":"1"}`)))
	if e := body.events[1]; e.Currency != "" || e.Value != 0 {
		t.Errorf("an unsigned payout was taken: %+v", e)
	}
}

func TestForwardedAddressesAreBelievedOfConfiguredProxiesOnly(t *testing.T) {
	allow := func(o *Options) { o.Allow = []string{"203.0.113.0/24", "2001:db8::7"} }
	s := listening(t, allow)
	s.want(404, s.send("GET", "/pb/"+secret+"?txid=1", "", "", "X-Forwarded-For", "203.0.113.7"))
	s.warns("1 messages came from an address that may not call")
	s = listening(t, allow, func(o *Options) { o.Proxy = []string{"127.0.0.1", "10.0.0.0/8"} })
	for forwarded, status := range map[string]int{
		"203.0.113.7": 200, "2001:db8::7": 200, "198.51.100.1, 203.0.113.7": 200, "203.0.113.7, 10.1.1.1": 200,
		"203.0.113.7, 198.51.100.1": 404, "": 404, "nonsense": 404, "203.0.113.7, nonsense": 404,
	} {
		if got := s.send("GET", "/pb/"+secret+"?txid=1", "", "", "X-Forwarded-For", forwarded); got != status {
			t.Errorf("%q: status %d, want %d", forwarded, got, status)
		}
	}
}

func TestTheSenderIsAnsweredAfterTheCommitAndNotBefore(t *testing.T) {
	s := opened(t)
	st := &station{T: t, source: s}
	committing, let := make(chan struct{}), make(chan error)
	st.sink = func([]sources.Record) error { committing <- struct{}{}; return <-let }
	st.listen()
	answered := make(chan int, 1)
	go func() { answered <- st.send("GET", "/pb/"+secret+"?txid=1", "", "") }()
	<-committing
	select {
	case status := <-answered:
		t.Fatalf("answered %d before the commit", status)
	default:
	}
	let <- nil
	st.want(200, <-answered)
	go func() { answered <- st.send("GET", "/pb/"+secret+"?txid=2", "", "") }()
	<-committing
	let <- errors.New("disk is full")
	st.want(503, <-answered)
	st.warns("1 messages could not be stored")
}

func TestOneMessageThatCannotBeStoredHoldsNoOtherUp(t *testing.T) {
	s := opened(t)
	batch := make([]job, 5)
	for i := range batch {
		batch[i] = job{sources.Event{ID: strconv.Itoa(i)}, sources.Message{Text: strconv.Itoa(i)}, make(chan error, 1)}
	}
	tried := 0
	s.commitAll(batch, func(records []sources.Record) error {
		tried++
		for i := 0; i < len(records); i += 2 {
			id := records[i].(sources.Event).ID
			if records[i+1].(sources.Message).Text != id {
				t.Errorf("event %s comes with another's message", id)
			}
			if id == "2" {
				return errors.New("poison")
			}
		}
		return nil
	})
	for i, j := range batch {
		if err := <-j.done; (err != nil) != (i == 2) {
			t.Errorf("message %d: %v", i, err)
		}
	}
	tried = 0
	s.commitAll(batch, func([]sources.Record) error { tried++; return errors.New("disk is full") })
	for _, j := range batch {
		if err := <-j.done; err == nil {
			t.Error("answered well without a commit")
		}
	}
	if tried != 4 {
		t.Errorf("a store that fails was tried %d times, want once and three times more", tried)
	}
}

func TestACrowdIsToldToComeAgain(t *testing.T) {
	s := opened(t)
	s.limits.waiting, s.limits.batch = 1, 1
	st := &station{T: t, source: s}
	committing, let := make(chan struct{}), make(chan error)
	st.sink = func([]sources.Record) error { committing <- struct{}{}; return <-let }
	st.listen()
	answers := make(chan int, 10)
	send := func(i int) { answers <- st.send("GET", fmt.Sprintf("/pb/%s?txid=%d", secret, i), "", "") }
	go send(0)
	<-committing // it is being committed: one more may wait
	for i := range 3 {
		go send(i + 1)
	}
	for range 2 {
		st.want(503, <-answers)
	}
	let <- nil
	<-committing
	let <- nil
	st.want(200, <-answers)
	st.want(200, <-answers)
	st.warns("2 messages came when too many were waiting")
}

func TestAStoppedSourceLeavesNobodyWaiting(t *testing.T) {
	s := opened(t)
	s.limits.farewell = 10 * time.Millisecond
	st := &station{T: t, source: s}
	committing, let := make(chan struct{}), make(chan error)
	st.sink = func([]sources.Record) error { committing <- struct{}{}; return <-let }
	st.listen()
	idle, err := net.Dial("tcp", strings.TrimPrefix(st.url(""), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	fmt.Fprintf(idle, "POST /pb/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ntxid", secret) // and no more
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		answer, err := http.Get(st.url("/pb/" + secret + "?txid=1"))
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				t.Error("answered well without a commit")
			}
		}
	}()
	<-committing
	stopped := make(chan error, 1)
	go func() { stopped <- st.stop() }()
	let <- errors.New("the end")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	<-gone
	if _, err := net.Dial("tcp", strings.TrimPrefix(st.url(""), "http://")); err == nil {
		t.Error("it still listens")
	}
}

func TestTheSourceSaysWhetherItListensAndWhetherAnythingCame(t *testing.T) {
	s := listening(t)
	q := sources.Query{Account: s.account}
	ask := func(s *source, q sources.Query) (sources.Receipt, error) { return s.Fetch(t.Context(), q, nil) }
	if _, err := ask(s.source, q); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "nothing has come yet") {
		t.Errorf("got %v", err)
	}
	s.want(200, s.send("GET", "/pb/"+secret+"?txid=1", "", ""))
	receipt, err := ask(s.source, q)
	if err != nil || !receipt.CompleteThrough.Equal(noon.Add(-5*time.Minute)) {
		t.Errorf("%+v, %v", receipt, err)
	}
	later := listening(t)
	q.State = receipt.State
	if _, err := ask(later.source, q); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	taken := opened(t, func(o *Options) { o.Listen = strings.TrimPrefix(s.url(""), "http://") })
	if err := taken.Listen(t.Context(), nil); sources.KindOf(err) != sources.Unavailable {
		t.Errorf("a port that is taken: %v", err)
	}
	if _, err := ask(taken, q); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "not listening on") {
		t.Errorf("got %v", err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if _, err := ask(s.source, q); sources.KindOf(err) != sources.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	s := opened(t)
	s.limits.connections = 2
	st := &station{T: t, source: s}
	st.listen()
	address := strings.TrimPrefix(st.url(""), "http://")
	var held []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET /pb/%s?txid=1 HTTP/1.1\r\nHost: x\r\n\r\n", secret)
		if _, err := c.Read(make([]byte, 1)); err != nil { // it is served, and kept alive
			t.Fatal(err)
		}
		held = append(held, c)
	}
	third, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	fmt.Fprintf(third, "GET /pb/%s?txid=3 HTTP/1.1\r\nHost: x\r\n\r\n", secret)
	held[0].Close() // only now there is a slot
	if _, err := third.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	held[1].Close()
}

// TestAnAddressThatCallsTooFastWaitsAndTheOthersDoNot has a clock that stands still.
func TestAnAddressThatCallsTooFastWaitsAndTheOthersDoNot(t *testing.T) {
	s := listening(t, func(o *Options) { o.Rate, o.Proxy = 1, []string{"127.0.0.1"} })
	call := func(n int, from string) (int, string) {
		r, err := http.NewRequest(http.MethodGet, s.url(fmt.Sprintf("/pb/%s?txid=t%d", secret, n)), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", from)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Retry-After")
	}
	for n := range 10 {
		if status, _ := call(n, "203.0.113.7"); status != http.StatusOK {
			t.Fatalf("message %d: status %d", n, status)
		}
	}
	if status, wait := call(10, "203.0.113.7"); status != http.StatusTooManyRequests || wait != "1" {
		t.Errorf("the eleventh at once: status %d, Retry-After %q", status, wait)
	}
	if status, _ := call(11, "203.0.113.8"); status != http.StatusOK {
		t.Errorf("another address: status %d", status)
	}
	if all := strings.Join(s.tally.warnings(time.UTC), "\n"); !strings.Contains(all, "1 messages came too fast from one address") {
		t.Errorf("told is %q", all)
	}
}

func TestPaceIsKeptByAddress(t *testing.T) {
	p := newPace(2)
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:2") // one network
	now := noon
	sent := 0
	for ; p.admit([]netip.Addr{a, b}[sent%2], now) == 0; sent++ {
	}
	if want := int(2 * burst / time.Second); sent != want {
		t.Errorf("%d came at once, want %d", sent, want)
	}
	if wait := p.admit(a, now); wait != time.Second/2 {
		t.Errorf("the next waits %s", wait)
	}
	if wait := p.admit(a, now.Add(time.Second/2)); wait != 0 {
		t.Errorf("after that it waits %s more", wait)
	}
	for i := range 2 * maxAddresses {
		p.admit(netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(p.even) > maxAddresses+1 {
		t.Errorf("%d addresses are remembered", len(p.even))
	}
	later := now.Add(time.Hour)
	if wait := p.admit(netip.MustParseAddr("198.51.100.1"), later); wait != 0 || len(p.even) != 1 {
		t.Errorf("an hour later it waits %s, and %d are remembered", wait, len(p.even))
	}
}
