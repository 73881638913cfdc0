package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// reply is what comes of a typed line.
type reply struct {
	lines    []string           // to say at once
	commands []snapshot.Command // to send; said is told once they are
	said     string
	quit     bool
}

// typedCommands are the commands of the text mode with what they do.
var typedCommands = []struct{ usage, help string }{
	{"help", "tells these commands"},
	{"status", "tells every channel, open alerts, and sources that need care"},
	{"why CHANNEL", "tells what the verdict of a channel rests on"},
	{"alerts", "tells every open alert"},
	{"ack N", "acknowledges alert N; words behind the number are kept as a note"},
	{"snooze N", "keeps alert N quiet until today's figures are complete"},
	{"poll", "asks every source now"},
	{"quit", "ends adtop"},
}

// answer does what a typed line asks for.
func (t *teller) answer(typed string, now time.Time) reply {
	verb, rest, _ := strings.Cut(strings.TrimSpace(printable(strings.ReplaceAll(typed, "\t", " "))), " ")
	rest = strings.TrimSpace(rest)
	at := t.at(now)
	say := func(lines ...string) reply { return reply{lines: lines} }
	switch verb = strings.ToLower(verb); {
	case verb == "":
		return reply{}
	case verb == "quit" || verb == "exit" || verb == "q":
		return reply{quit: true}
	case verb == "help" || verb == "?":
		return say(t.help(at)...)
	case t.last == nil:
		return say(t.line(at, "Nothing is known yet"))
	}
	switch verb {
	case "status":
		return say(t.summary(now)...)
	case "why":
		return say(t.why(rest, at)...)
	case "alerts":
		return say(t.alertsNow(at)...)
	case "ack":
		return t.ack(rest, at)
	case "snooze":
		return t.snooze(rest, at)
	case "poll":
		return t.poll(at)
	}
	return say(t.line(at, "\""+shortened(verb, 40)+"\" is no command: type help to hear them"))
}

// shortened cuts what somebody typed to a length that can be listened to.
func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + " and more"
	}
	return text
}

func (t *teller) help(at time.Time) []string {
	var lines []string
	for _, c := range typedCommands {
		lines = append(lines, t.line(at, "Type "+c.usage+": it "+c.help))
	}
	return lines
}

func (t *teller) alertsNow(at time.Time) []string {
	var lines []string
	open := t.openAlerts()
	for _, a := range open {
		lines = append(lines, t.alertLine(at, a))
	}
	ended := len(t.last.Alerts) - len(open)
	text := "No alert is open"
	if len(open) > 0 {
		text = t.isOrAre(len(open), "alert") + " open"
	}
	if ended > 0 {
		text += "; " + t.plural(ended, "alert") + " ended in the last 7 days"
	}
	return append(lines, t.line(at, text))
}

func (t *teller) isOrAre(n int, noun string) string {
	if n == 1 {
		return t.plural(n, noun) + " is"
	}
	return t.plural(n, noun) + " are"
}

// why tells what a channel's verdict rests on, a fact a line.
func (t *teller) why(name string, at time.Time) []string {
	c, problem := t.channelCalled(name)
	if c == nil {
		return []string{t.line(at, problem)}
	}
	title := printable(c.Name)
	lines := []string{t.line(at, title+" is "+verdictStanding(c)+".", t.whyVerdict(c))}
	if e := &c.Evidence; e.Due > 0 && !c.Costless {
		text := title + ": " + plainNumber(t.count(e.Seen)) + " of the " + plainNumber(t.count(e.Due)) + " conversions are there that it takes to break even"
		if !e.Since.IsZero() {
			text += ", since " + t.clock(e.Since)
		}
		if e.LossPerDay > 0 {
			text += ". Expected loss a day: " + t.money(kpi.Ratio{Value: e.LossPerDay.Float(), OK: true}, t.last.Currency)
		}
		lines = append(lines, t.line(at, text))
	}
	if alarm := t.last.Alarm.Threshold; alarm > 0 && !c.Costless && c.P.OK {
		lines = append(lines, t.line(at, title+": an alert fires from "+t.share(kpi.Ratio{Value: alarm, OK: true}, 0)+" certainty of a loss"))
	}
	lines = append(lines, t.line(at, title+", "+t.spanName()+": "+t.sums(c.Now, c.Costless)))
	for _, text := range t.pending(c.Now.Pending, c.Approvals) {
		lines = append(lines, t.line(at, title+": "+plainNumber(text)))
	}
	if c.Before.Known {
		lines = append(lines, t.line(at, title+" against the "+t.last.View.Against.Label()+" as it was known at the same moment: "+t.against(c.Same.Or(c.Now), c.Before, c.Costless)))
	}
	for _, text := range c.Attribution {
		lines = append(lines, t.line(at, title+", "+spoken(text)))
	}
	for _, text := range t.viewed(c.Now.Metrics) {
		lines = append(lines, t.line(at, title+", "+t.spanName()+": "+plainNumber(text)))
	}
	if !c.Watermark.IsZero() {
		lines = append(lines, t.line(at, title+": its figures are complete to "+t.clock(c.Watermark)+", "+t.span(t.last.AsOf.Sub(c.Watermark))+" ago"))
	}
	for _, a := range t.openAlerts() {
		if a.Subject == c.Name {
			lines = append(lines, t.alertLine(at, a))
		}
	}
	return lines
}

