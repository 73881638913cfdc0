package profit

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"adtop/kpi"
)

// world is one channel with known truth: Poisson conversions with hour, weekday
// and day effects, a delay of its own and lognormal order values. Break-even is
// at a level of 1.
type world struct {
	nature
	start   int // tick of its first local midnight
	feed    Feed
	step    int       // ticks between polls
	whole   bool      // spend too comes by day only
	det     *Detector // nil when only the rules are watched
	channel *world    // of a campaign: the rest of its channel

	// The truth.
	spend  []float64  // by hour
	due    []float64  // conversions an hour brings in the end at break-even, day effects aside
	aov    float64    // mean order value
	arrive []float64  // share of an hour's conversions visible by age in ticks, at the usual delays
	day    []int      // local day of each hour
	orders []simOrder // by the tick at which they become visible

	// What is visible.
	tick                   int       // ticks since start
	spendTick, resultsTick int       // of the last answers
	next                   int       // first order that was not shown yet
	n, v                   []float64 // by cohort: hour, or day for ByDay
	clickN, clickV         []float64 // by click hour
	chance                 *rand.Rand
	rates                  []float64 // by day: provisional over final currency rate
}

// simOrder is an order, or a change to one, that becomes visible.
type simOrder struct {
	visible, click, cohort int // tick, hour, hour or day
	n, value               float64
}

