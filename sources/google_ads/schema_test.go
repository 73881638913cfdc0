//go:build schema

package googleads

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

// Run with go test -tags schema ./sources/google_ads, where npm reaches its
// registry.

// The newest package that carries Google's published definitions. They are
// those of one version before the API's that adtop asks: where the later one
// renamed a field, this test cannot tell.
const (
	protoPackage = "google-ads-node"
	protoVersion = "25.1.0"
	protoFiles   = "/google/ads/googleads/v25/"
)

// protos are messages and enums by folder and name, as in common.Metrics.
type protos struct {
	folder   string                           // that is being read
	messages map[string]map[string]protoField // by the field's name in JSON
	enums    map[string][]string
}

type protoField struct {
	name, kind string
	repeated   bool
}

var (
	protoComment = regexp.MustCompile(`//[^\n]*`)
	protoToken   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[\w.]+|[{}\[\];=<>,]`)
)

func (p *protos) parse(text string) {
	tokens := protoToken.FindAllString(protoComment.ReplaceAllString(text, ""), -1)
	for i := 0; i < len(tokens); i++ {
		if (tokens[i] == "message" || tokens[i] == "enum") && i+2 < len(tokens) && tokens[i+2] == "{" {
			i = p.block(tokens, i, false)
		}
	}
}

// block reads a message or an enum from its keyword on and returns where it
// ends. A nested message does not take the name of another.
func (p *protos) block(tokens []string, i int, nested bool) int {
	kind, name := tokens[i], tokens[i+1]
	fields := map[string]protoField{}
	var statement []string
	i += 3
	for depth := 1; depth > 0; i++ {
		switch word := tokens[i]; {
		case len(statement) == 0 && (word == "message" || word == "enum") && tokens[i+2] == "{":
			i = p.block(tokens, i, kind == "message" && !strings.HasSuffix(name, "Enum"))
		case word == "[":
			for tokens[i] != "]" {
				i++
			}
		case word == "{":
			depth, statement = depth+1, nil // of a oneof, whose fields are the message's
		case word == "}":
			depth, statement = depth-1, nil
		case word == ";":
			p.field(kind, name, fields, statement)
			statement = nil
		default:
			statement = append(statement, word)
		}
	}
	name = p.folder + name
	if _, taken := p.messages[name]; kind == "message" && !(nested && taken) {
		p.messages[name] = fields
	}
	return i - 1
}

func (p *protos) field(kind, in string, fields map[string]protoField, s []string) {
	if kind == "enum" {
		if len(s) == 3 && s[1] == "=" {
			p.enums[p.folder+in] = append(p.enums[p.folder+in], s[0])
		}
		return
	}
	var f protoField
	for len(s) > 0 && (s[0] == "repeated" || s[0] == "optional") {
		f.repeated, s = f.repeated || s[0] == "repeated", s[1:]
	}
	if len(s) > 4 && s[len(s)-2] == "=" { // a type that is broken into lines
		s = append([]string{strings.Join(s[:len(s)-3], "")}, s[len(s)-3:]...)
	}
	if len(s) == 4 && s[2] == "=" && s[0] != "option" {
		f.kind, f.name = p.full(s[0]), s[1]
		words := strings.Split(f.name, "_")
		for i := 1; i < len(words); i++ {
			if words[i] != "" {
				words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
			}
		}
		fields[strings.Join(words, "")] = f
	}
}

var protoFolder = regexp.MustCompile(`\.(common|enums|errors|resources|services)\.`)

// full names a type by its folder, this one where it is not said.
func (p *protos) full(kind string) string {
	last := kind[strings.LastIndexByte(kind, '.')+1:]
	if folder := protoFolder.FindStringSubmatch(kind); folder != nil {
		return folder[1] + "." + last
	}
	if last == strings.ToLower(last) || strings.HasPrefix(kind, "google.protobuf.") {
		return last // int64, FieldMask
	}
	return p.folder + last
}

func published(t *testing.T) *protos {
	p := &protos{messages: map[string]map[string]protoField{}, enums: map[string][]string{}}
	files := sourcetest.Package(t, protoPackage, protoVersion, protoFiles)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if _, below, _ := strings.Cut(name, protoFiles); strings.HasSuffix(name, ".proto") {
			p.folder = below[:strings.IndexByte(below, '/')] + "."
			p.parse(files[name])
		}
	}
	if len(p.messages["services.GoogleAdsRow"]) < 50 || len(p.enums["enums.AdNetworkType"]) < 5 {
		t.Fatalf("%d messages and %d enums were read: the definitions are not understood", len(p.messages), len(p.enums))
	}
	return p
}

// path follows a field of a query, as in ad_group_ad.ad.id, from a row on.
func (p *protos) path(name string) bool {
	message := "services.GoogleAdsRow"
	for _, word := range strings.Split(name, ".") {
		found := false
		for _, f := range p.messages[message] {
			if f.name == word {
				message, found = f.kind, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// value holds a value of an answer to the definition of its field.
func (p *protos) value(t *testing.T, place string, f protoField, value any) {
	t.Helper()
	if f.repeated {
		list, ok := value.([]any)
		if !ok {
			t.Errorf("%s is a %T, published as a list", place, value)
			return
		}
		f.repeated = false
		for _, one := range list {
			p.value(t, place, f, one)
		}
		return
	}
	_, isText := value.(string)
	_, isNumber := value.(float64)
	_, isBool := value.(bool)
	ok := false
	switch fields, values := p.messages[f.kind], p.enums[f.kind]; {
	case f.kind == "int64", f.kind == "string", f.kind == "FieldMask", f.kind == "Duration":
		ok = isText
	case f.kind == "int32", f.kind == "double":
		ok = isNumber
	case f.kind == "bool":
		ok = isBool
	case values != nil:
		ok = isText && slices.Contains(values, value.(string))
	case fields != nil:
		object, isObject := value.(map[string]any)
		ok = isObject
		for key, below := range object {
			if field, known := fields[key]; known {
				p.value(t, place+"."+key, field, below)
			} else {
				t.Errorf("%s.%s: %s has no such field", place, key, f.kind)
			}
		}
	}
	if !ok {
		t.Errorf("%s is %v, published as a %s", place, value, f.kind)
	}
}

// exchanges are what was asked of the simulator, and what it answered.
type exchanges struct {
	mu      sync.Mutex
	queries map[string]bool
	answers map[string][]byte // by the kind of answer and what was asked
}

func (e *exchanges) through(s *simulator.Simulator) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, r)
		body := recorder.Body.Bytes()
		kind := r.URL.Path[strings.LastIndexAny(r.URL.Path, ":/")+1:]
		e.mu.Lock()
		asked := s.Requests(world.Google)
		var query struct{ Query string }
		_ = json.Unmarshal([]byte(asked[len(asked)-1].Body), &query) // listings have none
		e.queries[query.Query] = true
		if recorder.Code != http.StatusOK {
			kind = "error"
		}
		e.answers[kind+" "+query.Query+string(body[:min(len(body), 200)])] = body
		e.mu.Unlock()
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(body)
	}
}

// converse asks everything that the adapter can ask, and meets its errors.
func converse(t *testing.T) *exchanges {
	e := &exchanges{queries: map[string]bool{}, answers: map[string][]byte{}}
	now := func() time.Time { return world.ConformanceSpring }
	s := simulator.New(world.Conformance(), now)
	server := httptest.NewServer(e.through(s))
	defer server.Close()
	source, _ := sourcetest.Open(t, Definition(), simulated(server.URL+"/google_ads"), now())
	accounts, err := source.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(level sources.Level, grain sources.Grain, breakdown, parent string) error {
		q := sourcetest.Query(accounts[0], grain, kpi.NewDate(2026, 3, 20))
		q.Level, q.Breakdown, q.Parent = level, breakdown, parent
		_, err := source.Fetch(t.Context(), q, func(sources.Record) error { return nil })
		return err
	}
	for level := sources.LevelAccount; level <= sources.LevelAd; level++ {
		for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
			for _, breakdown := range []string{"", byNetwork} {
				for _, parent := range []string{"", "510000000001"} {
					if parent != "" && level < sources.LevelAdGroup {
						continue
					}
					if err := ask(level, grain, breakdown, parent); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	shares := sourcetest.Query(accounts[0], sources.Day, kpi.NewDate(2026, 3, 20))
	shares.Shares = true
	if _, err := source.Fetch(t.Context(), shares, func(sources.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []simulator.Fault{
		{Kind: simulator.Throttle, Wait: 5 * time.Hour}, {Kind: simulator.Throttle, Wait: time.Second}, {Kind: simulator.Outage},
		{Kind: simulator.Denied}, {Kind: simulator.ExpiredToken}, {Kind: simulator.RevokedToken, Path: "googleAds"},
	} {
		fault.Platform, fault.Times = world.Google, 1
		s.Faults().Set(fault)
		_ = ask(sources.LevelCampaign, sources.Day, "", "") // its answer is what counts
		s.Faults().Clear()
	}
	return e
}

var gaqlField = regexp.MustCompile(`[a-z_]+(?:\.[a-z0-9_]+)+`)

// TestFieldsAreThoseThatGooglePublishes holds every field that the adapter
// names to Google's definitions, and every field, type and enum value of the
// simulator's answers too.
func TestFieldsAreThoseThatGooglePublishes(t *testing.T) {
	p, e := published(t), converse(t)
	named := map[string]bool{}
	for query := range e.queries {
		for _, name := range gaqlField.FindAllString(query, -1) {
			named[name] = true
		}
		if _, from, found := strings.Cut(query, " FROM "); found {
			named[strings.Fields(from)[0]] = true
		}
	}
	for name := range named {
		if !p.path(name) {
			t.Errorf("queries name %s, which no row has", name)
		}
	}
	roots := map[string]protoField{
		"searchStream": {kind: "services.SearchGoogleAdsStreamResponse", repeated: true}, "search": {kind: "services.SearchGoogleAdsResponse"},
		"listAccessibleCustomers": {kind: "services.ListAccessibleCustomersResponse"},
	}
	kinds := map[string]int{}
	for what, body := range e.answers {
		kind, _, _ := strings.Cut(what, " ")
		kinds[kind]++
		var tree any
		if err := json.Unmarshal(body, &tree); err != nil {
			t.Fatal(err)
		}
		if kind == "error" {
			p.errors(t, tree)
		} else if root, known := roots[kind]; known {
			p.value(t, kind, root, tree)
		}
	}
	t.Logf("%d fields named, answers: %v", len(named), kinds)
	if len(named) < 25 || kinds["search"] < 8 || kinds["searchStream"] < 6 || kinds["error"] < 4 {
		t.Errorf("only %d fields and the answers %v were looked at", len(named), kinds)
	}
}

// errors holds what an error says in Google's own terms to its definitions.
func (p *protos) errors(t *testing.T, tree any) {
	if list, ok := tree.([]any); ok {
		tree = list[0]
	}
	failed, _ := tree.(map[string]any)["error"].(map[string]any)
	details, _ := failed["details"].([]any)
	for _, detail := range details {
		failure := detail.(map[string]any)
		if name, _ := failure["@type"].(string); !strings.HasSuffix(name, ".errors.GoogleAdsFailure") {
			t.Errorf("a detail is a %s", name)
		}
		delete(failure, "@type")
		p.value(t, "error", protoField{kind: "errors.GoogleAdsFailure"}, failure)
	}
}
