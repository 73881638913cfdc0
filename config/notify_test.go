package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"adtop/pattern"
	"adtop/sources"
)

func TestTheExampleSaysWhoIsTold(t *testing.T) {
	c, err := Load("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	n := c.Notify
	google, err := pattern.Parse("Google*")
	paid, err2 := pattern.Parse("paid")
	shop, err3 := pattern.Parse("shop")
	if err != nil || err2 != nil || err3 != nil {
		t.Fatal(err, err2, err3)
	}
	week, weekend := [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, [7]bool{0: true, 6: true}
	want := Notify{
		Routes: []Route{
			{[]string{"oncall", "phone"}, "critical", map[string]pattern.Pattern{"channel": google, "team": paid}, []string{"channel", "source"}, 30 * time.Second, 5 * time.Minute, 4 * time.Hour, true, "critical", true},
			{[]string{"team", "office", "mail", "push", "prometheus", "hook", "discord"}, "info", nil, []string{"channel", "source"}, 30 * time.Second, 5 * time.Minute, 4 * time.Hour, true, "critical", false},
		},
		Quiet: []Hours{{week, 22 * time.Hour, 7 * time.Hour}, {weekend, 0, 0}},
		Maintenance: []Window{
			{From: time.Date(2026, 12, 24, 18, 0, 0, 0, c.Zone), To: time.Date(2026, 12, 27, 8, 0, 0, 0, c.Zone)},
			{Weekly: &Hours{[7]bool{0: true}, 2 * time.Hour, 4 * time.Hour}, Match: map[string]pattern.Pattern{"source": shop}},
		},
		Heartbeat: &Heartbeat{URL: sources.Secret{Ref: "env:HEARTBEAT_URL"}, Every: time.Minute},
		Digests:   []Digest{{"day", 0, 8 * time.Hour, []string{"team", "mail"}}, {"week", time.Monday, 8 * time.Hour, []string{"team", "mail"}}},
	}
	same := cmp.Options{
		cmpopts.IgnoreFields(Notify{}, "Targets"),
		cmpopts.IgnoreFields(Heartbeat{}, "block"),
		cmp.Comparer(func(a, b pattern.Pattern) bool { return a.String() == b.String() }),
		cmp.Comparer(func(a, b sources.Secret) bool { return a.Ref == b.Ref }),
	}
	if diff := cmp.Diff(want, *n, same); diff != "" {
		t.Error(diff)
	}
	var hook struct {
		URL    sources.Secret `yaml:"url"`
		Secret sources.Secret `yaml:"secret"`
		Token  sources.Secret `yaml:"token"`
	}
	if target := n.Targets[7]; target.Name != "hook" || target.Type != "webhook" || target.Decode(&hook) != nil || hook.Secret.Ref != "env:HOOK_SECRET" {
		t.Errorf("the webhook is %s %s %+v", target.Name, target.Type, hook)
	}
}

func TestWithoutRoutesEverybodyIsToldOfEverything(t *testing.T) {
	c := parse(t, told("", "{name: a, type: slack, url: env:A}", "{name: b, type: slack, url: env:B}"))
	if len(c.Notify.Routes) != 1 || len(c.Notify.Routes[0].Targets) != 2 || c.Notify.Routes[0].Severity != "info" || c.Notify.Routes[0].Repeat != 4*time.Hour {
		t.Errorf("routes are %+v", c.Notify.Routes)
	}
	if parse(t, minimal).Notify != nil {
		t.Error("a file that says nothing of it has somebody told")
	}
}
