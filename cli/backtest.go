package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"adtop/alert"
	"adtop/config"
	"adtop/kpi"
	"adtop/monitor"
	"adtop/snapshot"
)

const backtestLong = `Replay the observations in the cache as of each past moment, through the same
detector and the same rules that decide live, and print when each rule would
have fired, how long before (or after) the rules that platforms offer, what was
lost until then, and which alarms you marked as false. It asks no API.

Nothing that was observed later than a moment is seen at it. Today's config is
used throughout. A delay is known no better than the figures were watched; of
history that was fetched later none is claimed.`

// backtestOptions are the flags of backtest.
type backtestOptions struct {
	config, from, to, format string
	step                     time.Duration
	budget                   float64
}

func (a *app) backtest() *cobra.Command {
	var o backtestOptions
	cmd := &cobra.Command{
		Use: "backtest", Short: "Replay the alert rules on stored history", Long: backtestLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("format", o.format, "table", "json"); err != nil {
				return err
			}
			if o.step < 0 {
				return usageError{fmt.Errorf("--step %s: expected a span such as 15m", o.step)}
			}
			cfg, err := loadConfig(o.config)
			if err != nil {
				return err
			}
			span, err := o.span(cfg)
			if err != nil {
				return err
			}
			s, err := a.open(cmd.Context(), cfg, false)
			if err != nil {
				return err
			}
			defer s.close()
			span.Progress = afterPatience(time.Now, a.progress("replaying poll"))
			b, err := s.monitor.Backtest(cmd.Context(), span)
			if err != nil {
				return err
			}
			return a.printBacktest(b, cfg.Zone, cfg.Currency, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.config, "config", "", "read the config from `FILE` (default ~/.config/adtop/config.yaml)")
	flags.StringVar(&o.from, "from", "", "begin at this `DATE`, as in 2026-11-01 (default: with the first observation)")
	flags.StringVar(&o.to, "to", "", "end with this `DATE` (default: now)")
	flags.DurationVar(&o.step, "step", 15*time.Minute, "evaluate at most once in a `SPAN`; 0s is after every poll, as live")
	flags.Float64Var(&o.budget, "budget", -1, "exit with 1 when a rule raised more than `N` false alarms in 30 days, as you marked them")
	flags.StringVar(&o.format, "format", "table", "`FORMAT`: table or json")
	return cmd
}

// span reads the dates in the zone of the screens.
func (o backtestOptions) span(cfg *config.Config) (span monitor.BacktestOptions, err error) {
	span.Step = o.step
	for _, flag := range []struct {
		name, text string
		to         *time.Time
		later      kpi.Date
	}{{"from", o.from, &span.From, 0}, {"to", o.to, &span.To, 1}} {
		if flag.text == "" {
			continue
		}
		day, err := kpi.ParseDate(flag.text)
		if err != nil {
			return span, usageError{fmt.Errorf("--%s: %w", flag.name, err)}
		}
		*flag.to = (day + flag.later).Start(cfg.Zone)
	}
	if !span.To.IsZero() && !span.From.Before(span.To) {
		return span, usageError{fmt.Errorf("--from %s is not before --to %s", o.from, o.to)}
	}
	return span, nil
}

func (a *app) printBacktest(b *monitor.Backtest, zone *time.Location, currency kpi.Currency, o backtestOptions) error {
	rules := countRules(b)
	var err error
	if o.format == "json" {
		err = encodeBacktest(a.out, b, rules, currency)
	} else {
		err = printEpisodes(a.out, b, rules, zone, currency)
	}
	if err != nil {
		return err
	}
	months := max(1, b.To.Sub(b.From).Hours()/24/30)
	for _, r := range rules {
		if o.budget >= 0 && float64(r.False) > o.budget*months {
			return fmt.Errorf("the rule %q raised %d false alarms in %.1f months, more than --budget %g a month", r.Rule, r.False, months, o.budget)
		}
	}
	return nil
}

// ruleCount sums up the episodes of one rule.
type ruleCount struct {
	Rule     string `json:"rule"`
	Episodes int    `json:"episodes"`
	False    int    `json:"marked_false"`
	True     int    `json:"marked_true"`
}

func countRules(b *monitor.Backtest) []ruleCount {
	rules := []ruleCount{}
	index := map[string]int{}
	for _, e := range b.Episodes {
		i, known := index[e.Rule]
		if !known {
			i = len(rules)
			index[e.Rule], rules = i, append(rules, ruleCount{Rule: e.Rule})
		}
		rules[i].Episodes++
		switch e.Marked {
		case snapshot.MarkedFalse:
			rules[i].False++
		case snapshot.MarkedTrue:
			rules[i].True++
		}
	}
	return rules
}

func printEpisodes(w io.Writer, b *monitor.Backtest, rules []ruleCount, zone *time.Location, currency kpi.Currency) error {
	when := func(t time.Time) string {
		if t.IsZero() {
			return "—"
		}
		return t.In(zone).Format("2006-01-02 15:04")
	}
	fmt.Fprintf(w, "%d evaluations from %s to %s (%s)\n", b.Moments, when(b.From), when(b.To), zone)
	for _, r := range b.Resolution {
		fmt.Fprintf(w, "%s: %d polls, one every %.0f minutes: no delay is known better\n", r.Source, r.Polls, r.Gap.Minutes())
	}
	if b.Kept > 0 {
		fmt.Fprintf(w, "The oldest part is kept as it was known every %.0f hours: no delay in it is known better\n", b.Kept.Hours())
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "\nRULE\tSUBJECT\tBEGAN\tFIRED\tENDED\tSTATE\tLOST %s\tMARKED\tAGAINST NAIVE RULES\n", currency)
	for _, e := range b.Episodes {
		lost := "—"
		if e.Rule == alert.RuleUnprofitable && !e.Backfilled {
			lost = e.Lost.Cents().Decimal(2)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Rule, e.Subject, when(e.Began), when(e.FiredAt), when(e.EndedAt), e.State, lost, e.Marked, against(b, e))
	}
	fmt.Fprint(out, "\nRULE\tEPISODES\tMARKED FALSE\tMARKED TRUE\n")
	for _, r := range rules {
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\n", r.Rule, r.Episodes, r.False, r.True)
	}
	for _, n := range b.Naive {
		fmt.Fprintf(out, "(%s)\t%d\t—\t—\n", n.Rule, n.Episodes)
	}
	return out.Flush()
}

// against says how an alert compares with each naive rule.
func against(b *monitor.Backtest, e monitor.Episode) string {
	if e.Rule != alert.RuleUnprofitable {
		return ""
	}
	if e.Backfilled {
		return "history fetched later: no claim"
	}
	var parts []string
	for _, n := range b.Naive {
		lead, told := e.Leads[n.Rule]
		hours := fmt.Sprintf("%.1f h", lead.Abs().Hours())
		switch {
		case !told:
			parts = append(parts, "never told: "+n.Rule)
		case lead < 0:
			parts = append(parts, hours+" after: "+n.Rule)
		default:
			parts = append(parts, hours+" before: "+n.Rule)
		}
	}
	return strings.Join(parts, "; ")
}

// jsonEpisode is an episode in the JSON of backtest.
type jsonEpisode struct {
	Rule       string              `json:"rule"`
	Subject    string              `json:"subject"`
	Severity   string              `json:"severity"`
	State      string              `json:"state"`
	Began      *time.Time          `json:"began"`
	FiredAt    *time.Time          `json:"fired_at"`
	EndedAt    *time.Time          `json:"ended_at"`
	Summary    string              `json:"summary"`
	Marked     *string             `json:"marked"`
	Lost       *string             `json:"lost"`
	Backfilled bool                `json:"backfilled"`
	Hours      map[string]*float64 `json:"hours_before"` // by naive rule; null when it never told
}

func encodeBacktest(w io.Writer, b *monitor.Backtest, rules []ruleCount, currency kpi.Currency) error {
	type watched struct {
		Source string  `json:"source"`
		Polls  int     `json:"polls"`
		Every  float64 `json:"every_seconds"`
	}
	report := struct {
		Version    int            `json:"version"`
		From       time.Time      `json:"from"`
		To         time.Time      `json:"to"`
		Moments    int            `json:"evaluations"`
		Currency   kpi.Currency   `json:"currency"`
		Resolution []watched      `json:"resolution"`
		Kept       float64        `json:"oldest_kept_seconds"` // 0: every observation
		Episodes   []jsonEpisode  `json:"episodes"`
		Rules      []ruleCount    `json:"rules"`
		Naive      map[string]int `json:"naive_episodes"`
	}{reportVersion, b.From.UTC(), b.To.UTC(), b.Moments, currency, []watched{}, b.Kept.Seconds(), []jsonEpisode{}, rules, map[string]int{}}
	for _, r := range b.Resolution {
		report.Resolution = append(report.Resolution, watched{r.Source, r.Polls, r.Gap.Seconds()})
	}
	for _, n := range b.Naive {
		report.Naive[n.Rule] = n.Episodes
	}
	for _, e := range b.Episodes {
		out := jsonEpisode{Rule: e.Rule, Subject: e.Subject, Severity: e.Severity, State: e.State, Began: instant(e.Began), FiredAt: instant(e.FiredAt),
			EndedAt: instant(e.EndedAt), Summary: e.Summary, Marked: text(e.Marked), Backfilled: e.Backfilled}
		if e.Rule == alert.RuleUnprofitable && !e.Backfilled {
			out.Lost, out.Hours = decimal(e.Lost, true), map[string]*float64{}
			for _, n := range b.Naive {
				lead, told := e.Leads[n.Rule]
				out.Hours[n.Rule] = number(kpi.Ratio{Value: lead.Hours(), OK: told})
			}
		}
		report.Episodes = append(report.Episodes, out)
	}
	return writeIndented(w, report)
}
