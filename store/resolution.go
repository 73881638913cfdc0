package store

import (
	"database/sql"
	"time"

	"adtop/kpi"
)

// resolutions say how exactly past instants are known, coarsest last. Thinning
// removes what no instant that can be asked for would show.
type resolutions struct {
	begin instant // everything before it is answered as of it, and hours of earlier dates are gone
	steps []resolution
}

// resolution: instants before until are answered as of the last multiple of
// width, finer ones aside.
type resolution struct{ width, until instant }

const selectResolution = "SELECT width, until FROM resolution ORDER BY width"

func (r *resolutions) scan(rows *sql.Rows) error {
	var s resolution
	err := rows.Scan(&s.width, &s.until)
	if s.width == 0 {
		r.begin = s.until
	} else {
		r.steps = append(r.steps, s)
	}
	return err
}

func (w *writer) resolution() (r resolutions, err error) {
	return r, w.each(selectResolution, nil, r.scan)
}

func (r reader) resolution() (res resolutions, err error) {
	return res, r.each(selectResolution, nil, res.scan)
}

// exact returns the instant as of which a question about at is answered.
func (r resolutions) exact(at instant) instant {
	exact := at
	for _, s := range r.steps {
		if at < s.until {
			exact = at - at%s.width
		}
	}
	return max(exact, r.begin)
}

// width is the coarsest resolution at an instant, 0 for every observation.
func (r resolutions) width(at instant) (width instant) {
	for _, s := range r.steps {
		if at < s.until {
			width = s.width
		}
	}
	return width
}

// hoursFrom is the first date whose hours are kept.
func (r resolutions) hoursFrom() kpi.Date {
	if r.begin == 0 {
		return 0
	}
	return kpi.DateOf(r.begin.time(), time.UTC)
}

// next is the first instant from at on as of which a question is answered.
func (r resolutions) next(at instant) instant {
	if width := r.width(at); width > 0 {
		at = (at + width - 1) / width * width
	}
	return max(at, r.begin)
}

// shows says whether a version that was in force from at to until is the
// answer to any question that can be asked.
func (r resolutions) shows(at, until instant) bool {
	if until <= r.begin {
		return false
	}
	for _, s := range r.steps {
		if up := (at + s.width - 1) / s.width * s.width; until <= s.until && up >= until {
			return false
		}
	}
	return true
}

// thin removes from a history what nobody can see.
func (r resolutions) thin(history []stamped[figure]) []stamped[figure] {
	kept := history[:0:0]
	for i, s := range history {
		if i+1 == len(history) || r.shows(s.at, history[i+1].at) {
			kept = append(kept, s)
		}
	}
	return kept
}

// alike says whether two histories give the same answers.
func (r resolutions) alike(a, b []stamped[figure]) bool {
	n := len(a)
	if n == 0 || a[n-1].value != b[len(b)-1].value {
		return false
	}
	for _, pair := range [2][2][]stamped[figure]{{a, b}, {b, a}} {
		for _, s := range pair[0] {
			at := r.next(s.at)
			mine, _ := asOf(pair[0], at)
			if theirs, known := asOf(pair[1], at); !known || theirs.value != mine.value {
				return false
			}
		}
	}
	return true
}
