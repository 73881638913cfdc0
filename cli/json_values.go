package cli

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"adtop/kpi"
)

// writeIndented writes a report for programs that persons can read too.
func writeIndented(w io.Writer, report any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(report)
}

func decimal(m kpi.Micros, known bool) *string {
	if !known {
		return nil
	}
	s := m.Decimal(2)
	return &s
}

// number rounds to six digits after the point: more would feign precision.
func number(r kpi.Ratio) *float64 {
	if !r.OK {
		return nil
	}
	v := math.Round(r.Value*1e6) / 1e6
	return &v
}

// percent rounds to a hundredth: a campaign that is told anew after a start is
// judged no more exactly as before.
func percent(r kpi.Ratio) *float64 {
	if !r.OK {
		return nil
	}
	v := math.Round(r.Value*100) / 100
	return &v
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
