package ui

import (
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// changes are the lines about what the last picture says otherwise than the
// one before: verdicts, alerts, sources, the rest. Of figures only the very first
// of a channel are among them.
func (t *teller) changes(before *snapshot.Snapshot) []string {
	s := t.last
	var lines []string
	add := func(parts ...string) { lines = append(lines, t.line(s.AsOf, parts...)) }
	clear(t.reasons)

	if day := kpi.DateOf(s.AsOf, t.zone()); day != kpi.DateOf(before.AsOf, t.zone()) {
		add("A new day: " + s.AsOf.In(t.zone()).Format("Monday 2 January 2006"))
	}
	lines = append(lines, t.verdictChanges(before)...)
	for _, c := range t.worstFirst() {
		if c.Now.Known && !t.known[c.Name] {
			lines = append(lines, t.channelLine(s.AsOf, c))
		}
	}
	for i := range s.Alerts {
		a := &s.Alerts[i]
		old := slices.IndexFunc(before.Alerts, func(x snapshot.Alert) bool { return x.ID == a.ID })
		if old < 0 {
			lines = append(lines, t.newAlert(a))
			continue
		}
		for _, what := range t.alertChanges(&before.Alerts[old], a) {
			add(t.name(a), what)
		}
	}
	for i := range s.Sources {
		now := &s.Sources[i]
		old := slices.IndexFunc(before.Sources, func(x snapshot.Source) bool { return x.Name == now.Name })
		switch {
		case old >= 0 && before.Sources[old].Health == now.Health:
		case now.Health == snapshot.Healthy && old >= 0 && before.Sources[old].Health != snapshot.Waiting:
			add("Source " + printable(now.Name) + " answers again")
		default:
			lines = append(lines, t.sourceLine(s.AsOf, now))
		}
	}
	for _, warning := range s.Warnings {
		if !slices.Contains(before.Warnings, warning) {
			add("Warning: " + spoken(warning))
		}
	}
	switch running, ran := s.Backfill.What != "", before.Backfill.What != ""; {
	case running && !ran:
		lines = append(lines, t.backfillBegins(s.AsOf, s.Backfill))
	case ran && !running:
		add("History: the fetch has ended")
	}
	if text := collectorChange(before.Collector, s.Collector); text != "" {
		add(text)
	}
	return lines
}

// collectorChange says who collects from now on. That the first picture, which
// comes from the cache, knew of nobody is no change.
func collectorChange(before, now snapshot.Collector) string {
	switch {
	case now == before:
		return ""
	case now.Here && before.Who != "":
		return "This adtop collects from now on"
	case !now.Here && now.Who != "" && (before.Here || before.Who == ""):
		return "Another adtop collects, and this one tells what it finds: " + spoken(now.Who)
	case !now.Here && now.Who == "":
		return "Nobody collects: figures stay as they are until somebody does"
	}
	return ""
}

func (t *teller) verdictChanges(before *snapshot.Snapshot) []string {
	var lines []string
	for _, c := range t.worstFirst() {
		old := slices.IndexFunc(before.Channels, func(x snapshot.Channel) bool { return x.Name == c.Name })
		if old < 0 {
			lines = append(lines, t.line(t.last.AsOf, printable(c.Name), "is new here and", sentence(verdictStanding(c)), spoken(c.Reason)))
			continue
		}
		if was := before.Channels[old].Verdict; was != c.Verdict {
			lines = append(lines, t.line(t.last.AsOf, printable(c.Name), "was", verdictWords(was), "and is now", sentence(verdictStanding(c)), t.whyVerdict(c)))
		}
	}
	for i := range before.Channels {
		name := before.Channels[i].Name
		if !slices.ContainsFunc(t.last.Channels, func(c snapshot.Channel) bool { return c.Name == name }) {
			delete(t.figures, name)
			delete(t.known, name)
			lines = append(lines, t.line(t.last.AsOf, printable(name), "is not in the picture any more"))
		}
	}
	return lines
}

// whyVerdict is the reason of a verdict; a source's trouble stands for it where
// there is none.
func (t *teller) whyVerdict(c *snapshot.Channel) string {
	t.reasons[c.Reason] = true
	if c.Reason == "" {
		return spoken(c.Problem)
	}
	return spoken(c.Reason)
}

// whyAlert is the reason of an alert, unless the line before told it as that of
// the verdict.
func (t *teller) whyAlert(a *snapshot.Alert) string {
	if t.reasons[a.Reason] {
		return ""
	}
	return spoken(a.Reason)
}

// newAlert tells of an alert that the picture before did not have. One that
// came and went meanwhile is told in one line.
func (t *teller) newAlert(a *snapshot.Alert) string {
	what := "begins and is not firing yet"
	switch {
	case !a.Open() && !a.FiredAt.IsZero():
		what = "fired at " + t.clock(a.FiredAt) + " and ended at " + t.clock(a.EndedAt)
	case !a.Open():
		what = "began at " + t.clock(a.Since) + " and ended at " + t.clock(a.EndedAt) + " without firing"
	case a.Firing():
		what = "fires"
	}
	if muted := mutedText(a, t.last); muted != "" && a.Open() {
		what += ", " + spoken(muted)
	}
	return t.line(t.last.AsOf, t.name(a)+", "+a.Severity.String()+", "+what+": "+sentence(found(a)), t.whyAlert(a))
}

// alertChanges say what happened to an alert, each behind its name.
func (t *teller) alertChanges(was, is *snapshot.Alert) (out []string) {
	add := func(changed bool, what string) {
		if changed {
			out = append(out, what)
		}
	}
	if what := t.stateChange(was, is); what != "" {
		add(true, what)
	}
	if !is.Open() {
		add(was.Marked != is.Marked, markedWords(is))
		return out
	}
	add(was.Severity != is.Severity, "is now "+is.Severity.String())
	acked := "is acked by " + printable(is.AckedBy)
	if is.AckNote != "" {
		acked += ": " + printable(is.AckNote)
	}
	add(is.AckedBy != "" && (was.AckedBy != is.AckedBy || was.AckNote != is.AckNote), acked)
	add(is.AckedBy == "" && was.AckedBy != "", "is not acked any more")
	add(!is.SnoozedUntil.IsZero() && !was.SnoozedUntil.Equal(is.SnoozedUntil), "is snoozed by "+printable(is.SnoozedBy)+" "+t.snoozedUntil(is))
	add(is.SnoozedUntil.IsZero() && !was.SnoozedUntil.IsZero(), "is awake again")
	add(is.Silence != "" && was.Silence == "", "is silenced")
	add(is.Silence == "" && was.Silence != "", "is not silenced any more")
	add(is.Inhibited != "" && was.Inhibited == "", "is explained by another alert and stays quiet")
	add(is.Inhibited == "" && was.Inhibited != "", "is not explained by another alert any more")
	add(is.Flapping && !was.Flapping, "began and ended too often to be told each time")
	add(!is.Flapping && was.Flapping, "has become steady")
	add(is.Frozen != "" && was.Frozen != is.Frozen, "waits as it is because of "+frozenWords(is))
	add(is.Frozen == "" && was.Frozen != "", "is judged again")
	add(was.Marked != is.Marked, markedWords(is))
	return out
}

func (t *teller) snoozedUntil(a *snapshot.Alert) string {
	if a.SnoozedByData {
		return "until the day's figures are complete"
	}
	return "until " + t.clock(a.SnoozedUntil)
}

func markedWords(a *snapshot.Alert) string {
	if a.Marked == "" {
		return "is not marked any more"
	}
	return "is marked a " + a.Marked + " alarm by " + printable(a.MarkedBy)
}

func (t *teller) stateChange(was, is *snapshot.Alert) string {
	lasted := func() string { return "after " + t.span(is.EndedAt.Sub(is.Since)) }
	switch {
	case was.State == is.State && was.Open() == is.Open():
		return ""
	case is.State == snapshot.Retracted:
		return "ended " + lasted() + " and is taken back: figures that came later filled what it fired on"
	case !is.Open() && is.FiredAt.IsZero():
		return "ended " + lasted() + " without firing"
	case !is.Open():
		return "ended " + lasted() + ". It had found: " + found(is)
	case is.State == snapshot.Firing && was.State == snapshot.Recovering:
		return "holds again: " + found(is)
	case is.State == snapshot.Firing:
		return "fires, " + is.Severity.String() + ": " + sentence(found(is)) + " " + t.whyAlert(is)
	case is.State == snapshot.Recovering:
		return "looks over; fresh figures have to confirm that"
	}
	return "is " + spoken(is.State)
}

// figuresEvery is how often figures are told at most, unless asked otherwise.
const figuresEvery = 15 * time.Minute
