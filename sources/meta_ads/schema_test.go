//go:build schema

package metaads

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

// Run with go test -tags schema ./sources/meta_ads, where npm reaches its
// registry.

// Meta's own SDK names fields and values; it does not tell their types. It is
// of an older version than the API's that adtop asks.
const (
	sdkPackage = "facebook-nodejs-business-sdk"
	sdkVersion = "24.0.1"
)

// newer are the fields that version 25.0 brought, after the SDK: what is said
// of a report that failed.
var newer = []string{"error_subcode", "error_message", "error_user_title", "error_user_msg"}

var (
	sdkList  = regexp.MustCompile(`(?s)static get (\w+) \(\): Object \{\s*return Object\.freeze\(\{(.*?)\}\);`)
	sdkValue = regexp.MustCompile(`'([^']*)',`)
)

// sdk are the lists of an object of the SDK by name, as in Fields.
func sdk(t *testing.T, object string) map[string][]string {
	t.Helper()
	lists := map[string][]string{}
	for name, text := range sourcetest.Package(t, sdkPackage, sdkVersion, "package/src/objects/"+object+".js") {
		for _, list := range sdkList.FindAllStringSubmatch(text, -1) {
			for _, value := range sdkValue.FindAllStringSubmatch(list[2], -1) {
				lists[list[1]] = append(lists[list[1]], value[1])
			}
		}
		if len(lists["Fields"]) == 0 {
			t.Fatalf("%s names no fields: the SDK is not understood", name)
		}
	}
	return lists
}

// within demands that every value is on a list.
func within(t *testing.T, what string, values, list []string) {
	t.Helper()
	for _, value := range values {
		if !slices.Contains(list, value) {
			t.Errorf("%s: %q is not among what Meta publishes", what, value)
		}
	}
}

// TestFieldsAreThoseThatMetaPublishes has the adapter ask everything that it
// can, and holds what it names and what the simulator answers to Meta's SDK.
func TestFieldsAreThoseThatMetaPublishes(t *testing.T) {
	insights, run, account := sdk(t, "ads-insights"), sdk(t, "ad-report-run"), sdk(t, "ad-account")
	actions, adSet, ad := sdk(t, "ads-action-stats"), sdk(t, "ad-set"), sdk(t, "ad")
	row := slices.Concat(insights["Fields"], insights["Breakdowns"])
	s := simulator.New(world.Conformance(), func() time.Time { return noon })
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, r)
		mu.Lock()
		defer mu.Unlock()
		edge := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		if r.Method == http.MethodPost || edge == "insights" && !strings.Contains(r.URL.Path, "/6100") {
			parameters(t, r.URL.Query(), insights)
		}
		var answer struct {
			Data []map[string]any
		}
		body := recorder.Body.Bytes()
		// debug_token tells of one thing, not of a list; the SDK does not name its fields.
		if err := json.Unmarshal(body, &answer); err != nil && edge != "debug_token" {
			t.Error(err)
		}
		for _, one := range answer.Data {
			fields := map[string][]string{"insights": row, "adaccounts": account["Fields"], "adsets": adSet["Fields"], "ads": ad["Fields"]}[edge]
			within(t, edge, keys(one), fields)
			switch edge {
			case "adsets":
				within(t, edge, []string{one["effective_status"].(string)}, adSet["EffectiveStatus"])
			case "ads":
				within(t, edge, []string{one["effective_status"].(string)}, ad["EffectiveStatus"])
			}
			for _, list := range []string{"actions", "action_values"} {
				if happened, ok := one[list].([]any); ok {
					for _, action := range happened {
						within(t, list, keys(action.(map[string]any)), actions["Fields"])
					}
				}
			}
			seen[edge]++
		}
		if strings.HasPrefix(edge, "6100") {
			var state map[string]any
			_ = json.Unmarshal(body, &state) // was read above
			within(t, "report", keys(state), append(newer, run["Fields"]...))
			seen["report"]++
		}
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	source := opened(t, server.URL+"/meta_ads")
	if _, err := source.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	for level := range levels {
		for _, breakdown := range []string{"", "network", "placement"} {
			for _, rows := range []int{0, 1} { // answered directly, then as a report
				s.SyncRows = rows
				q := query(berlin)
				q.Level, q.Breakdown = level, breakdown
				if got, _, err := fetch(t, source, q); err != nil || len(got) == 0 {
					t.Fatalf("%s by %q: %d rows, %v", level, breakdown, len(got), err)
				}
			}
		}
	}
	s.Faults().Set(simulator.Fault{Kind: simulator.ReportFailed, Platform: world.Meta, Path: "/v26.0/6100"})
	if _, _, err := fetch(t, source, query(berlin)); sources.KindOf(err) != sources.Unavailable {
		t.Errorf("a report that failed: %v", err)
	}
	t.Logf("looked at %v", seen)
	for _, edge := range []string{"insights", "adaccounts", "adsets", "ads", "report"} {
		if seen[edge] == 0 {
			t.Errorf("nothing of %s was looked at", edge)
		}
	}
}

// parameters holds those of a request for insights to the SDK.
func parameters(t *testing.T, query url.Values, insights map[string][]string) {
	t.Helper()
	within(t, "fields", strings.Split(query.Get("fields"), ","), insights["Fields"])
	within(t, "level", []string{query.Get("level")}, insights["Level"])
	if list := query.Get("breakdowns"); list != "" {
		within(t, "breakdowns", strings.Split(list, ","), insights["Breakdowns"])
	}
}

func keys(object map[string]any) (names []string) {
	for name := range object {
		names = append(names, name)
	}
	return names
}