// nature is how a world differs from the usual one. The zero value is the usual.
type nature struct {
	zone       *time.Location // nil is UTC
	from       time.Time      // its first local midnight; zero is simStart
	shock      float64        // sd of the day effect; 0 is 0.10
	season     float64        // factor on the log seasons; 0 is 1
	window     float64        // days within which the late ones come; 0 is 7
	within     float64        // share that comes within the hour; 0 is 0.45..0.75
	late       float64        // factor on all delays of clicks after the warm-up; 0 is 1
	cancelled  float64        // share of the orders that is refunded or rejected,
	cancelDays float64        // evenly within so many days
	fractions  bool           // an order counts as a fraction, 0..0.9
	resplit    bool           // and that is drawn anew after 1, 2 and 3 days
	outage     float64        // hours of each week in which results are not delivered
	missing    float64        // share of polls that fail
	restated   float64        // sd of a day's provisional currency rate, final at noon of the next
	channel50  bool           // it is a campaign of a channel of 50 conversions a day at 1.5,
	alone      bool           // whose detector it does not borrow from,
	young      bool           // and it begins with the end of the warm-up
	worth      float64        // factor on its order value; 0 is 1
	tail       float64        // sd of the log value of an order; 0 is 1
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

// newWorld makes a usual channel of perDay conversions at level 1.5.
func newWorld(seed uint64, perDay float64, days int, feed Feed, sc scenario) *world {
	return newWorldOf(nature{}, seed, perDay, days, feed, sc)
}

func newWorldOf(nat nature, seed uint64, perDay float64, days int, feed Feed, sc scenario) *world {
	r := rand.New(rand.NewPCG(seed, 77))
	w := &world{nature: nat.filled(), feed: feed, step: 1, chance: rand.New(rand.NewPCG(seed, 78))}
	w.start = tickOf(w.from)
	if perDay <= 10 {
		w.step = 4
	} else if perDay <= 50 {
		w.step = 2
	}
	noise := r
	if nat.channel50 {
		noise = rand.New(rand.NewPCG(seed, 79))
		w.channel = newWorld(seed, 50, days, feed, at(1.5))
		w.channel.step = w.step
	}
	w.live((warmUp+days)*24, perDay, r, noise, sc)
	slices.SortStableFunc(w.orders, func(a, b simOrder) int { return a.visible - b.visible })
	hours := len(w.spend)
	w.n, w.v = make([]float64, hours+1), make([]float64, hours+1)
	w.clickN, w.clickV = make([]float64, hours+1), make([]float64, hours+1)
	if w.det = New(Params{Zone: w.zone, Feed: feed}); nat.channel50 && !nat.alone {
		w.det = w.channel.det.Campaign()
	}
	return w
}

func (n nature) filled() nature {
	usual := func(x *float64, value float64) {
		if *x == 0 {
			*x = value
		}
	}
	usual(&n.shock, 0.1)
	usual(&n.season, 1)
	usual(&n.window, 7)
	usual(&n.late, 1)
	usual(&n.worth, 1)
	usual(&n.tail, 1)
	if n.zone == nil {
		n.zone = time.UTC
	}
	if n.from.IsZero() {
		n.from = simStart
	}
	return n
}

// live makes the spend and the orders of all hours. What the campaigns of a
// channel have in common comes from r, the rest from noise.
func (w *world) live(hours int, perDay float64, r, noise *rand.Rand, sc scenario) {
	norm := func(sd float64) float64 { return math.Exp(sd*r.NormFloat64() - sd*sd/2) }
	w.aov = w.worth * math.Exp(0.3*r.NormFloat64())
	// People spend and buy by day: spend peaks at about 15:00 (sd 1 h), the
	// readiness to buy at about 18:00 (sd 3 h).
	const hour = 2 * math.Pi / 24
	phase, seasonPhase := -9*hour+hour*r.NormFloat64(), -12*hour+3*hour*r.NormFloat64()
	var weekSpend, weekRate [7]float64
	for i := range weekSpend {
		weekSpend[i], weekRate[i] = norm(0.12), math.Pow(norm(0.12), w.season)
	}
	paid := func(clock, weekday int) float64 {
		return math.Exp(math.Ln2*math.Sin(2*math.Pi*float64(clock)/24+phase)) * weekSpend[weekday]
	}
	earned := func(clock, weekday int) float64 {
		return math.Exp(w.season*0.35*math.Sin(2*math.Pi*float64(clock)/24+seasonPhase)) * weekRate[weekday]
	}
	// The seasons of spend and of conversion may go together; their mean by
	// spend is 1, so that the level is what it says.
	var all, won float64
	for h := range 168 {
		all += paid(h%24, h/24)
		won += paid(h%24, h/24) * earned(h%24, h/24)
	}
	within := 0.45 + 0.3*r.Float64()
	if w.within > 0 {
		within = w.within
	}
	d := delays{within, (1 - within) * 0.375, w.window}
	w.arrive = d.table()
	shock := w.shock * r.NormFloat64()
	var effect, dayNoise float64
	first := kpi.DateOf(w.from, w.zone)
	r = noise
	for h := range hours {
		local := w.from.Add(time.Duration(h) * time.Hour).In(w.zone)
		day, clock := int(kpi.DateOf(local, w.zone)-first), local.Hour()
		if h == 0 || day != w.day[h-1] {
			shock = 0.5*shock + math.Sqrt(0.75)*w.shock*r.NormFloat64()
			effect, dayNoise = math.Exp(shock-w.shock*w.shock/2), norm(0.1)
			w.rates = append(w.rates, math.Exp(w.restated*w.chance.NormFloat64()))
		}
		spend := perDay / 1.5 / 24 * w.aov * paid(clock, day%7) / 1.12 * dayNoise * norm(0.1)
		at := float64(h - warmUp*24)
		if w.young && at < 0 {
			spend = 0
		}
		due := spend / w.aov * earned(clock, day%7) * all / won
		w.spend, w.due, w.day = append(w.spend, spend), append(w.due, due), append(w.day, day)
		for range poisson(r, due*sc.level(at)*effect*w.perOrder()) {
			w.order(h, d, r, w.aov*sc.value(at))
		}
	}
}

// perOrder is how many orders it takes to count as one conversion.
func (w *world) perOrder() float64 {
	orders := 1 / (1 - w.cancelled)
	if w.fractions || w.resplit {
		orders /= 0.45
	}
	return orders
}

// order makes one order of click hour h, and what becomes of it.
func (w *world) order(h int, d delays, r *rand.Rand, mean float64) {
	click := float64(h*hourTicks) + r.Float64()*hourTicks
	delay := hourTicks * d.draw(r)
	if h >= warmUp*24 {
		delay *= w.late
	}
	o := simOrder{visible: int(math.Ceil(click + delay)), click: h, cohort: h, n: 1}
	o.value = mean * math.Exp(w.tail*r.NormFloat64()-w.tail*w.tail/2)
	switch w.feed {
	case ByDay:
		o.cohort = w.day[h]
	case ByOrder:
		o.cohort = int(click+delay) / hourTicks
	}
	full := o
	part := func() float64 { return 0.9 * w.chance.Float64() }
	if w.fractions || w.resplit {
		p := part()
		o.n, o.value = p, p*full.value
	}
	w.orders = append(w.orders, o)
	for age := 1; w.resplit && age <= 3; age++ {
		p := part()
		change := o
		change.visible = full.visible + age*dayTicks
		change.n, change.value = p-o.n, p*full.value-o.value
		o.n, o.value = p, p*full.value
		w.orders = append(w.orders, change)
	}
	if w.cancelled > 0 && w.chance.Float64() < w.cancelled {
		o.visible += int(w.chance.Float64() * w.cancelDays * dayTicks)
		o.n, o.value = -o.n, -o.value
		w.orders = append(w.orders, o)
	}
}

func poisson(r *rand.Rand, mean float64) int {
	n, t := 0, r.ExpFloat64()
	for t < mean {
		n++
		t += r.ExpFloat64()
	}
	return n
}

// delays are in hours: even within the first, log-uniform over the day, or
// log-uniform over the days up to the window.
type delays struct{ within, late, window float64 }

func (d delays) draw(r *rand.Rand) float64 {
	switch u := r.Float64(); {
	case u < d.within:
		return r.Float64()
	case u < 1-d.late:
		return math.Pow(24, r.Float64())
	}
	return 24 * math.Pow(d.window, r.Float64())
}

// share is the part of the delays that is at most so many hours.
func (d delays) share(hours float64) float64 {
	switch {
	case hours <= 0:
		return 0
	case hours < 1:
		return d.within * hours
	case hours < 24:
		return d.within + (1-d.within-d.late)*math.Log(hours)/math.Log(24)
	case hours < 24*d.window:
		return 1 - d.late + d.late*math.Log(hours/24)/math.Log(d.window)
	}
	return 1
}

// table is the visible share of an hour's conversions by age in ticks.
func (d delays) table() []float64 {
	const parts = 16 // of an hour, by click
	t := make([]float64, int(d.window)*dayTicks+hourTicks+1)
	for age := range t {
		for p := range parts {
			t[age] += d.share((float64(age)-(float64(p)+0.5)*hourTicks/parts)/hourTicks) / parts
		}
	}
	return t
}
