package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"adtop/kpi"
)

// document are the keys of the file.
type document struct {
	Title     label           `yaml:"title"`
	Currency  at[isoCurrency] `yaml:"currency"`
	Timezone  at[zone]        `yaml:"timezone"`
	Database  string          `yaml:"database"`
	Rates     rates           `yaml:"rates"`
	Sources   []at[Source]    `yaml:"sources"`
	Channels  []at[channel]   `yaml:"channels"`
	Economics raw             `yaml:"economics"`
	Alerts    alerts          `yaml:"alerts"`
	Notify    at[notifyKeys]  `yaml:"notify"`
	Retention retention       `yaml:"retention"`
	Display   display         `yaml:"display"`
	Feed      Feed            `yaml:"feed"`
	Serve     at[serve]       `yaml:"serve"`
}

type display struct {
	Theme   at[string] `yaml:"theme"`
	Numbers at[string] `yaml:"numbers"`
	Mouse   bool       `yaml:"mouse"`
	Desktop at[string] `yaml:"desktop"`
}

// display checks how the screens are to look.
func (d *decoder) display(s display) Display {
	for _, field := range []struct {
		name  string
		given at[string]
		known []string
	}{{"theme", s.Theme, Themes}, {"numbers", s.Numbers, NumberFormats}, {"desktop", s.Desktop, Desktops}} {
		if field.given.node != nil && !slices.Contains(field.known, field.given.Value) {
			d.fault(field.given.node, "%s: expected one of %s", field.name, strings.Join(field.known, "  "))
		}
	}
	return Display{s.Theme.Value, s.Numbers.Value, s.Mouse, s.Desktop.Value}
}

// raw keeps a value to be decoded later.
type raw struct{ node ast.Node }

func (r *raw) decodeNode(_ *decoder, _ string, n ast.Node) { r.node = n }

type alerts struct {
	FalseAlarms at[float64] `yaml:"false_alarms_per_month"`
	Rules       []Rule      `yaml:"rules"`
}

type retention struct {
	Detail  at[duration] `yaml:"detail"`
	Hourly  at[duration] `yaml:"hourly"`
	History at[duration] `yaml:"history"`
}

// defaultRetention keeps what a comparison with the last year needs.
var defaultRetention = Retention{Detail: 48 * time.Hour, Hourly: 14 * 24 * time.Hour, History: 25 * 31 * 24 * time.Hour}

// shortest of each, so that what is compared on the screens is there.
var minRetention = Retention{Detail: 25 * time.Hour, Hourly: 8 * 24 * time.Hour, History: 70 * 24 * time.Hour}

// retention checks how exactly the past is to be kept.
func (d *decoder) retention(r retention) Retention {
	out := defaultRetention
	for _, field := range []struct {
		name    string
		given   at[duration]
		to      *time.Duration
		least   time.Duration
		written string
	}{
		{"detail", r.Detail, &out.Detail, minRetention.Detail, "25h"},
		{"hourly", r.Hourly, &out.Hourly, minRetention.Hourly, "8d"},
		{"history", r.History, &out.History, minRetention.History, "70d"},
	} {
		if field.given.node == nil {
			continue
		}
		if *field.to = time.Duration(field.given.Value); *field.to < field.least {
			d.fault(field.given.node, "%s: expected a time of at least %s", field.name, field.written)
		}
	}
	for _, later := range []struct {
		node ast.Node
		ok   bool
		what string
	}{
		{cmp.Or(r.Hourly.node, r.Detail.node), out.Detail <= out.Hourly, "hourly: expected at least as long a time as detail"},
		{cmp.Or(r.History.node, r.Hourly.node), out.Hourly <= out.History, "history: expected at least as long a time as hourly"},
	} {
		if !later.ok && later.node != nil {
			d.fault(later.node, "%s", later.what)
		}
	}
	return out
}

// Bounds and default of the accepted false alarms a month.
const (
	minFalseAlarms     = 0.01
	maxFalseAlarms     = 100
	defaultFalseAlarms = 1
)

// config decodes and checks the file below root.
func (d *decoder) config(root ast.Node) *Config {
	doc := document{Alerts: alerts{FalseAlarms: at[float64]{Value: defaultFalseAlarms}}}
	pairs := d.pairs("the file", root)
	if pairs == nil {
		return nil
	}
	d.structure(pairs, reflect.ValueOf(&doc).Elem())
	d.require(pairs, "currency", "currency: EUR")
	d.require(pairs, "timezone", "timezone: Europe/Berlin")
	d.require(pairs, "sources", "sources: [{name: google, type: google_ads}]")
	c := &Config{
		File: d.text.name, Title: string(doc.Title), Currency: kpi.Currency(doc.Currency.Value), Zone: doc.Timezone.Value.Location,
		Database: d.path(doc.Database), Alerts: Alerts{d.falseAlarms(doc.Alerts), doc.Alerts.Rules},
	}
	c.Retention = d.retention(doc.Retention)
	c.Display = d.display(doc.Display)
	c.Notify = d.notify(doc.Notify, c.Zone)
	c.Feed = doc.Feed
	c.Serve = d.serve(doc.Serve)
	defaults := d.defaults(doc.Economics.node)
	c.Economics = defaults.kpi()
	c.Rates = d.rates(doc.Rates, c.Currency)
	c.Sources = d.sources(doc.Sources)
	for i, entry := range doc.Channels {
		d.unique("channel", entry.Value.Name, doc.Channels[:i])
		c.Channels = append(c.Channels, d.channel(entry, c.Sources, defaults))
	}
	return c
}

