package notify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"adtop/alert"
	"adtop/pattern"
	"adtop/snapshot"
)

// Plan is who is told of which alerts, and when.
type Plan struct {
	Name        string // of this adtop: groups of several that share a target stay apart
	Zone        *time.Location
	Targets     []string // all there are
	Routes      []Route  // in their order: the first that matches leads an alert
	Quiet       []Hours
	Maintenance []Window
	Link        func(snapshot.Alert) string // to the page of its campaign, "" where there is none; nil knows none
}

// Route leads alerts to targets. The three times are those of Alertmanager.
type Route struct {
	Targets  []string
	Severity snapshot.Severity          // alerts as severe as this, or worse
	Match    map[string]pattern.Pattern // label of an alert to the pattern of its value; all have to match
	GroupBy  []string                   // alerts that agree in these labels are told together
	Wait     time.Duration              // from the first alert of a group to its first message, so that others join it
	Interval time.Duration              // from one message about a group to the next, where something is new
	Repeat   time.Duration              // where nothing is new
	Resolved bool                       // ends are told too
	AtNight  AtNight
	Continue bool // the routes behind it are asked too
}

// AtNight says what of a route is told in quiet hours. The rest waits until they
// are over, and is told then if it is still so.
type AtNight string

// What may be told in quiet hours.
const (
	Urgent     AtNight = "critical" // critical alerts
	Everything AtNight = "all"
	Nothing    AtNight = "none"
)

// Told is what one target was told of one group of alerts, from the first
// message until all of them ended.
type Told struct {
	Target string
	Key    string
	Labels map[string]string
	At     time.Time       // of the last message that was no ack
	Alerts map[string]Said // by their ids
}

// Said is what a target knows of one alert that it was told of.
type Said struct {
	Severity snapshot.Severity
	Acked    bool // it knows that somebody acked it
	Again    bool // somebody acked or snoozed it: it is told anew when it asks once more
}

// Outgoing is a Message and where it goes.
type Outgoing struct {
	Target  string
	Message Message
}

// Step is what one look at the alerts comes to.
type Step struct {
	Messages []Outgoing
	Told     []Told    // that changed; one without Alerts is over
	Next     time.Time // when to look again though nothing happens before; zero for never
}

// Next says what to tell now. The alerts are all that are open or that somebody
// was told of. Who keeps Step.Told and hands it in again tells nothing twice.
func (p *Plan) Next(now time.Time, alerts []snapshot.Alert, told []Told) Step {
	now = now.UTC().Round(0)
	var step Step
	var here []Told
	for _, t := range told {
		if slices.Contains(p.Targets, t.Target) {
			here = append(here, t)
		} else { // it left the config
			step.Told = append(step.Told, Told{Target: t.Target, Key: t.Key})
		}
	}
	groups := p.groups(now, alerts, here)
	for _, id := range slices.SortedFunc(maps.Keys(groups), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		g := groups[id]
		before := g.copied()
		g.look()
		if len(g.told.Alerts)+len(before.Alerts) > 0 && !same(before, g.told) {
			step.Told = append(step.Told, g.told)
		}
		if g.out != nil {
			step.Messages = append(step.Messages, Outgoing{g.told.Target, *g.out})
		}
		if !g.next.IsZero() && (step.Next.IsZero() || g.next.Before(step.Next)) {
			step.Next = g.next
		}
	}
	return step
}

// groups puts every alert that a target was told of, or is to be told of, into
// its group. One that was told stays in the group of its first message, whatever
// the routes say by now: its end is told where its beginning was.
func (p *Plan) groups(now time.Time, alerts []snapshot.Alert, told []Told) map[[2]string]*group {
	groups := map[[2]string]*group{}
	known := map[string]map[string]bool{} // targets by alert
	byID := map[string]snapshot.Alert{}
	for _, a := range alerts {
		byID[a.ID], known[a.ID] = a, map[string]bool{}
	}
	for _, t := range told {
		g := &group{plan: p, now: now, told: t, was: t.Alerts}
		groups[[2]string{t.Target, t.Key}] = g
		for _, id := range slices.Sorted(maps.Keys(t.Alerts)) {
			a, found := byID[id]
			if !found { // nobody knows it any more: for whoever was told, it is over
				a = snapshot.Alert{ID: id, State: snapshot.Resolved, EndedAt: now, Summary: id}
				known[id] = map[string]bool{}
			}
			known[id][t.Target] = true
			g.add(a, p.route(a, t.Target))
		}
	}
	for _, a := range alerts {
		if !a.Open() || !a.Firing() {
			continue
		}
		for _, target := range p.Targets {
			r := p.route(a, target)
			if r == nil || known[a.ID][target] {
				continue
			}
			key, labels := p.key(a, r)
			g := groups[[2]string{target, key}]
			if g == nil {
				g = &group{plan: p, now: now, told: Told{Target: target, Key: key, Labels: labels}}
				groups[[2]string{target, key}] = g
			}
			g.add(a, r)
		}
	}
	return groups
}

