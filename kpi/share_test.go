package kpi

import (
	"math"
	"testing"
)

func TestImpressionSharesAddUpByWhatThereWasToWin(t *testing.T) {
	exact := func(v float64) Share { return Share{Value: v, Known: true} }
	tenth, most := Share{0.1, Below, true}, Share{0.9, Above, true}
	for name, c := range map[string]struct {
		parts map[int64]Share
		want  Share
	}{
		"nothing told":             {map[int64]Share{100: {}}, Share{}},
		"one":                      {map[int64]Share{100: exact(0.5)}, exact(0.5)},
		"by what there was to win": {map[int64]Share{100: exact(0.5), 300: exact(0.25)}, exact(400.0 / 1400)},
		"without the untold":       {map[int64]Share{100: exact(0.5), 1000: {}}, exact(0.5)},
		"a part is below":          {map[int64]Share{100: exact(0.5), 10: tenth}, Share{110.0 / 300, Below, true}},
		"a part is above":          {map[int64]Share{100: exact(0.5), 90: most}, Share{190.0 / 300, Above, true}},
		"bounds on either side":    {map[int64]Share{10: tenth, 90: most}, Share{}},
		"no impressions":           {map[int64]Share{0: exact(0.5)}, Share{}},
	} {
		var w Won
		for impressions, s := range c.parts {
			w.Add(impressions, s)
		}
		got := w.Share()
		if math.Abs(got.Value-c.want.Value) > 1e-12 || got.Bound != c.want.Bound || got.Known != c.want.Known {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if tenth.Sign() != "<" || most.Sign() != ">" || exact(1).Sign() != "" {
		t.Error("signs")
	}
}
