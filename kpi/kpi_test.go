package kpi

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestSumsAreExactInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	parts := make([]Metrics, 500)
	for i := range parts {
		parts[i] = Metrics{Has: AllFields, Impressions: rng.Int64N(1e9), Clicks: rng.Int64N(1e6),
			Cost: Micros(rng.Int64N(1e12)), Conversions: Micros(rng.Int64N(1e9)), Revenue: Micros(rng.Int64N(1e12) - 5e11), ViewThrough: Micros(rng.Int64N(1e9))}
	}
	sum := func() (total Metrics) {
		for _, p := range parts {
			var err error
			if total, err = total.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		return total
	}
	first := sum()
	for range 20 {
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		if again := sum(); again != first {
			t.Fatalf("the same parts in another order give %+v, then %+v", first, again)
		}
	}
}

func TestOverflowIsAnErrorNotAWrongSum(t *testing.T) {
	big := Metrics{Has: Cost, Cost: math.MaxInt64}
	if _, err := big.Add(Metrics{Has: Cost, Cost: 1}); !errors.Is(err, ErrOverflow) {
		t.Fatalf("got %v", err)
	}
	if _, err := Micros(math.MinInt64).Add(-1); !errors.Is(err, ErrOverflow) {
		t.Fatalf("got %v", err)
	}
	if _, err := Micros(math.MaxInt64).Times(2 * MicrosPerUnit); !errors.Is(err, ErrOverflow) {
		t.Fatalf("got %v", err)
	}
}

func TestRatiosAreNeverNaNOrInfinite(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	pick := func() int64 {
		return []int64{0, 0, 1, -1, math.MaxInt64, math.MinInt64, rng.Int64()}[rng.IntN(7)]
	}
	for range 20000 {
		m := Metrics{Has: Fields(rng.IntN(256)) & AllFields, Impressions: pick(), Clicks: pick(), Cost: Micros(pick()), Conversions: Micros(pick()), Revenue: Micros(pick()), ViewThrough: Micros(pick())}
		e := Economics{Margin: Micros(pick()), Payout: RevenueShare, PayoutShare: Micros(pick())}
		for name, r := range map[string]Ratio{"CTR": m.CTR(), "CPC": m.CPC(), "CPM": m.CPM(), "CVR": m.CVR(), "CPA": m.CPA(), "AOV": m.AOV(), "ROAS": m.ROAS(),
			"ACOS": m.ACOS(), "view share": m.ViewShare(), "break-even ROAS": e.BreakEvenROAS(), "break-even CPA": e.BreakEvenCPA(m.AOV()), "change": Change(m.ROAS(), m.CPA())} {
			if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
				t.Fatalf("%s of %+v is %v", name, m, r.Value)
			}
		}
	}
}

func TestZeroDenominatorAndUnknownFieldsLeaveARatioUndefined(t *testing.T) {
	if r := (Metrics{Has: Cost | Revenue, Revenue: 5}).ROAS(); r.OK {
		t.Errorf("revenue without cost has ROAS %v", r.Value)
	}
	if r := (Metrics{Has: Cost, Cost: 5}).ROAS(); r.OK {
		t.Errorf("unknown revenue has ROAS %v", r.Value)
	}
	if r := (Metrics{Has: Cost | Revenue, Cost: 5}).ROAS(); !r.OK || r.Value != 0 {
		t.Errorf("known zero revenue has ROAS %v, want 0", r)
	}
}

func TestMissingPlusValueIsTheValueAndAllMissingStaysMissing(t *testing.T) {
	sum, err := Metrics{Has: Cost, Cost: 7}.Add(Metrics{Has: Conversions, Conversions: 3})
	if err != nil || sum.Has != Cost|Conversions || sum.Knows(Revenue) {
		t.Fatalf("got %+v, %v", sum, err)
	}
}

