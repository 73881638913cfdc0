package profit

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// world is one channel with known truth: Poisson conversions with hour, weekday
// and day effects, a delay of its own and lognormal order values. Break-even is
// at a level of 1.
type world struct {
	start  int        // tick of its first local midnight (UTC)
	spend  []float64  // by hour
	orders []simOrder // by the tick at which they become visible
	next   int        // first order that was not shown yet
	n, v   []float64  // by cohort: hour, or day for ByDay
	feed   Feed
	step   int  // ticks between polls
	whole  bool // spend too comes by day only
	tick   int  // ticks since start
	det    *Detector
}

type simOrder struct {
	visible, cohort int
	value           float64
}

const warmUp = 35 // days

var simStart = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// scenario is what happens to a channel: its level and its order value as
// factors, by hours since the warm-up ended.
type scenario struct {
	level func(hour float64) float64
	value func(hour float64) float64
}

func steady(x float64) func(float64) float64 { return func(float64) float64 { return x } }

func after(hour, before, then float64) func(float64) float64 {
	return func(h float64) float64 {
		if h < hour {
			return before
		}
		return then
	}
}

// newWorld makes a channel of perDay conversions at level 1.5.
func newWorld(seed uint64, perDay float64, days int, feed Feed, sc scenario) *world {
	r := rand.New(rand.NewPCG(seed, 77))
	w := &world{start: tickOf(simStart), feed: feed, step: 1}
	if perDay <= 10 {
		w.step = 4
	} else if perDay <= 50 {
		w.step = 2
	}
	hours := (warmUp + days) * 24
	norm := func(sd float64) float64 { return math.Exp(sd*r.NormFloat64() - sd*sd/2) }
	aov := math.Exp(0.3 * r.NormFloat64())
	phase, seasonPhase := r.Float64()*2*math.Pi, r.Float64()*2*math.Pi
	var weekSpend, weekRate [7]float64
	for i := range weekSpend {
		weekSpend[i], weekRate[i] = norm(0.12), norm(0.12)
	}
	// The seasons of spend and of conversion may go together; their mean by
	// spend is 1, so that the level is what it says.
	var paid, earned float64
	for h := range 168 {
		angle := 2 * math.Pi * float64(h%24) / 24
		spend := math.Exp(math.Ln2*math.Sin(angle+phase)) * weekSpend[h/24]
		paid += spend
		earned += spend * math.Exp(0.35*math.Sin(angle+seasonPhase)) * weekRate[h/24]
	}
	mean := earned / paid
	within, days7 := 0.45+0.3*r.Float64(), 0.0
	days7 = (1 - within) * 0.375
	shock := 0.1 * r.NormFloat64()
	var day, dayNoise float64
	for h := range hours {
		if h%24 == 0 {
			shock = 0.5*shock + math.Sqrt(0.75)*0.1*r.NormFloat64()
			day, dayNoise = math.Exp(shock-0.005), norm(0.1)
		}
		wd := (h / 24) % 7
		angle := 2 * math.Pi * float64(h%24) / 24
		spend := perDay / 1.5 / 24 * aov * math.Exp(math.Ln2*math.Sin(angle+phase)) / 1.12 * weekSpend[wd] * dayNoise * norm(0.1)
		w.spend = append(w.spend, spend)
		at := float64(h - warmUp*24)
		season := math.Exp(0.35*math.Sin(angle+seasonPhase)) * weekRate[wd] / mean
		for range poisson(r, spend/aov*sc.level(at)*season*day) {
			click := float64(h*hourTicks) + r.Float64()*hourTicks
			visible := click + hourTicks*delay(r, within, days7)
			value := aov * norm(1) * sc.value(at)
			cohort := h
			switch feed {
			case ByDay:
				cohort = h / 24
			case ByOrder:
				cohort = int(visible) / hourTicks
			}
			w.orders = append(w.orders, simOrder{int(math.Ceil(visible)), cohort, value})
		}
	}
	slices.SortStableFunc(w.orders, func(a, b simOrder) int { return a.visible - b.visible })
	w.n, w.v = make([]float64, hours+1), make([]float64, hours+1)
	w.det = New(Params{Zone: time.UTC, Feed: feed})
	return w
}

// delay is in hours: within the hour, log-uniform over the day, or over a week.
func delay(r *rand.Rand, within, week float64) float64 {
	switch u := r.Float64(); {
	case u < within:
		return r.Float64()
	case u < 1-week:
		return math.Pow(24, r.Float64())
	}
	return 24 * math.Pow(7, r.Float64())
}

func poisson(r *rand.Rand, mean float64) int {
	n, t := 0, r.ExpFloat64()
	for t < mean {
		n++
		t += r.ExpFloat64()
	}
	return n
}

// poll advances the world by one poll and hands it to the detector.
func (w *world) poll() {
	before := w.tick
	w.tick += w.step
	at := timeOf(w.start + w.tick)
	for h := before / hourTicks; h*hourTicks < w.tick && !w.whole; h++ {
		part := min(1, float64(w.tick-h*hourTicks)/hourTicks)
		w.det.Observe(Observation{At: at, Start: timeOf(w.start + h*hourTicks), Length: time.Hour,
			Spend: w.spend[h] * part, HasSpend: true})
	}
	length := hourTicks
	if w.feed == ByDay {
		length = dayTicks
	}
	touched := map[int]bool{}
	for c := before / length; c*length < w.tick; c++ {
		touched[c] = true
	}
	for ; w.next < len(w.orders) && w.orders[w.next].visible <= w.tick; w.next++ {
		o := w.orders[w.next]
		w.n[o.cohort]++
		w.v[o.cohort] += o.value
		touched[o.cohort] = true
	}
	for c := range touched {
		w.det.Observe(Observation{At: at, Start: timeOf(w.start + c*length), Length: time.Duration(length) * tick,
			Conversions: w.n[c], Value: w.v[c], HasResults: true})
	}
	if w.whole {
		w.pollWholeSpend(at)
	}
	w.det.Advance(at, at)
}

// pollWholeSpend reports spend as totals of today and yesterday.
func (w *world) pollWholeSpend(at time.Time) {
	today := (w.tick - 1) / dayTicks
	for day := max(0, today-1); day <= today; day++ {
		sum := 0.0
		for h := day * 24; h < (day+1)*24 && h*hourTicks < w.tick; h++ {
			sum += w.spend[h] * min(1, float64(w.tick-h*hourTicks)/hourTicks)
		}
		w.det.Observe(Observation{At: at, Start: timeOf(w.start + day*dayTicks), Length: dayTicks * tick, Spend: sum, HasSpend: true})
	}
}

// warm runs the world to the end of its warm-up.
func (w *world) warm() {
	for w.tick < warmUp*dayTicks {
		w.poll()
	}
}

// hour is hours since the warm-up ended.
func (w *world) hour() float64 { return float64(w.tick-warmUp*dayTicks) / hourTicks }