// channelCalled finds the channel that a person means by a name or a part of
// it, in whatever case; else it says what there is.
func (t *teller) channelCalled(name string) (*snapshot.Channel, string) {
	var names []string
	var parts []*snapshot.Channel
	for _, c := range t.worstFirst() {
		title := printable(c.Name)
		if strings.EqualFold(title, name) {
			return c, ""
		}
		if name != "" && strings.Contains(strings.ToLower(title), strings.ToLower(name)) {
			parts = append(parts, c)
		}
		names = append(names, title)
	}
	switch {
	case len(parts) == 1:
		return parts[0], ""
	case len(names) == 0:
		return nil, "There is no channel yet"
	case len(parts) > 1:
		names = names[:0]
		for _, c := range parts {
			names = append(names, printable(c.Name))
		}
		return nil, "Several channels are called like this: " + strings.Join(names, ", ")
	case name == "":
		return nil, "Name a channel behind why: " + strings.Join(names, ", ")
	}
	return nil, "No channel is called " + shortened(name, 40) + ". There are: " + strings.Join(names, ", ")
}

// alertCalled finds the open alert that a person means by its number.
func (t *teller) alertCalled(verb, number string) (*snapshot.Alert, string) {
	n, err := strconv.Atoi(strings.TrimPrefix(number, "#"))
	open := t.openAlerts()
	if err == nil {
		for i := range t.last.Alerts {
			if a := &t.last.Alerts[i]; t.called[a.ID] == n {
				if !a.Open() {
					return nil, t.name(a) + " has ended"
				}
				return a, ""
			}
		}
	}
	if len(open) == 0 {
		return nil, "No alert is open"
	}
	numbers := make([]int, len(open))
	for i, a := range open {
		numbers[i] = t.called[a.ID]
	}
	slices.Sort(numbers)
	words := strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
	return nil, "Name an open alert by its number, as in " + verb + " " + strconv.Itoa(numbers[0]) + ". Open are: " + words
}

func (t *teller) ack(rest string, at time.Time) reply {
	number, note, _ := strings.Cut(rest, " ")
	note = strings.TrimSpace(note)
	a, problem := t.alertCalled("ack", number)
	switch {
	case a == nil:
	case a.AckedBy != "":
		problem = t.name(a) + " is acked already, by " + printable(a.AckedBy)
	case len([]rune(note)) > maxNote:
		problem = fmt.Sprintf("The note is too long: it may have %d characters", maxNote)
	default:
		return reply{
			commands: []snapshot.Command{{Verb: "ack", ID: a.ID, Note: note, By: t.user}},
			said:     t.name(a) + ": the ack is sent and holds as soon as the collector has read it",
		}
	}
	return reply{lines: []string{t.line(at, problem)}}
}

func (t *teller) snooze(rest string, at time.Time) reply {
	a, problem := t.alertCalled("snooze", rest)
	switch {
	case a == nil:
	case !a.SnoozedUntil.IsZero():
		problem = t.name(a) + " is snoozed already, " + t.snoozedUntil(a)
	default:
		return reply{
			commands: []snapshot.Command{{Verb: "snooze", ID: a.ID, Until: snapshot.UntilDay, By: t.user}},
			said:     t.name(a) + ": the snooze until today's figures are complete is sent",
		}
	}
	return reply{lines: []string{t.line(at, problem)}}
}

func (t *teller) poll(at time.Time) reply {
	var r reply
	for i := range t.last.Sources {
		r.commands = append(r.commands, snapshot.Command{Verb: "poll", ID: t.last.Sources[i].Name, By: t.user})
	}
	if len(r.commands) == 0 {
		return reply{lines: []string{t.line(at, "There is no source to ask")}}
	}
	r.said = "Asked " + t.plural(len(r.commands), "source") + " for figures"
	return r
}
