//go:build schema

package linkedinads

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/sourcetest"
)

// Run with go test -tags schema ./sources/linkedin_ads, where npm reaches its
// registry.

// LinkedIn's own client names the headers and how lists are written. It leaves
// resources, parameters and answers open.
const (
	clientPackage = "linkedin-api-client"
	clientVersion = "0.3.0"
)

func TestRequestsAreWrittenAsLinkedInPublishes(t *testing.T) {
	files := sourcetest.Package(t, clientPackage, clientVersion, "package/dist/lib/utils/constants.js")
	constants := map[string]string{}
	for _, text := range files {
		for _, found := range regexp.MustCompile(`(?m)(\w+)(?: = |: )'([^']*)'`).FindAllStringSubmatch(text, -1) {
			constants[found[1]] = found[2]
		}
	}
	for _, name := range []string{"VERSIONED_BASE_URL", "RESTLI_PROTOCOL_VERSION", "LINKEDIN_VERSION", "LIST_PREFIX", "LIST_SUFFIX"} {
		if constants[name] == "" {
			t.Fatalf("the client names no %s: it is not understood", name)
		}
	}
	base := constants["VERSIONED_BASE_URL"][strings.LastIndexByte(constants["VERSIONED_BASE_URL"], '/'):] + "/"
	list := regexp.MustCompile(`=` + regexp.QuoteMeta(constants["LIST_PREFIX"]) + `[^()]*` + regexp.QuoteMeta(constants["LIST_SUFFIX"]))
	platform, looked, lists := platformServer(), 0, 0
	source := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, base) {
			looked++
			lists += len(list.FindAllString(r.URL.RawQuery, -1))
			for _, name := range []string{constants["RESTLI_PROTOCOL_VERSION"], constants["LINKEDIN_VERSION"]} {
				if r.Header.Get(name) == "" {
					t.Errorf("%s has no header %s", r.URL.Path, name)
				}
			}
		}
		platform.ServeHTTP(w, r)
	}))
	accounts, err := source.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Fetch(t.Context(), sourcetest.Query(accounts[0], sources.Day, kpi.NewDate(2026, 10, 25)), func(sources.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if looked < 2 || lists == 0 {
		t.Errorf("looked at %d requests with %d lists: nothing is proved", looked, lists)
	}
}
