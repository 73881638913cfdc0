package config

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/sources"
)

var update = flag.Bool("update", false, "write the golden file of error texts anew")

// with replaces a line of the minimal file, or adds to it.
func with(old, replacement string) string { return strings.Replace(minimal, old, replacement, 1) }

// channels is the minimal file with channels.
func channels(entries ...string) string {
	return minimal + "channels:\n  - " + strings.Join(entries, "\n  - ") + "\n"
}

// told is a file with targets, or one named team, and one more part of the section.
func told(more string, targets ...string) string {
	if targets == nil {
		targets = []string{"{name: team, type: slack}"}
	}
	return minimal + "notify:\n  " + more + "\n  targets:\n    - " + strings.Join(targets, "\n    - ") + "\n"
}

var mistakes = []struct{ name, content string }{
	{"empty file", ""},
	{"only comments", "# nothing yet\n"},
	{"a list", "- a\n- b\n"},
	{"a sentence", "hello\n"},
	{"two documents", minimal + "---\ntitle: x\n"},
	{"not UTF-8", "title: Caf\xe9\n"},
	{"control character", "title: a\x1b[31m\n"},
	{"tab for indentation", "sources:\n\t- name: a\n"},
	{"quote that does not end", "title: \"Acme\ncurrency: EUR\n"},
	{"bracket that does not end", "sources: [{name: a}\ncurrency: EUR\n"},
	{"brace that does not end", "sources: {a: 1\n"},
	{"colon in text", "title: Acme: Shop\n"},
	{"wrong indentation", "title: x\n  currency: EUR\n"},
	{"key without value", "title: x\ncurrency\n"},
	{"reserved character", "title: @acme\n"},
	{"star without quotes", channels("{name: A, spend: {source: google, campaign: *brand}}")},
	{"anchor", "economics: &e {margin: 45%}\n"},
	{"tag", "title: !!str x\n"},
	{"merge key", "economics:\n  <<: {margin: 1}\n"},
	{"directive", "%YAML 1.2\n---\ntitle: x\n"},
	{"deep nesting", "title: " + strings.Repeat("[", 40) + "\n"},
	{"long line", "title: " + strings.Repeat("x", 5000) + "\n"},
	{"everything missing", "title: x\n"},
	{"no value", with("EUR", "")},
	{"empty list of sources", "currency: EUR\ntimezone: UTC\nsources: []\n"},
	{"unknown key", minimal + "chanels: []\n"},
	{"literal token of the feed", minimal + "feed: {token: hunter2}\n"},
	{"feed without a token", minimal + "feed: {}\n"},
	{"unknown key far from any", minimal + "weather: sunny\n"},
	{"key given twice", minimal + "currency: USD\n"},
	{"empty entry of a list", minimal + "channels:\n  -\n  - {name: A, spend: [{source: google}, ]}\n"},
	{"nothing for the spend", channels("{name: A, spend: , results: [~]}")},
	{"list for a value", with("EUR", "[EUR, USD]")},
	{"value for a list", "currency: EUR\ntimezone: UTC\nsources: google\n"},
	{"value for keys", minimal + "alerts: 5\n"},
	{"serve without keys", minimal + "serve: {address: \":2222\"}\n"},
	{"serve nowhere", minimal + "serve: {authorized_keys: k, address: 2222, idle: 5s, sessions_per_user: 0}\n"},
	{"serve for an unknown role", minimal + "serve: {authorized_keys: k, roles: {anna: admin, ben: [viewer], cleo: }}\n"},
	{"truth value for text", minimal + "database: true\n"},
	{"currency", with("EUR", "euro")},
	{"currency in small letters", with("EUR", "eur")},
	{"time zone", with("Europe/Berlin", "Berlin")},
	{"time zone of the machine", with("Europe/Berlin", "Local")},
	{"title with an invisible character", minimal + "title: \"a\\e[0m\"\n"},
	{"number of false alarms", minimal + "alerts: {false_alarms_per_month: 0}\n"},
	{"false alarms in words", minimal + "alerts: {false_alarms_per_month: few}\n"},
	{"retention too short", minimal + "retention: {detail: 1h}\n"},
	{"theme", minimal + "display: {theme: solarized}\n"},
	{"desktop notification", minimal + "display: {desktop: popup}\n"},
	{"number format", minimal + "display: {numbers: de}\n"},
	{"retention out of order", minimal + "retention: {detail: 30d, hourly: 14d}\n"},
	{"rate with a comma", minimal + "rates: {USD: \"0,92\"}\n"},
	{"rate of the file's own currency", minimal + "rates: {EUR: 1}\n"},
	{"rate of no currency", minimal + "rates: {DOLLAR: 0.92}\n"},
	{"day of a rate", minimal + "rates:\n  USD:\n    - {from: 01.02.2026, rate: 0.92}\n"},
	{"rate without a day", minimal + "rates:\n  USD:\n    - {rate: 0.92}\n"},
	{"two rates of one day", minimal + "rates:\n  USD:\n    - {from: 2026-01-01, rate: 0.92}\n    - {from: 2026-01-01, rate: 0.93}\n"},
	{"source without name and type", "currency: EUR\ntimezone: UTC\nsources:\n  - every: 5m\n"},
	{"two sources of one name", with("name: shop", "name: google")},
	{"interval", with("{name: google,", "{name: google, every: 5,")},
	{"interval too short", with("{name: google,", "{name: google, every: 10s,")},
	{"history too long", with("{name: google,", "{name: google, history: 9000d,")},
	{"margin missing", with("economics: {margin: 45%}\n", "") + "channels:\n  - {name: A, spend: {source: google}}\n"},
	{"margin without percent sign", with("45%", "45")},
	{"margin with a comma", with("45%", `"0,45"`)},
	{"negative margin", with("45%", "-5%")},
	{"basis of revenue", with("45%", "45%, revenue: netto")},
	{"payout without model", with("45%", "45%, payout: {amount: 5}")},
	{"payout model", with("45%", "45%, payout: {model: cps, amount: 5}")},
	{"payout without amount", with("45%", "45%, payout: {model: cpa}")},
	{"share without share", with("45%", "45%, payout: {model: revenue_share, amount: 5}")},
	{"hybrid without share", with("45%", "45%, payout: {model: hybrid, amount: 5}")},
	{"install without amount", with("45%", "45%, payout: {model: cpi, share: 5%}")},
	{"cap without period", with("45%", "45%, payout: {model: cpa, amount: 5, cap: {amount: 500}}")},
	{"cap of two kinds", with("45%", "45%, payout: {model: cpa, amount: 5, cap: {amount: 500, conversions: 5, per: day}}")},
	{"cap of conversions at a share", with("45%", "45%, payout: {model: revenue_share, share: 5%, cap: {conversions: 5, per: day}}")},
	{"cap of a week", with("45%", "45%, payout: {model: cpa, amount: 5, cap: {amount: 500, per: week}}")},
	{"cap of nothing", with("45%", "45%, payout: {model: cpa, amount: 5, cap: {amount: 0, per: day}}")},
	{"hold of hours", with("45%", "45%, hold: 36h")},
	{"hold of clicks", with("45%", "45%, hold: 30d, payout: {model: cpc, amount: 1}")},
	{"reported with amount", with("45%", "45%, payout: {model: reported, amount: 5}")},
	{"reported without results", channels("{name: A, spend: {source: google}, economics: {payout: {model: reported}}}")},
	{"approval above all", with("45%", "45%, payout: {model: cpa, amount: 5, approval: 120%}")},
	{"approval of clicks", with("45%", "45%, payout: {model: cpc, amount: 5, approval: 80%}")},
	{"share above margin", channels("{name: A, spend: {source: google}, economics: {payout: {model: revenue_share, share: 50%}}}")},
	{"channel without name", channels("spend: {source: google}")},
	{"channel without anything", channels("name: A")},
	{"two channels of one name", channels("{name: A, spend: {source: google}}", "{name: A, spend: {source: shop}}")},
	{"unknown source", channels("{name: A, spend: {source: gogle}}")},
	{"spend without source", channels(`{name: A, spend: {campaign: "x*"}}`)},
	{"platform results without spend", channels("{name: A, results: platform}")},
	{"results in a word", channels("{name: A, spend: {source: google}, results: plattform}")},
	{"results of two sources", channels("{name: A, results: [{source: shop}, {source: google}]}")},
	{"none and more", channels("{name: A, results: {source: shop, none: true, promo: x}}")},
	{"customers that there are not", channels("{name: A, results: {source: shop, customers: old}}")},
	{"campaign and key", channels("{name: A, results: {source: shop, campaign: x, promo: x}}")},
	{"truth value", channels("{name: A, results: {source: shop, none: maybe}}")},
	{"broken expression", channels("{name: A, spend: {source: google, campaign: /(/}}")},
	{"expression that does not end", channels("{name: A, spend: {source: google, campaign: /a}}")},
	{"empty pattern", channels(`{name: A, spend: {source: google, campaign: ""}}`)},
	{"notify without targets", minimal + "notify: {}\n"},
	{"target without name and type", told("", "{url: env:X}")},
	{"two targets of one name", told("", "{name: team, type: slack}", "{name: team, type: ntfy}")},
	{"literal secret of a heartbeat", told("heartbeat: {url: https://hc.example/uuid}")},
	{"heartbeat without url", told("heartbeat: {every: 1m}")},
	{"heartbeat too often", told("heartbeat: {url: env:X, every: 1s}")},
	{"route to an unknown target", told("routes: [{targets: [teem]}]")},
	{"route to nowhere", told("routes: [{severity: critical}]")},
	{"severity of a route", told("routes: [{targets: [team], severity: urgent}]")},
	{"quiet hours of a route", told("routes: [{targets: [team], quiet_hours: maybe}]")},
	{"repeats before news", told("routes: [{targets: [team], group_interval: 5h}]")},
	{"repeats without a pause", told("routes: [{targets: [team], group_interval: 0s, repeat_interval: 1s}]")},
	{"empty pattern of a route", told(`routes: [{targets: [team], match: {channel: ""}}]`)},
	{"quiet hours without anything", told("quiet_hours: [{}]")},
	{"quiet hours without an end", told("quiet_hours: [{from: 22:00}]")},
	{"a time that is none", told("quiet_hours: [{from: 22:00, to: 24:00}]")},
	{"a day that is none", told("quiet_hours: [{days: [Monday]}]")},
	{"maintenance without an end", told("maintenance: [{from: 2026-12-24 18:00}]")},
	{"maintenance that ends before it begins", told("maintenance: [{from: 2026-12-24 18:00, to: 2026-12-24 17:00}]")},
	{"maintenance by the clock without days", told("maintenance: [{from: 02:00, to: 04:00}]")},
	{"maintenance of every week by dates", told("maintenance: [{days: [sun], from: 2026-12-24 18:00, to: 04:00}]")},
	{"digest without a time", told("digest: {targets: [team]}")},
	{"digest on no day", told("digest: {weekly: 08:00}")},
	{"digest for an unknown target", told("digest: {daily: 08:00, targets: [x]}")},
	{"several at once, in the order of the file", with("EUR", "euro") + "rates: {USD: x}\nalerts: {often: 1}\nchannels:\n  - {name: A, spend: {source: gogle}}\n"},
	{"more than ten", minimal + "channels:\n" + strings.Repeat("  - {}\n", 12)},
	{"characters of two bytes before the place", with("{name: google,", "{name: \"Größe\", every: x,")},
}

