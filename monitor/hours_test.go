package monitor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
)

func TestTheLast24HoursAreThoseThatBeganInEachZone(t *testing.T) {
	for name, now := range map[string]string{
		"a usual day": "2026-11-20T09:20:00Z", "a day of 25 hours": "2026-10-25T13:20:00Z", "the day after it": "2026-10-26T05:20:00Z", "a day of 23 hours": "2026-03-29T12:50:00Z",
	} {
		t.Run(name, func(t *testing.T) {
			at := instant(t, now)
			var berlin, kolkata told
			r := newRig(t, at, func(r *rig, o *Options) {
				o.Sources = []Source{berlin.platform(r, "berlin", "Europe/Berlin", sources.Hour), kolkata.platform(r, "kolkata", "Asia/Kolkata", sources.Hour)}
				o.Channels[0].Economics.FixedFeesPerMonth = 240 * 30 * kpi.MicrosPerUnit
			})
			for _, p := range []*told{&berlin, &kolkata} {
				p.tell("a", at.AddDate(0, 0, -4), at)
			}
			r.poll()
			s := r.show("24h", time.Time{})
			ch := channel(t, s, "Shop")
			euros(t, "spend of two accounts", ch.Now.Metrics.Cost, "48.00")
			euros(t, "spend of the campaigns", ch.Campaigns[0].Now.Metrics.Cost+ch.Campaigns[1].Now.Metrics.Cost, "48.00")
			if ch.Now.Fees < 220*kpi.MicrosPerUnit || ch.Now.Fees > 260*kpi.MicrosPerUnit {
				t.Errorf("fees of 24 hours are %s, of a day about 240", ch.Now.Fees.Decimal(2))
			}
			if len(s.Warnings) > 0 && strings.Contains(strings.Join(s.Warnings, " "), "24 hours") {
				t.Errorf("warned: %q", s.Warnings)
			}
		})
	}
}

func TestWholeDaysAreMissingFromTheLast24HoursAndNeverZero(t *testing.T) {
	at := instant(t, "2026-11-20T09:20:00Z")
	var hourly told
	r := newRig(t, at, func(r *rig, o *Options) {
		o.Sources = []Source{hourly.platform(r, "hourly", "Europe/Berlin", sources.Hour), r.file("daily", "EUR", "Europe/Berlin")}
		o.Channels = []Channel{
			{Name: "Hourly", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"hourly"}}, {Name: "Daily", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"daily"}},
			{Name: "Mixed", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"hourly"}, Results: "daily"},
		}
		o.Claim = func(source, _ string, e sources.Entity) Claim {
			switch {
			case source == "daily" && e.Name == "orders":
				return Claim{Channel: 2, Fields: kpi.Conversions | kpi.Revenue}
			case source == "daily":
				return Claim{Channel: 1, Fields: kpi.AllFields}
			case e.ID == "mixed":
				return Claim{Channel: 2, Fields: kpi.Cost | kpi.Clicks}
			}
			return Claim{Channel: 0, Fields: kpi.AllFields}
		}
	})
	hourly.tell("a", at.AddDate(0, 0, -3), at)
	hourly.tell("mixed", at.AddDate(0, 0, -3), at)
	r.export("daily", "2026-11-19,A,1,40,1,80", "2026-11-20,A,1,10,1,20", "2026-11-19,orders,1,0,7,80", "2026-11-20,orders,1,0,5,20")
	r.poll()
	s := r.show("24h", time.Time{})
	if daily := channel(t, s, "Daily"); daily.Now.Known || daily.Now.Metrics != (kpi.Metrics{}) || daily.Now.Profit.Known {
		t.Errorf("figures of whole days in the last 24 hours: %+v", daily.Now)
	}
	mixed := channel(t, s, "Mixed").Now
	if !mixed.Known || mixed.Metrics.Knows(kpi.Conversions) || mixed.Metrics.Knows(kpi.Revenue) || mixed.Profit.Known {
		t.Errorf("results of whole days in the last 24 hours: %+v", mixed)
	}
	euros(t, "spend by the hour", mixed.Metrics.Cost, "24.00")
	if !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "daily") && strings.Contains(w, "24 hours") }) {
		t.Errorf("nothing is said of the source that tells whole days: %q", s.Warnings)
	}
	if today := channel(t, r.show("today", time.Time{}), "Daily"); !today.Now.Known {
		t.Error("today has no figures of it either")
	}
}

