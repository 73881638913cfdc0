package alert

import (
	"fmt"
	"testing"
	"time"
)

func BenchmarkStep(b *testing.B) {
	for _, channels := range []int{8, 200} {
		b.Run(fmt.Sprint(channels, " channels"), func(b *testing.B) {
			var all []campaign
			for i := range channels {
				all = append(all, campaign{name: fmt.Sprint("Channel ", i), cost: steady(10), orders: steady(1), clicks: 2, target: 10_000_000})
			}
			s := at(0, all...)
			s.Zone = time.UTC
			for b.Loop() {
				Step(Input{Picture: s})
			}
		})
	}
}
