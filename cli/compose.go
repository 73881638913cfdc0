package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"adtop/config"
	"adtop/kpi"
	"adtop/monitor"
	"adtop/sources"
	"adtop/store"
)

// loadConfig reads the config at path, or at its usual place when path is "".
func loadConfig(path string) (*config.Config, error) {
	if path == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf("no config folder: %w. Name the file with --config FILE", err)
		}
		path = filepath.Join(dir, "adtop", "config.yaml")
	}
	cfg, err := config.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no config at %s. Copy config.example.yaml there and edit it, or try 'adtop demo' first", path)
	}
	return cfg, err
}

// dataDir is where databases live: $XDG_DATA_HOME/adtop or ~/.local/share/adtop.
func dataDir() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "adtop"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home folder to keep the database in: %w. Set XDG_DATA_HOME, or database: in the config", err)
	}
	return filepath.Join(home, ".local", "share", "adtop"), nil
}

// databasePath is where the config's cache is: one database for each config.
func databasePath(cfg *config.Config) (string, error) {
	if cfg.Database != "" {
		return cfg.Database, nil
	}
	dir, err := dataDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, configName(cfg)+".db"), nil
}

// databaseOf reads a config and says where its cache is.
func databaseOf(path string) (*config.Config, string, error) {
	cfg, err := loadConfig(path)
	if err != nil {
		return nil, "", err
	}
	database, err := databasePath(cfg)
	return cfg, database, err
}

// configName is the name of the config file without its ending.
func configName(cfg *config.Config) string {
	return strings.TrimSuffix(filepath.Base(cfg.File), filepath.Ext(cfg.File))
}

// openLog returns the log that --log asks for, or one that drops everything.
func (a *app) openLog() (*slog.Logger, io.Closer, error) {
	if a.logFile == "" {
		return slog.New(slog.DiscardHandler), io.NopCloser(nil), nil
	}
	file, err := os.OpenFile(a.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open the log: %w", err)
	}
	return slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelDebug})), file, nil
}

// compose makes the monitor's options from a config. Secrets are looked up and
// sources opened only when the process may collect.
func compose(cfg *config.Config, cache store.Store, clock monitor.Clock, log *slog.Logger, secrets func(string) (string, error)) (monitor.Options, error) {
	o := monitor.Options{
		Store: cache, Clock: clock, Log: log, Title: cmp.Or(cfg.Title, configName(cfg)), Currency: cfg.Currency, Zone: cfg.Zone,
		Default: cfg.Economics, Retention: store.Retention(cfg.Retention), FalseAlarms: cfg.Alerts.FalseAlarmsPerMonth,
		Exchanges: monitor.NewExchanges(clock.Now),
	}
	o.Claim = func(source, account string, e sources.Entity) monitor.Claim {
		claim := cfg.Claim(source, account, e)
		claim.Also = slices.DeleteFunc(claim.Also, func(i int) bool { return leftOver(cfg.Channels[i]) })
		return monitor.Claim(claim)
	}
	for _, r := range cfg.Rates {
		o.Rates = append(o.Rates, store.Rate{From: r.From, To: cfg.Currency, Date: r.Since, Rate: r.Rate, Origin: "config"})
	}
	types := registry()
	var problems []error
	for _, s := range cfg.Sources {
		src, err := openSource(types, cfg, s, clock, log, o.Exchanges.Of(s.Name), secrets)
		problems = append(problems, s.Locate(err))
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
		c := monitor.Channel{Name: ch.Name, Economics: ch.Economics, Results: ch.ResultSource(), Hash: hash}
		c.Spend, c.Traffic = spendOf(ch, o.Sources)
		o.Channels = append(o.Channels, c)
	}
	var err error
	o.Rules, err = compileRules(cfg.Alerts.Rules)
	return o, errors.Join(append(problems, err)...)
}

// spendOf names the sources of a channel's spend, each once, those that know no
// money apart.
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

// openSource decodes and opens one source. Without secrets it stays closed:
// a report reads the cache and asks no API.
func openSource(types *sources.Registry, cfg *config.Config, s config.Source, clock monitor.Clock, log *slog.Logger, exchanged func(sources.Exchange), secrets func(string) (string, error)) (monitor.Source, error) {
	definition, err := types.Lookup(s.Type)
	if err != nil {
		return monitor.Source{}, err
	}
	opened := monitor.Source{Name: s.Name, Definition: definition, Every: s.Every, History: min(s.History, definition.History)}
	options := definition.Options()
	if err := s.Decode(options); err != nil {
		return opened, err
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
	opened.Source, err = definition.Open(options, sources.Env{Name: s.Name, Now: clock.Now, Log: log.With("source", s.Name), Dir: cfg.Dir(), Exchanged: exchanged})
	return opened, err
}

// session is an opened database with a monitor over it.
type session struct {
	cache   *store.SQLite
	monitor *monitor.Monitor
	log     io.Closer
}

func (s *session) close() error { return errors.Join(s.cache.Close(), s.log.Close()) }

// open opens everything that a config names. collect says whether this process
// may become the one that fetches; otherwise the database must exist.
func (a *app) open(ctx context.Context, cfg *config.Config, collect bool) (*session, error) {
	path, err := databasePath(cfg)
	if err != nil {
		return nil, err
	}
	log, closer, err := a.openLog()
	if err != nil {
		return nil, err
	}
	var secrets func(string) (string, error)
	if collect {
		secrets = config.Secrets(ctx, cfg.Dir())
	}
	o, err := compose(cfg, nil, monitor.RealClock(), log, secrets)
	if err != nil {
		return nil, errors.Join(err, closer.Close())
	}
	cache, err := store.Open(ctx, path, store.Options{ReadOnly: !collect})
	if err != nil {
		return nil, errors.Join(err, closer.Close())
	}
	o.Store = cache
	return &session{cache, monitor.New(o), closer}, nil
}
