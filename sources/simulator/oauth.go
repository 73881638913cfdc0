package simulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"adtop/sources/simulator/world"
)

// oauthApp is what a platform with short-lived access tokens knows of adtop.
type oauthApp struct {
	id, secret, refresh string
	access              string // how its access tokens begin
	rotates             bool   // each renewal brings a new refresh token
	basic               bool   // id and secret come in a header
}

var oauthApps = map[string]oauthApp{
	world.LinkedIn:      {id: LinkedInClientID, secret: LinkedInClientSecret, refresh: LinkedInRefreshToken, access: "AQVsimulatedLinkedInAccess"},
	world.Snapchat:      {id: SnapchatClientID, secret: SnapchatClientSecret, refresh: SnapchatRefreshToken, access: "eyJsimulatedSnapAccess", rotates: true},
	world.Pinterest:     {id: PinterestClientID, secret: PinterestClientSecret, refresh: PinterestRefreshToken, access: "pina_simulatedAccess", rotates: true, basic: true},
	world.Reddit:        {id: RedditClientID, secret: RedditClientSecret, refresh: RedditRefreshToken, access: "eyJsimulatedRedditAccess", rotates: true, basic: true},
	world.Amazon:        {id: AmazonClientID, secret: AmazonClientSecret, refresh: AmazonRefreshToken, access: "Atza|simulatedAmazonAccess"},
	world.GA4:           {access: "ya29.c.simulatedGA4Access"},    // for a signed assertion, see serviceToken
	world.SearchConsole: {access: "ya29.c.simulatedSearchAccess"}, // the same
	world.Apple:         {access: "eyJsimulatedAppleAccess"},      // for a signed secret, see appleToken
	world.Taboola:       {access: "CZ0simulatedTaboolaAccess"},    // for the client alone, see taboolaToken
	world.Microsoft:     {id: MicrosoftClientID, refresh: MicrosoftRefreshToken, access: "EwBsimulatedAccessToken", rotates: true},
}

// oauthTokens says which access tokens are good.
type oauthTokens struct {
	mu      sync.Mutex
	expired map[string]int       // how many access tokens of a platform are no longer any good
	ends    map[string]time.Time // of refresh tokens, by platform
}

func (o *oauthTokens) access(platform string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return oauthApps[platform].access + "-" + strconv.Itoa(o.expired[platform])
}

func (o *oauthTokens) expire(platform string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.expired == nil {
		o.expired = map[string]int{}
	}
	o.expired[platform]++
}

// signedIn says whether a request carries a good access token.
func (s *Simulator) signedIn(c *call) bool {
	return equalSecret(c.r.Header.Get("Authorization"), "Bearer "+s.oauth.access(c.platform))
}

// renew exchanges a refresh token for an access token.
func (s *Simulator) renew(c *call) answer {
	app := oauthApps[c.platform]
	form, err := url.ParseQuery(string(c.body))
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := c.r.BasicAuth(); ok == app.basic && ok {
		id, secret = user, password
	}
	refresh, _, _ := strings.Cut(form.Get("refresh_token"), "+") // what follows counts the renewals
	switch {
	case err != nil || form.Get("grant_type") != "refresh_token":
		return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"unsupported_grant_type","error_description":"Invalid grant_type"}`))
	case id != app.id || !equalSecret(secret, app.secret):
		return jsonAnswer(http.StatusUnauthorized, []byte(`{"error":"invalid_client","error_description":"Unknown client"}`))
	case !equalSecret(refresh, app.refresh):
		return invalidGrant()
	}
	rotated := ""
	if app.rotates {
		rotated = `"refresh_token":"` + form.Get("refresh_token") + `+1",`
	}
	return jsonAnswer(http.StatusOK, []byte(`{"access_token":"`+s.oauth.access(c.platform)+`",`+rotated+s.refreshEnds(c)+`"expires_in":3599,"token_type":"Bearer"}`))
}

func invalidGrant() answer {
	return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"invalid_grant","error_description":"The refresh token has expired or was revoked."}`))
}