// require notes a key of the file that is missing.
func (d *decoder) require(pairs []*ast.MappingValueNode, key, example string) {
	i := slices.IndexFunc(pairs, func(pair *ast.MappingValueNode) bool { return keyOf(pair) == key })
	if i >= 0 {
		if s, ok := pairs[i].Value.(*ast.SequenceNode); ok && len(s.Values) == 0 {
			d.fault(s, `%s: the list is empty: add at least one, such as "%s"`, key, example)
		}
		return
	}
	d.note(span{line: 1, column: 1, width: 1}, fmt.Sprintf(`the file has no %s: add it, such as "%s"`, key, example))
}

// path makes a path of the file absolute; ~/ is the home folder.
func (d *decoder) path(path string) string {
	if path == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(d.text.name), path)
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

func (d *decoder) falseAlarms(a alerts) float64 {
	if rate := a.FalseAlarms.Value; rate < minFalseAlarms || rate > maxFalseAlarms {
		d.fault(a.FalseAlarms.node, "false_alarms_per_month: expected a number from %g to %d", minFalseAlarms, maxFalseAlarms)
	}
	return a.FalseAlarms.Value
}

func (d *decoder) sources(entries []at[Source]) (list []Source) {
	for i, entry := range entries {
		for _, earlier := range entries[:i] {
			if s := earlier.Value; s.Name == entry.Value.Name && s.Name != "" {
				d.fault(entry.node, "two sources are named %s: the first is on line %d; rename one", quote(s.Name), d.spanOf(earlier.node).line)
			}
		}
		list = append(list, entry.Value)
	}
	return list
}

// rates are the exchange rates of the file, each with its place.
type rates []at[Rate]

func (r *rates) decodeNode(d *decoder, key string, n ast.Node) {
	for _, pair := range d.pairs(key, n) {
		var from isoCurrency
		if err := from.UnmarshalText([]byte(keyOf(pair))); err != nil {
			d.keyFault(pair.Key, "%s: %v", key, err)
			continue
		}
		*r = append(*r, d.pricesOf(kpi.Currency(from), pair)...)
	}
}

// pricesOf reads one rate, or a list of dated ones.
func (d *decoder) pricesOf(from kpi.Currency, pair *ast.MappingValueNode) (list []at[Rate]) {
	name := string(from)
	if _, dated := pair.Value.(*ast.SequenceNode); !dated {
		var rate price
		d.value(name, pair.Value, reflect.ValueOf(&rate).Elem())
		return []at[Rate]{{Rate{From: from, Rate: kpi.Rate(rate)}, pair.Key}}
	}
	for _, entry := range d.list(name, pair.Value) {
		var keys struct {
			From at[day]   `yaml:"from"`
			Rate at[price] `yaml:"rate"`
		}
		before := len(d.problems)
		d.value(name, entry, reflect.ValueOf(&keys).Elem())
		if len(d.problems) == before && (keys.From.node == nil || keys.Rate.node == nil) {
			d.fault(entry, "%s: expected a day and a rate, such as {from: 2026-01-01, rate: 0.92}", name)
		}
		list = append(list, at[Rate]{Rate{from, kpi.Date(keys.From.Value), kpi.Rate(keys.Rate.Value)}, entry})
	}
	return list
}

func (d *decoder) rates(entries rates, display kpi.Currency) (list []Rate) {
	seen := map[Rate]bool{}
	for _, entry := range entries {
		rate := entry.Value
		slot := Rate{From: rate.From, Since: rate.Since}
		switch {
		case rate.From == display:
			d.fault(entry.node, "rates: %s is the currency of the file, its rate is 1: remove it", display)
		case seen[slot]:
			d.fault(entry.node, "%s: two rates from the same day on: remove one", rate.From)
		}
		seen[slot] = true
		list = append(list, rate)
	}
	slices.SortFunc(list, func(a, b Rate) int {
		if a.From != b.From {
			return strings.Compare(string(a.From), string(b.From))
		}
		return int(a.Since) - int(b.Since)
	})
	return list
}
