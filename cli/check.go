package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
)

const checkLong = `Say in one line, for Nagios, Icinga, Zabbix, cron or a script, whether something
asks for attention. It reads the database alone and asks no API.

OK        0  nothing asks for attention, and the figures are fresh
WARNING   1  an alert of severity warning fires
CRITICAL  2  an alert of severity critical fires
UNKNOWN   3  nobody collects, a channel has no data, its figures are older than
             --max-age, or the check itself failed: it is never OK then

Of several, CRITICAL comes first, then UNKNOWN. Alerts that somebody acked,
snoozed or silenced, that another one explains, that flap or that only inform
are told and raise nothing. After the line come the alerts and channels, and
before them, behind a bar, figures for graphs; what is not known is left out.`

// status is an exit code of a monitoring plugin.
type status int

// The states that the Monitoring Plugins guidelines give to the exit codes.
const (
	statusOK status = iota
	statusWarning
	statusCritical
	statusUnknown
)

func (s status) String() string { return [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[s] }

// worse orders the states by what a person has to hear of first.
func (s status) worse(than status) bool {
	rank := [...]int{statusOK: 0, statusWarning: 1, statusUnknown: 2, statusCritical: 3}
	return rank[s] > rank[than]
}

// checkOptions narrow down what is checked.
type checkOptions struct {
	channel string        // "" for all of them
	maxAge  time.Duration // of a channel's figures; 0 leaves it to the sources
}

const checkName = "check"

func (a *app) check() *cobra.Command {
	var path string
	var o checkOptions
	cmd := &cobra.Command{
		Use: checkName, Short: "Say in a line and an exit code whether something asks for attention", Long: checkLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.maxAge < 0 {
				return usageError{fmt.Errorf("--max-age %s: expected a span such as 3h", o.maxAge)}
			}
			s, err := a.glance(cmd.Context(), path)
			if err != nil {
				return err
			}
			return exitCode(check(a.out, s, o))
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().StringVar(&o.channel, "channel", "", "check the channel `NAME` alone")
	cmd.Flags().DurationVar(&o.maxAge, "max-age", 0, "figures that end longer ago than this `SPAN` are UNKNOWN, such as 3h (default: as late as each source may be)")
	return cmd
}

// glance is today's picture from the cache, with who collects.
func (a *app) glance(ctx context.Context, path string) (*snapshot.Snapshot, error) {
	today := snapshot.View{Range: snapshot.Ranges[0]}
	if a.serving != nil {
		return a.serving.Snapshot(ctx, today)
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return nil, err
	}
	s, err := a.open(ctx, cfg, false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	picture, err := s.monitor.Snapshot(ctx, today)
	if err != nil {
		return nil, err
	}
	shown := *picture
	shown.Collector.Who, err = s.cache.Holder()
	return &shown, err
}

// unknown tells as a monitoring plugin does why the check could not be made.
func (a *app) unknown(err error) status {
	fmt.Fprintf(a.out, "ADTOP %s - %s\n", statusUnknown, plugin(err.Error()))
	return statusUnknown
}

// check writes what the Monitoring Plugins guidelines ask for, and returns the
// exit code: one line with figures behind a bar, then more lines.
func check(w io.Writer, s *snapshot.Snapshot, o checkOptions) status {
	e := &checking{s: s, o: o}
	e.collector()
	e.channels()
	e.alerts()
	if e.state == statusOK {
		e.raise(statusOK, e.fine())
	}
	var out strings.Builder
	fmt.Fprintf(&out, "ADTOP %s - %s", e.state, strings.Join(e.head(), "; "))
	if len(e.perf) > 0 {
		out.WriteString(" | " + strings.Join(e.perf, " "))
	}
	for _, line := range e.lines {
		out.WriteString("\n" + plugin(line))
	}
	_, _ = io.WriteString(w, out.String()+"\n") // the exit code tells, whoever reads
	return e.state
}

// checking gathers what is to be said.
type checking struct {
	s     *snapshot.Snapshot
	o     checkOptions
	state status
	found []finding
	lines []string
	perf  []string
	muted int
}

// finding is a reason for a state.
type finding struct {
	state status
	text  string
}

func (e *checking) raise(to status, text string) {
	e.found = append(e.found, finding{to, text})
	if to.worse(e.state) {
		e.state = to
	}
}

// mostFindings keeps the line short enough for a text message.
const mostFindings = 3

// head is the line: the worst first, the rest counted.
func (e *checking) head() (texts []string) {
	slices.SortStableFunc(e.found, func(a, b finding) int { return b2i(b.state.worse(a.state)) - b2i(a.state.worse(b.state)) })
	for _, f := range e.found[:min(len(e.found), mostFindings)] {
		texts = append(texts, plugin(f.text))
	}
	if more := len(e.found) - mostFindings; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	if e.muted > 0 {
		texts = append(texts, fmt.Sprintf("%d muted", e.muted))
	}
	return texts
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fine is what is said when nothing is to be said.
func (e *checking) fine() string {
	n := 0
	for _, ch := range e.s.Channels {
		n += b2i(e.covers(ch))
	}
	if n == 1 {
		return "1 channel, nothing asks for attention"
	}
	return fmt.Sprintf("%d channels, nothing asks for attention", n)
}

func (e *checking) collector() {
	if !e.s.Collector.Here && e.s.Collector.Who == "" {
		e.raise(statusUnknown, "nobody collects: start 'adtop collect'")
	}
}

// covers says whether a channel is checked.
func (e *checking) covers(ch snapshot.Channel) bool {
	return !ch.Unassigned && (e.o.channel == "" || ch.Name == e.o.channel)
}

// channels looks at the age of every figure.
func (e *checking) channels() {
	known := false
	for _, ch := range e.s.Channels {
		if !e.covers(ch) {
			continue
		}
		known = true
		age := e.s.AsOf.Sub(ch.Watermark)
		switch {
		case ch.Watermark.IsZero():
			e.raise(statusUnknown, ch.Name+": never fetched")
		case ch.Verdict == kpi.NoData:
			e.raise(statusUnknown, ch.Name+": no data, "+cmp.Or(ch.Problem, ch.Reason))
		case e.o.maxAge > 0 && age > e.o.maxAge:
			e.raise(statusUnknown, fmt.Sprintf("%s: figures end %s ago, more than --max-age %s", ch.Name, age.Truncate(time.Minute), e.o.maxAge))
		}
		e.lines = append(e.lines, fmt.Sprintf("%s: %s. %s", ch.Name, ch.Verdict, ch.Reason))
		e.figures(ch, age)
	}
	switch {
	case known:
	case e.o.channel == "":
		e.raise(statusUnknown, "the config has no channels")
	default:
		e.raise(statusUnknown, fmt.Sprintf("there is no channel %q", e.o.channel))
	}
}

// figures adds those of a channel and today for graphs.
func (e *checking) figures(ch snapshot.Channel, age time.Duration) {
	add := func(known bool, what, value, limits string) {
		if known {
			e.perf = append(e.perf, quotedLabel(ch.Name+" "+what)+"="+value+limits)
		}
	}
	limits := fmt.Sprintf(";60;%s;0;100", decimals(100*e.s.Alarm.Threshold))
	add(ch.P.OK, "p_unprofitable", decimals(100*ch.P.Value)+"%", limits)
	maxAge := ""
	if e.o.maxAge > 0 {
		maxAge = fmt.Sprintf(";;%d", int64(e.o.maxAge.Seconds()))
	}
	add(!ch.Watermark.IsZero(), "age", fmt.Sprint(int64(age.Seconds()))+"s", maxAge)
	m := ch.Now.Metrics
	money := " " + string(e.s.Currency)
	add(m.Knows(kpi.Cost), "cost"+money, m.Cost.Decimal(2), "")
	add(m.Knows(kpi.Revenue), "revenue"+money, m.Revenue.Decimal(2), "")
	add(ch.Now.Profit.Known, "profit"+money, ch.Now.Profit.Micros.Decimal(2), "")
	add(m.Knows(kpi.Conversions), "conversions", m.Conversions.Decimal(0), "")
}

// alerts raises those that ask for attention.
func (e *checking) alerts() {
	for _, a := range e.s.Alerts {
		if !a.Open() || !e.about(a) {
			continue
		}
		line := fmt.Sprintf("%s %s: %s", a.State, a.Severity, a.Summary)
		if a.Muted() != "" {
			line += " (" + muting(a) + ")"
		}
		if a.Firing() && a.Muted() != "" {
			e.muted++
		}
		if a.Asks() && a.Severity > snapshot.Info {
			e.raise(map[snapshot.Severity]status{snapshot.Warning: statusWarning, snapshot.Critical: statusCritical}[a.Severity], a.Summary)
		}
		e.lines = append(e.lines, line)
	}
}

// about says whether an alert concerns what is checked: a channel, or a source
// that it stands on.
func (e *checking) about(a snapshot.Alert) bool {
	if e.o.channel == "" || a.Subject == e.o.channel || slices.Contains(strings.Split(a.Labels["channel"], ", "), e.o.channel) {
		return true
	}
	for _, ch := range e.s.Channels {
		if ch.Name == e.o.channel && a.Labels["channel"] == "" {
			return slices.ContainsFunc(strings.Split(a.Labels["source"], ", "), func(name string) bool { return slices.Contains(ch.Sources(), name) })
		}
	}
	return false
}

// muting says what keeps an alert from raising, and who.
func muting(a snapshot.Alert) string {
	switch {
	case a.AckedBy != "" && a.AckNote != "":
		return "acked by " + a.AckedBy + ": " + a.AckNote
	case a.AckedBy != "":
		return "acked by " + a.AckedBy
	case a.SnoozedBy != "":
		return "snoozed by " + a.SnoozedBy
	}
	return a.Muted()
}

// plugin makes text stand in a line of a plugin: the bar begins the figures.
func plugin(text string) string { return strings.ReplaceAll(sources.Clean(text), "|", "¦") }

// quotedLabel is a label of a figure: an equals sign would end it, a quote is
// written twice.
func quotedLabel(text string) string {
	text = strings.ReplaceAll(plugin(text), "=", "-")
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// decimals renders a share of a hundred.
func decimals(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
