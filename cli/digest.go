package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"adtop/alert/notify"
	"adtop/kpi"
	"adtop/snapshot"
)

// digest prints what yesterday, or the week that ended with it, brought.
func (a *app) digest(cmd *cobra.Command, path, period, format string) error {
	m, release, err := a.openToRead(cmd.Context(), path)
	if err != nil {
		return err
	}
	defer release()
	d, err := m.Digest(cmd.Context(), period, time.Now())
	if err != nil {
		return err
	}
	switch format {
	case "json":
		return writeDigestJSON(a.out, d)
	case "markdown":
		return writeDigestMarkdown(a.out, d)
	}
	note := notify.Digest(d)
	_, err = fmt.Fprintf(a.out, "%s\n\n%s\n", note.Title, note.Text)
	return err
}

// plainMarkdown makes names of campaigns stand as they are.
var plainMarkdown = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "|", `\|`, "#", `\#`)

// writeDigestMarkdown is the text of the notification with headings and lists.
func writeDigestMarkdown(w io.Writer, d *snapshot.Digest) error {
	m := notify.Digest(d)
	var out strings.Builder
	out.WriteString("# " + plainMarkdown.Replace(m.Title) + "\n\n")
	heading := false
	first := true
	for line := range strings.Lines(m.Text) {
		line = strings.TrimRight(line, "\n")
		indented := strings.HasPrefix(line, "  ")
		switch {
		case line == "":
			heading, first = true, false
		case heading:
			out.WriteString("\n## " + plainMarkdown.Replace(line) + "\n\n")
			heading = false
		case first:
			out.WriteString(plainMarkdown.Replace(line) + "\n")
		case indented:
			out.WriteString("  - " + plainMarkdown.Replace(strings.TrimSpace(line)) + "\n")
		default:
			out.WriteString("- " + plainMarkdown.Replace(line) + "\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// jsonDigest is the digest in JSON, by the rules of jsonReport.
type jsonDigest struct {
	Version  int            `json:"version"`
	Period   string         `json:"period"`
	AsOf     time.Time      `json:"as_of"`
	Title    string         `json:"title"`
	Currency kpi.Currency   `json:"currency"`
	Range    jsonRange      `json:"range"`
	Compared *jsonRange     `json:"compared_with"` // null where there is nothing to compare with
	KnownAt  *time.Time     `json:"compared_as_of"`
	Total    jsonCompared   `json:"total"`
	Channels []jsonDigested `json:"channels"`
	Movers   []jsonMover    `json:"movers"`
	Fired    []jsonAlert    `json:"fired"`
	Ended    []jsonAlert    `json:"ended"`
	RuleDays int            `json:"rule_days"`
	Rules    []jsonRecord   `json:"rules"`
	Losses   []jsonLoss     `json:"losses"`
	Failures []jsonFailure  `json:"failures"`
	Notes    []jsonNote     `json:"notes"`
	Warnings []string       `json:"warnings"`
}

type jsonCompared struct {
	jsonFigures
	Previous *jsonFigures `json:"previous"`
	Compared *jsonFigures `json:"compared"` // as in the report
}

type jsonDigested struct {
	Name          string       `json:"name"`
	Verdict       *kpi.Verdict `json:"verdict"`
	PUnprofitable *float64     `json:"p_unprofitable"`
	Reason        string       `json:"reason"`
	Young         []string     `json:"young_days"`
	Unknown       []string     `json:"unknown_days"`
	jsonCompared
}

type jsonMover struct {
	Channel  string  `json:"channel"`
	Source   string  `json:"source"`
	Account  string  `json:"account"`
	Campaign string  `json:"campaign"`
	Name     string  `json:"name"`
	URL      *string `json:"url"`
	By       string  `json:"by"` // profit or cost
	Change   string  `json:"change"`
	jsonCompared
}

type jsonRecord struct {
	Rule      string   `json:"rule"`
	Fired     int      `json:"fired"`
	True      int      `json:"marked_true"`
	False     int      `json:"marked_false"`
	Retracted int      `json:"retracted"`
	Precision *float64 `json:"precision"`
}

type jsonLoss struct {
	Channel    string     `json:"channel"`
	FiredAt    time.Time  `json:"fired_at"`
	EndedAt    *time.Time `json:"ended_at"`
	Days       int        `json:"days"`
	Lost       *string    `json:"lost"`
	Maturity   *float64   `json:"maturity"`
	CostBefore *string    `json:"cost_a_day_before"`
	CostAfter  *string    `json:"cost_a_day_after"`
	Saved      *string    `json:"saved"`
	Why        *string    `json:"why"`
}

type jsonFailure struct {
	Source  string `json:"source"`
	Failed  int    `json:"failed"`
	Polls   int    `json:"polls"`
	Down    int64  `json:"down_seconds"`
	Problem string `json:"problem"`
}

func writeDigestJSON(w io.Writer, d *snapshot.Digest) error {
	zone := d.Zone.String()
	r := jsonDigest{Version: reportVersion, Period: d.Period, AsOf: d.AsOf.UTC().Truncate(time.Second), Title: d.Title, Currency: d.Currency,
		Range: jsonRange{d.Period, d.Days.From.String(), d.Days.To.String(), zone}, Total: comparedOf(d.Total), RuleDays: d.RuleDays,
		Channels: []jsonDigested{}, Movers: []jsonMover{}, Fired: alertsOf(d.Fired), Ended: alertsOf(d.Ended), Rules: []jsonRecord{}, Losses: []jsonLoss{},
		Failures: []jsonFailure{}, Notes: []jsonNote{}, Warnings: append([]string{}, d.Warnings...)}
	if d.Total.Before.Known {
		r.Compared, r.KnownAt = &jsonRange{"", d.Past.Days.From.String(), d.Past.Days.To.String(), zone}, instant(d.Past.Known)
	}
	for _, ch := range d.Channels {
		c := jsonDigested{Name: ch.Name, PUnprofitable: number(ch.P), Reason: ch.Reason, Young: datesOf(ch.Young), Unknown: datesOf(ch.Unknown), jsonCompared: comparedOf(ch.Compared)}
		if ch.Verdict != "" {
			c.Verdict = &ch.Verdict
		}
		r.Channels = append(r.Channels, c)
	}
	for _, m := range d.Movers {
		by := map[bool]string{true: "profit", false: "cost"}[m.ByProfit]
		r.Movers = append(r.Movers, jsonMover{m.Channel, m.Source, m.Account, m.Campaign, m.Name, text(m.URL), by, m.Change.Decimal(2), comparedOf(m.Compared)})
	}
	for _, rule := range d.Rules {
		r.Rules = append(r.Rules, jsonRecord{rule.Rule, rule.Fired, rule.True, rule.False, rule.Retracted, number(rule.Precision())})
	}
	amount := func(a kpi.Amount) *string { return decimal(a.Micros, a.Known) }
	for _, l := range d.Losses {
		r.Losses = append(r.Losses, jsonLoss{l.Channel, l.FiredAt.UTC(), instant(l.EndedAt), l.Days, amount(l.Lost), number(l.Maturity), amount(l.Before), amount(l.After), amount(l.Saved), text(l.Why)})
	}
	for _, f := range d.Failures {
		r.Failures = append(r.Failures, jsonFailure{f.Source, f.Failed, f.Polls, int64(f.Down / time.Second), f.Problem})
	}
	for _, n := range d.Notes {
		r.Notes = append(r.Notes, noteOf(n))
	}
	return writeIndented(w, r)
}

func comparedOf(c snapshot.Compared) jsonCompared {
	return jsonCompared{figuresOf(c.Now), knownFigures(c.Before), knownFigures(c.Same)}
}

func datesOf(dates []kpi.Date) []string {
	texts := []string{}
	for _, d := range dates {
		texts = append(texts, d.String())
	}
	return texts
}
