package ui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// teller puts pictures into sentences, a line each: first all of the first
// picture, then what changed since the one before. It knows no clock: the
// moment comes with each call.
type teller struct {
	numbers
	user string

	last     *snapshot.Snapshot // what was told; nil before the first
	received time.Time          // when it came, on the real clock
	figures  map[string]string  // of each channel, as they were told last
	known    map[string]bool    // channels of which figures were told ever
	fresh    bool               // figures were told since that was asked last
	called   map[string]int     // the number by which a person names an alert, by its id
	calls    int                // numbers given so far; none is given twice
	reasons  map[string]bool    // of the verdicts that were told last
}

func newTeller(format numbers, user string) *teller {
	return &teller{numbers: format, user: user, figures: map[string]string{}, known: map[string]bool{}, called: map[string]int{}, reasons: map[string]bool{}}
}

// tell takes a picture that came at the given moment of the real clock and
// returns what is to be said about it.
func (t *teller) tell(s *snapshot.Snapshot, now time.Time) []string {
	before := t.last
	t.last, t.received = s, now
	t.nameAlerts()
	if before == nil {
		lines := append(t.summary(now), t.line(s.AsOf, "adtop tells what changes from now on. Type help for the commands"))
		return lines
	}
	return t.changes(before)
}

// nameAlerts numbers the alerts that are new and forgets those that are gone.
func (t *teller) nameAlerts() {
	there := make(map[string]int, len(t.last.Alerts))
	for i := range t.last.Alerts {
		id := t.last.Alerts[i].ID
		n, known := t.called[id]
		if !known {
			t.calls++
			n = t.calls
		}
		there[id] = n
	}
	t.called = there
}

func (t *teller) zone() *time.Location {
	if t.last == nil || t.last.Zone == nil {
		return time.UTC
	}
	return t.last.Zone
}

// at is the present on the data's clock, which runs faster in the demo.
func (t *teller) at(now time.Time) time.Time {
	if t.last != nil && t.last.Speed != 0 && t.last.Speed != 1 {
		return t.last.AsOf.Add(time.Duration(float64(now.Sub(t.received)) * t.last.Speed))
	}
	return now
}

// line is one line: the time, then a sentence that stands alone.
func (t *teller) line(at time.Time, parts ...string) string {
	return at.In(t.zone()).Format("15:04 ") + sentence(parts...)
}

func (t *teller) clock(at time.Time) string { return clock(at, t.last.AsOf, t.zone()) }

// summary is everything in short: all channels together, each of them, the
// worst first, then open alerts, then sources that need care.
func (t *teller) summary(now time.Time) []string {
	s := t.last
	at := s.AsOf
	speed := ""
	if s.Speed != 0 && s.Speed != 1 {
		speed = ". Its time runs " + t.whole(s.Speed) + " times faster than the clock"
	}
	title := spoken(s.Title)
	if title == "" {
		title = "adtop"
	}
	lines := []string{
		t.line(at, title+" on "+at.In(t.zone()).Format("Monday 2 January 2006")+", times of "+t.zone().String()+", money in "+string(s.Currency)+speed),
		t.line(at, "All channels, "+t.spanName()+": "+t.sums(s.Total, false)),
	}
	for _, c := range t.worstFirst() {
		lines = append(lines, t.channelLine(at, c))
	}
	open := t.openAlerts()
	for _, alert := range open {
		lines = append(lines, t.alertLine(at, alert))
	}
	if len(open) == 0 {
		lines = append(lines, t.line(at, "No alert is open"))
	}
	return append(lines, t.careLines(at)...)
}

// spanName names the days of the picture within a sentence.
func (t *teller) spanName() string {
	if label := t.last.View.Range.Label(); t.last.View.Range.Name != "" {
		return strings.ToLower(label[:1]) + label[1:]
	}
	return t.last.View.Range.Label()
}

// worstFirst are the channels in the order of the overview.
func (t *teller) worstFirst() []*snapshot.Channel {
	rows := make([]row, len(t.last.Channels))
	byName := map[string]*snapshot.Channel{}
	for i := range t.last.Channels {
		c := &t.last.Channels[i]
		rows[i], byName[c.Name] = channelRow(c, t.last.AsOf), c
	}
	slices.SortStableFunc(rows, func(x, y row) int { return byAttention(&x, &y) })
	out := make([]*snapshot.Channel, len(rows))
	for i := range rows {
		out[i] = byName[rows[i].name]
	}
	return out
}