func TestEveryMistakeNamesItsPlaceAndTheWayOut(t *testing.T) {
	var got strings.Builder
	for _, m := range mistakes {
		_, err := Parse("acme.yaml", []byte(m.content))
		var broken *Error
		if !errors.As(err, &broken) {
			t.Errorf("%s: got %v, want an error", m.name, err)
			continue
		}
		for _, p := range broken.Problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("%s: a problem without its place: %+v", m.name, p)
			}
		}
		got.WriteString("== " + m.name + "\n" + err.Error() + "\n\n")
	}
	compareGolden(t, "testdata/mistakes.golden", got.String())
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the error texts changed (-update writes them anew):\n%s", diff)
	}
}

// adapterOptions are options as an adapter has them.
type adapterOptions struct {
	Token    sources.Secret `yaml:"token"`
	Accounts []string       `yaml:"accounts"`
	Wait     time.Duration  `yaml:"wait"`
	Strict   bool           `yaml:"strict"`
	Pages    int8           `yaml:"pages"`
	Cost     column         `yaml:"cost"`
}

func TestMistakesInOptionsReadLikeTheOthers(t *testing.T) {
	var got strings.Builder
	for _, m := range []struct{ name, options string }{
		{"unknown option", "tokken: env:A"},
		{"mistyped common key", "evry: 5m"},
		{"value for a list", "accounts: 17"},
		{"nested list", "accounts: [[1]]"},
		{"number", "pages: many"},
		{"number too large", "pages: 300"},
		{"truth value in quotes", `strict: "true"`},
		{"duration", "wait: soon"},
		{"unit of a column", "cost: {column: a, unt: minor}"},
		{"literal secret", "token: EAABsbCS1234567890hidden"},
		{"secret as a list", "token: [EAABsbCS1234567890hidden]"},
		{"mistyped key of a literal secret", "tokn: EAABsbCS1234567890hidden"},
		{"two at once", "strict: perhaps\n    accounts: {a: 1}"},
	} {
		c := parse(t, with("{name: google, type: google_ads}", "name: google\n    type: google_ads\n    "+m.options))
		err := c.Sources[0].Decode(&adapterOptions{})
		if err == nil {
			t.Errorf("%s: was accepted", m.name)
			continue
		}
		got.WriteString("== " + m.name + "\n" + err.Error() + "\n\n")
	}
	if strings.Contains(got.String(), "EAAB") {
		t.Error("an error repeats a secret")
	}
	compareGolden(t, "testdata/options.golden", got.String())
}

