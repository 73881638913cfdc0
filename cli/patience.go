package cli

import "time"

const (
	patience  = time.Second            // of somebody who waits without being told
	drawEvery = 100 * time.Millisecond // at most
)

// afterPatience shows the progress of a job once it has taken longer than
// people wait for without a word, and not too often. Its end is shown if
// anything was. Without a show there is nothing to do.
func afterPatience(now func() time.Time, show func(done, total int)) func(done, total int) {
	if show == nil {
		return nil
	}
	next, shown := now().Add(patience), false
	return func(done, total int) {
		ends := done+1 >= total
		if at := now(); ends && shown || !ends && !at.Before(next) {
			next, shown = at.Add(drawEvery), true
			show(done, total)
		}
	}
}
