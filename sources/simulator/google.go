package simulator

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"adtop/sources/simulator/world"
)

const tokenPath = "/oauth/token"

// googleAds is the state of Google's side: which access tokens are good.
type googleAds struct {
	mu         sync.Mutex
	generation int // access tokens of earlier generations have expired
}

func (g *googleAds) accessToken() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return "ya29.simulated-access-token-" + strconv.Itoa(g.generation)
}

func (g *googleAds) expire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.generation++
}

// googleAds answers the Google Ads API and its token endpoint.
func (s *Simulator) googleAds(c *call) answer {
	if c.path == tokenPath {
		return s.googleToken(c)
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	if version != GoogleVersion {
		return googleError(c, googleRefusal{http.StatusBadRequest, "INVALID_ARGUMENT", "requestError", "UNSUPPORTED_VERSION", "Version " + version + " is deprecated. Requests to this version will be blocked."})
	}
	if !equalSecret(c.r.Header.Get("Authorization"), "Bearer "+s.google.accessToken()) {
		return googleError(c, googleTokenExpired)
	}
	if rest == "customers:listAccessibleCustomers" && c.r.Method == http.MethodGet {
		return s.accessibleCustomers()
	}
	id, method, _ := strings.Cut(strings.TrimPrefix(rest, "customers/"), "/")
	if c.r.Method != http.MethodPost || (method != "googleAds:searchStream" && method != "googleAds:search") {
		return googlePlainError(http.StatusNotFound, "NOT_FOUND", "Method not found.")
	}
	return s.googleSearch(c, id, method == "googleAds:searchStream")
}

// googleToken exchanges the refresh token for an access token.
func (s *Simulator) googleToken(c *call) answer {
	form, err := url.ParseQuery(string(c.body))
	clientID, clientSecret := form.Get("client_id"), form.Get("client_secret")
	if id, secret, ok := c.r.BasicAuth(); ok {
		clientID, clientSecret = id, secret
	}
	switch {
	case err != nil || form.Get("grant_type") != "refresh_token":
		return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"unsupported_grant_type","error_description":"Invalid grant_type"}`))
	case !equalSecret(clientID, GoogleClientID) || !equalSecret(clientSecret, GoogleClientSecret):
		return jsonAnswer(http.StatusUnauthorized, []byte(`{"error":"invalid_client","error_description":"Unauthorized"}`))
	case !equalSecret(form.Get("refresh_token"), GoogleRefreshToken):
		return googleInvalidGrant()
	}
	return jsonAnswer(http.StatusOK, []byte(`{"access_token":"`+s.google.accessToken()+`","expires_in":3599,"scope":"https://www.googleapis.com/auth/adwords","token_type":"Bearer"}`))
}

func googleInvalidGrant() answer {
	return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`))
}

func equalSecret(got, want string) bool {
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// accessibleCustomers lists what can be reached directly: managers, and
// accounts that have none.
func (s *Simulator) accessibleCustomers() answer {
	var names []string
	for _, a := range s.world.Accounts(world.Google) {
		id := a.Manager
		if id == "" {
			id = a.ID
		}
		if name := "customers/" + id; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	body, err := json.Marshal(map[string][]string{"resourceNames": names})
	if err != nil {
		panic(err) // strings always marshal
	}
	return jsonAnswer(http.StatusOK, body)
}

// customer is an account or a manager.
type customer struct {
	world.Account
	isManager bool
}

// customer finds who an id is, and whether login (the login-customer-id
// header) opens it.
func (s *Simulator) customer(id, login string) (found customer, allowed bool) {
	for _, a := range s.world.Accounts(world.Google) {
		if a.ID == id {
			return customer{Account: a}, login == a.Manager || (a.Manager == "" && login == a.ID)
		}
		if a.Manager == id {
			manager := world.Account{Platform: world.Google, ID: id, Name: "Manager " + id, Currency: a.Currency, Zone: a.Zone}
			return customer{manager, true}, login == "" || login == id
		}
	}
	return customer{}, false
}

// googleSearch answers googleAds:search and googleAds:searchStream.
func (s *Simulator) googleSearch(c *call, id string, stream bool) answer {
	who, allowed := s.customer(id, c.r.Header.Get("Login-Customer-Id"))
	if !allowed {
		return googleError(c, googleNotPermitted)
	}
	var request struct {
		Query     string          `json:"query"`
		PageToken string          `json:"pageToken"`
		PageSize  json.RawMessage `json:"pageSize"`
	}
	if err := json.Unmarshal(c.body, &request); err != nil {
		return googleError(c, googleRefusal{http.StatusBadRequest, "INVALID_ARGUMENT", "", "", "Invalid JSON payload received."})
	}
	if request.PageSize != nil {
		return googleError(c, googleRefusal{http.StatusBadRequest, "INVALID_ARGUMENT", "requestError", "PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported."})
	}
	result, err := s.googleQuery(c, who, request.Query)
	if err != nil {
		refused := err.(*gaqlError)
		return googleError(c, googleRefusal{http.StatusBadRequest, "INVALID_ARGUMENT", "queryError", refused.code, refused.message})
	}
	if stream {
		return jsonAnswer(http.StatusOK, result.stream(s.PageSize))
	}
	page, ok := pageStart(request.PageToken, len(result.rows))
	if !ok {
		return googleError(c, googleRefusal{http.StatusBadRequest, "INVALID_ARGUMENT", "requestError", "INVALID_PAGE_TOKEN", "The page token is invalid."})
	}
	return jsonAnswer(http.StatusOK, result.page(page, s.PageSize))
}

// pageToken and pageStart turn an index into an opaque token and back.
func pageToken(start int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("row:" + strconv.Itoa(start)))
}

func pageStart(token string, rows int) (int, bool) {
	if token == "" {
		return 0, true
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	digits, found := strings.CutPrefix(string(text), "row:")
	start, err := strconv.Atoi(digits)
	return start, found && err == nil && start >= 0 && start <= rows
}
