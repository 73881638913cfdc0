package config

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"adtop/pattern"
	"adtop/sources"
)

// Notify says who is told of alerts, and when; nil when the file says nothing of
// it.
type Notify struct {
	Targets     []Target // at least one; names are unique
	Routes      []Route  // at least one: without any in the file, everything goes everywhere
	Quiet       []Hours
	Maintenance []Window
	Heartbeat   *Heartbeat // nil when nobody waits for it
	Digests     []Digest
}

// Target is one place that messages go to. Its options are the keys that are not
// common to all targets.
type Target struct {
	Name string
	Type string // whether there is such a type is for others to say
	block
}

// Route leads alerts to targets.
type Route struct {
	Targets                []string
	Severity               string // one of Severities: alerts as severe as this, or worse
	Match                  map[string]pattern.Pattern
	GroupBy                []string
	Wait, Interval, Repeat time.Duration
	Resolved               bool
	Quiet                  string // one of QuietModes
	Continue               bool
}

// Severities and QuietModes are what a route may name.
var (
	Severities = []string{"info", "warning", "critical"}
	QuietModes = []string{"critical", "all", "none"}
)

// Hours are a time of the day on some days of the week.
type Hours struct {
	Days     [7]bool       // by time.Weekday
	From, To time.Duration // since midnight; the same means the whole day
}

// Window is a time of maintenance, once or every week.
type Window struct {
	From, To time.Time
	Weekly   *Hours // nil for one that comes once
	Match    map[string]pattern.Pattern
}

// Heartbeat is an address that is called while all is well. URL is a secret, to
// be resolved.
type Heartbeat struct {
	URL   sources.Secret `yaml:"url"`
	Every time.Duration

	block
}

// Digest is a message of every day or week.
type Digest struct {
	Period  string // "day" or "week"
	Day     time.Weekday
	At      time.Duration // since midnight
	Targets []string
}

func (t *Target) decodeNode(d *decoder, key string, n ast.Node) {
	var keys struct {
		Name at[label]  `yaml:"name"`
		Type at[string] `yaml:"type"`
	}
	given := t.block.decode(d, "target", key, n, reflect.ValueOf(&keys).Elem())
	t.Name, t.Type = string(keys.Name.Value), keys.Type.Value
	t.name = t.Name
	if given && keys.Name.node == nil {
		d.fault(n, `the target has no name: add one, such as "name: team"`)
	}
	if given && keys.Type.node == nil {
		d.fault(n, `the target has no type: add one, such as "type: slack"`)
	}
}

// notify checks who is told of alerts.
func (d *decoder) notify(given at[notifyKeys], zone *time.Location) *Notify {
	if given.node == nil {
		return nil
	}
	keys, n := given.Value, &Notify{}
	for i, entry := range keys.Targets {
		for _, earlier := range keys.Targets[:i] {
			if earlier.Value.Name == entry.Value.Name && entry.Value.Name != "" {
				d.fault(entry.node, "two targets are named %s: the first is on line %d; rename one", quote(entry.Value.Name), d.spanOf(earlier.node).line)
			}
		}
		n.Targets = append(n.Targets, entry.Value)
	}
	if len(n.Targets) == 0 {
		d.fault(given.node, `notify: there are no targets: add one, such as "targets: [{name: team, type: slack, url: env:SLACK_URL}]"`)
	}
	for _, r := range keys.Routes {
		n.Routes = append(n.Routes, d.route(r, n))
	}
	if len(keys.Routes) == 0 {
		var usual route
		usual.decodeNode(d, "routes", &ast.MappingNode{})
		all := d.route(at[route]{Value: usual}, n)
		n.Routes = []Route{all}
	}
	for _, h := range keys.Quiet {
		n.Quiet = append(n.Quiet, d.hours(h))
	}
	for _, w := range keys.Maintenance {
		n.Maintenance = append(n.Maintenance, d.window(w, zone))
	}
	n.Heartbeat, n.Digests = d.heartbeat(keys.Heartbeat), d.digests(keys.Digest, n)
	return n
}

// named checks names of targets; without any, all of them are meant.
func (d *decoder) named(given []at[string], n *Notify) (names []string) {
	known := func(name string) bool {
		return slices.ContainsFunc(n.Targets, func(t Target) bool { return t.Name == name })
	}
	for _, name := range given {
		if !known(name.Value) {
			d.fault(name.node, "targets: there is no target %s: name one of those in notify: targets", quote(name.Value))
		}
		names = append(names, name.Value)
	}
	if given == nil {
		for _, t := range n.Targets {
			names = append(names, t.Name)
		}
	}
	return names
}

