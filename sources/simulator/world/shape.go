package world

import (
	"math"
	"time"

	"adtop/kpi"
)

// Spread of the random factors, as standard deviations of their logarithms.
const (
	weekdaySpread  = 0.12 // of spend, and of the conversion rate
	dayNoise       = 0.10 // of a day's spend
	hourNoise      = 0.10 // of an hour's spend
	hourlySeason   = 0.25 // of the conversion rate over the hours of a day
	shockSpread    = 0.10 // of a day's conversion rate
	shockMemory    = 0.5  // of yesterday's shock in today's
	orderSpread    = 1.0  // of order values
	shockLookBack  = 24   // days after which 0.5^n no longer matters
	hoursInWeek    = 7 * 24
	hourlySpendMax = 2.0 // spend at the best hour relative to the mean, the worst being the inverse
)

// shape is how a campaign's spend and conversion rate depend on the wall clock.
type shape struct {
	spend  [7][24]float64 // mean 1 over the week
	season [7][24]float64 // of the conversion rate; mean 1 over the week's spend
}

func newShape(c *campaign) shape {
	r := stream(c.key, purposeShape, 0)
	evening := 19 + 3*(r.Float64()-0.5) // hour at which most is spent
	best := 20 + 4*(r.Float64()-0.5)    // hour at which clicks convert best
	var s shape
	var spend, weighted float64
	for day := range 7 {
		spendDay, seasonDay := lognormal(r, weekdaySpread), lognormal(r, weekdaySpread)
		for hour := range 24 {
			angle := 2 * math.Pi / 24
			s.spend[day][hour] = spendDay * math.Exp(math.Log(hourlySpendMax)*math.Cos(angle*(float64(hour)-evening)))
			s.season[day][hour] = seasonDay * math.Exp(math.Sqrt2*hourlySeason*math.Cos(angle*(float64(hour)-best)))
			if !c.Schedule.includes(hour) {
				s.spend[day][hour] = 0
			}
			spend += s.spend[day][hour]
			weighted += s.spend[day][hour] * s.season[day][hour]
		}
	}
	for day := range 7 {
		for hour := range 24 {
			s.spend[day][hour] *= hoursInWeek / spend
			s.season[day][hour] *= spend / weighted
		}
	}
	return s
}

func (s Schedule) includes(hour int) bool {
	return s == Schedule{} || (s.From <= hour && hour < s.To)
}

// shock is the factor that a day's mood puts on the conversion rate: lognormal
// with mean 1, each day remembering half of the day before.
func (c *campaign) shock(d kpi.Date) float64 {
	sum, weight := 0.0, math.Sqrt(1-shockMemory*shockMemory)
	for back := range kpi.Date(shockLookBack) {
		sum += weight * stream(c.key, purposeShock, d-back).NormFloat64()
		weight *= shockMemory
	}
	return math.Exp(shockSpread*sum - shockSpread*shockSpread/2)
}

// at returns the factors of spend and conversion rate for a wall-clock hour.
func (s *shape) at(wall time.Time) (spend, season float64) {
	day, hour := wall.Weekday(), wall.Hour()
	return s.spend[day][hour], s.season[day][hour]
}
