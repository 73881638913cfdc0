package kpi

// Verdict is what adtop says of a channel.
type Verdict string

// The verdicts. AtRisk and Unprofitable speak of P(unprofitable); the others
// say why there is nothing to judge, or that all is well.
const (
	Profitable   Verdict = "profitable"
	AtRisk       Verdict = "at risk"      // P from 0.60 to the threshold in force
	Unprofitable Verdict = "unprofitable" // P at or above the threshold in force
	TooEarly     Verdict = "too early"    // fewer than 3 conversions would be due since its beginning
	NoData       Verdict = "no data"      // watermark stale or source in error: P is frozen
	Idle         Verdict = "idle"         // no spend in the last 24 hours
)
