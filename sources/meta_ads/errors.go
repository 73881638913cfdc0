package metaads

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// errTooMuch marks the refusal of a request that asks for too much at once.
var errTooMuch = errors.New("too much asked for at once")

// errGone marks the answer about an object that is not there.
var errGone = errors.New("no such object")

// failure is Meta's error object. Codes decide, not the HTTP status: limits
// come with status 400, and messages are translated.
type failure struct {
	Message   string `json:"message"`
	Code      int    `json:"code"`
	Subcode   int    `json:"error_subcode"`
	UserText  string `json:"error_user_msg"`
	Transient bool   `json:"is_transient"`
	Trace     string `json:"fbtrace_id"`
}

// classify finds Meta's error in an answer of any status.
func classify(r *httpkit.Response) *sources.Error {
	var body struct {
		Error *failure `json:"error"`
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Error == nil {
		return nil
	}
	return body.Error.refusal(r)
}

// refusal is the failure as an error by kind, nil where the status has to decide.
func (f *failure) refusal(r *httpkit.Response) *sources.Error {
	kind, next, cause := f.meaning()
	if kind == 0 {
		if r.Status >= 500 {
			return nil
		}
		kind = sources.Invalid
	}
	text := f.Message
	if f.UserText != "" {
		text += " (" + f.UserText + ")"
	}
	refusal := &sources.Error{Kind: kind, Next: next, Err: fmt.Errorf("HTTP %d code %d/%d: %s, trace %s",
		r.Status, f.Code, f.Subcode, sources.Clean(text), sources.Clean(f.Trace))}
	if cause != nil {
		refusal.Err = fmt.Errorf("%w: %w", cause, refusal.Err)
	}
	switch {
	case f.Code == 368:
		refusal.RetryAfter = 3 * time.Hour
	case kind == sources.QuotaKind:
		refusal.RetryAfter = readUsage(r.Header).pause()
	}
	return refusal
}

// meaning returns the kind of a failure, 0 when its codes are unknown.
func (f *failure) meaning() (kind sources.Kind, next string, cause error) {
	const permit = "check that the token has ads_read and that its user is assigned to the ad account"
	switch {
	case f.Code == 190, f.Code == 102:
		return sources.Auth, "make a new token and replace it; a system user's token does not expire", nil
	case f.Subcode == 1487534, f.Subcode == 1504018, f.Subcode == 1504038, f.Subcode == 1504045, // too large, or timed out
		f.Code == 1 && (f.Subcode == 2853001 || strings.Contains(f.Message, "reduce the amount of data")):
		return sources.Invalid, "", errTooMuch
	case f.Code == 100 && f.Subcode == 33:
		return sources.Permission, permit, errGone
	case f.Subcode == 1504041, f.Subcode == 1504042: // of breakdowns or metrics
		return sources.Invalid, "", nil
	case f.Code == 100 && (strings.Contains(f.Message, "Missing permission")):
		return sources.Permission, permit, nil
	case f.Code == 10, f.Code >= 200 && f.Code < 300:
		return sources.Permission, permit, nil
	case f.Code == 4, f.Code == 17, f.Code == 32, f.Code == 613, f.Code >= 80000 && f.Code <= 80014:
		return sources.QuotaKind, "", nil
	case f.Code == 368:
		return sources.QuotaKind, "Meta blocks this access for some hours: look at the account's support page", nil
	case f.Code == 2635:
		return sources.Invalid, "set version to a newer one", nil
	case f.Code == 1, f.Code == 2, f.Code == -2, f.Transient: // -2: a report failed
		return sources.Unavailable, "", nil
	}
	return 0, "", nil
}
