//go:build schema

package tiktokads

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/sourcetest"
)

// Run with go test -tags schema ./sources/tiktok_ads, where npm reaches its
// registry.

// TikTok's own SDK names paths, parameters and headers. The names of metrics and
// what stands in an answer it leaves open.
const (
	sdkPackage = "tiktok-business-api-sdk-official"
	sdkVersion = "1.1.3"
)

var (
	sdkCall   = regexp.MustCompile(`(?s)let queryParams = \{(.*?)\};\s*let headerParams = \{(.*?)\};.*?callApi\(\s*'/open_api/v1\.3([^']*)', '(\w+)'`)
	sdkQuoted = regexp.MustCompile(`'([^']*)':`)
)

// call is what the SDK says of a path: its method, and the names of its
// parameters and headers.
type call struct{ parameters, headers map[string]bool }

func sdkCalls(t *testing.T) map[string]call {
	t.Helper()
	calls := map[string]call{}
	names := func(text string) map[string]bool {
		all := map[string]bool{}
		for _, name := range sdkQuoted.FindAllStringSubmatch(text, -1) {
			all[strings.ToLower(name[1])] = true
		}
		return all
	}
	for _, text := range sourcetest.Package(t, sdkPackage, sdkVersion, "package/src/api/") {
		for _, found := range sdkCall.FindAllStringSubmatch(text, -1) {
			calls[found[4]+" "+found[3]] = call{names(found[1]), names(found[2])}
		}
	}
	if len(calls) < 50 {
		t.Fatalf("%d calls: the SDK is not understood", len(calls))
	}
	return calls
}

func TestRequestsAreThoseThatTikTokPublishes(t *testing.T) {
	calls, platform, looked := sdkCalls(t), platformServer(), map[string]int{}
	source := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path[strings.Index(r.URL.Path, "/open_api/v1.3")+len("/open_api/v1.3"):]
		known, ok := calls[r.Method+" "+path]
		if !ok {
			t.Errorf("%s %s is not among what TikTok publishes", r.Method, path)
		}
		looked[path]++
		for name := range r.URL.Query() {
			if !known.parameters[name] {
				t.Errorf("%s: TikTok publishes no parameter %s", path, name)
			}
		}
		if !known.headers["access-token"] && len(known.headers) > 0 || r.Header.Get("Access-Token") == "" {
			t.Errorf("%s: headers %v, sent %v", path, known.headers, r.Header)
		}
		platform.ServeHTTP(w, r)
	}))
	if _, err := source.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
		if _, err := source.Fetch(t.Context(), query("Europe/Berlin", grain, kpi.NewDate(2026, 10, 25)), func(sources.Record) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(looked) < 3 {
		t.Errorf("looked at %v: too few", looked)
	}
	t.Logf("looked at %v", looked)
}
