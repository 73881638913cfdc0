package metaads

import (
	"encoding/json"
	"math"
	"net/http"
	"time"

	"adtop/sources"
)

// Shares of a limit from which pages are asked for more slowly, and from which
// not at all.
const (
	slowAt = 0.75
	stopAt = 0.90
)

const (
	longestPause = 30 * time.Second // between two pages
	unsaidPause  = 5 * time.Minute  // after a refusal that does not say how long
	longestBlock = 24 * time.Hour   // what is believed of a stated wait
)

// usage is the most used of Meta's limits after an answer.
type usage struct {
	used  float64 // share, 0..1 and more
	scope string
	wait  time.Duration // until access is regained, 0 when it is not lost
}

func (u usage) quota() sources.Quota {
	return sources.Quota{Used: min(u.used, 1), Scope: u.scope}
}

// pause is how long to stay away once a limit is reached.
func (u usage) pause() time.Duration {
	if u.wait == 0 {
		return unsaidPause
	}
	return u.wait
}

// note keeps the higher of two uses and the longer of two waits.
func (u *usage) note(percent float64, scope string, wait time.Duration) {
	if share := percent / 100; share > u.used && !math.IsInf(share, 0) {
		u.used, u.scope = share, scope
	}
	if wait > 0 {
		u.wait = max(u.wait, min(wait, longestBlock))
	}
}

// span is a stated number of minutes or seconds, within what is believed.
func span(n float64, unit time.Duration) time.Duration {
	return time.Duration(min(max(n, 0), float64(longestBlock/unit)) * float64(unit))
}

// readUsage reads the four headers in which Meta tells how much of its limits
// is used. What cannot be read is no reason to fail a good answer.
func readUsage(h http.Header) usage {
	var u usage
	read := func(header string, into any) { _ = json.Unmarshal([]byte(h.Get(header)), into) }

	var business map[string][]struct {
		Type   string  `json:"type"`
		Calls  float64 `json:"call_count"`
		CPU    float64 `json:"total_cputime"`
		Time   float64 `json:"total_time"`
		Regain float64 `json:"estimated_time_to_regain_access"` // minutes
	}
	read("X-Business-Use-Case-Usage", &business)
	for account, uses := range business {
		for _, b := range uses {
			wait := time.Duration(0)
			if b.Regain > 0 {
				wait = span(b.Regain+1, time.Minute)
			}
			u.note(max(b.Calls, b.CPU, b.Time), sources.Clean(b.Type+" of account "+account), wait)
		}
	}

	var insights struct {
		App     float64 `json:"app_id_util_pct"`
		Account float64 `json:"acc_id_util_pct"`
	}
	read("X-FB-Ads-Insights-Throttle", &insights)
	u.note(insights.App, "insights of the app", 0)
	u.note(insights.Account, "insights of the account", 0)

	var account struct {
		Used  float64 `json:"acc_id_util_pct"`
		Reset float64 `json:"reset_time_duration"` // seconds
	}
	read("X-Ad-Account-Usage", &account)
	wait := time.Duration(0)
	if account.Used >= 100*stopAt {
		wait = span(account.Reset, time.Second)
	}
	u.note(account.Used, "calls of the account", wait)

	var app struct {
		Calls float64 `json:"call_count"`
		CPU   float64 `json:"total_cputime"`
		Time  float64 `json:"total_time"`
	}
	read("X-App-Usage", &app)
	u.note(max(app.Calls, app.CPU, app.Time), "calls of the app", 0)
	return u
}
