package httpkit

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adtop/sources"
)

// rotating is a platform that takes a refresh token once and issues the next.
func rotating(t *testing.T, seen *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			fmt.Fprint(w, `{}`)
			return
		}
		*seen = append(*seen, r.FormValue("refresh_token"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"access-%d","refresh_token":"refresh-%d","token_type":"Bearer","expires_in":3600}`, len(*seen), len(*seen))
	}
}

func TestRotatedTokenOutlivesTheProgramInAFileOfItsOwner(t *testing.T) {
	var seen []string
	path := filepath.Join(t.TempDir(), "secrets", "token")
	start := func(configured string) *sources.Error {
		c, _, log := platformAt(t, rotating(t, &seen), func(o *Options) {
			tokenURL, _ := url.Parse(o.Base.String() + "/token")
			o.OAuth = &OAuth{TokenURL: tokenURL, ClientID: "id", RefreshToken: configured, Keep: path}
		})
		var into struct{}
		err := c.JSON(t.Context(), &Request{Path: "x"}, &into)
		if strings.Contains(log.String(), "refresh-") || strings.Contains(log.String(), configured) {
			t.Errorf("the log holds a token: %s", log)
		}
		if err == nil {
			return nil
		}
		return err.(*sources.Error)
	}
	for range 2 {
		if err := start("configured"); err != nil {
			t.Fatal(err)
		}
	}
	if err := start("replaced"); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(seen); got != "[configured refresh-1 replaced]" {
		t.Errorf("used %s", got)
	}
	if state, err := os.Stat(path); err != nil || state.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want it for the owner alone", state, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := start("replaced"); err == nil || err.Kind != sources.Auth || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file for everybody: %v", err)
	}
}

func TestBareLinkLeadsToKnownHostsAndCarriesNoCredentials(t *testing.T) {
	var header http.Header
	c, _, _ := platformAt(t, func(w http.ResponseWriter, r *http.Request) { header = r.Header }, func(o *Options) {
		o.Header = http.Header{"Developertoken": {"secret"}}
	})
	for link, allowed := range map[string]bool{
		"https://x.blob.core.example/a?sig=1":   true,
		"https://x.blob.core.example:443/a":     true,
		"http://x.blob.core.example/a":          false,
		"https://blob.core.example.evil.test/a": false,
		"https://evilblob.core.example.test/a":  false,
		"https://user@elsewhere.example/a":      false,
		"file:///etc/passwd":                    false,
	} {
		if _, err := c.address(&Request{Link: link, Bare: true, Hosts: []string{".blob.core.example"}}); (err == nil) != allowed {
			t.Errorf("%s: %v", link, err)
		}
		if _, err := c.address(&Request{Link: link, Hosts: []string{".blob.core.example"}}); err == nil {
			t.Errorf("%s is followed with credentials", link)
		}
	}
	if _, err := c.Do(t.Context(), &Request{Link: c.Base.String() + "/file", Bare: true}); err != nil || header.Get("Developertoken") != "" {
		t.Errorf("%v, header %v", err, header)
	}
	if _, err := c.Do(t.Context(), &Request{Path: "x"}); err != nil || header.Get("Developertoken") == "" {
		t.Errorf("%v, header %v", err, header)
	}
}

// counting is a platform that counts the tokens it gave to a client itself.
func counting(seen *[]string, refuse *string) http.HandlerFunc {
	given := 0
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/token" {
			if r.Header.Get("Authorization") == "Bearer access-1" && *refuse == "access-1" {
				w.WriteHeader(http.StatusUnauthorized)
			}
			fmt.Fprint(w, `{}`)
			return
		}
		*seen = append(*seen, r.FormValue("grant_type")+" "+r.FormValue("client_secret"))
		if *refuse == r.FormValue("grant_type") || *refuse == "all" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":"too_many"}`)
			return
		}
		given++
		fmt.Fprintf(w, `{"access_token":"access-%d","refresh_token":"refresh-1","token_type":"bearer","expires_in":"86400"}`, given)
	}
}

func TestTokenOfTheClientItselfIsKeptAndRenewedSparingly(t *testing.T) {
	var seen []string
	refuse, path, made := "", filepath.Join(t.TempDir(), "token"), 0
	answers := counting(&seen, &refuse)
	start := func() error {
		c, _, log := platformAt(t, answers, func(o *Options) {
			tokenURL, _ := url.Parse(o.Base.String() + "/token")
			o.OAuth = &OAuth{
				TokenURL: tokenURL, ClientID: "id", Keep: path, Grant: url.Values{"grant_type": {"client_credentials"}},
				Assertion: func() (string, error) { made++; return fmt.Sprintf("made-%d", made), nil },
				Codes:     map[string]string{"too_many": "wait"},
			}
		})
		var into struct{}
		err := c.JSON(t.Context(), &Request{Path: "x"}, &into)
		for _, secret := range []string{"access-", "refresh-", "made-"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("the log holds %s: %s", secret, log)
			}
		}
		return err
	}
	want := func(err error, used string) {
		t.Helper()
		if got := fmt.Sprint(seen); err != nil || got != used {
			t.Errorf("asked %s, %v, want %s", got, err, used)
		}
		seen = nil
	}
	want(start(), "[client_credentials made-1]")
	want(start(), "[]") // what was kept still lives
	refuse = "access-1"
	want(start(), "[refresh_token made-2]")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refuse = ""
	want(start(), "[client_credentials made-3]")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), "20", "19", 1)), 0o600); err != nil { // of the last century
		t.Fatal(err)
	}
	refuse = "refresh_token"
	want(start(), "[refresh_token made-4 client_credentials made-4]")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refuse = "all"
	var e *sources.Error
	if err := start(); !errors.As(err, &e) || e.Kind != sources.Auth || e.Next != "wait" {
		t.Errorf("got %v, want the sentence for the platform's own code", err)
	}
}
