package config

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"

	"adtop/kpi"
	"adtop/pattern"
	"adtop/sources"
)

// channel are the keys of a channel.
type channel struct {
	Name      at[label]         `yaml:"name"`
	Spend     oneOrMany[spend]  `yaml:"spend"`
	Results   at[resultSources] `yaml:"results"`
	Economics raw               `yaml:"economics"`
}

type spend struct {
	Source   at[string]      `yaml:"source"`
	Account  string          `yaml:"account"`
	Campaign pattern.Pattern `yaml:"campaign"`
}

type result struct {
	Source      at[string]      `yaml:"source"`
	UTMSource   pattern.Pattern `yaml:"utm_source"`
	UTMMedium   pattern.Pattern `yaml:"utm_medium"`
	UTMCampaign pattern.Pattern `yaml:"utm_campaign"`
	Promo       pattern.Pattern `yaml:"promo"`
	Dialled     pattern.Pattern `yaml:"dialled"`
	Referrer    pattern.Pattern `yaml:"referrer"`
	ClickID     pattern.Pattern `yaml:"click_id"`
	Customers   customers       `yaml:"customers"`
	Campaign    pattern.Pattern `yaml:"campaign"`
	None        bool            `yaml:"none"`
}

// customers are new or returning ones.
type customers string

func (c *customers) decodeNode(d *decoder, key string, n ast.Node) {
	if text, ok := d.choice(key, n, []string{sources.NewCustomer, sources.ReturningCustomer}); ok {
		*c = customers(text)
	}
}

// oneOrMany is a single entry or a list of them.
type oneOrMany[T any] []at[T]

func (o *oneOrMany[T]) decodeNode(d *decoder, key string, n ast.Node) {
	entries := []ast.Node{n}
	if _, many := n.(*ast.SequenceNode); many {
		entries = d.list(key, n)
	}
	for _, entry := range entries {
		var read at[T]
		d.value(key, entry, reflect.ValueOf(&read).Elem())
		*o = append(*o, read)
	}
}

// resultSources are the word "platform", which leaves entries empty, or where
// else results come from.
type resultSources struct{ entries oneOrMany[result] }

func (r *resultSources) decodeNode(d *decoder, key string, n ast.Node) {
	if word, ok := scalar(n); !ok {
		r.entries.decodeNode(d, key, n)
	} else if word != "platform" {
		d.fault(n, "%s: unknown word %s: expected platform, or keys such as {source: shop, utm_source: newsletter}", key, quote(word))
	}
}

// channel checks what a channel says against the sources there are.
func (d *decoder) channel(entry at[channel], known []Source, defaults economics) Channel {
	keys := entry.Value
	name := keys.Name.node
	if name == nil {
		name = entry.node
		d.fault(name, `the channel has no name: add one, such as "name: Google Search"`)
	}
	switch {
	case len(keys.Spend) == 0 && keys.Results.node == nil:
		d.fault(name, `the channel has neither spend nor results: add one, such as "spend: {source: google}"`)
	case len(keys.Spend) == 0 && len(keys.Results.Value.entries) == 0:
		d.fault(keys.Results.node, "results: platform means what the spend sources report, and the channel has no spend: name a source of results")
	}
	ch := Channel{Name: string(keys.Name.Value), Economics: d.channelEconomics(keys.Economics.node, name, defaults)}
	if ch.Economics.Payout == kpi.ReportedPayout && len(keys.Results.Value.entries) == 0 {
		d.fault(name, `payout: reported is what a source of results tells: name it, such as "results: {source: awin}"`)
	}
	if ch.Economics.Payout == kpi.ReportedPayout && ch.Economics.HoldDays > 0 && len(keys.Spend) > 0 {
		d.fault(name, "hold: what is spent and what is paid out are one sum in this channel: give the spend a channel of its own, or remove hold")
	}
	for _, s := range keys.Spend {
		d.knownSource("spend", s.Value.Source, s.node, known)
		ch.Spend = append(ch.Spend, Spend{s.Value.Source.Value, s.Value.Account, s.Value.Campaign})
	}
	for _, r := range keys.Results.Value.entries {
		d.knownSource("results", r.Value.Source, r.node, known)
		ch.Results = append(ch.Results, d.result(r, ch.ResultSource()))
	}
	return ch
}

// result checks one entry of results; first is the source of the entries
// before it.
func (d *decoder) result(r at[result], first string) Result {
	k := r.Value
	out := Result{
		Source: k.Source.Value, UTMSource: k.UTMSource, UTMMedium: k.UTMMedium, UTMCampaign: k.UTMCampaign,
		Promo: k.Promo, Dialled: k.Dialled, Referrer: k.Referrer, ClickID: k.ClickID, Customers: string(k.Customers), Campaign: k.Campaign, None: k.None,
	}
	switch byCampaign := out.Campaign.String() != ""; {
	case first != "" && out.Source != first:
		d.fault(r.node, "results: the channel takes results from %s already: all have to come from one source", quote(first))
	case out.None && (out.keyed() || byCampaign):
		d.fault(r.node, "results: none means results without UTM parameters, code or number, of which only customers can be asked: remove the other keys, or none")
	case byCampaign && (out.keyed() || out.Customers != ""):
		d.fault(r.node, "results: campaign asks for campaigns, the other keys for UTM parameters, codes or numbers: split it into two entries")
	}
	return out
}

func (d *decoder) knownSource(key string, source at[string], entry ast.Node, known []Source) {
	names := make([]string, 0, len(known))
	for _, s := range known {
		if s.Name == source.Value && source.node != nil {
			return
		}
		names = append(names, s.Name)
	}
	if source.node == nil {
		d.fault(entry, `%s: names no source: add one, such as "source: google"`, key)
		return
	}
	d.fault(source.node, "%s: there is no source named %s: %s", key, quote(source.Value), instead(source.Value, names))
}

// unique notes a channel whose name an earlier one has.
func (d *decoder) unique(what string, name at[label], earlier []at[channel]) {
	for _, e := range earlier {
		if e.Value.Name.Value == name.Value && name.node != nil {
			d.fault(name.node, "two %ss are named %s: the first is on line %d; rename one", what, quote(string(name.Value)), d.spanOf(e.node).line)
			return
		}
	}
}
