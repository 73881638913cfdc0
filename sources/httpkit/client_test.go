package httpkit

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"adtop/sources"
)

// platformAt starts a platform and a client for it; waits collects its pauses.
func platformAt(t *testing.T, handler http.HandlerFunc, change func(*Options)) (c *Client, waits *[]time.Duration, log *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	waits, log = &[]time.Duration{}, &bytes.Buffer{}
	o := Options{
		Platform: "Acme Ads", Base: base,
		Env: sources.Env{
			Name: "acme",
			Log:  slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Sleep: func(ctx context.Context, d time.Duration) error {
				*waits = append(*waits, d)
				return ctx.Err()
			},
		},
	}
	if change != nil {
		change(&o)
	}
	if c, err = New(o); err != nil {
		t.Fatal(err)
	}
	return c, waits, log
}

// say answers with a status and a body.
func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// failure runs one request that must fail.
func failure(t *testing.T, c *Client, r *Request) *sources.Error {
	t.Helper()
	var into struct{}
	err := c.JSON(t.Context(), r, &into)
	var e *sources.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *sources.Error", err)
	}
	return e
}

func TestUnavailablePlatformIsAskedAgainAfterGrowingPauses(t *testing.T) {
	var asked atomic.Int32
	c, waits, _ := platformAt(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Error(w, "down", http.StatusServiceUnavailable)
	}, nil)
	if e := failure(t, c, &Request{}); e.Kind != sources.Unavailable {
		t.Errorf("got %v, want unavailable", e)
	}
	if asked.Load() != 4 || len(*waits) != 3 {
		t.Fatalf("asked %d times with pauses %v, want 4 times with 3 pauses", asked.Load(), *waits)
	}
	for i, wait := range *waits {
		if least := time.Second << i; wait < least || wait >= least*3/2 {
			t.Errorf("pause %d is %s, want it from %s and less than half longer", i+1, wait, least)
		}
	}
}

func TestUnreachablePlatformIsUnavailable(t *testing.T) {
	c, _, _ := platformAt(t, say(200, `{}`), func(o *Options) { o.Base = &url.URL{Scheme: "http", Host: "127.0.0.1:1"} })
	if e := failure(t, c, &Request{}); e.Kind != sources.Unavailable || !strings.Contains(e.Error(), "Acme Ads: not reached") {
		t.Errorf("got %v", e)
	}
}

func TestSilentPlatformIsUnavailableAfterTheTimeout(t *testing.T) {
	c, _, _ := platformAt(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		func(o *Options) { o.Timeout = 20 * time.Millisecond })
	if e := failure(t, c, &Request{}); e.Kind != sources.Unavailable || !strings.Contains(e.Error(), "no answer in time") {
		t.Errorf("got %v", e)
	}
}

func TestShortQuotaIsWaitedOutAndALongOneReturned(t *testing.T) {
	for _, rule := range []struct {
		told  string
		waits int
		after time.Duration
	}{{"30", 1, 0}, {"3600", 0, time.Hour}} {
		var asked atomic.Int32
		c, waits, _ := platformAt(t, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 1 {
				w.Header().Set("Retry-After", rule.told)
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			_, _ = io.WriteString(w, `{}`)
		}, nil)
		err := c.JSON(t.Context(), &Request{}, &struct{}{})
		var e *sources.Error
		switch {
		case len(*waits) != rule.waits:
			t.Errorf("told %s s: paused for %v", rule.told, *waits)
		case rule.waits == 1 && (err != nil || (*waits)[0] != 30*time.Second):
			t.Errorf("told %s s: got %v after %v", rule.told, err, *waits)
		case rule.waits == 0 && (!errors.As(err, &e) || e.Kind != sources.QuotaKind || e.RetryAfter != rule.after):
			t.Errorf("told %s s: got %v", rule.told, err)
		}
	}
}

// tokenEndpoint issues token-1, token-2, … and serves /api to the newest.
func tokenEndpoint(issued *atomic.Int32, good func(token string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "token-" + string('0'+issued.Add(1)), "expires_in": 3600, "token_type": "Bearer"})
			return
		}
		if !good(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			say(http.StatusUnauthorized, `{"echo":"`+r.Header.Get("Authorization")+`"}`)(w, r)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}
}

