package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"adtop/config"
	"adtop/kpi"
	"adtop/monitor"
	"adtop/sources"
	"adtop/store"
)

// compose makes the monitor's options from a config. Secrets are looked up and
// sources opened only when the process may collect; life ends when the sources
// are used no more.
func compose(life context.Context, cfg *config.Config, cache store.Store, clock monitor.Clock, log *slog.Logger, secrets func(string) (string, error)) (monitor.Options, error) {
	o := monitor.Options{
		Store: cache, Clock: clock, Log: log, Title: cmp.Or(cfg.Title, configName(cfg)), Currency: cfg.Currency, Zone: cfg.Zone,
		Default: cfg.Economics, Retention: store.Retention(cfg.Retention), FalseAlarms: cfg.Alerts.FalseAlarmsPerMonth,
		Exchanges: monitor.NewExchanges(clock.Now),
	}
	given := map[string]kpi.Fields{} // by source
	o.Claim = func(source, account string, e sources.Entity) monitor.Claim {
		gives, configured := given[source]
		if !configured {
			gives = kpi.AllFields
		}
		claim := cfg.Claim(source, account, e, gives)
		claim.Also = slices.DeleteFunc(claim.Also, func(i int) bool { return leftOver(cfg.Channels[i]) })
		return monitor.Claim(claim)
	}
	for _, r := range cfg.Rates {
		o.Rates = append(o.Rates, store.Rate{From: r.From, To: cfg.Currency, Date: r.Since, Rate: r.Rate, Origin: "config"})
	}
	types := registry()
	var problems []error
	for _, s := range cfg.Sources {
		src, err := openSource(life, types, cfg, s, clock, log, o.Exchanges.Of(s.Name), secrets)
		problems = append(problems, s.Locate(err))
		given[s.Name] = src.Definition.Gives
		if src.Definition.RatesOnly() && err == nil {
			published, _ := src.Source.(sources.RateSource) // nil where the source stays closed
			o.RateSources = append(o.RateSources, monitor.RateSource{Name: s.Name, Type: s.Type, Source: published, History: src.History})
			problems = append(problems, s.Locate(unpriced(cfg, s.Name)))
			continue
		}
		o.Sources = append(o.Sources, src)
	}
	for _, ch := range cfg.Channels {
		hash, err := cfg.Hash(ch)
		if err != nil {
			return o, err
		}
		problems = append(problems, paid(cfg, ch, o.Sources))
		c := monitor.Channel{Name: ch.Name, Economics: ch.Economics, Results: ch.ResultSource(), Hash: hash}
		c.Spend, c.Traffic = spendOf(ch, o.Sources)
		o.Channels = append(o.Channels, c)
	}
	var err error
	o.Rules, err = compileRules(cfg.Alerts.Rules)
	problems = append(problems, err, composeNotify(&o, cfg, secrets))
	return o, errors.Join(problems...)
}

// spendOf names the sources of a channel's spend, each once, those that know no
// money apart. Where the channel pays what its results cost, their source is one.
func spendOf(ch config.Channel, all []monitor.Source) (spend, traffic []string) {
	for _, s := range ch.Spend {
		i := slices.IndexFunc(all, func(src monitor.Source) bool { return src.Name == s.Source })
		into := &spend
		if i >= 0 && all[i].Definition.Gives&kpi.Cost == 0 {
			into = &traffic
		}
		if !slices.Contains(*into, s.Source) {
			*into = append(*into, s.Source)
		}
	}
	if results := ch.ResultSource(); ch.Economics.Payout == kpi.ReportedPayout && !slices.Contains(spend, results) {
		spend = append(spend, results)
	}
	return spend, traffic
}

// leftOver says whether a channel is there for what is left over: orders without UTM
// parameters, code and number that no channel before it finds otherwise, as by their
// referrer. That it would match those too is no mistake.
func leftOver(ch config.Channel) bool {
	return len(ch.Results) > 0 && !slices.ContainsFunc(ch.Results, func(r config.Result) bool { return !r.None })
}

// unpriced refuses channels that take figures from a source of exchange rates.
func unpriced(cfg *config.Config, source string) error {
	for _, ch := range cfg.Channels {
		if ch.ResultSource() == source || slices.ContainsFunc(ch.Spend, func(s config.Spend) bool { return s.Source == source }) {
			return fmt.Errorf("name: channel %s takes figures from %s, which publishes exchange rates alone", ch.Name, source)
		}
	}
	return nil
}

// paid refuses a channel that counts on payouts which its source of results does not
// tell, and one that does not say what becomes of those that it tells: they would be
// missing in the profit.
func paid(cfg *config.Config, ch config.Channel, all []monitor.Source) error {
	i := slices.IndexFunc(cfg.Sources, func(s config.Source) bool { return s.Name == ch.ResultSource() })
	owes := slices.ContainsFunc(all, func(s monitor.Source) bool {
		return s.Name == ch.ResultSource() && s.Owes()
	})
	switch reported := ch.Economics.Payout == kpi.ReportedPayout; {
	case i >= 0 && reported && !owes:
		return cfg.Sources[i].Locate(fmt.Errorf("name: channel %s pays what %s reports (payout: reported), and that tells no payouts", ch.Name, cfg.Sources[i].Name))
	case i >= 0 && owes && ch.Economics.Payout == kpi.NoPayout:
		return cfg.Sources[i].Locate(fmt.Errorf("name: %s tells what the partners of channel %s are owed: add payout: {model: reported} to its economics, or another payout", cfg.Sources[i].Name, ch.Name))
	}
	return nil
}

// openSource decodes and opens one source. Without secrets it stays closed:
// a report reads the cache and asks no API.
func openSource(life context.Context, types *sources.Registry, cfg *config.Config, s config.Source, clock monitor.Clock, log *slog.Logger, exchanged func(sources.Exchange), secrets func(string) (string, error)) (monitor.Source, error) {
	definition, err := types.Lookup(s.Type)
	if err != nil {
		return monitor.Source{}, err
	}
	opened := monitor.Source{Name: s.Name, Definition: definition, Every: s.Every, History: min(s.History, definition.History)}
	options := definition.Options()
	if err := s.Decode(options); err != nil {
		return opened, err
	}
	if definition.Owes != nil && definition.Owes(options) {
		opened.Definition.Gives |= kpi.Cost
	}
	if definition.Views != nil && !definition.Views(options) {
		opened.Definition.Gives &^= kpi.ViewThrough
	}
	if definition.Attribution != nil {
		opened.Attribution = definition.Attribution(options)
	}
	if secrets == nil {
		return opened, nil
	}
	if err := sources.ResolveSecrets(options, secrets); err != nil {
		return opened, err
	}
	opened.Source, err = definition.Open(options, sources.Env{Name: s.Name, Now: clock.Now, Log: log.With("source", s.Name), Dir: cfg.Dir(), Exchanged: exchanged, Life: life})
	return opened, err
}