func TestNoExcerptRepeatsALiteralSecret(t *testing.T) {
	const secret = "EAABsbCS-hidden+1234567890"
	for _, line := range []string{
		"{name: meta, type: meta_ads, token: " + secret + ", every: soon}",
		"{name: meta, type: meta_ads, 'client_secret': \"" + secret + "\", every: soon}",
		"{name: meta, type: meta_ads, other: " + secret + ", every: soon}",
		"{name: meta, type: meta_ads, token: hunter2, every: soon}",
		"{name: meta, token: " + secret + ", token: hunter2}",
		"{name: meta, token: " + secret,
		"{name: meta, token: \"" + secret,
		"token: " + secret + ": x",
		"token: @" + secret,
		"token: " + secret + "\n    every: soon",
		"token:\n      " + secret + ": x: y",
	} {
		_, err := Parse("acme.yaml", []byte(minimal+"  - "+line+"\n"))
		if _, direct := Parse("acme.yaml", []byte(with("{name: google, type: google_ads}", line))); direct != nil {
			err = errors.Join(err, direct)
		}
		if err == nil {
			t.Fatalf("%q is no mistake", line)
		}
		if text := err.Error(); strings.Contains(text, "EAAB") || strings.Contains(text, "1234567890") || strings.Contains(text, "hunter2") {
			t.Errorf("the secret is repeated:\n%s", text)
		}
	}
}

