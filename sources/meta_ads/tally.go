package metaads

import (
	"adtop/kpi"
	"adtop/sources/httpkit"
)

// tally adds up a list of actions by the types that are looked for.
type tally struct {
	types [][]string
	sums  []kpi.Micros // of each alternative
	found []bool
	err   error
}

func newTally(types [][]string) tally {
	return tally{types: types, sums: make([]kpi.Micros, len(types)), found: make([]bool, len(types))}
}

func (t *tally) clear() {
	clear(t.sums)
	clear(t.found)
	t.err = nil
}

// read goes through a list of actions: how often each type happened, or what
// it was worth. What of it falls into the window of a view is told to viewed.
func (t *tally) read(s *httpkit.Scanner, viewed *tally) {
	for range s.Array() {
		var kind []byte
		var value, seen httpkit.Decimal
		for key := range s.Object() {
			switch string(key) {
			case "action_type":
				kind = s.Text()
			case "value":
				value = s.Decimal()
			case string(viewWindow):
				if viewed != nil {
					seen = s.Decimal()
				}
			}
		}
		if seen.Known {
			viewed.add(kind, seen.Micros)
		}
		if value.Known {
			t.add(kind, value.Micros)
		}
	}
}

func (t *tally) add(kind []byte, value kpi.Micros) {
	for i, parts := range t.types {
		for _, part := range parts {
			if string(kind) != part {
				continue
			}
			sum, err := t.sums[i].Add(value)
			if err != nil {
				t.err = err
			}
			t.sums[i], t.found[i] = sum, true
		}
	}
}

// pick returns the first alternative that is in the list; found is false when
// none is.
func (t *tally) pick() (sum kpi.Micros, found bool, err error) {
	for i, found := range t.found {
		if found {
			return t.sums[i], true, t.err
		}
	}
	return 0, false, nil
}

// beside returns what t has of the alternative that another tally picks.
func (t *tally) beside(other *tally) (kpi.Micros, error) {
	for i, found := range other.found {
		if found {
			return t.sums[i], t.err
		}
	}
	return 0, nil
}