func TestDecimalsAreReadExactly(t *testing.T) {
	for text, want := range map[string]Micros{"0": 0, "19.99": 19_990_000, "-3": -3_000_000, "27.434349": 27_434_349, "1500.0": 1_500_000_000,
		"1.5e2": 150_000_000, "0.0000005": 0, "0.0000015": 2, "0.00000151": 2, " 2 ": 2_000_000, "9223372036854.775807": math.MaxInt64} {
		if got, err := ParseMicros(text); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "abc", "1,5", "NaN", "Inf", "1/3", "0x10", "1e999999999", "9223372036854.775808", "1_000", "--", "--1"} {
		if got, err := ParseMicros(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}

func FuzzParsedDecimalsPrintAsTheSameNumber(f *testing.F) {
	for _, seed := range []string{"1.5", "-0.000001", "1e3", "12345678901.123456"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMicros(text)
		if err != nil {
			return
		}
		if again, err := ParseMicros(m.Decimal(2)); err != nil || again != m {
			t.Fatalf("%q is %d, printed %q, read back as %d (%v)", text, m, m.Decimal(2), again, err)
		}
	})
}

func TestDecimalShowsWhatTheAmountNeeds(t *testing.T) {
	for m, want := range map[Micros]string{1_500_000: "1.50", 0: "0.00", -1: "-0.000001", 1_234_567: "1.234567", math.MinInt64: "-9223372036854.775808"} {
		if got := m.Decimal(2); got != want {
			t.Errorf("%d is %q, want %q", m, got, want)
		}
	}
}

func TestDaysAreAsLongAsTheirZoneMakesThem(t *testing.T) {
	for _, c := range []struct {
		zone, date string
		hours      int
		length     time.Duration
	}{
		{"Europe/Berlin", "2026-03-29", 23, 23 * time.Hour},
		{"Europe/Berlin", "2026-10-25", 25, 25 * time.Hour},
		{"America/New_York", "2026-11-01", 25, 25 * time.Hour},
		{"Australia/Lord_Howe", "2026-04-05", 25, 24*time.Hour + 30*time.Minute},
		{"America/Santiago", "2026-09-06", 23, 23 * time.Hour}, // midnight does not exist
		{"Asia/Kolkata", "2026-06-01", 24, 24 * time.Hour},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ParseDate(c.date)
		if err != nil {
			t.Fatal(err)
		}
		if d.Hours(zone) != c.hours || d.Length(zone) != c.length {
			t.Errorf("%s in %s has %d hours and lasts %s, want %d and %s", c.date, c.zone, d.Hours(zone), d.Length(zone), c.hours, c.length)
		}
		if DateOf(d.Start(zone), zone) != d || DateOf(d.Start(zone).Add(-time.Nanosecond), zone) != d-1 {
			t.Errorf("%s in %s does not begin at %s", c.date, c.zone, d.Start(zone))
		}
	}
}

func TestTheTwoEqualWallClockHoursAreTwoSlots(t *testing.T) {
	zone, _ := time.LoadLocation("Europe/Berlin")
	first := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC) // 02:30 CEST
	d1, h1 := HourOf(first, zone)
	d2, h2 := HourOf(first.Add(time.Hour), zone) // 02:30 CET
	if d1 != d2 || h1 != 2 || h2 != 3 {
		t.Fatalf("got %s hour %d and %s hour %d", d1, h1, d2, h2)
	}
}