// channelLine is a channel in a line, which counts as telling its figures.
func (t *teller) channelLine(at time.Time, c *snapshot.Channel) string {
	figures := t.channelFigures(c)
	t.figures[c.Name] = figures
	if c.Now.Known {
		t.known[c.Name], t.fresh = true, true
	}
	return t.line(at, printable(c.Name)+" is "+figures)
}

// toldFigures says whether figures were told since it was asked last.
func (t *teller) toldFigures() bool {
	told := t.fresh
	t.fresh = false
	return told
}

func (t *teller) channelFigures(c *snapshot.Channel) string {
	text := verdictStanding(c)
	if c.Verdict == kpi.NoData && !c.Watermark.IsZero() {
		text += " since " + t.clock(c.Watermark)
	}
	text += "; " + t.spanName() + ": " + t.sums(c.Now, c.Costless)
	if c.Verdict == kpi.NoData && c.Problem != "" {
		text += ". " + spoken(c.Problem)
	}
	return text
}

// renewed tells the figures of the channels that changed since they were told
// last.
func (t *teller) renewed(now time.Time) []string {
	if t.last == nil {
		return nil
	}
	var lines []string
	at := t.at(now)
	for _, c := range t.worstFirst() {
		if t.channelFigures(c) != t.figures[c.Name] {
			lines = append(lines, t.channelLine(at, c))
		}
	}
	return lines
}

func (t *teller) openAlerts() []*snapshot.Alert {
	var out []*snapshot.Alert
	for i := range t.last.Alerts {
		if t.last.Alerts[i].Open() {
			out = append(out, &t.last.Alerts[i])
		}
	}
	return out
}

// name is how an alert is called: its subject, then its number.
func (t *teller) name(a *snapshot.Alert) string {
	return printable(a.Subject) + ", alert " + strconv.Itoa(t.called[a.ID])
}

// found is what an alert found, its subject left out.
func found(a *snapshot.Alert) string {
	text := a.Summary
	if text == "" {
		text = a.Rule
	}
	if rest, cut := strings.CutPrefix(text, a.Subject); cut {
		text = strings.TrimLeft(rest, ": ")
	}
	return spoken(text)
}

// alertLine is an open alert as it stands.
func (t *teller) alertLine(at time.Time, a *snapshot.Alert) string {
	text := "is " + spoken(a.State) + " since " + t.clock(shownTime(a))
	if muted := mutedText(a, t.last); muted != "" {
		text += ", " + spoken(muted)
	}
	if a.Frozen != "" {
		text += ", waiting because of " + frozenWords(a)
	}
	if a.Sent {
		text += ", a command about it is on its way"
	}
	return t.line(at, t.name(a)+", "+a.Severity.String()+", "+text+": "+sentence(found(a)), spoken(a.Reason))
}

func frozenWords(a *snapshot.Alert) string {
	if a.Frozen == snapshot.Failed {
		return "an error of its rule"
	}
	return "missing data"
}

// careLines tell the sources that do not answer as they should, and the
// warnings of the picture.
func (t *teller) careLines(at time.Time) []string {
	var lines []string
	for i := range t.last.Sources {
		if s := &t.last.Sources[i]; s.Health != snapshot.Healthy {
			lines = append(lines, t.sourceLine(at, s))
		}
	}
	if n := len(t.last.Sources); n > 0 && len(lines) == 0 {
		lines = append(lines, t.line(at, "Every source answers, "+strconv.Itoa(n)+" in all"))
	}
	for _, warning := range t.last.Warnings {
		lines = append(lines, t.line(at, "Warning: "+spoken(warning)))
	}
	if b := t.last.Backfill; b.What != "" {
		lines = append(lines, t.backfillBegins(at, b))
	}
	return lines
}

func (t *teller) sourceLine(at time.Time, s *snapshot.Source) string {
	text := "Source " + printable(s.Name) + " " + healthWords(s)
	if s.Problem != "" {
		text += ": " + spoken(s.Problem)
	}
	return t.line(at, sentence(text), t.lastAnswer(s), spoken(s.Next))
}

func (t *teller) lastAnswer(s *snapshot.Source) string {
	switch {
	case s.Health == snapshot.Healthy || s.Health == snapshot.Waiting:
		return ""
	case s.LastGood.IsZero():
		return "It has never answered."
	}
	return "It answered last " + t.span(t.last.AsOf.Sub(s.LastGood)) + " ago."
}

func (t *teller) backfillBegins(at time.Time, b snapshot.Progress) string {
	return t.line(at, "History is being fetched, "+t.plural(max(0, b.Total-b.Done), "poll")+" to go: "+spoken(b.What))
}