func TestAReferenceToASecretIsShown(t *testing.T) {
	for _, reference := range []string{"env:META_TOKEN", "file:/run/meta", "cmd:pass show meta", "keyring:adtop/meta"} {
		_, err := Parse("acme.yaml", []byte(minimal+"  - {name: meta, type: meta_ads, token: "+reference+", every: soon}\n"))
		if err == nil || !strings.Contains(err.Error(), reference) {
			t.Errorf("%s is not in the excerpt:\n%v", reference, err)
		}
	}
}

func TestHugeFilesAreRefusedBeforeTheyCost(t *testing.T) {
	for name, content := range map[string]string{
		"size":              strings.Repeat("# comment\n", maxFile/10+1),
		"open brackets":     strings.Repeat("[", 1<<19),
		"brackets by line":  strings.Repeat("[\n", 1<<19),
		"lists in a line":   strings.Repeat("- ", 1<<18),
		"tags":              strings.Repeat("!a\n", 1<<18),
		"anchors":           "a: &a [x,x]\n" + strings.Repeat("b: &b [*a,*a]\n", 1000),
		"keys":              strings.Repeat("a: 1\n", maxFile/5),
		"question marks":    strings.Repeat("? ", 1<<18),
		"entries":           strings.Repeat("- 1\n", maxFile/4),
		"quotes":            strings.Repeat("\"a\" ", 1<<18),
		"open quote":        "a: \"" + strings.Repeat("x\n ", maxFile/3-10),
		"deep by indenting": deep(1200),
	} {
		began := time.Now()
		if _, err := Parse("acme.yaml", []byte(content)); err == nil {
			t.Errorf("%s: was accepted", name)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: took %s", name, took)
		} else {
			t.Logf("%s: %s", name, took)
		}
	}
}

// deep is as many keys, each within the one before.
func deep(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	for _, m := range mistakes {
		f.Add(m.content)
	}
	example, err := os.ReadFile("../config.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	f.Fuzz(func(t *testing.T, content string) {
		c, err := Parse("acme.yaml", []byte(content))
		if err == nil {
			for _, s := range c.Sources {
				_ = s.Decode(&adapterOptions{})
			}
			for _, ch := range c.Channels {
				if _, err := c.Hash(ch); err != nil || ch.Economics.Check() != nil {
					t.Errorf("channel %+v: %v", ch, err)
				}
			}
			if c.Zone == nil || c.Currency == "" || len(c.Sources) == 0 {
				t.Errorf("accepted an incomplete file: %+v", c)
			}
			return
		}
		var broken *Error
		if !errors.As(err, &broken) || len(broken.Problems) == 0 || len(broken.Problems) > maxProblems {
			t.Fatalf("not a readable error: %v", err)
		}
		for _, p := range broken.Problems {
			if p.Line < 1 || p.Column < 1 || p.Message != sources.Clean(p.Message) && len(p.Message) < 500 {
				t.Errorf("problem %+v", p)
			}
		}
	})
}
