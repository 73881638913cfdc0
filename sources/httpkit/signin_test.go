package httpkit

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"adtop/sources"
)

// TestTheEndOfTheSignInIsWhatTheTokenEndpointSaidLast renews several times: the
// access token's own end never counts.
func TestTheEndOfTheSignInIsWhatTheTokenEndpointSaidLast(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	end := now.Add(5 * 24 * time.Hour)
	var says string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			fmt.Fprintf(w, `{"access_token":"access","expires_in":-1,"token_type":"Bearer"%s}`, says)
			return
		}
		fmt.Fprint(w, "{}")
	}))
	defer server.Close()
	base, err := ParseBase(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{Platform: "Test", Base: base, Env: sources.Env{Now: func() time.Time { return now }},
		OAuth: &OAuth{TokenURL: base.JoinPath("token"), ClientID: "id", ClientSecret: "secret", RefreshToken: "first"}})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Expires().IsZero() {
		t.Errorf("before any answer: %s", c.Expires())
	}
	for _, step := range []struct {
		says string
		want time.Time
	}{
		{"", time.Time{}},
		{`,"refresh_token_expires_in":432000`, end},
		{`,"refresh_token_expires_in":"432007"`, end}, // an answer takes seconds
		{"", end}, // the same token
		{`,"refresh_token":"second"`, time.Time{}}, // another one, of which nothing is said
		{fmt.Sprintf(`,"refresh_token":"third","refresh_token_expires_at":%d`, end.Unix()), end},
		{`,"refresh_token":"fourth","refresh_token_expires_in":5184000`, now.Add(60 * 24 * time.Hour)},
		{`,"refresh_token_expires_in":"soon"`, now.Add(60 * 24 * time.Hour)},
	} {
		says = step.says
		if _, err := c.Do(t.Context(), &Request{Path: "x"}); err != nil {
			t.Fatal(err)
		}
		if got := c.Expires(); !got.Equal(step.want) {
			t.Errorf("after %q: %s, want %s", step.says, got, step.want)
		}
	}
}
