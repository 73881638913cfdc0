package monitor

import (
	"testing"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
)

func TestTheAccountsOfAChannelAddUpToIt(t *testing.T) {
	at := instant(t, "2026-11-20T09:20:00Z")
	var berlin, kolkata, other told
	r := newRig(t, at, func(r *rig, o *Options) {
		o.Sources = []Source{berlin.platform(r, "berlin", "Europe/Berlin", sources.Hour), kolkata.platform(r, "kolkata", "Asia/Kolkata", sources.Hour), other.platform(r, "other", "UTC", sources.Hour)}
		o.Channels = append(o.Channels, Channel{Name: "Else", Economics: kpi.Economics{Margin: 500_000}})
		o.Channels[0].Economics.FixedFeesPerMonth = 300 * kpi.MicrosPerUnit
		o.Claim = func(source, _ string, _ sources.Entity) Claim {
			return Claim{Channel: b2i(source == "other"), Fields: kpi.AllFields}
		}
	})
	for _, p := range []*told{&berlin, &kolkata, &other} {
		for _, campaign := range []string{"a", "b"} {
			p.tell(campaign, at.AddDate(0, 0, -20), at)
		}
	}
	r.poll()
	for _, span := range []string{"today", "7d", "24h"} {
		days, _ := snapshot.ParseRange(span)
		s, err := r.Snapshot(t.Context(), snapshot.View{Range: days, Campaigns: "Shop"})
		if err != nil {
			t.Fatal(err)
		}
		ch := channel(t, s, "Shop")
		if len(ch.Accounts) != 2 || len(channel(t, s, "Else").Accounts) != 0 {
			t.Fatalf("%s: %d accounts, want two of the opened channel", span, len(ch.Accounts))
		}
		var now, before, same snapshot.Figures
		for _, a := range ch.Accounts {
			if a.Name != "Account of "+a.Source || a.ID != "1" || len(a.Days) != campaignDays || a.Now.Fees != 0 {
				t.Errorf("%s: account %+v", span, a)
			}
			for sum, f := range map[*snapshot.Figures]snapshot.Figures{&now: a.Now, &before: a.Before, &same: a.Same} {
				if *sum, err = plus(*sum, f); err != nil {
					t.Fatal(err)
				}
			}
		}
		for what, pair := range map[string][2]snapshot.Figures{"now": {now, ch.Now}, "before": {before, ch.Before}, "same": {same, ch.Same}} {
			if pair[0].Metrics != pair[1].Metrics || pair[0].Contribution != pair[1].Contribution || !pair[0].Known {
				t.Errorf("%s, %s: accounts add up to %+v, the channel has %+v", span, what, pair[0], pair[1])
			}
		}
		if now.Profit.Micros != ch.Now.Profit.Micros+ch.Now.Fees || ch.Now.Fees == 0 {
			t.Errorf("%s: profit of the accounts is %s, of the channel after fees of %s %s", span, now.Profit.Micros.Decimal(2), ch.Now.Fees.Decimal(2), ch.Now.Profit.Micros.Decimal(2))
		}
	}
}