func TestBreakEvenFollowsFromEconomics(t *testing.T) {
	e := Economics{Margin: 500_000, Payout: CPA, PayoutAmount: 5_000_000, FixedFeesPerMonth: 300_000_000}
	m := Metrics{Has: AllFields, Cost: 100_000_000, Conversions: 10_000_000, Revenue: 400_000_000}
	contribution, err := e.Contribution(m)
	if err != nil || contribution.Micros != 150_000_000 { // 400·0.5 − 10·5
		t.Fatalf("contribution %v, %v", contribution, err)
	}
	fees, err := e.FixedFees(DateRange{NewDate(2026, 11, 1), NewDate(2026, 11, 10)})
	if err != nil || fees != 100_000_000 { // 300/30·10
		t.Fatalf("fees %d, %v", fees, err)
	}
	profit, err := e.Profit(m, fees, false)
	if err != nil || profit.Micros != -50_000_000 {
		t.Fatalf("profit %v, %v", profit, err)
	}
	if be := e.BreakEvenROAS(); be.Value != 2 {
		t.Errorf("break-even ROAS %v", be)
	}
	if cpa := e.BreakEvenCPA(m.AOV()); math.Abs(cpa.Value-15) > 1e-9 { // 40·0.5 − 5
		t.Errorf("break-even CPA %v", cpa)
	}
	if p, _ := e.Profit(m.Only(Conversions|Revenue), 0, false); p.Known {
		t.Error("unknown cost gave a profit")
	}
	if p, _ := e.Profit(m.Only(Conversions|Revenue), 0, true); !p.Known {
		t.Error("a channel without cost by nature has no profit")
	}
}

func TestFeesOfAWholeYearAreTwelveMonths(t *testing.T) {
	e := Economics{FixedFeesPerMonth: 1_000_000}
	fees, err := e.FixedFees(DateRange{NewDate(2026, 1, 1), NewDate(2026, 12, 31)})
	if err != nil || fees != 12_000_000 {
		t.Fatalf("got %d, %v", fees, err)
	}
}