// unreached is the route of an alert about a target itself, to all the others.
var unreached = Route{GroupBy: []string{"target"}, Interval: 5 * time.Minute, Repeat: 4 * time.Hour, Resolved: true, AtNight: Urgent}

// route is the one by which an alert reaches a target, nil where none does.
func (p *Plan) route(a snapshot.Alert, target string) *Route {
	if a.Rule == alert.RuleNotify {
		if a.Subject == target {
			return nil
		}
		return &unreached
	}
	for i := range p.Routes {
		r := &p.Routes[i]
		if a.Severity < r.Severity || !matches(r.Match, a) {
			continue
		}
		if slices.Contains(r.Targets, target) {
			return r
		}
		if !r.Continue {
			return nil
		}
	}
	return nil
}

// rank is the place of a route among all, from which the first of several
// follows.
func (p *Plan) rank(r *Route) int {
	for i := range p.Routes {
		if &p.Routes[i] == r {
			return i
		}
	}
	return -1
}

// matches says whether all patterns match; one that matches a source of several
// is met.
func matches(match map[string]pattern.Pattern, a snapshot.Alert) bool {
	for label, p := range match {
		if !slices.ContainsFunc(alert.Labelled(a, label), p.Present) {
			return false
		}
	}
	return true
}

// key names the group of an alert.
func (p *Plan) key(a snapshot.Alert, r *Route) (string, map[string]string) {
	labels := map[string]string{}
	var parts []string
	for _, label := range r.GroupBy {
		if value := strings.Join(alert.Labelled(a, label), ", "); value != "" {
			labels[label] = value
			parts = append(parts, fmt.Sprintf("%s=%q", label, value))
		}
	}
	slices.Sort(parts)
	return p.Name + "{" + strings.Join(parts, ",") + "}", labels
}

// held says until when nothing is to be told of an alert, zero when it may be.
func (p *Plan) held(a snapshot.Alert, r *Route, now time.Time) (until time.Time) {
	at := now.In(p.Zone)
	for _, w := range p.Maintenance {
		if end := w.covers(at); !end.IsZero() && matches(w.Match, a) {
			return end
		}
	}
	if r.AtNight == Everything || r.AtNight == Urgent && a.Severity == snapshot.Critical {
		return time.Time{}
	}
	for _, h := range p.Quiet {
		if end := h.covers(at); !end.IsZero() {
			return end
		}
	}
	return time.Time{}
}

func (p *Plan) link(a snapshot.Alert) string {
	if p.Link == nil {
		return ""
	}
	return p.Link(a)
}

// Standing is what a target knows to be open, a message for each group, as it
// stands now: for one that forgets what it is not told again.
func (p *Plan) Standing(now time.Time, target string, alerts []snapshot.Alert, told []Told) (messages []Message) {
	now = now.UTC().Round(0)
	for _, t := range told {
		if t.Target != target {
			continue
		}
		g := &group{plan: p, now: now, told: t}
		for _, a := range alerts {
			if _, known := t.Alerts[a.ID]; known && a.Open() {
				g.alerts = append(g.alerts, member{Alert: a})
			}
		}
		if len(g.alerts) > 0 {
			kind := Fired
			if acked(g.alerts) {
				kind = Acked
			}
			g.write(kind, "still so", g.alerts)
			messages = append(messages, *g.out)
		}
	}
	return messages
}

// same says whether two states of one group are the same.
func same(a, b Told) bool { return a.At.Equal(b.At) && maps.Equal(a.Alerts, b.Alerts) }

// earliest returns the earlier of two instants, where zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// worst orders alerts as a message tells them: open ones first, then by severity.
func worst(a, b Alert) int {
	if a.Open() != b.Open() {
		if a.Open() {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
}
