package profit

import (
	"fmt"
	"math"
	"strings"
	"time"

	"adtop/kpi"
)

// Thresholds of P(unprofitable). Watch colours, Alert notifies, Act is sure
// enough to pause a channel by machine; an alert ends below Resolve.
const (
	Resolve = 0.50
	Watch   = 0.60
	Alert   = 0.80
	Act     = 0.95

	fewestDue = 3 // conversions due in the whole history before anything is said
)

// Judgement is what Judge weighs.
type Judgement struct {
	Evidence   Evidence
	Threshold  float64        // alert threshold in force, see Thresholds
	Now        time.Time      // the moment judged
	StaleAfter time.Duration  // age of the watermark from which there is no data
	Problem    string         // the source's error in words, "" when it answers
	Loss       kpi.Money      // Evidence.LossPerDay in the display currency
	Zone       *time.Location // for times in the reason
}

// Judge gives the verdict and its reason, in sentences with numbers.
func Judge(in Judgement) (kpi.Verdict, string) {
	e := in.Evidence
	switch age := in.Now.Sub(e.Watermark); {
	case e.Watermark.Unix() <= 0:
		return kpi.NoData, withProblem("No data yet", in.Problem)
	case in.Problem != "" || age > in.StaleAfter:
		since := fmt.Sprintf("No data since %s (%s)", in.clock(e.Watermark), roughly(age))
		return kpi.NoData, withProblem(since, in.Problem)
	case e.SpentLastDay <= 0:
		return kpi.Idle, "No spend in the last 24 hours."
	case !e.Known:
		return kpi.TooEarly, "No conversion seen yet: what an order is worth is not known."
	case e.HistoryDue < fewestDue:
		return kpi.TooEarly, fmt.Sprintf("Only %.1f conversions would be due so far at break-even: too few to judge before %d.", e.HistoryDue, fewestDue)
	case e.P >= in.Threshold:
		return kpi.Unprofitable, in.explanation()
	case e.P >= Watch:
		return kpi.AtRisk, in.explanation()
	}
	return kpi.Profitable, in.calm()
}

func withProblem(text, problem string) string {
	if problem == "" {
		return text + "."
	}
	return text + ": " + strings.TrimSuffix(problem, ".") + "."
}

// calm words a channel that is not at risk. Between .2 and the watch mark the
// truth is that nobody can tell.
func (in Judgement) calm() string {
	e := in.Evidence
	if e.P > 0.2 {
		return fmt.Sprintf("%s sure of a loss: not enough data to tell. Expected revenue is %.2f × break-even.", percent(e.P), e.Level)
	}
	return fmt.Sprintf("Expected revenue is %.2f × break-even.", e.Level)
}

func (in Judgement) explanation() string {
	e := in.Evidence
	var parts []string
	switch e.Cause {
	case OrderValue:
		parts = append(parts, "Orders are worth less than usual.",
			fmt.Sprintf("Last 14 days: %s seen, %.1f needed by now to break even at the usual order value.", conversions(e.Seen), e.Due))
	case NoConversions:
		parts = append(parts, fmt.Sprintf("Since ~%s: no conversions at all, %.1f needed by now to break even (late ones already allowed for).", in.clock(e.Since), e.Due))
	default:
		when := "Last 14 days"
		if !e.Since.IsZero() {
			when = "Since ~" + in.clock(e.Since)
		}
		parts = append(parts, fmt.Sprintf("%s: %s seen, %.1f needed by now to break even (late ones already allowed for).", when, conversions(e.Seen), e.Due),
			"Order value normal.")
	}
	if e.LateOrLost {
		parts = append(parts, "Late or lost? If conversions merely come half as fast as usual, nothing is wrong.")
	}
	if in.Loss.Micros > 0 {
		loss := kpi.Money{Micros: in.Loss.Micros.Cents(), Currency: in.Loss.Currency} // more digits would feign precision
		parts = append(parts, fmt.Sprintf("Expected loss %s/day.", loss))
	}
	return strings.Join(parts, " ")
}

// clock is the time of day, with the date when it is not today's.
func (in Judgement) clock(t time.Time) string {
	local := t.In(in.Zone)
	if kpi.DateOf(t, in.Zone) == kpi.DateOf(in.Now, in.Zone) {
		return local.Format("15:04")
	}
	return local.Format("Mon 2 Jan 15:04")
}

func conversions(n float64) string {
	switch {
	case n == 1:
		return "1 conversion"
	case n == math.Trunc(n):
		return fmt.Sprintf("%.0f conversions", n)
	}
	return fmt.Sprintf("%.1f conversions", n)
}

// percent never rounds to certainty.
func percent(p float64) string {
	return fmt.Sprintf("%.0f%%", min(max(100*p, 1), 99))
}

func roughly(age time.Duration) string {
	switch {
	case age < time.Hour:
		return fmt.Sprintf("%.0f min", age.Minutes())
	case age < 48*time.Hour:
		return fmt.Sprintf("%.0f h", age.Hours())
	}
	return fmt.Sprintf("%.0f days", age.Hours()/24)
}
