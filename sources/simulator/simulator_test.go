package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// rig is a simulator of the conformance world behind a real server.
type rig struct {
	*Simulator
	t   *testing.T
	url string
	now time.Time
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: world.ConformanceAutumn}
	r.Simulator = New(world.Conformance(), func() time.Time { return r.now })
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// do sends a request and returns status, header and body.
func (r *rig) do(method, path, body string, header ...string) (int, http.Header, []byte) {
	r.t.Helper()
	target := path
	if !strings.HasPrefix(path, "http") {
		target = r.url + path
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, response.Header, answer
}

func (r *rig) decode(body []byte, into any) {
	r.t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		r.t.Fatalf("%v in %.300s", err, body)
	}
}

// signIn gets an access token for Google.
func (r *rig) signIn() string {
	r.t.Helper()
	form := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {GoogleClientID},
		"client_secret": {GoogleClientSecret}, "refresh_token": {GoogleRefreshToken},
	}
	status, _, body := r.do("POST", "/google_ads/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r.decode(body, &token)
	if status != http.StatusOK || token.AccessToken == "" {
		r.t.Fatalf("no access token: %d %s", status, body)
	}
	return token.AccessToken
}

// gaql asks a customer through its manager.
func (r *rig) gaql(token, login, customer, query string) (int, []byte) {
	r.t.Helper()
	request, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		r.t.Fatal(err)
	}
	status, _, body := r.do("POST", "/google_ads/v26/customers/"+customer+"/googleAds:searchStream", string(request),
		"Authorization", "Bearer "+token, "login-customer-id", login)
	return status, body
}

func (r *rig) meta(path string, query url.Values) (int, http.Header, []byte) {
	r.t.Helper()
	return r.do("GET", "/meta_ads/v26.0/"+path+"?"+query.Encode(), "", "Authorization", "Bearer "+MetaToken)
}

func (r *rig) graphQL(query string, variables map[string]any) (int, []byte) {
	r.t.Helper()
	request, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		r.t.Fatal(err)
	}
	status, _, body := r.do("POST", "/shopify/admin/api/2026-10/graphql.json", string(request), "X-Shopify-Access-Token", ShopifyToken)
	return status, body
}

// fixture reads a recorded answer, or skips the test where there are none.
func fixture(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("ADTOP_FIXTURES")
	if dir == "" {
		t.Skip("ADTOP_FIXTURES does not name the folder of recorded answers")
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// shape collects the JSON type of every key path, lists being passed through.
func shape(node any, path string, into map[string]string) {
	switch node := node.(type) {
	case []any:
		for _, element := range node {
			shape(element, path, into)
		}
	case map[string]any:
		for key, value := range node {
			shape(value, path+"."+key, into)
		}
	case string:
		into[path] = "string"
	case float64:
		into[path] = "number"
	case bool:
		into[path] = "bool"
	}
}

// sameShape fails where a key that both answers have is of another type, or
// where the simulator's answer lacks one of the keys.
func sameShape(t *testing.T, got, recorded []byte, keys ...string) {
	t.Helper()
	shapes := [2]map[string]string{{}, {}}
	for i, text := range [][]byte{got, recorded} {
		var tree any
		if err := json.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		shape(tree, "", shapes[i])
	}
	for path, kind := range shapes[0] {
		if want, both := shapes[1][path]; both && want != kind {
			t.Errorf("%s is a %s, recorded as a %s", path, kind, want)
		}
	}
	for _, key := range keys {
		if shapes[0][key] == "" || shapes[1][key] == "" {
			t.Errorf("%s: %q here, %q in the recorded answer", key, shapes[0][key], shapes[1][key])
		}
	}
}

func TestOnlyTheOwnCredentialsAreAccepted(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		says                     string
	}{
		{"google without token", "GET", "/google_ads/v26/customers:listAccessibleCustomers", "", nil, 401, "UNAUTHENTICATED"},
		{"google with a refresh token revoked", "POST", "/google_ads/oauth/token", "grant_type=refresh_token&client_id=" + GoogleClientID + "&client_secret=" + GoogleClientSecret + "&refresh_token=x", nil, 400, "invalid_grant"},
		{"google as another client", "POST", "/google_ads/oauth/token", "grant_type=refresh_token&client_id=x&client_secret=x&refresh_token=x", nil, 401, "invalid_client"},
		{"meta without token", "GET", "/meta_ads/v26.0/me/adaccounts", "", nil, 400, `"code":2500`},
		{"meta with another token", "GET", "/meta_ads/v26.0/me/adaccounts", "", []string{"Authorization", "Bearer x"}, 400, `"code":190`},
		{"meta with a wrong proof", "GET", "/meta_ads/v26.0/me/adaccounts?appsecret_proof=00", "", []string{"Authorization", "Bearer " + MetaToken}, 400, "appsecret_proof"},
		{"meta in an old version", "GET", "/meta_ads/v19.0/me/adaccounts", "", []string{"Authorization", "Bearer " + MetaToken}, 400, `"code":2635`},
		{"shopify with another token", "POST", "/shopify/admin/api/2026-10/graphql.json", "{}", []string{"X-Shopify-Access-Token", "x"}, 401, "Invalid API key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, _, body := r.do(test.method, test.path, test.body, test.header...)
			if status != test.status || !strings.Contains(string(body), test.says) {
				t.Errorf("%d %s, want %d with %s", status, body, test.status, test.says)
			}
		})
	}
}

func TestPastMomentsAreAnsweredAsTheyWere(t *testing.T) {
	r := newRig(t)
	then := r.now.Add(-36 * time.Hour)
	query := url.Values{"fields": {"spend"}, "level": {"account"}, "time_range": {`{"since":"2026-11-01","until":"2026-11-04"}`}}
	_, _, today := r.meta("act_900000000000001/insights", query)
	past := "/at/" + seconds(time.Duration(then.Unix())*time.Second) + "/meta_ads/v26.0/act_900000000000001/insights?" + query.Encode()
	_, _, before := r.do("GET", past, "", "Authorization", "Bearer "+MetaToken)
	r.now = then
	_, _, asThen := r.meta("act_900000000000001/insights", query)
	if string(before) != string(asThen) || string(before) == string(today) {
		t.Errorf("asked for then %s, then it was %s, now it is %s", before, asThen, today)
	}
}

func TestRequestLogHoldsNoCredentials(t *testing.T) {
	r := newRig(t)
	r.meta("me/adaccounts", url.Values{"fields": {"name"}})
	r.graphQL("{shop{name}}", nil)
	if log := r.Requests(world.Meta); len(log) != 1 || log[0].Path != "/v26.0/me/adaccounts" || log[0].Query != "fields=name" || log[0].Method != "GET" {
		t.Errorf("logged %+v", log)
	}
	if log := r.Requests(shopify); len(log) != 1 || !strings.Contains(log[0].Body, "shop{name}") || log[0].Header.Get("X-Shopify-Access-Token") == ShopifyToken {
		t.Errorf("logged %+v", log)
	}
}