func (d *decoder) route(given at[route], n *Notify) Route {
	r := given.Value
	for _, field := range []struct {
		name  string
		given at[string]
		known []string
	}{{"severity", r.Severity, Severities}, {"quiet_hours", r.Quiet, QuietModes}} {
		if !slices.Contains(field.known, field.given.Value) {
			d.fault(field.given.node, "%s: expected one of %s", field.name, strings.Join(field.known, ", "))
		}
	}
	if given.node != nil && len(r.Targets) == 0 {
		d.fault(given.node, `the route leads nowhere: add "targets: [NAME]"`)
	}
	if r.Repeat.Value < r.Interval.Value {
		node := r.Repeat.node
		if node == nil {
			node = r.Interval.node
		}
		d.fault(node, "repeat_interval: expected at least as long a time as group_interval (%s)", time.Duration(r.Interval.Value))
	}
	if r.Repeat.node != nil && r.Repeat.Value < duration(time.Minute) {
		d.fault(r.Repeat.node, "repeat_interval: expected a time of at least 1m")
	}
	return Route{d.named(r.Targets, n), r.Severity.Value, r.Match, r.GroupBy, time.Duration(r.Wait.Value), time.Duration(r.Interval.Value), time.Duration(r.Repeat.Value), r.Resolved, r.Quiet.Value, r.Continue}
}

// days are those that are given, all without any.
func days(given []at[weekday]) (days [7]bool) {
	for day := range days {
		days[day] = len(given) == 0 || slices.ContainsFunc(given, func(w at[weekday]) bool { return int(w.Value) == day })
	}
	return days
}

func (d *decoder) hours(given at[hours]) Hours {
	h := given.Value
	if (h.From.node == nil) != (h.To.node == nil) || h.From.node == nil && len(h.Days) == 0 {
		d.fault(given.node, "expected days, a time from and to, or both, such as {days: [sat, sun]} or {from: 22:00, to: 07:00}")
	}
	return Hours{days(h.Days), time.Duration(h.From.Value), time.Duration(h.To.Value)}
}

// window reads a time of maintenance: by dates, or by days of the week.
func (d *decoder) window(given at[window], zone *time.Location) Window {
	w, out := given.Value, Window{Match: given.Value.Match}
	if w.From.node == nil || w.To.node == nil {
		d.fault(given.node, "expected from and to: once as in {from: 2026-12-24 18:00, to: 2026-12-27 08:00}, or every week as in {days: [sun], from: 02:00, to: 04:00}")
		return out
	}
	if w.Days != nil {
		var from, to clock
		for _, bound := range []struct {
			given at[string]
			to    *clock
		}{{w.From, &from}, {w.To, &to}} {
			if err := bound.to.UnmarshalText([]byte(bound.given.Value)); err != nil {
				d.fault(bound.given.node, "%v", err)
			}
		}
		out.Weekly = &Hours{days(w.Days), time.Duration(from), time.Duration(to)}
		return out
	}
	if zone == nil {
		return out // that of the file is at fault already
	}
	for _, bound := range []struct {
		given at[string]
		to    *time.Time
	}{{w.From, &out.From}, {w.To, &out.To}} {
		var err error
		if *bound.to, err = time.ParseInLocation("2006-01-02 15:04", bound.given.Value, zone); err != nil {
			d.fault(bound.given.node, "%s is not a date and a time: expected them as in 2026-12-24 18:00; for every week add days", quote(bound.given.Value))
			return out
		}
	}
	if !out.To.After(out.From) {
		d.fault(w.To.node, "to: expected a moment after from")
	}
	return out
}

// Bounds and default of the heartbeat's interval.
const (
	minBeat     = 10 * time.Second
	maxBeat     = 24 * time.Hour
	defaultBeat = time.Minute
)

func (d *decoder) heartbeat(given at[beat]) *Heartbeat {
	if given.node == nil {
		return nil
	}
	h := &Heartbeat{given.Value.URL.Value, time.Duration(given.Value.Every.Value), block{what: "heartbeat", text: d.text, node: given.node}}
	switch {
	case given.Value.URL.node == nil:
		d.fault(given.node, `heartbeat: it has no url: add one, such as "url: env:HEARTBEAT_URL"`)
	case given.Value.Every.node == nil:
		h.Every = defaultBeat
	case h.Every < minBeat || h.Every > maxBeat:
		d.fault(given.Value.Every.node, "every: expected a time from 10s to 24h")
	}
	return h
}

func (d *decoder) digests(given at[digest], n *Notify) (digests []Digest) {
	if given.node == nil {
		return nil
	}
	targets := d.named(given.Value.Targets, n)
	if daily := given.Value.Daily; daily.node != nil {
		digests = append(digests, Digest{Period: "day", At: time.Duration(daily.Value), Targets: targets})
	}
	if weekly := given.Value.Weekly; weekly.node != nil {
		digests = append(digests, Digest{Period: "week", Day: time.Weekday(weekly.Value.day), At: time.Duration(weekly.Value.at), Targets: targets})
	}
	if digests == nil {
		d.fault(given.node, `digest: say when: "daily: 08:00", "weekly: mon 08:00", or both`)
	}
	return digests
}
