package kpi

// Bound says on which side of a Share's value the true one lies.
type Bound uint8

// The bounds. Their numbers are stored.
const (
	Exact Bound = iota // the value itself
	Below              // the true one is smaller: a platform that says "below 10%" names no figure
	Above              // the true one is larger
)

// Share is a part of a whole as a platform tells it: of impression share, the
// impressions that were won of those that could have been. Where it is not
// Known nothing was told, and the rest means nothing.
type Share struct {
	Value float64 // 0..1
	Bound Bound
	Known bool
}

// Sign stands before the value: "<", ">" or "".
func (s Share) Sign() string { return [...]string{Exact: "", Below: "<", Above: ">"}[s.Bound] }

// Won adds up impression shares: what was won, and how much there was to win.
// Days or campaigns without a known share are in neither.
type Won struct {
	Impressions  int64
	Eligible     float64 // Σ impressions / share
	Below, Above bool    // a part of it is such a bound
}

// Add takes in the impressions of a campaign and day, and its share.
func (w *Won) Add(impressions int64, s Share) {
	if !s.Known || s.Value <= 0 || impressions <= 0 {
		return
	}
	w.Join(Won{impressions, float64(impressions) / s.Value, s.Bound == Below, s.Bound == Above})
}

// Join takes in another sum.
func (w *Won) Join(v Won) {
	w.Impressions, w.Eligible = w.Impressions+v.Impressions, w.Eligible+v.Eligible
	w.Below, w.Above = w.Below || v.Below, w.Above || v.Above
}

// Share is Σ impressions / Σ (impressions / share). A part that is a bound makes
// the whole one; parts that are bounds on either side leave it unknown.
func (w Won) Share() Share {
	if w.Impressions == 0 || w.Below && w.Above {
		return Share{}
	}
	s := Share{Value: float64(w.Impressions) / w.Eligible, Known: true}
	switch {
	case w.Below:
		s.Bound = Below
	case w.Above:
		s.Bound = Above
	}
	return s
}
