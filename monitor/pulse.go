package monitor

import "time"

// Pulse says how the engine of this process does.
type Pulse struct {
	Collecting bool      // it holds the lease
	Who        string    // otherwise who does, "" when nobody is known to
	Since      time.Time // when that began; zero before Run
	Looked     time.Time // when it last looked around for what is to do: twice a second while nothing holds it up
	Judged     time.Time // when it last judged all channels; zero before it did
}

// The longest times between two looks and two judgements of an engine that is
// well: a slow disk and a long history are no reason to end it.
const (
	pulseWithin = 5 * time.Minute
	judgeWithin = 3 * roundEvery
)

// Pulse is on the real clock.
func (m *Monitor) Pulse() Pulse {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pulse
}

// Trouble says in words why the engine is not well at now, "" when it is.
func (p Pulse) Trouble(now time.Time) string {
	switch {
	case p.Since.IsZero():
		return "the engine does not run"
	case now.Sub(p.Looked) > pulseWithin:
		return "the engine has not moved for " + short(now.Sub(p.Looked).Truncate(time.Second))
	case p.Collecting && now.Sub(later(p.Judged, p.Since)) > judgeWithin:
		return "the channels were not judged for " + short(now.Sub(later(p.Judged, p.Since)).Truncate(time.Second))
	}
	return ""
}

// beat notes that the engine looked around just now, or judged.
func (m *Monitor) beat(judged bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pulse.Looked = time.Now()
	if judged {
		m.pulse.Judged = m.pulse.Looked
	}
}
