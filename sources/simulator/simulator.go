// Package simulator answers over HTTP as the advertising platforms and the shop
// do, in their own wire formats, for one world whose truth is known. The demo
// runs on it, and every adapter is tested against it. On command it fails the
// way the real services fail.
//
// It contains only what the adapters need of each API, and refuses the rest in
// the platform's own words. It reads no clock but the one it is given; a Slow
// fault alone waits in real time.
package simulator

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"adtop/sources/simulator/world"
)

// The only credentials that the simulator accepts.
const (
	GoogleClientID     = "simulated-client.apps.googleusercontent.com"
	GoogleClientSecret = "GOCSPX-simulated-secret"
	GoogleRefreshToken = "1//simulated-refresh-token"
	MetaToken          = "EAAsimulatedSystemUserToken"
	MetaAppSecret      = "5a1mulated0app0secret" // appsecret_proof may be left out, but not be wrong
	ShopifyToken       = "shpat_simulated0admin0token"
	TikTokToken        = "5imulated0tiktok0access0token"
	TikTokAppID        = "7112223334445556667"
	TikTokSecret       = "5imulated0tiktok0app0secret"
)

// The API versions that it speaks.
const (
	GoogleVersion  = "v26"
	MetaVersion    = "v26.0"
	ShopifyVersion = "2026-10"
)

// shopify is the platform of the shop; the others are named in world.
const shopify = "shopify"

const (
	defaultPageSize = 100
	maxRequestBody  = 1 << 20
	keptRequests    = 1000
)

// service is one platform's part of the simulator.
type service struct {
	answer  func(*Simulator, *call) answer
	failure func(*Simulator, *call) answer // a fault in the platform's form
}

// services are the platforms by the prefix of their paths.
var services = map[string]service{
	world.Google:        {(*Simulator).googleAds, (*Simulator).googleFailure},
	world.Meta:          {(*Simulator).metaAds, (*Simulator).metaFailure},
	world.TikTok:        {(*Simulator).tiktokAds, (*Simulator).tiktokFailure},
	world.Microsoft:     {(*Simulator).microsoftAds, (*Simulator).microsoftFailure},
	world.LinkedIn:      {(*Simulator).linkedinAds, (*Simulator).linkedinFailure},
	world.Snapchat:      {(*Simulator).snapchatAds, (*Simulator).snapchatFailure},
	world.Pinterest:     {(*Simulator).pinterestAds, (*Simulator).pinterestFailure},
	world.Reddit:        {(*Simulator).redditAds, (*Simulator).redditFailure},
	world.Yandex:        {(*Simulator).yandexDirect, (*Simulator).yandexFailure},
	world.VK:            {(*Simulator).vkAds, (*Simulator).vkFailure},
	world.Amazon:        {(*Simulator).amazonAds, (*Simulator).amazonFailure},
	world.Apple:         {(*Simulator).appleAds, (*Simulator).appleFailure},
	world.GA4:           {(*Simulator).ga4, (*Simulator).ga4Failure},
	world.SearchConsole: {(*Simulator).searchConsole, (*Simulator).searchFailure},
	world.Klaviyo:       {(*Simulator).klaviyo, (*Simulator).klaviyoFailure},
	world.WooCommerce:   {(*Simulator).woocommerce, (*Simulator).woocommerceFailure},
	world.Stripe:        {(*Simulator).stripe, (*Simulator).stripeFailure},
	world.ECB:           {(*Simulator).ecb, (*Simulator).ecbFailure},
	shopify:             {(*Simulator).shopify, (*Simulator).shopifyFailure},
	world.Awin:          {(*Simulator).awin, (*Simulator).awinFailure},
	world.AwinClicks:    {(*Simulator).awinClicks, (*Simulator).awinFailure},
	world.Impact:        {(*Simulator).impact, (*Simulator).impactFailure},
	world.Taboola:       {(*Simulator).taboola, (*Simulator).taboolaFailure},
	world.AppsFlyer:     {(*Simulator).appsflyer, (*Simulator).appsflyerFailure},
	world.CoMagic:       {(*Simulator).comagic, (*Simulator).comagicFailure},
	world.Roistat:       {(*Simulator).roistat, (*Simulator).roistatFailure},
}

