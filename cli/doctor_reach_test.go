//go:build !windows

package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/store"
)

const reachedConfig = `
serve: {authorized_keys: keys, roles: {anna: operator, zoe: operator}}
feed: {token: env:FEED}
`

// TestTheDoctorSaysWhoIsToldAndLetInAndSendsNothing: what is wrong has a next step.
func TestTheDoctorSaysWhoIsToldAndLetInAndSendsNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	defer server.Close()
	dir := home(t)
	path := told(t, dir, "  heartbeat: {url: env:HEART}\n"+reachedConfig)
	const secret = "T0P53CR37T0P53CR37"
	for name, value := range map[string]string{"TEAM": server.URL + "/" + secret, "ONCALL": server.URL + "/" + secret, "HEART": server.URL + "/" + secret, "FEED": secret} {
		t.Setenv(name, value)
	}
	keys := filepath.Join(dir, "keys")
	office := &office{t: t, home: dir}
	write(t, keys, office.makesKey("anna")+" anna@laptop\n"+office.makesKey("ben")+" ben\nnonsense\n")
	_, database, err := databaseOf(path)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := store.Open(t.Context(), database, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	at := time.Date(2026, 11, 20, 14, 3, 0, 0, zoneOfShop(t))
	queued := store.Delivery{Target: "oncall", Event: "e", At: at, Kind: "firing", Title: "x", Message: []byte("{}")}
	err = cache.Decide(t.Context(), store.Decision{At: at, Deliveries: []store.Delivery{queued}})
	due, _, dueErr := cache.Outgoing(t.Context(), "oncall", at)
	if err != nil || dueErr != nil {
		t.Fatal(err, dueErr)
	}
	if err := cache.Attempted(t.Context(), store.Attempt{ID: due.ID, At: at, Next: at.Add(time.Hour), Error: "HTTP 502"}); err != nil {
		t.Fatal(err)
	}
	says := func(parts ...string) {
		t.Helper()
		code, stdout, stderr := adtop(t, "doctor", "--config", path)
		if code != 1 || strings.Contains(stdout+stderr, secret) {
			t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
		}
		for _, part := range parts {
			if !strings.Contains(stdout, part) {
				t.Errorf("does not say %q:\n%s", part, stdout)
			}
		}
	}
	says("ok  target       team (webhook) has what it needs; 'adtop notify test team' sends a message\n",
		"ok  target       team (webhook) was never told anything; nothing waits for it\n",
		"!!  target       oncall (webhook) gets nothing since 2026-11-20 14:03: HTTP 502; 1 message waits for it. See whether it is reached: 'adtop notify test oncall' sends a message\n",
		"ok  heartbeat    its address can be called\n", "ok  feed         its token is there, and long enough\n",
		"ok  host key ", "is made by the first 'adtop serve'\n", "!!  keys         "+keys+":3: this is no public key",
		"ok  keys         anna may log in as operator\n", "ok  keys         ben may log in as viewer\n", "!!  keys         the role of zoe is nobody's")
	if _, err := os.Stat(strings.TrimSuffix(database, ".db") + ".host-key"); err == nil {
		t.Error("the doctor made a host key")
	}
	for name, value := range map[string]string{"TEAM": "no address", "FEED": "short"} {
		t.Setenv(name, value)
	}
	if err := os.Unsetenv("ONCALL"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(keys, 0o622); err != nil {
		t.Fatal(err)
	}
	says("!!  target       team (webhook) cannot be used. Correct it; then 'adtop notify test team' sends a message. "+path+":", "not an address", "ONCALL is not set",
		"!!  feed         its token cannot be used. Correct it: readers get nothing without. "+path+":", "at least 16", "!!  keys         authorized keys "+keys+": others can write")

	// A service has secrets that nobody else sees.
	lease, err := cache.Lease(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	says("ok  target       oncall (webhook) cannot be tried from here, though who collects may have the secret: "+path+":", "!!  target       team", "!!  feed ")
}