// against builds the picture of a range in a comparison.
func (r *rig) against(span string, c snapshot.Comparison) *snapshot.Snapshot {
	r.Helper()
	days, err := snapshot.ParseRange(span)
	if err != nil {
		r.Fatal(err)
	}
	s, err := r.Snapshot(r.Context(), snapshot.View{Range: days, Against: c, Campaigns: snapshot.AllCampaigns})
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// unwatched is a source by the hour whose past was fetched at once, at 10:20 in Berlin.
func unwatched(t *testing.T) (*rig, *told) {
	at := instant(t, "2026-11-20T09:20:00Z")
	var p told
	r := newRig(t, at, func(r *rig, o *Options) { o.Sources = []Source{p.platform(r, "ads", "Europe/Berlin", sources.Hour)} })
	p.tell("a", at.AddDate(0, 0, -40), at)
	p.through = at.Add(-30 * time.Minute) // the hour from nine to ten is not complete
	r.poll()
	return r, &p
}

func TestAnUnwatchedDayIsComparedUpToTheSameCompleteHour(t *testing.T) {
	r, _ := unwatched(t)
	for _, c := range []struct {
		span              string
		against           snapshot.Comparison
		now, same, before string
		days              string
	}{
		{"today", snapshot.PreviousPeriod, "11.00", "9.00", "9.00", "2026-11-19..2026-11-19"},
		{"today", snapshot.SameWeekday, "11.00", "9.00", "9.00", "2026-11-13..2026-11-13"},
		{"7d", snapshot.PreviousPeriod, "155.00", "153.00", "153.00", "2026-11-07..2026-11-13"},
		{"24h", snapshot.PreviousPeriod, "24.00", "22.00", "22.00", "2026-11-18..2026-11-19"},
		{"24h", snapshot.SameWeekday, "24.00", "22.00", "22.00", "2026-11-12..2026-11-13"},
		{"mtd", snapshot.PreviousPeriod, "467.00", "465.00", "", "2026-10-01..2026-10-20"},
	} {
		s := r.against(c.span, c.against)
		what := c.span + " " + c.against.Label() + ": "
		euros(t, what+"spend", s.Total.Metrics.Cost, c.now)
		if s.Past.Days.String() != c.days || s.Past.Why != "" || !s.Past.Known.Equal(s.AsOf) {
			t.Errorf("%scompared with %+v, want %s as of now", what, s.Past, c.days)
		}
		euros(t, what+"spend up to nine", s.Same.Metrics.Cost, c.same)
		if c.before != "" {
			euros(t, what+"spend before, up to nine", s.Before.Metrics.Cost, c.before)
			euros(t, what+"that of the campaign", channel(t, s, "Shop").Campaigns[0].Before.Metrics.Cost, c.before)
		}
	}
}

func TestAPastThatHadLongerToComeInIsNotHeldAgainstTheResults(t *testing.T) {
	r, p := unwatched(t)
	s := r.against("today", snapshot.PreviousPeriod)
	ch := channel(t, s, "Shop")
	for what, f := range map[string]snapshot.Figures{"channel": ch.Before, "total": s.Before, "campaign": ch.Campaigns[0].Before} {
		if f.Metrics.Has != kpi.AllFields&^(kpi.Conversions|kpi.Revenue|kpi.ViewThrough) || f.Profit.Known || f.Contribution.Known {
			t.Errorf("%s before: %+v", what, f)
		}
	}
	if !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "revenue of Shop are not compared") }) {
		t.Errorf("nothing is said of it: %q", s.Warnings)
	}
	// The next day at the same moment, this one was watched.
	p.tell("a", instant(t, "2026-11-20T09:20:00Z"), instant(t, "2026-11-21T09:20:00Z"))
	r.clock.set(instant(t, "2026-11-21T09:20:00Z"))
	r.poll()
	s = r.against("today", snapshot.PreviousPeriod)
	if f := s.Before; !f.Metrics.Knows(kpi.Conversions|kpi.Revenue) || !f.Profit.Known || !s.Past.Known.Equal(instant(t, "2026-11-20T09:20:00Z")) {
		t.Errorf("watched, before is %+v as of %s", f, s.Past.Known)
	}
	euros(t, "spend of yesterday until then", s.Before.Metrics.Cost, "11.00")
	if day := r.against("24h", snapshot.PreviousPeriod); day.Before.Metrics.Cost != 24*kpi.MicrosPerUnit || !day.Before.Metrics.Knows(kpi.Revenue) || day.Same.Known {
		t.Errorf("the 24 hours before, watched: %+v", day.Before)
	}
}

