package profit

import (
	"math"
	"sort"
)

//go:generate go test . -run TestThresholdTable -update -timeout 60m

// AssumedLevel is what the rates of Thresholds assume of every channel: that it
// stays at 1.5 times break-even. Thinner channels raise more alarms, fatter
// ones fewer.
const AssumedLevel = 1.5

// Thresholds chooses the alert threshold of an account so that its channels
// together raise no more than wish false alarms a month. perDay holds the
// conversions a day of each channel at AssumedLevel: Evidence.Volume. The threshold is the lowest of the
// measured steps that does it, at least Alert: below that a channel with a thin
// margin would be red too often. rate is the false alarms a month that the
// threshold stands for, all channels being at AssumedLevel; met is false when
// no step is sure enough, and the threshold is then the surest.
func Thresholds(wish float64, perDay []float64) (threshold, rate float64, met bool) {
	for i, step := range alarmSteps {
		threshold, rate = step, 0
		for _, v := range perDay {
			rate += alarmRate(v, i)
		}
		if rate <= wish {
			return threshold, rate, true
		}
	}
	return threshold, rate, false
}

// alarmRate is the false alarms a month of one channel at a step of the
// threshold, linear in the logarithm of the volume between those measured. A
// channel outside of them is taken for the nearest.
func alarmRate(perDay float64, step int) float64 {
	last := len(alarmVolumes) - 1
	if !(perDay > alarmVolumes[0]) {
		return alarmRates[0][step]
	}
	if perDay >= alarmVolumes[last] {
		return alarmRates[last][step]
	}
	i := sort.SearchFloat64s(alarmVolumes[:], perDay)
	low, high := alarmVolumes[i-1], alarmVolumes[i]
	part := math.Log(perDay/low) / math.Log(high/low)
	return alarmRates[i-1][step] + part*(alarmRates[i][step]-alarmRates[i-1][step])
}
