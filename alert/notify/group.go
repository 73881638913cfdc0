package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"adtop/snapshot"
)

// group is what one target knows, and is to know, of alerts that are told
// together.
type group struct {
	plan *Plan
	now  time.Time
	told Told
	was  map[string]Said // told.Alerts before this look

	route  *Route // the first, in their order, of its alerts; nil where none is left
	alerts []member

	out  *Message
	next time.Time
}

// member is an alert of a group with the route that leads it there, nil when
// none does any more.
type member struct {
	snapshot.Alert
	route *Route
	until time.Time // nothing is to be told of it before; zero when something may be
}

// unled is the route of what no route leads any more: its end is told.
var unled = Route{Resolved: true, AtNight: Urgent}

func (g *group) add(a snapshot.Alert, r *Route) {
	if r != nil && (g.route == nil || g.plan.rank(r) < g.plan.rank(g.route)) {
		g.route = r
	}
	if r == nil {
		r = &unled
	}
	g.alerts = append(g.alerts, member{a, r, g.plan.held(a, r, g.now)})
}

// copied is the state as it was handed in; what is changed from here on is a copy.
func (g *group) copied() Told {
	before := g.told
	before.Alerts = g.was
	g.told.Alerts = maps.Clone(g.told.Alerts)
	if g.told.Alerts == nil {
		g.told.Alerts = map[string]Said{}
	}
	return before
}

// kinds of members, as one look sees them.
type sight struct {
	fresh []member // ask, and are new to the target, worse than it knows, or ask once more
	still []member // ask, and are known
	quiet []member // known and open, and kept from asking
	over  []member // known and ended
}

// sort tells the members apart, and notes whom somebody put aside.
func (g *group) sort() (s sight) {
	for _, m := range g.alerts {
		said, known := g.told.Alerts[m.ID]
		switch {
		case known && !m.Open():
			s.over = append(s.over, m)
		case m.Asks() && m.route == &unled:
			s.quiet = append(s.quiet, m)
		case m.Asks() && (!known || said.Again || m.Severity > said.Severity):
			s.fresh = append(s.fresh, m)
		case m.Asks():
			s.still = append(s.still, m)
		case known:
			if m.AckedBy != "" || !m.SnoozedUntil.IsZero() {
				said.Again = true
				g.told.Alerts[m.ID] = said
			}
			s.quiet = append(s.quiet, m)
		}
	}
	return s
}

// look decides whether something is told now, and when to look again.
func (g *group) look() {
	if g.told.At.After(g.now) { // the clock was set back
		g.told.At = g.now
	}
	s := g.sort()
	route := g.route
	if route == nil {
		route = &unled
	}
	fresh := g.free(s.fresh)
	over := s.over
	if len(g.free(over)) == 0 && len(fresh) == 0 {
		over = nil // all of it waits
	}
	switch {
	case len(fresh)+len(over) > 0:
		if at := g.due(fresh, route); g.now.Before(at) {
			g.next = earliest(g.next, at)
			break
		}
		g.change(s, fresh, over, route)
		return
	case route.Repeat > 0 && len(g.free(s.still)) > 0:
		if at := g.told.At.Add(route.Repeat); g.now.Before(at) {
			g.next = earliest(g.next, at)
		} else {
			g.told.At = g.now
			g.write(Fired, onceMore, slices.Concat(s.still, s.quiet))
		}
	}
	if g.out == nil && len(s.fresh)+len(s.still) == 0 {
		g.ack(s.quiet)
	}
}

// due is when what is new may be told.
func (g *group) due(fresh []member, route *Route) time.Time {
	if !g.told.At.IsZero() {
		return g.told.At.Add(route.Interval)
	}
	var at time.Time
	for _, m := range fresh {
		if m.FiredAt.After(g.now) { // the clock was set back
			return g.now
		}
		at = earliest(at, m.FiredAt.Add(route.Wait))
	}
	return at
}

// free are those of which something may be told now; the others are looked at
// again when they may be.
func (g *group) free(members []member) (free []member) {
	for _, m := range members {
		if m.until.IsZero() {
			free = append(free, m)
		} else {
			g.next = earliest(g.next, m.until)
		}
	}
	return free
}

// change tells what is new and what is over.
func (g *group) change(s sight, fresh, over []member, route *Route) {
	first := g.told.At.IsZero()
	g.told.At = g.now
	for _, m := range fresh {
		g.told.Alerts[m.ID] = Said{Severity: m.Severity}
	}
	for _, m := range over {
		delete(g.told.Alerts, m.ID)
	}
	open := slices.Concat(fresh, s.still, s.quiet)
	kind, cause := Fired, "new alerts added"
	switch {
	case first:
		cause = firstTime
	case len(fresh) > 0:
	case !route.Resolved:
		g.again(s, route)
		return
	case len(open) == 0:
		kind, cause = Resolved, "all alerts resolved"
	default:
		cause = "some alerts resolved"
		if len(s.still) == 0 && acked(s.quiet) {
			kind = Acked
			g.know(s.quiet)
		}
	}
	if !route.Resolved {
		over = nil
	}
	g.write(kind, cause, slices.Concat(open, over))
	g.again(s, route)
}

// again notes when there is something to repeat.
func (g *group) again(s sight, route *Route) {
	if len(g.told.Alerts) > 0 && route.Repeat > 0 {
		g.next = earliest(g.next, g.now.Add(route.Repeat))
	}
}

// ack tells that somebody has acked all that is open: a part would look as if
// the rest needed nobody.
func (g *group) ack(quiet []member) {
	if len(quiet) == 0 || !acked(quiet) || len(g.free(quiet)) == 0 {
		return
	}
	for _, m := range quiet {
		if !g.told.Alerts[m.ID].Acked {
			g.know(quiet)
			g.write(Acked, "acknowledged", quiet)
			return
		}
	}
}

func acked(members []member) bool {
	return !slices.ContainsFunc(members, func(m member) bool { return m.AckedBy == "" })
}

func (g *group) know(members []member) {
	for _, m := range members {
		said := g.told.Alerts[m.ID]
		said.Acked = true
		g.told.Alerts[m.ID] = said
	}
}

// mostCarried bounds the alerts that one message carries; the worst ones.
const mostCarried = 50

// write makes the message about some of the alerts.
func (g *group) write(kind Kind, cause string, members []member) {
	alerts := make([]Alert, len(members))
	for i, m := range members {
		alerts[i] = Alert{Alert: m.Alert, Link: g.plan.link(m.Alert)}
	}
	slices.SortFunc(alerts, worst)
	m := Message{Key: g.told.Key, Kind: kind, Cause: cause, At: g.now, Labels: g.told.Labels, Severity: alerts[0].Severity}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\x00%s\x00%s\x00%d", g.told.Target, m.Key, kind, g.now.UnixMilli())
	for _, a := range alerts {
		fmt.Fprintf(hash, "\x00%s\x00%s", a.ID, a.State)
	}
	m.Event = hex.EncodeToString(hash.Sum(nil)[:16])
	m.Title, m.Text = Render(kind, cause, alerts, g.now, g.plan.Zone)
	m.Alerts = alerts[:min(len(alerts), mostCarried)]
	m.Link = m.Alerts[0].Link
	g.out = &m
}