func TestWhyNothingIsComparedIsSaidInWords(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T09:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-18,A,1,71,1,142", "2026-11-19,A,1,101,3,300", "2026-11-20,A,1,50,1,90")
	r.poll()
	for _, c := range []struct {
		span    string
		against snapshot.Comparison
		why     string
	}{
		{"today", snapshot.PreviousPeriod, "Nobody was collecting at this time on 2026-11-19, and home tells whole days only: part of a day is not compared with a whole one."},
		{"today", snapshot.LastYear, "No figures are stored of 2025-11-21."},
		{"yesterday", snapshot.SameWeekday, "No figures are stored of 2026-11-12."},
		{"lastmonth", snapshot.PreviousPeriod, "No figures are stored of 2026-09-01 to 2026-09-30."},
		{"24h", snapshot.PreviousPeriod, "No hours are stored of 2026-11-18 to 2026-11-19: home tells whole days only."},
		{"yesterday", snapshot.PreviousPeriod, ""},
	} {
		s := r.against(c.span, c.against)
		if s.Past.Why != c.why || s.Past.Known.IsZero() != (c.why != "") || s.Before.Known != (c.why == "") || (c.why != "" && s.Same.Known) {
			t.Errorf("%s %s: %+v, before known %v; want %q", c.span, c.against.Label(), s.Past, s.Before.Known, c.why)
		}
	}
}

func TestRulesAreToldNoPastThatIsKnownLaterThanThePresent(t *testing.T) {
	r, _ := unwatched(t)
	s := r.against("today", snapshot.PreviousPeriod)
	if ch := channel(t, s, "Shop"); !s.Before.Known || !ch.Campaigns[0].Before.Known {
		t.Fatal("there is nothing that rules could be told")
	}
	watchedOnly(s)
	if ch := channel(t, s, "Shop"); s.Before.Known || ch.Before.Known || ch.Same.Known || ch.Campaigns[0].Before.Known {
		t.Errorf("rules are told of %+v", ch.Before)
	}
}

func TestATotalIsNotComparedByTheResultsOfSomeChannels(t *testing.T) {
	at := instant(t, "2026-11-20T09:20:00Z")
	var ads, shop told
	r := newRig(t, at, func(r *rig, o *Options) {
		o.Sources = []Source{ads.platform(r, "ads", "Europe/Berlin", sources.Hour), shop.platform(r, "shop", "Europe/Berlin", sources.Hour)}
		o.Channels[0].Spend = []string{"ads"}
		o.Channels = append(o.Channels, Channel{Name: "Mail", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{}, Results: "shop"})
		o.Claim = func(source, _ string, _ sources.Entity) Claim {
			if source == "shop" {
				return Claim{Channel: 1, Fields: kpi.Conversions | kpi.Revenue}
			}
			return Claim{Channel: 0, Fields: kpi.AllFields}
		}
	})
	ads.tell("a", at.AddDate(0, 0, -5), at)
	shop.tell("a", at.AddDate(0, 0, -5), at)
	r.poll()
	s := r.against("today", snapshot.PreviousPeriod)
	if mail := channel(t, s, "Mail"); !mail.Costless || !mail.Before.Metrics.Knows(kpi.Revenue) {
		t.Fatalf("results that are dated by themselves are complete as soon as seen: %+v", mail.Before)
	}
	if s.Before.Metrics.Has&(kpi.Conversions|kpi.Revenue) != 0 || s.Before.Profit.Known || !s.Before.Metrics.Knows(kpi.Cost) {
		t.Errorf("the total before is %+v", s.Before)
	}
}
