package monitor

import "time"

// Clock is the clock of the data. In the demo it runs faster than the real one.
type Clock struct {
	Now   func() time.Time
	Speed float64 // data seconds for each real second; 1 outside the demo
}

// RealClock is the clock of everything but the demo.
func RealClock() Clock { return Clock{Now: time.Now, Speed: 1} }

// Timer fires after a span of the data's time.
func (c Clock) Timer(d time.Duration) *time.Timer {
	return time.NewTimer(time.Duration(float64(max(d, 0)) / c.Speed))
}
