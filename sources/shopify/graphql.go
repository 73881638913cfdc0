package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// errTooDear marks the refusal of a query that may cost too many points.
var errTooDear = errors.New("query costs too many points")

// longestThrottle bounds what a computed wait may be; a full bucket takes
// seconds.
const longestThrottle = 5 * time.Minute

// cost is what an answer says of the points that queries cost.
type cost struct {
	Requested float64 `json:"requestedQueryCost"`
	Throttle  struct {
		Maximum   float64 `json:"maximumAvailable"`
		Available float64 `json:"currentlyAvailable"`
		Restore   float64 `json:"restoreRate"` // points a second
	} `json:"throttleStatus"`
}

// wait is how long until the same query can be paid for.
func (c cost) wait() time.Duration {
	short := c.Requested - c.Throttle.Available
	if short <= 0 || c.Throttle.Restore <= 0 {
		return 0
	}
	seconds := min(short/c.Throttle.Restore, longestThrottle.Seconds())
	return time.Duration(seconds * float64(time.Second))
}

func (c cost) quota() sources.Quota {
	if c.Throttle.Maximum <= 0 {
		return sources.Quota{}
	}
	used := 1 - c.Throttle.Available/c.Throttle.Maximum
	return sources.Quota{Used: min(max(used, 0), 1), Scope: "query points of the shop"}
}

// envelope surrounds every answer.
type envelope struct {
	Data       json.RawMessage `json:"data"`
	Errors     json.RawMessage `json:"errors"` // an array, or a string
	Extensions struct {
		Cost cost `json:"cost"`
	} `json:"extensions"`
}

type failure struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// failures returns the errors of an answer in either form.
func (e envelope) failures() []failure {
	var list []failure
	var text string
	switch {
	case len(e.Errors) == 0 || string(e.Errors) == "null":
		return nil
	case json.Unmarshal(e.Errors, &list) == nil:
		return list
	case json.Unmarshal(e.Errors, &text) == nil:
		return []failure{{Message: text}}
	}
	return []failure{{Message: "errors in an unknown form: " + string(e.Errors[:min(len(e.Errors), 200)])}}
}

// classify finds errors in an answer of any status. Shopify sends most of them
// with status 200, and possibly beside a part of the data: such a part is not
// used.
func classify(r *httpkit.Response) *sources.Error {
	var e envelope
	if json.Unmarshal(r.Body, &e) != nil {
		return nil
	}
	failures := e.failures()
	if len(failures) == 0 {
		return nil
	}
	texts := make([]string, len(failures))
	codes := map[string]bool{}
	for i, f := range failures {
		texts[i] = sources.Clean(f.Message)
		if f.Extensions.Code != "" {
			codes[f.Extensions.Code] = true
			texts[i] = sources.Clean(f.Extensions.Code) + " " + texts[i]
		}
	}
	refused := func(kind sources.Kind, next string) *sources.Error {
		refusal := sources.Errorf(kind, "HTTP %d: %s", r.Status, sources.Clean(strings.Join(texts, "; ")))
		refusal.Next = next
		return refusal
	}
	switch {
	case codes["THROTTLED"]:
		refusal := refused(sources.QuotaKind, "")
		refusal.RetryAfter = max(e.Extensions.Cost.wait(), time.Second)
		return refusal
	case codes["ACCESS_DENIED"]:
		return refused(sources.Permission, "give the app read_orders, and access to protected customer data for the visits of orders")
	case codes["MAX_COST_EXCEEDED"]:
		refusal := refused(sources.Invalid, "")
		refusal.Err = fmt.Errorf("%w: %w", errTooDear, refusal.Err)
		return refusal
	case codes["INTERNAL_SERVER_ERROR"], codes["TIMEOUT"]:
		return refused(sources.Unavailable, "")
	}
	switch r.Status {
	case http.StatusUnauthorized:
		return refused(sources.Auth, "make a new token in the shop's app settings and replace token")
	case http.StatusPaymentRequired, http.StatusForbidden, http.StatusLocked:
		return refused(sources.Permission, "look into the shop's admin: it is unpaid, locked or closed to this app")
	case http.StatusNotFound:
		return refused(sources.Invalid, "check shop and version")
	case http.StatusOK, http.StatusBadRequest:
		return refused(sources.Invalid, "")
	}
	return nil
}

// ask sends a query and decodes its data.
func (s *source) ask(ctx context.Context, query string, variables map[string]any, into any) (envelope, http.Header, error) {
	response, err := s.client.Do(ctx, &httpkit.Request{
		Method: http.MethodPost,
		Path:   "admin/api/" + s.options.Version + "/graphql.json",
		Body:   map[string]any{"query": query, "variables": variables},
	})
	if err != nil {
		return envelope{}, nil, err
	}
	var e envelope
	if err := s.client.Decode(response, &e); err != nil {
		return envelope{}, nil, err
	}
	if len(e.Data) == 0 || string(e.Data) == "null" {
		return envelope{}, nil, sources.Errorf(sources.Malformed, "%s: answer has no data", platform)
	}
	return e, response.Header, s.client.Decode(&httpkit.Response{Body: e.Data}, into)
}

const shopQuery = `{ shop { name myshopifyDomain currencyCode ianaTimezone } }`

type shop struct {
	Name     string `json:"name"`
	Domain   string `json:"myshopifyDomain"`
	Currency string `json:"currencyCode"`
	Timezone string `json:"ianaTimezone"`
}
