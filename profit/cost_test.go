package profit

import "testing"

// BenchmarkReplayedPoll is a poll of which no evidence is asked for, as at
// start-up. The simulated channel itself is part of it.
func BenchmarkReplayedPoll(b *testing.B) { eachPoll(b, func(*world) {}) }

// BenchmarkChannelTick is a live poll with its evidence.
func BenchmarkChannelTick(b *testing.B) { eachPoll(b, func(w *world) { w.det.Evidence() }) }

func eachPoll(b *testing.B, then func(w *world)) {
	for _, feed := range feeds {
		b.Run(feedName[feed], func(b *testing.B) {
			const days = 60
			var w *world
			for b.Loop() {
				if w == nil || w.hour() >= days*24 {
					b.StopTimer()
					w = newWorld(1, 300, days, feed, at(1.5))
					w.warm()
					b.StartTimer()
				}
				w.poll()
				then(w)
			}
		})
	}
}