func withOAuth(o *Options) {
	o.OAuth = &OAuth{TokenURL: o.Base.JoinPath("token"), ClientID: "id", ClientSecret: "client/secret+1", RefreshToken: "refresh-me", SignIn: "sign in, please"}
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	var issued atomic.Int32
	c, waits, _ := platformAt(t, tokenEndpoint(&issued, func(token string) bool { return token == "token-2" }), withOAuth)
	for range 2 {
		if err := c.JSON(t.Context(), &Request{Path: "api"}, &struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	if issued.Load() != 2 || len(*waits) != 0 {
		t.Errorf("%d tokens issued, paused for %v: want two tokens and no pause", issued.Load(), *waits)
	}
}

func TestTokenThatStaysRefusedAsksToSignInWithoutShowingIt(t *testing.T) {
	var issued atomic.Int32
	c, _, log := platformAt(t, tokenEndpoint(&issued, func(string) bool { return false }), withOAuth)
	e := failure(t, c, &Request{Path: "api"})
	if e.Kind != sources.Auth || issued.Load() != 2 {
		t.Errorf("got %v after %d tokens, want a sign-in after two", e, issued.Load())
	}
	if said := e.Error() + log.String(); strings.Contains(said, "token-") || !strings.Contains(e.Error(), redacted) {
		t.Errorf("the token the platform echoed is shown: %s", said)
	}
}

func TestRefusedRefreshHasItsKind(t *testing.T) {
	for _, rule := range []struct {
		status int
		body   string
		kind   sources.Kind
		next   string
	}{
		{400, `{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`, sources.Auth, "sign in, please"},
		{401, `{"error":"invalid_client"}`, sources.Auth, "check client_id and client_secret"},
		{400, `<BadClientCredentialsException><error>invalid_client</error><error_description>Bad client credentials</error_description></BadClientCredentialsException>`, sources.Auth, "check client_id and client_secret"},
		{403, `<html><head><title>Error 403</title></head></html>`, sources.Permission, "check what the credentials may read"},
		{503, `down`, sources.Unavailable, ""},
		{502, `<html><title>Bad gateway</title></html>`, sources.Unavailable, ""},
		{200, `{"access_token":7}`, sources.Malformed, ""},
		{200, `OK`, sources.Malformed, ""},
	} {
		c, _, _ := platformAt(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			say(rule.status, rule.body)(w, r)
		}, withOAuth)
		if e := failure(t, c, &Request{Path: "api"}); e.Kind != rule.kind || e.Next != rule.next {
			t.Errorf("%d %s: got %v (next %q), want %q (next %q)", rule.status, rule.body, e, e.Next, rule.kind, rule.next)
		}
	}
}

func TestSecretsAreInNoErrorAndNoLogLine(t *testing.T) {
	const secret = "p&ss wörd/+=\"quoted\""
	c, _, log := platformAt(t, func(w http.ResponseWriter, r *http.Request) {
		quoted, _ := json.Marshal(r.Header.Get("X-Key"))
		say(400, `{"said":`+string(quoted)+`,"path":"`+r.URL.RequestURI()+`"}`)(w, r)
	}, func(o *Options) {
		o.Header = http.Header{"X-Key": {secret}}
		o.Redact = []string{secret}
	})
	e := failure(t, c, &Request{Path: "x/" + url.PathEscape(secret), Query: url.Values{"key": {secret}, "access_token": {"unknown"}, "day": {"1"}}})
	said := e.Error() + e.Next + log.String()
	for _, form := range []string{"p&ss", "p%26ss", "wörd", "w%C3%B6rd", "quoted"} {
		if strings.Contains(said, form) {
			t.Errorf("%q is shown in %s", form, said)
		}
	}
	if !strings.Contains(log.String(), "day=1") || strings.Contains(log.String(), "access_token=unknown") {
		t.Errorf("want the log to show the query without its token: %s", log)
	}
}

func TestOversizedAnswerIsRefusedPackedOrNot(t *testing.T) {
	for name, pack := range map[string]bool{"plain": false, "packed": true} {
		t.Run(name, func(t *testing.T) {
			c, _, _ := platformAt(t, func(w http.ResponseWriter, r *http.Request) {
				body := bytes.Repeat([]byte(" "), maxBody+1)
				if pack {
					w.Header().Set("Content-Encoding", "gzip")
					packer := gzip.NewWriter(w)
					_, _ = packer.Write(body)
					_ = packer.Close()
					return
				}
				_, _ = w.Write(body)
			}, nil)
			if e := failure(t, c, &Request{}); e.Kind != sources.Malformed || !strings.Contains(e.Error(), "answer is larger than 32 MiB") {
				t.Errorf("got %v", e)
			}
		})
	}
}

func TestCredentialsNeverGoToAnotherHost(t *testing.T) {
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer elsewhere.Close()
	c, _, _ := platformAt(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}, nil)
	if e := failure(t, c, &Request{}); e.Kind != sources.Invalid {
		t.Errorf("redirect: got %v", e)
	}
	if e := failure(t, c, &Request{Link: elsewhere.URL + "/next"}); e.Kind != sources.Malformed {
		t.Errorf("link: got %v", e)
	}
	if reached.Load() {
		t.Error("the other host was asked")
	}
}

