package microsoftads

import (
	"bytes"
	"encoding/json"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// How long to stay away after a refusal: calls are counted over a minute,
// reports in flight are the user's, other programs included.
const (
	callsPause   = time.Minute
	reportsPause = 5 * time.Minute
)

// fault is one error of Microsoft's. Code has been documented as a number; a
// string is taken as well.
type fault struct {
	Code      httpkit.Integer `json:"Code"`
	ErrorCode string          `json:"ErrorCode"`
	Message   string          `json:"Message"`
	Details   string          `json:"Details"`
}

// classify finds Microsoft's error in an answer of any status: which status
// goes with which error is not documented for REST.
func classify(r *httpkit.Response) *sources.Error {
	if !bytes.Contains(r.Body[:min(len(r.Body), 4096)], []byte("Errors")) {
		return nil
	}
	var body struct {
		TrackingID                           string `json:"TrackingId"`
		Errors, OperationErrors, BatchErrors []fault
	}
	if json.Unmarshal(r.Body, &body) != nil {
		return nil
	}
	faults := append(append(body.Errors, body.OperationErrors...), body.BatchErrors...)
	if len(faults) == 0 {
		return nil
	}
	f := faults[0]
	kind, next, pause := f.meaning()
	refusal := sources.Errorf(kind, "HTTP %d code %d %s: %s %s (tracking id %s)", r.Status, f.Code.Value,
		sources.Clean(f.ErrorCode), sources.Clean(f.Message), sources.Clean(f.Details), sources.Clean(body.TrackingID))
	refusal.Next, refusal.RetryAfter = next, max(pause, httpkit.RetryAfter(r.Header))
	return refusal
}

// meaning goes by the code; a fault without one is Microsoft's own trouble.
func (f fault) meaning() (kind sources.Kind, next string, pause time.Duration) {
	switch code := f.Code.Value; {
	case code == 0:
		return sources.Unavailable, "", 0
	case code == 105:
		return sources.Auth, "sign in again and replace refresh_token, and check that developer_token is one for production", 0
	case code == 109:
		return sources.Auth, "sign in again and replace refresh_token", 0
	case code == 106, code == 2003:
		return sources.Permission, "check accounts, and the role of the signed-in user in them", 0
	case code == 117:
		return sources.QuotaKind, "", callsPause
	case code == 207:
		return sources.QuotaKind, "", reportsPause
	case code == 2004: // adtop does not insist on complete data, and is told so all the same
		return sources.Unavailable, "", 0
	}
	return sources.Invalid, "", 0
}
