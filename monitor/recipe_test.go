package monitor

import (
	"math"
	"testing"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// TestEvidenceWeighsWhatProfitCounts holds what detectors are told to the channel's
// profit: what is kept of value above spend is contribution less cost, whatever
// partners are paid for.
func TestEvidenceWeighsWhatProfitCounts(t *testing.T) {
	m := kpi.Metrics{Has: kpi.AllFields, Clicks: 200, Cost: 100_000_000, Conversions: 10_000_000, Revenue: 400_000_000}
	for _, e := range []kpi.Economics{
		{},
		{Payout: kpi.CPC, PayoutAmount: 100_000},
		{Payout: kpi.CPA, PayoutAmount: 5_000_000},
		{Payout: kpi.CPI, PayoutAmount: 5_000_000, PayoutApproval: 800_000},
		{Payout: kpi.CPL, PayoutAmount: 5_000_000, ValuePerConversion: 30_000_000},
		{Payout: kpi.RevenueShare, PayoutShare: 100_000},
		{Payout: kpi.RevenueShare, PayoutShare: 100_000, PayoutApproval: 750_000},
		{Payout: kpi.Hybrid, PayoutAmount: 2_000_000, PayoutShare: 100_000, PayoutApproval: 500_000},
	} {
		e.Margin = 500_000
		w := &weigher{o: &Options{Currency: "EUR", Channels: []Channel{{Economics: e}}}, rates: newRates("EUR", nil)}
		told, err := w.value(0, store.Account{Account: sources.Account{Currency: "EUR"}}, store.PartVersion{Metrics: m, Part: store.Part{Fields: kpi.AllFields}})
		if err != nil {
			t.Fatal(err)
		}
		profit, err := e.Profit(m, 0, false)
		if err != nil || !profit.Known {
			t.Fatalf("%+v, %v", profit, err)
		}
		if got := e.KeptShare().Float() * (told.value - told.spend); math.Abs(got-profit.Micros.Float()) > 1e-6 {
			t.Errorf("%+v: detectors hear of %v, the profit is %v", e, got, profit.Micros.Float())
		}
		if e.ValuePerConversion > 0 {
			value, _, err := e.Value(m)
			if err != nil {
				t.Fatal(err)
			}
			net := value.Float() - m.Conversions.Float()*e.PayoutPerConversion().Float()/e.KeptShare().Float()
			if got := orderValue(e) * m.Conversions.Float(); math.Abs(got-net) > 1e-6 {
				t.Errorf("%+v: ten orders are worth %v, want %v", e, got, net)
			}
		}
	}
}