func TestAnswersAreExplainedInWords(t *testing.T) {
	for _, rule := range []struct {
		status int
		body   string
		kind   sources.Kind
		says   string
	}{
		{200, "<!doctype html><title>Hotel Wi-Fi</title>", sources.Malformed, "HTML page “Hotel Wi-Fi”"},
		{404, "<html><title>Not Found</title></html>", sources.Invalid, "HTML page “Not Found”"},
		{401, `{}`, sources.Auth, "HTTP 401"},
		{403, `{}`, sources.Permission, "HTTP 403"},
		{200, `{"a":`, sources.Malformed, "breaks off at byte 5"},
		{200, ``, sources.Malformed, "answer is empty"},
		{200, `soon`, sources.Malformed, "not JSON from byte 1 on"},
		{200, `{"a":{"b":7}}`, sources.Malformed, "number where an object belongs at a.b (byte"},
		{200, `{"a":{"n":"many"}}`, sources.Malformed, "where a number belongs at a.n"},
		{200, `[]`, sources.Malformed, "array where an object belongs at its top"},
	} {
		c, _, _ := platformAt(t, say(rule.status, rule.body), nil)
		var into struct {
			A struct {
				B struct{} `json:"b"`
				N Integer  `json:"n"`
			} `json:"a"`
		}
		err := c.JSON(t.Context(), &Request{}, &into)
		if sources.KindOf(err) != rule.kind || !strings.Contains(err.Error(), rule.says) {
			t.Errorf("%d %s: got %v, want %q that says %q", rule.status, rule.body, err, rule.kind, rule.says)
		}
	}
}

func TestPlatformsOwnErrorWinsOverTheStatusAndStaysTestable(t *testing.T) {
	tooMuch := errors.New("ask for less")
	c, _, _ := platformAt(t, say(200, `{"error":1}`), func(o *Options) {
		o.Classify = func(*Response) *sources.Error { return sources.Errorf(sources.Invalid, "code 1: %w", tooMuch) }
	})
	if e := failure(t, c, &Request{}); e.Kind != sources.Invalid || !errors.Is(e, tooMuch) {
		t.Errorf("got %v", e)
	}
}

func TestEndedContextEndsTheWaitAndIsNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, _, _ := platformAt(t, say(503, ""), func(o *Options) {
		o.Env.Sleep = nil // the real clock
		o.Classify = func(*Response) *sources.Error {
			cancel()
			return &sources.Error{Kind: sources.Unavailable, RetryAfter: longestPause, Err: errors.New("later")}
		}
	})
	_, err := c.Do(ctx, &Request{})
	if !errors.Is(err, context.Canceled) || sources.KindOf(err) != 0 {
		t.Errorf("got %v, want the end of the context", err)
	}
}

func TestBaseIsAPlainURL(t *testing.T) {
	for option, good := range map[string]bool{
		"": true, "https://proxy.example/ads": true, "http://127.0.0.1:8080": true,
		"ftp://x": false, "https://": false, "https://user:pass@x": false, "https://x?token=1": false, "x": false,
	} {
		if _, err := ParseBase(option, "https://api.example"); (err == nil) != good {
			t.Errorf("%q: got %v", option, err)
		}
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "1.5": 1500 * time.Millisecond, "-1": 0, "soon": 0, "NaN": 0,
		"Mon, 23 Nov 2026 10:01:00 GMT": time.Minute, "Mon, 23 Nov 2026 09:00:00 GMT": 0,
	} {
		h := http.Header{"Retry-After": {value}, "Date": {"Mon, 23 Nov 2026 10:00:00 GMT"}}
		if got := RetryAfter(h); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

func TestSecretInAPlatformsOwnMessageIsRedacted(t *testing.T) {
	c, _, _ := platformAt(t, say(400, `{}`), func(o *Options) {
		o.Redact = []string{"s3cret-key"}
		o.Classify = func(*Response) *sources.Error {
			return &sources.Error{Kind: sources.Auth, Next: "replace s3cret-key", Err: errors.New("key s3cret-key has expired")}
		}
	})
	if e := failure(t, c, &Request{}); strings.Contains(e.Error()+e.Next, "s3cret") {
		t.Errorf("the secret is shown: %v (next %q)", e, e.Next)
	}
}

func TestEndedContextIsNoFailureOnTheLastTryEither(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int32
	c, _, _ := platformAt(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < tries {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		cancel()
		<-r.Context().Done()
	}, nil)
	if _, err := c.Do(ctx, &Request{}); !errors.Is(err, context.Canceled) || sources.KindOf(err) != 0 {
		t.Errorf("got %v, want the end of the context", err)
	}
}
