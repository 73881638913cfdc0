//go:build schema

package stripe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

// Run with go test -tags schema ./sources/stripe, where Stripe's own mock server
// is on the path: go install github.com/stripe/stripe-mock@latest.

// mock starts the mock server and returns where it listens.
func mock(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("stripe-mock")
	if err != nil {
		t.Skip("stripe-mock is not installed")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, path, "-http-addr", address)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := server.Wait(); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return "http://" + address
		}
	}
	t.Fatal("stripe-mock does not listen")
	return ""
}

// TestStripesOwnMockTakesEveryQuestion asks everything that a source may ask. The
// mock refuses parameters that Stripe's specification does not know; its answers
// have the documented types, and filters and signs of test mode are made up.
func TestStripesOwnMockTakesEveryQuestion(t *testing.T) {
	place := mock(t)
	now := time.Unix(1793586100, 0)
	for _, utm := range []string{"charge", "checkout"} {
		o := simulated(place).(*Options)
		o.Key, o.UTM = sources.NewSecret("sk_test_123"), utm
		s, waits := sourcetest.Open(t, Definition(), o, now)
		accounts, err := s.Accounts(t.Context())
		if err != nil || len(accounts) != 1 || !strings.HasPrefix(accounts[0].ID, "acct_") {
			t.Fatalf("%+v, %v", accounts, err)
		}
		days := kpi.DateRange{From: 1, To: kpi.DateOf(now, time.UTC)}
		terms := fmt.Sprint(o.Revenue, o.UTM, o.Metadata)
		for name, state := range map[string][]byte{"first": nil, "later": httpkit.Keep(httpkit.Memory{From: 1, Seen: now.Unix() - 60, Swept: 1, Terms: terms}), "earlier": httpkit.Keep(httpkit.Memory{From: 20000, Seen: now.Unix(), Swept: now.Unix(), Terms: terms})} {
			var events []sources.Event
			_, err := s.Fetch(t.Context(), sources.Query{Account: accounts[0], Days: days, State: state}, func(r sources.Record) error {
				events = append(events, r.(sources.Event))
				return nil
			})
			if err != nil || len(*waits) > 0 || len(events) == 0 || events[0].Status != sources.Test {
				t.Errorf("%s, %s: %+v, %v", utm, name, events, err)
			}
		}
		if _, err := s.(*source).client.Do(t.Context(), questionOf("v1/disputes", "charge", "ch_1")); err != nil {
			t.Error(err)
		}
		if _, err := s.(*source).client.Do(t.Context(), questionOf("v1/checkout/sessions", "payment_intent", "pi_1")); err != nil {
			t.Error(err)
		}
		_, err = s.(*source).client.Do(t.Context(), questionOf("v1/charges", "creatd", "1"))
		var e *sources.Error
		if !errors.As(err, &e) || e.Kind != sources.Invalid {
			t.Errorf("a parameter that there is not: %v", err)
		}
	}
}

func questionOf(path, name, value string) *httpkit.Request {
	return &httpkit.Request{Path: path, Query: url.Values{name: {value}}}
}
