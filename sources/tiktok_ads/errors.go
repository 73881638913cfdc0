package tiktokads

import (
	"bytes"
	"encoding/json"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// throttled is how long to stay away after a refusal for too many calls: they
// are counted for the whole app in a window of about a minute, and TikTok does
// not say when it ends.
const throttled = time.Minute

// The beginnings of a good answer, so that it is not read twice.
var good = [][]byte{[]byte(`{"code":0,`), []byte(`{"code": 0,`)}

// classify reads the code of the envelope, which decides: errors come with
// HTTP 200.
func classify(r *httpkit.Response) *sources.Error {
	for _, beginning := range good {
		if r.Status == 200 && bytes.HasPrefix(r.Body, beginning) {
			return nil
		}
	}
	var envelope struct {
		Code    httpkit.Integer `json:"code"`
		Message string          `json:"message"`
		Request string          `json:"request_id"`
	}
	if json.Unmarshal(r.Body, &envelope) != nil || !envelope.Code.Known || envelope.Code.Value == 0 {
		return nil
	}
	kind, next := meaning(envelope.Code.Value)
	refusal := sources.Errorf(kind, "HTTP %d code %d: %s (request %s)", r.Status, envelope.Code.Value, sources.Clean(envelope.Message), sources.Clean(envelope.Request))
	refusal.Next = next
	if kind == sources.QuotaKind {
		refusal.RetryAfter = max(throttled, httpkit.RetryAfter(r.Header))
	}
	return refusal
}

// meaning is the kind of a code. Public lists disagree about the codes 401xx:
// 40100 slows down, all others are taken to ask for another sign-in.
func meaning(code int64) (kind sources.Kind, next string) {
	switch {
	case code == 40100:
		return sources.QuotaKind, ""
	case code > 40100 && code < 40200:
		return sources.Auth, "have the advertiser authorise the app again, and replace token"
	case code == 40001:
		return sources.Permission, "check accounts, and that the token's advertiser has authorised the app for them"
	case code == 40002:
		return sources.Invalid, "if the message names a metric, change result or value"
	case code >= 50000 && code < 60000:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}
