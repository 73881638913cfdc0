package simulator

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// FaultKind is a way in which a platform misbehaves.
type FaultKind string

// The kinds of fault. "The platform's form" is what that API sends in such a case.
const (
	Throttle        FaultKind = "throttle"         // the platform's quota answer; it asks to wait Wait
	Outage          FaultKind = "outage"           // 503 in the platform's form
	HTML            FaultKind = "html"             // a proxy's page with Status, 502 when that is 0
	Slow            FaultKind = "slow"             // the right answer, after Wait of real time
	Truncated       FaultKind = "truncated"        // the first half of the right answer, as if it were all
	Dropped         FaultKind = "dropped"          // the connection breaks in the middle of the right answer
	Oversized       FaultKind = "oversized"        // the right answer after Bytes of white space, 48 MiB when that is 0
	NotJSON         FaultKind = "not_json"         // plain text with status 200
	WrongType       FaultKind = "wrong_type"       // a number where an object or a list belongs
	ExpiredToken    FaultKind = "expired_token"    // the access token in use has expired; Google's can be refreshed
	RevokedToken    FaultKind = "revoked_token"    // no token is any good, a refresh is refused too
	Denied          FaultKind = "denied"           // the credentials do not reach what was asked for; Shopify answers the rest
	Building        FaultKind = "building"         // a report that was asked for is not ready yet (Meta, Microsoft, Yandex)
	ReportFailed    FaultKind = "report_failed"    // a report that was asked for came to nothing (Meta)
	ReportSkipped   FaultKind = "report_skipped"   // a report that was asked for was never begun (Meta)
	ReportExpired   FaultKind = "report_expired"   // a report that was asked for is no longer kept (Meta)
	TooMuch         FaultKind = "too_much"         // too much data for one answer: ask for less (Meta, Shopify)
	UnknownFields   FaultKind = "unknown_fields"   // the right answer with keys and enum values that nobody documented
	LateRestatement FaultKind = "late_restatement" // costs older than a day are a fiftieth lower: clicks found invalid (advertising platforms); a bank publishes other rates for all days
	ClockSkew       FaultKind = "clock_skew"       // the platform's clock is ahead by Wait
)

// Fault is a failure to come. Those that match a request are used up in the
// order in which they were set, one a request.
type Fault struct {
	Kind     FaultKind
	Platform string // a source type, such as google_ads
	Path     string // only for requests whose path contains it
	After    int    // let so many matching requests pass first
	Times    int    // for how many requests it lasts; 0 lasts until Clear
	Wait     time.Duration
	Status   int   // of HTML
	Bytes    int64 // of Oversized
}

// skew is how far the platform's clock is ahead.
func (f Fault) skew() time.Duration {
	if f.Kind == ClockSkew {
		return f.Wait
	}
	return 0
}

// Faults are the failures to come. The zero value has none. It is safe for
// concurrent use.
type Faults struct {
	mu  sync.Mutex
	set []Fault
}

// Set adds a failure.
func (f *Faults) Set(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set = append(f.set, fault)
}

// Clear ends all failures.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set = nil
}

// take returns the fault that a request meets, the zero Fault when there is
// none. Token endpoints meet only those that name its path, and
// RevokedToken.
func (f *Faults) take(c *call) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.set {
		fault := &f.set[i]
		if fault.Platform != c.platform || !strings.Contains(c.path, fault.Path) {
			continue
		}
		if c.path == tokenPath && fault.Path == "" && fault.Kind != RevokedToken {
			continue
		}
		if fault.After > 0 {
			fault.After--
			continue
		}
		taken := *fault
		if fault.Times == 1 {
			f.set = slices.Delete(f.set, i, i+1)
		} else if fault.Times > 1 {
			fault.Times--
		}
		return taken
	}
	return Fault{}
}
