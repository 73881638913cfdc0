package alert

import (
	"errors"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/pattern"
	"adtop/snapshot"
)

// rule compiles one of the config.
func rule(t *testing.T, o Options) *Rule {
	t.Helper()
	r, err := Compile(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// booked is a picture of a channel with figures of today and of seven days.
func booked(hours float64, cost, revenue kpi.Micros) Input {
	s := shop(hours, .3)
	s.Zone = time.UTC
	f := snapshot.Figures{Known: true, Metrics: kpi.Metrics{Has: kpi.Cost | kpi.Revenue | kpi.Conversions, Cost: cost, Revenue: revenue, Conversions: 3_000_000}}
	today := *s
	today.Channels = []snapshot.Channel{{Name: "Shopping", Now: f, Campaigns: []snapshot.Campaign{
		{Name: "Shoes", ID: "1", Source: "google", Status: "enabled", Now: f}, {Name: "Shoes", ID: "2", Source: "google", Status: "paused", Now: snapshot.Figures{}}}}}
	today.Total = f
	return Input{Picture: s, Books: Books{&today, &today}}
}

func TestARuleSaysNothingWhereAValueIsMissing(t *testing.T) {
	for _, c := range []struct {
		expr       string
		cost       kpi.Micros
		wantSignal signal
	}{
		{"channel.roas < 1.2 && channel.today.cost > 50", 100_000_000, breach},
		{"channel.roas < 1.2 && channel.today.cost > 500", 100_000_000, clear},
		{"channel.roas < 1.2", 0, unknown}, // nothing spent: no ROAS
		{"!(channel.roas >= 1.2)", 0, unknown},
		{"not (channel.today.roas >= 1.2) or channel.cost > 50", 0, unknown},
		{"channel.cost > 50 && channel.roas < 1.2", 0, clear}, // it never comes to the ROAS
		{"channel.today.clicks == 0", 100_000_000, unknown},   // not told
		{"channel.last_24h.cost > 0", 100_000_000, unknown},
		{"channel.cpa > 20 and channel.cpa < 40", 100_000_000, breach},
		{"channel.target_cpa > 0", 100_000_000, unknown}, // not set
		{"channel.name == 'Shopping' && channel.verdict == 'profitable'", 0, breach},
		{"channel.today.cost > 0.9 * account.today.cost", 100_000_000, breach},
		{"account.last_7d.cost > 50", 100_000_000, breach},
		{"source.health == 'ok' && source.age_minutes < 5", 0, breach},
		{"source.expires_hours < 48", 0, unknown},
		{`channel["today"]["cost"] > 50`, 100_000_000, breach},
		{"let x = channel.cost; x > 50 && x < 200", 100_000_000, breach},
		{"any([channel.cost, channel.last_7d.cost], # > 50)", 100_000_000, breach},
		{"campaign.today.cost > 50 && campaign.status == 'enabled'", 100_000_000, breach},
	} {
		in := booked(0, c.cost, 100_000_000)
		if got := rule(t, Options{Name: "x", Expr: c.expr}).conditions(in.Picture, in.Books)[0].signal; got != c.wantSignal {
			t.Errorf("%s with a cost of %s is %d, want %d", c.expr, c.cost.Decimal(2), got, c.wantSignal)
		}
	}
}

func TestARuleAboutASourceKeepsItsAlertWhileAPollIsUnderWay(t *testing.T) {
	r := rule(t, Options{Name: "slow", Expr: "source.lag_minutes > 60"})
	k := newKeeper(t)
	for hour, health := range []snapshot.Health{snapshot.Healthy, snapshot.Waiting, snapshot.Healthy} {
		in := booked(float64(hour), 100_000_000, 100_000_000)
		in.Picture.Sources[0].Watermark, in.Picture.Sources[0].Health = in.Picture.AsOf.Add(-2*time.Hour), health
		in.Rules = []*Rule{r}
		k.in(in)
	}
	if a := k.only("slow"); len(k.alerts) != 1 || a.State != snapshot.Firing {
		t.Errorf("%d alerts, the last %+v", len(k.alerts), a)
	}
}

func TestARuleThatFailsFreezesItsAlertAndSaysWhy(t *testing.T) {
	r := rule(t, Options{Name: "x", Expr: `channel.cost > 50 && (channel.roas < 1 || channel.name[20:30] == "")`})
	in := booked(0, 100_000_000, 50_000_000)
	in.Rules = []*Rule{r}
	k := newKeeper(t)
	k.in(in)
	failing := rule(t, Options{Name: "x", Expr: `channel.cost > 50 && [1, 2][int(channel.cost)] > 1`})
	in = booked(1, 100_000_000, 50_000_000)
	in.Rules = []*Rule{failing}
	k.in(in)
	if a := k.only("x"); a.State != snapshot.Firing || a.Frozen != snapshot.Failed {
		t.Errorf("%+v", a)
	}
	if out := Step(in); len(out.Failed) != 1 || !strings.Contains(out.Failed[0], `rule "x" on Shopping`) {
		t.Errorf("%q", out.Failed)
	}
}

func TestARuleThatLooksBackWaitsForHistory(t *testing.T) {
	in := booked(0, 100_000_000, 100_000_000)
	in.Picture.Channels[0].Partial = true
	for expr, want := range map[string]signal{"channel.last_7d.cost > 50": unknown, "account.last_7d.cost > 50": unknown, "channel.today.cost > 50": breach} {
		if got := rule(t, Options{Name: "x", Expr: expr}).conditions(in.Picture, in.Books)[0].signal; got != want {
			t.Errorf("%s is %d, want %d", expr, got, want)
		}
	}
}

func TestAMistakeInARuleIsFoundAtLoadAtItsPlace(t *testing.T) {
	for _, c := range []struct {
		o       Options
		key     string
		column  int
		message string
	}{
		{Options{Name: "x", Expr: "channel.today.roaz < 1"}, "expr", 15, "unknown field roaz"},
		{Options{Name: "x", Expr: "chanel.roas < 1"}, "expr", 1, "unknown name chanel"},
		{Options{Name: "x", Expr: "channel.roas <"}, "expr", 14, "unexpected"},
		{Options{Name: "x", Expr: "channel.roas + 1"}, "expr", 1, "bool"},
		{Options{Name: "x", Expr: "channel.roas < 'low'"}, "expr", 14, "mismatched"},
		{Options{Name: "x", Expr: "channel.name < 3"}, "expr", 14, "mismatched"},
		{Options{Name: "x", Expr: "let x = channel.today; x.roas < 1"}, "expr", 1, "in full"},
		{Options{Name: "x", Expr: "channel.today == channel.last_7d"}, "expr", 1, "in full"},
		{Options{Name: "x", Expr: "channel.today[channel.name] == 1"}, "expr", 1, "in full"},
		{Options{Name: "x", Expr: "1 < 2"}, "expr", 1, "no field"},
		{Options{Name: "x", Expr: "now().Hour() > 3 && channel.roas < 1"}, "expr", 1, "unknown name now"},
		{Options{Name: "x", Expr: "source.age_minutes > 3 && channel.roas < 1"}, "expr", 1, "two rules"},
		{Options{Name: "x", Expr: "channel.roas < 1", Summary: "ROAS {channel.roaz}"}, "summary", 15, "unknown field roaz"},
		{Options{Name: "x", Expr: "channel.roas < 1", Summary: "ROAS {channel.roas"}, "summary", 6, "not closed"},
		{Options{Name: "x", Expr: "channel.roas < 1", Summary: "{campaign.name}"}, "summary", 2, "has no campaign"},
		{Options{Name: "unprofitable", Expr: "channel.roas < 1"}, "name", 0, "built in"},
		{Options{Expr: "channel.roas < 1"}, "name", 0, "add one"},
		{Options{Name: "x"}, "expr", 0, "add a condition"},
		{Options{Name: "x", Expr: "channel.roas < 1", Labels: map[string]string{"source": "y"}}, "labels", 0, "given by adtop"},
	} {
		_, err := Compile(c.o)
		var key *KeyError
		if !errors.As(err, &key) || key.Key != c.key || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%+v: %v", c.o, err)
			continue
		}
		var at *ExprError
		if errors.As(err, &at) != (c.column > 0) || c.column > 0 && (at.Column != c.column || at.Line != 1) {
			t.Errorf("%+v: at %+v, want column %d", c.o, at, c.column)
		}
	}
}

func TestForReadsPollsAndSpansOfDataTime(t *testing.T) {
	for text, want := range map[string]Hold{"3 polls": {Polls: 3}, "1 poll": {Polls: 1}, "2h": {Span: 2 * time.Hour}, "90m": {Span: 90 * time.Minute}, "1d": {Span: 24 * time.Hour}} {
		var h Hold
		if err := h.UnmarshalText([]byte(text)); err != nil || h != want {
			t.Errorf("%s is %+v, %v", text, h, err)
		}
	}
	for _, text := range []string{"", "3", "0 polls", "-1h", "polls", "1000d", "x polls", "2 hours"} {
		if err := new(Hold).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestARuleOfTheConfigLivesLikeABuiltInOne(t *testing.T) {
	r := rule(t, Options{Name: "low roas", Expr: "channel.roas < 1.2", For: Hold{Polls: 2}, Severity: Severity{snapshot.Critical}, Runbook: "https://wiki/roas",
		Summary: "{channel.name} earns {channel.roas} for each euro, CPC {channel.cpc}", Labels: map[string]string{"team": "paid"}})
	k := newKeeper(t)
	step := func(hour float64, revenue kpi.Micros, more ...func(*Input)) {
		in := booked(hour, 100_000_000, revenue)
		in.Rules = []*Rule{r}
		for _, change := range more {
			change(&in)
		}
		k.in(in)
	}
	if step(0, 50_000_000); k.only("low roas").State != snapshot.Pending {
		t.Fatalf("at the first poll: %+v", k.only("low roas"))
	}
	step(1, 50_000_000, func(in *Input) {
		in.Commands = []snapshot.Command{{Verb: "silence", By: "ops", At: noon, Until: noon.AddDate(0, 0, 1).Format(time.RFC3339), Match: map[string]string{"team": "pa*"}}}
	})
	a := k.only("low roas")
	if a.State != snapshot.Firing || a.Severity != snapshot.Critical || a.Runbook == "" || a.Labels["channel"] != "Shopping" || a.Silence == "" {
		t.Errorf("%+v", a)
	}
	if a.Summary != "Shopping earns 0.50 for each euro, CPC —" || a.Reason != "channel.roas < 1.2, where channel.roas is 0.50." {
		t.Errorf("summary %q, reason %q", a.Summary, a.Reason)
	}
	step(2, 500_000_000, func(in *Input) { dead(in.Picture) })
	if a = k.only("low roas"); a.State != snapshot.Firing || a.Frozen != snapshot.NoData || a.Inhibited == "" {
		t.Errorf("while its source is dead: %+v", a)
	}
	step(3, 500_000_000)
	step(4, 500_000_000)
	if a = k.only("low roas"); a.State != snapshot.Resolved {
		t.Errorf("when it is over: %+v", a)
	}
	step(5, 50_000_000)
	step(6, 50_000_000, func(in *Input) { in.Rules = nil })
	if a = k.only("low roas"); a.Open() || !strings.Contains(a.Reason, "no longer in the config") {
		t.Errorf("when its rule is gone: %+v", a)
	}
}

func TestARuleCanBeNarrowedToChannelsAndTellsCampaignsApart(t *testing.T) {
	meta, err := pattern.Parse("Meta*")
	if err != nil {
		t.Fatal(err)
	}
	in := booked(0, 100_000_000, 50_000_000)
	if all := rule(t, Options{Name: "x", Expr: "channel.roas < 1.2", Channels: []pattern.Pattern{meta}}).conditions(in.Picture, in.Books); len(all) != 0 {
		t.Errorf("other channels: %+v", all)
	}
	all := rule(t, Options{Name: "x", Expr: "campaign.cost > 10"}).conditions(in.Picture, in.Books)
	if len(all) != 2 || all[0].subject == all[1].subject || all[0].signal != breach || all[1].signal != unknown {
		t.Errorf("two campaigns of one name: %+v", all)
	}
}