func TestRatesConvertRoundingHalfToEven(t *testing.T) {
	rate, err := ParseRate("0.5")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[Micros]Micros{1: 0, 3: 2, 5: 2, -1: 0, -3: -2, 10: 5} {
		if got, err := rate.Apply(in); err != nil || got != want {
			t.Errorf("%d·0.5 = %d (%v), want %d", in, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "1e5", "", "x", "0.0000000000001"} {
		if _, err := ParseRate(text); err == nil {
			t.Errorf("rate %q was accepted", text)
		}
	}
}

// TestPayoutsFollowTheirModel pays for 200 clicks and 10 conversions that brought
// 400, at a margin of a half.
func TestPayoutsFollowTheirModel(t *testing.T) {
	m := Metrics{Has: AllFields, Clicks: 200, Cost: 100_000_000, Conversions: 10_000_000, Revenue: 400_000_000}
	for _, c := range []struct {
		name                        string
		economics                   Economics
		owed                        Micros // for all of m
		needs                       Fields // without which it is unknown
		breakEvenROAS, breakEvenCPA float64
	}{
		{"nothing", Economics{}, 0, 0, 2, 20},
		{"by click", Economics{Payout: CPC, PayoutAmount: 100_000}, 20_000_000, Clicks, 2, 20},
		{"by lead", Economics{Payout: CPL, PayoutAmount: 5_000_000}, 50_000_000, Conversions, 2, 15},
		{"by install", Economics{Payout: CPI, PayoutAmount: 5_000_000}, 50_000_000, Conversions, 2, 15},
		{"by install, four in five approved", Economics{Payout: CPI, PayoutAmount: 5_000_000, PayoutApproval: 800_000}, 40_000_000, Conversions, 2, 16},
		{"a tenth of revenue", Economics{Payout: RevenueShare, PayoutShare: 100_000}, 40_000_000, Revenue, 2.5, 16},
		{"a tenth of what is approved", Economics{Payout: RevenueShare, PayoutShare: 100_000, PayoutApproval: 750_000}, 30_000_000, Revenue, 1 / 0.425, 17},
		{"both", Economics{Payout: Hybrid, PayoutAmount: 2_000_000, PayoutShare: 100_000}, 60_000_000, Conversions | Revenue, 2.5, 14},
		{"both, of what is approved", Economics{Payout: Hybrid, PayoutAmount: 2_000_000, PayoutShare: 100_000, PayoutApproval: 500_000}, 30_000_000, Conversions | Revenue, 1 / 0.45, 17},
		{"clicks are paid for without approval", Economics{Payout: CPC, PayoutAmount: 100_000, PayoutApproval: 500_000}, 20_000_000, Clicks, 2, 20},
	} {
		e := c.economics
		e.Margin = 500_000
		owed, err := e.Payouts(m)
		if err != nil || owed != (Amount{c.owed, true}) {
			t.Errorf("%s: owed %+v, %v, want %d", c.name, owed, err, c.owed)
		}
		contribution, err := e.Contribution(m)
		if err != nil || contribution != (Amount{200_000_000 - c.owed, true}) {
			t.Errorf("%s: contribution %+v, %v", c.name, contribution, err)
		}
		if be := e.BreakEvenROAS(); !be.OK || math.Abs(be.Value-c.breakEvenROAS) > 1e-9 {
			t.Errorf("%s: break-even ROAS %v, want %v", c.name, be, c.breakEvenROAS)
		}
		if cpa := e.BreakEvenCPA(m.AOV()); !cpa.OK || math.Abs(cpa.Value-c.breakEvenCPA) > 1e-9 {
			t.Errorf("%s: break-even CPA %v, want %v", c.name, cpa, c.breakEvenCPA)
		}
		// At the break-even CPA, cost eats up the contribution; payouts by click apart.
		if e.Payout != CPC {
			spent := c.breakEvenCPA * m.Conversions.Float()
			if left := contribution.Micros.Float() - spent; math.Abs(left) > 1e-6 {
				t.Errorf("%s: %v is left at the break-even CPA", c.name, left)
			}
		}
		for _, field := range []Fields{Clicks, Conversions, Revenue} {
			without := m.Only(AllFields &^ field)
			owed, err := e.Payouts(without)
			if err != nil || owed.Known != (c.needs&field == 0) {
				t.Errorf("%s: owed %+v, %v without a field: what is missing is not zero", c.name, owed, err)
			}
			if contribution, err := e.Contribution(without); err != nil || contribution.Known != (c.needs&field == 0 && field != Revenue) {
				t.Errorf("%s: contribution %+v, %v without a field", c.name, contribution, err)
			}
		}
	}
}

// TestPayoutsOfASumAreThoseOfItsParts holds to the millionth for amounts that a
// share divides without a rest, whatever the order of the parts.
func TestPayoutsOfASumAreThoseOfItsParts(t *testing.T) {
	e := Economics{Margin: 500_000, Payout: Hybrid, PayoutAmount: 1_500_000, PayoutShare: 80_000, PayoutApproval: 850_000}
	var sum Metrics
	parts := Micros(0)
	for i := range int64(50) {
		m := Metrics{Has: AllFields, Conversions: Micros(i * MicrosPerUnit), Revenue: Micros(i * i * 1_000_000)}
		owed, err := e.Payouts(m)
		if err != nil {
			t.Fatal(err)
		}
		parts += owed.Micros
		if sum, err = sum.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	if owed, err := e.Payouts(sum); err != nil || owed.Micros != parts {
		t.Errorf("the sum owes %d, its parts %d, %v", owed.Micros, parts, err)
	}
}

func TestPayoutsWithoutSenseAreNamed(t *testing.T) {
	for says, e := range map[string]Economics{
		"approval":      {Margin: 500_000, Payout: CPA, PayoutApproval: 1_000_001},
		"revenue share": {Margin: 100_000, Payout: Hybrid, PayoutShare: 100_000},
		"":              {Margin: 100_000, Payout: RevenueShare, PayoutShare: 110_000, PayoutApproval: 800_000}, // 8.8% in the end
	} {
		err := e.Check()
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", e, err, says)
		}
	}
}

func TestCentsAreRoundedHalfAwayFromZeroAndNeverOverflow(t *testing.T) {
	for m, want := range map[Micros]Micros{
		0: 0, 4_999: 0, 5_000: 10_000, -5_000: -10_000, -4_999: 0, 172_143_533: 172_140_000, 172_145_000: 172_150_000,
		math.MaxInt64: math.MaxInt64 / 10_000 * 10_000, math.MinInt64: math.MinInt64 / 10_000 * 10_000,
	} {
		if got := m.Cents(); got != want {
			t.Errorf("%d in cents is %d, want %d", m, got, want)
		}
	}
}

// TestPayoutsAreDueUpToTheirCap pays 5 for each conversion of six days across a month's
// end, and nothing beyond the cap.
func TestPayoutsAreDueUpToTheirCap(t *testing.T) {
	first := NewDate(2026, 10, 29)
	byDay := map[Date]Metrics{}
	for i, n := range []Micros{4, 6, 8, 2, 9, 3} { // 29 to 31 October, 1 to 3 November
		byDay[first+Date(i)] = Metrics{Has: Conversions | Revenue | Cost, Cost: n * MicrosPerUnit, Conversions: n * MicrosPerUnit, Revenue: 20 * n * MicrosPerUnit}
	}
	days := func(from, to int) DateRange { return DateRange{From: first + Date(from), To: first + Date(to)} }
	cpa := Economics{Margin: 900_000, Payout: CPA, PayoutAmount: 5 * MicrosPerUnit}
	with := func(change func(*Economics)) Economics { e := cpa; change(&e); return e }
	for name, c := range map[string]struct {
		e            Economics
		days         DateRange
		capped, held Micros
		until        Date
	}{
		"no cap":                    {cpa, days(0, 5), 0, 0, 0},
		"25 a day":                  {with(func(e *Economics) { e.PayoutCap = 25 * MicrosPerUnit }), days(0, 5), 5 + 15 + 20, 0, 0},
		"a day below it":            {with(func(e *Economics) { e.PayoutCap = 25 * MicrosPerUnit }), days(0, 0), 0, 0, 0},
		"60 a month":                {with(func(e *Economics) { e.PayoutCap, e.PayoutCapMonthly = 60*MicrosPerUnit, true }), days(0, 5), 30 + 10, 0, 0},
		"a month's last day":        {with(func(e *Economics) { e.PayoutCap, e.PayoutCapMonthly = 60*MicrosPerUnit, true }), days(2, 2), 30, 0, 0},
		"the day that reaches it":   {with(func(e *Economics) { e.PayoutCap, e.PayoutCapMonthly = 60*MicrosPerUnit, true }), days(5, 5), 10, 0, 0},
		"half are approved":         {with(func(e *Economics) { e.PayoutCap, e.PayoutApproval = 10*MicrosPerUnit, 500_000 }), days(0, 2), 5 + 10, 0, 0},
		"held for three days":       {with(func(e *Economics) { e.HoldDays = 3 }), days(0, 5), 0, 10 + 45 + 15, first + 8},
		"held, and beyond the cap":  {with(func(e *Economics) { e.HoldDays, e.PayoutCap = 3, 25*MicrosPerUnit }), days(0, 5), 40, 10 + 25 + 15, first + 8},
		"what is earned is held":    {Economics{Margin: MicrosPerUnit, HoldDays: 2}, days(0, 5), 0, 180 + 60, first + 7},
		"what is reported is held":  {Economics{Margin: MicrosPerUnit, HoldDays: 30, Payout: ReportedPayout}, days(0, 5), 0, 32, first + 35},
		"what is of a part is none": {with(func(e *Economics) { e.HoldDays, e.PayoutCap = 3, 25*MicrosPerUnit }).OfPart(), days(0, 5), 0, 0, 0},
	} {
		got, err := c.e.Payable(byDay, c.days, first+5)
		if want := (Payable{c.capped * MicrosPerUnit, c.held * MicrosPerUnit, c.until}); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
	}
}
