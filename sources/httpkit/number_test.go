package httpkit

import (
	"encoding/json"
	"testing"

	"adtop/kpi"
)

func TestNumbersAreExactAndMissingIsNotZero(t *testing.T) {
	for text, want := range map[string]Decimal{
		`{}`:                           {},
		`{"n":null}`:                   {},
		`{"n":0}`:                      {0, true},
		`{"n":"0"}`:                    {0, true},
		`{"n":"27.434349"}`:            {27_434_349, true},
		`{"n":0.1}`:                    {100_000, true},
		`{"n":2.3333333333333335}`:     {2_333_333, true},
		`{"n":-1.5e2}`:                 {-150_000_000, true},
		`{"n":"9223372036854.775807"}`: {9_223_372_036_854_775_807, true},
	} {
		var got struct{ N Decimal }
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.N != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got.N, err, want)
		}
	}
}

func TestWhatIsNoNumberIsRefused(t *testing.T) {
	for _, text := range []string{`{"n":""}`, `{"n":"NaN"}`, `{"n":"Infinity"}`, `{"n":true}`, `{"n":{}}`, `{"n":"1/3"}`, `{"n":"0x10"}`, `{"n":"1e99"}`} {
		var d struct{ N Decimal }
		if json.Unmarshal([]byte(text), &d) == nil {
			t.Errorf("%s is read as the decimal %+v", text, d.N)
		}
		var i struct{ N Integer }
		if json.Unmarshal([]byte(text), &i) == nil {
			t.Errorf("%s is read as the integer %+v", text, i.N)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{`0`, `"12.5"`, `null`, `1e5`, `"-0.0000005"`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, literal []byte) {
		var d Decimal
		if json.Unmarshal(literal, &d) != nil {
			return
		}
		if !d.Known {
			if d.Micros != 0 {
				t.Errorf("%s is unknown and yet %d", literal, d.Micros)
			}
			return
		}
		again, err := kpi.ParseMicros(d.Micros.Decimal(0))
		if err != nil || again != d.Micros {
			t.Errorf("%s is %d, which reads again as %d, %v", literal, d.Micros, again, err)
		}
	})
}
