package yandexdirect

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// How long to stay away after a refusal. Yandex does not say; points come back
// within the hour, and a queue of reports is emptied in minutes.
const (
	connectionsPause = 30 * time.Second
	queuePause       = 5 * time.Minute
	pointsPause      = time.Hour
)

// failure is Yandex' error object. Its code is a number, and has been
// documented as a text.
type failure struct {
	Code    httpkit.Integer `json:"error_code"`
	Text    string          `json:"error_string"`
	Detail  string          `json:"error_detail"`
	Request string          `json:"request_id"`
}

// classify finds Yandex' error in an answer of any status: services other than
// Reports send it with 200.
func classify(r *httpkit.Response) *sources.Error {
	if !bytes.HasPrefix(bytes.TrimLeft(r.Body, " \r\n\t"), []byte("{")) {
		return nil
	}
	var body struct {
		Error *failure `json:"error"`
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Error == nil {
		return nil
	}
	f := body.Error
	kind, next, pause := f.meaning()
	if kind == 0 {
		if kind = sources.Invalid; r.Status >= 500 {
			kind = sources.Unavailable
		}
	}
	refusal := sources.Errorf(kind, "HTTP %d code %d: %s: %s (request %s)", r.Status, f.Code.Value, sources.Clean(f.Text), sources.Clean(f.Detail), sources.Clean(f.Request))
	refusal.Next, refusal.RetryAfter = next, max(pause, httpkit.RetryAfter(r.Header))
	return refusal
}

// meaning is the kind of a failure, 0 where its code is unknown.
func (f *failure) meaning() (kind sources.Kind, next string, pause time.Duration) {
	switch f.Code.Value {
	case 53:
		return sources.Auth, "make a new token and replace it; a token ends after a year, or with the password", 0
	case 54, 513:
		return sources.Permission, "check accounts, and agency if these are an agency's clients", 0
	case 58:
		return sources.Permission, "ask Yandex to approve the app for the Direct API", 0
	case 152:
		return sources.QuotaKind, "", pointsPause
	case 506:
		return sources.QuotaKind, "", connectionsPause
	case 52, 1000, 1002:
		return sources.Unavailable, "", 0
	}
	if strings.Contains(strings.ToLower(f.Text+f.Detail), "queue") { // five reports wait already; the code is not documented
		return sources.QuotaKind, "", queuePause
	}
	return 0, "", 0
}
