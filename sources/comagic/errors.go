package comagic

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// limits are the points that are left, and the seconds until there are more. What is
// not told is unknown.
type limits struct {
	Day         httpkit.Integer `json:"day_limit"`
	DayLeft     httpkit.Integer `json:"day_remaining"`
	DayReset    httpkit.Integer `json:"day_reset"`
	MinuteLeft  httpkit.Integer `json:"minute_remaining"`
	MinuteReset httpkit.Integer `json:"minute_reset"`
}

func readLimits(scan *httpkit.Scanner) (l limits) {
	for key := range scan.Object() {
		switch string(key) {
		case "day_limit":
			l.Day = scan.Integer()
		case "day_remaining":
			l.DayLeft = scan.Integer()
		case "day_reset":
			l.DayReset = scan.Integer()
		case "minute_remaining":
			l.MinuteLeft = scan.Integer()
		case "minute_reset":
			l.MinuteReset = scan.Integer()
		}
	}
	return l
}

// quota is how much of the day's points are used.
func (l *limits) quota() sources.Quota {
	if !l.Day.Known || !l.DayLeft.Known || l.Day.Value <= 0 {
		return sources.Quota{}
	}
	used := 1 - float64(l.DayLeft.Value)/float64(l.Day.Value)
	return sources.Quota{Used: min(max(used, 0), 1), Scope: "points of the account a day"}
}

// wait holds the next question back where the last answer said that no point is left:
// for the rest of the minute, or by the error that a day's limit is.
func (l *limits) wait(ctx context.Context, env sources.Env) error {
	if l.DayLeft.Known && l.DayLeft.Value <= 0 {
		refusal := sources.Errorf(sources.QuotaKind, "%s: the points of the day are used up", platform)
		refusal.RetryAfter = span(l.DayReset, time.Hour, 24*time.Hour)
		return refusal
	}
	if !l.MinuteLeft.Known || l.MinuteLeft.Value > 0 {
		return nil
	}
	return httpkit.Wait(ctx, env, span(l.MinuteReset, time.Minute, time.Minute))
}

// span is a time in seconds, another one where it is not told, and a longest at most.
func span(seconds httpkit.Integer, otherwise, longest time.Duration) time.Duration {
	if !seconds.Known || seconds.Value <= 0 {
		return otherwise
	}
	return min(time.Duration(min(seconds.Value, 1e6))*time.Second, longest)
}

// failure is the error of JSON-RPC, which comes with HTTP 200. Its mnemonic decides.
type failure struct {
	Code    httpkit.Integer `json:"code"`
	Message string          `json:"message"`
	Data    struct {
		Mnemonic string          `json:"mnemonic"`
		Field    string          `json:"field"`
		Metadata json.RawMessage `json:"metadata"`
	} `json:"data"`
}

// classify recognises the errors of JSON-RPC.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status == http.StatusOK && !bytes.Contains(r.Body[:min(len(r.Body), 4096)], []byte(`"error"`)) {
		return nil
	}
	var envelope struct{ Error json.RawMessage }
	var failed failure
	if json.Unmarshal(r.Body, &envelope) != nil || json.Unmarshal(envelope.Error, &failed) != nil || failed.Message == "" && failed.Data.Mnemonic == "" {
		return nil
	}
	kind, next := meaning(failed.Data.Mnemonic, failed.Code.Value)
	where := failed.Data.Mnemonic
	if failed.Data.Field != "" {
		where += " of " + failed.Data.Field
	}
	refusal := sources.Errorf(kind, "HTTP %d code %d, %s: %s", r.Status, failed.Code.Value, sources.Clean(where), sources.Clean(failed.Message))
	refusal.Next = next
	if kind == sources.QuotaKind {
		refusal.RetryAfter = failed.wait()
	}
	return refusal
}

// wait is how long a limit lasts: that of the day where none of its points is left or the
// words name it.
func (f *failure) wait() time.Duration {
	var told struct{ Limits limits }
	_ = json.Unmarshal(f.Data.Metadata, &told) // what cannot be read tells nothing
	l := told.Limits
	if l.DayLeft.Known && l.DayLeft.Value <= 0 || strings.Contains(f.Message, "per day") {
		return span(l.DayReset, time.Hour, 24*time.Hour)
	}
	return span(l.MinuteReset, time.Minute, time.Minute)
}

// meaning is the kind of an error.
func meaning(mnemonic string, code int64) (kind sources.Kind, next string) {
	switch mnemonic {
	case "ip_not_whitelisted":
		return sources.Permission, "let in the address that the message names: Administrator > Account > Rules and security > API in CoMagic; an agency's has to be let in by its client"
	case "limit_exceeded":
		return sources.QuotaKind, ""
	case "method_component_disabled", "parameter_component_disabled":
		return sources.Permission, "order the component that the message names; where it is the one for settings, name currency instead"
	case "account_inactive":
		return sources.Permission, "the account is blocked: ask CoMagic"
	case "forbidden":
		return sources.Permission, "give the key's user the right to see reports; an agency names user_id"
	}
	switch code {
	case -32001:
		return sources.Auth, "make a key under Account > Users in CoMagic and replace access_token; an account of UIS needs base_url: https://dataapi.uiscom.ru/v2.0"
	case -32003, -32008, -32009:
		return sources.Permission, "check what the key's user may see"
	case -32029:
		return sources.QuotaKind, ""
	case -32603:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}
