package sources

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
)

// Dating says which day or hour a result is booked on.
type Dating uint8

// How results are dated.
const (
	ByClick Dating = iota + 1 // on the click: past slots grow as conversions arrive
	ByEvent                   // on the order, call or conversion itself
	Mixed                     // some each way
)

// DelayPoint is one point of a delay curve: the share of a slot's final
// conversions that is visible at an age since the slot began.
type DelayPoint struct {
	Age   time.Duration
	Share float64 // 0..1, rising
}

// Definition describes a source type. The catalogue, the wizard and the table
// in the README are made from it.
type Definition struct {
	Type    string // as in the config: "google_ads"
	Summary string // one line: what it reads
	Docs    string // URL of the platform's documentation
	// Credentials are the steps to what the options ask for, with the narrowest
	// access that does.
	Credentials []string

	Gives       kpi.Fields    // the metrics it can report; no Cost means a source of results only
	Events      bool          // it hands over Events rather than Rows
	Grain       Grain         // finest grain at which all of Gives is reported
	Dating      Dating        // how its conversions are dated
	Basis       kpi.Basis     // what its revenue contains, unless the options say otherwise
	Deepest     Level         // deepest level that can be asked for; 0 means LevelCampaign
	Breakdowns  []string      // dimensions that figures of campaigns can be split by, as in Query.Breakdown
	OmitsZeros  bool          // rows without any metric are left out of a complete answer
	Restates    int           // days for which a past value may still change
	History     int           // days that the platform keeps
	MinInterval time.Duration // polling faster than this brings nothing new
	Lag         time.Duration // how long after an hour or day its first figures are complete, late results apart
	Calls       int           // API calls of one poll of one account
	Window      int           // API calls of one poll of all days that may still change; 0 means as many as Calls
	Totals      int           // calls of one question for an account's own totals by day, which hold what no campaign is listed for; 0 means that it tells none
	Shares      int           // calls of one question for impression shares; 0 means that it tells none
	DailyCalls  int           // calls a day that the lowest access tier allows, 0 when not limited by day
	Delay       []DelayPoint  // delay curve to begin with, until observations tell better
	// Approval is the share of pending events that end approved, in millionths, until
	// enough of them are decided to tell better. At 0 pending ones count in full.
	Approval kpi.Micros

	// Owes says whether events of a source with these options tell what partners are
	// owed for them: Event.Cost. nil means never.
	Owes func(options any) bool

	// Views says whether a source with these options tells how many of its conversions
	// followed a view, where Gives says that its type does. nil means always.
	Views func(options any) bool

	// Attribution says in words to what results are credited, as the options ask for
	// it: it goes on after "results are counted ". Settings that differ between
	// campaigns stand in Entity.Attribution. nil where whoever fills the source
	// decides.
	Attribution func(options any) string

	// Link returns the page of a campaign on the platform, by the platform's ids;
	// nil when there is none that can be named.
	Link func(account, campaign string) string

	// Options returns a pointer to the type's option struct, filled with its
	// defaults. Its yaml tags name the keys; Secret fields are references.
	Options func() any
	// Open makes a Source from options of that type, checked and with its
	// secrets resolved. It does no I/O. Its errors name the option at fault.
	Open func(options any, env Env) (Source, error)
}

// Env is what an adapter gets from its surroundings.
type Env struct {
	Name  string                                           // the source's name in the config
	Now   func() time.Time                                 // the clock of the data; in the demo it runs fast
	Log   *slog.Logger                                     // never nil; what goes there is redacted first
	Dir   string                                           // folder of the config file: relative paths start here
	Sleep func(ctx context.Context, d time.Duration) error // waits on the real clock; nil means the usual one
	// Exchanged, where it is set, is told of every request and what came of it.
	Exchanged func(Exchange)
	// Life ends when the source is used no more: what it keeps open beyond a
	// call is closed then. Nil means the end of the process.
	Life context.Context
}

// Exchange is one request to a platform and what came of it.
type Exchange struct {
	Request string // method and URL, secrets redacted
	Status  int    // of HTTP; 0 when there was no answer
	Bytes   int64  // of the answer
	Took    time.Duration
	Problem string // in words, "" when there was none
}

// Registry holds the source types of a program.
type Registry struct{ types map[string]Definition }

// NewRegistry returns a registry of the given definitions; two of one type are
// a programming error and panic.
func NewRegistry(definitions ...Definition) *Registry {
	r := &Registry{types: map[string]Definition{}}
	for _, d := range definitions {
		if _, taken := r.types[d.Type]; taken {
			panic("source type registered twice: " + d.Type)
		}
		r.types[d.Type] = d
	}
	return r
}

// Lookup finds a type; the error names those that exist.
func (r *Registry) Lookup(typ string) (Definition, error) {
	if d, ok := r.types[typ]; ok {
		return d, nil
	}
	return Definition{}, fmt.Errorf("unknown source type %q: expected one of %s", typ, strings.Join(r.Names(), ", "))
}

// Names lists the types in order.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.types))
	for name := range r.types {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