// Simulator serves every platform under a prefix that is its source type, as
// in /google_ads/. Where there is a token endpoint, it is oauth/token below that.
//
// A path may begin with /at/<unix seconds>: that request is answered as it
// would have been at that instant. It is safe for concurrent use once its fields
// are set.
type Simulator struct {
	PageSize int // most rows in a page or batch, whatever the request asks for
	SyncRows int // most rows of insights that Meta gives without a report; 0 is no limit
	// AwinCalls may be made of Awin in a minute, transactions and reports together; 0 is
	// no limit, for a clock that stands still.
	AwinCalls int

	world     *world.World
	now       func() time.Time
	faults    Faults
	google    googleAds
	oauth     oauthTokens
	microsoft microsoftAds
	meta      metaReports
	vk        vkAds
	amazon    amazonAds
	appsFlyer appsflyerQuota
	awinPace  awinPace

	mu       sync.Mutex
	requests []Request
}

// New returns a simulator of w. now tells the world's time for each request.
func New(w *world.World, now func() time.Time) *Simulator {
	return &Simulator{PageSize: defaultPageSize, world: w, now: now}
}

// Faults returns the switchboard of failures.
func (s *Simulator) Faults() *Faults { return &s.faults }

// Request is one request as it came in.
type Request struct {
	Platform string
	Method   string
	Path     string      // below the platform's prefix, as in /v26.0/me/adaccounts
	Query    string      // raw
	Header   http.Header // values of credentials are cut out
	Body     string
}

// Requests lists what a platform was asked lately, oldest first; at most the
// last thousand requests of all platforms are kept.
func (s *Simulator) Requests(platform string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Request
	for _, r := range s.requests {
		if r.Platform == platform {
			found = append(found, r)
		}
	}
	return found
}

func (s *Simulator) remember(c *call) {
	header := c.r.Header.Clone()
	for _, name := range []string{"Authorization", "X-Shopify-Access-Token", "Developer-Token", "Developertoken", "Access-Token"} {
		if header.Get(name) != "" {
			header.Set(name, "(cut out)")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) >= keptRequests {
		s.requests = slices.Delete(s.requests, 0, keptRequests/2)
	}
	s.requests = append(s.requests, Request{c.platform, c.r.Method, c.path, c.r.URL.RawQuery, header, string(c.body)})
}

// call is one request on its way through the simulator.
type call struct {
	r        *http.Request
	platform string
	prefix   string // of the path, up to and with the platform's name
	path     string // the rest
	body     []byte
	now      time.Time // the world's time for this request
	fault    Fault     // the zero Fault when all is well
}

// answer is what goes back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// jsonAnswer makes an answer of a JSON body.
func jsonAnswer(status int, body []byte) answer {
	return answer{status, http.Header{"Content-Type": {"application/json; charset=UTF-8"}}, body}
}

// ServeHTTP implements http.Handler.
func (s *Simulator) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequestBody))
	if err != nil {
		http.Error(rw, "request body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	c, ok := s.route(r)
	if !ok {
		http.NotFound(rw, r)
		return
	}
	c.body = body
	s.remember(c)
	c.fault = s.faults.take(c)
	c.now = c.now.Add(c.fault.skew())
	s.send(rw, c, s.answer(c))
}

// route finds out which platform a request is for and as of when.
func (s *Simulator) route(r *http.Request) (*call, bool) {
	c := &call{r: r, now: s.now()}
	path := r.URL.Path
	if rest, found := strings.CutPrefix(path, "/at/"); found {
		seconds, below, _ := strings.Cut(rest, "/")
		at, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			return nil, false
		}
		c.now, path = time.Unix(at, 0), "/"+below
	}
	platform, below, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	c.platform, c.path = platform, "/"+below
	c.prefix = strings.TrimSuffix(r.URL.Path, c.path)
	_, known := services[platform]
	return c, known
}

func (s *Simulator) answer(c *call) answer {
	if failed, ok := s.failure(c); ok {
		return failed
	}
	return services[c.platform].answer(s, c)
}
