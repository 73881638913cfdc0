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

// session is an opened database with a monitor over it.
type session struct {
	cache   *store.SQLite
	monitor *monitor.Monitor
	config  *config.Config
	log     *slog.Logger

	closer  io.Closer          // of the log
	release context.CancelFunc // of what the sources keep open
}

func (s *session) close() error {
	s.release()
	return errors.Join(s.cache.Close(), s.closer.Close())
}

// openToRead opens what the config at path names for a command that only reads.
// Asked for over SSH, it reads what the server shows: release is to be called
// at the end in any case.
func (a *app) openToRead(ctx context.Context, path string) (m *monitor.Monitor, release func(), err error) {
	if a.serving != nil {
		return a.serving, func() {}, nil
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return nil, nil, err
	}
	s, err := a.open(ctx, cfg, false)
	if err != nil {
		return nil, nil, err
	}
	return s.monitor, func() { s.close() }, nil
}

// open opens everything that a config names. collect says whether this process
// may become the one that fetches; otherwise the database must exist.
func (a *app) open(ctx context.Context, cfg *config.Config, collect bool) (*session, error) {
	return a.openAs(ctx, cfg, collect, collect)
}

// openBeside opens for somebody at a screen. Where the sources cannot be opened,
// such as by a person who may not read the secrets of the service, and another
// adtop collects, this one watches what that one does.
func (a *app) openBeside(ctx context.Context, cfg *config.Config) (*session, error) {
	s, err := a.open(ctx, cfg, true)
	if err == nil || !somebodyCollects(ctx, cfg) {
		return s, err
	}
	if s, fails := a.openAs(ctx, cfg, true, false); fails == nil {
		s.log.Warn("this adtop watches only, since it cannot open the sources", "err", err)
		return s, nil
	}
	return nil, err
}

// somebodyCollects says whether somebody collects into the config's database.
func somebodyCollects(ctx context.Context, cfg *config.Config) bool {
	path, err := databasePath(cfg)
	if err != nil {
		return false
	}
	cache, err := store.Open(ctx, path, store.Options{ReadOnly: true})
	if err != nil {
		return false
	}
	defer cache.Close()
	holder, err := cache.Holder()
	return err == nil && holder != ""
}

// openAs opens the database to be written or read, and the sources where this
// process may collect.
func (a *app) openAs(ctx context.Context, cfg *config.Config, writes, collects bool) (*session, error) {
	path, err := databasePath(cfg)
	if err != nil {
		return nil, err
	}
	s := &session{config: cfg}
	if s.log, s.closer, err = a.openLog(); err != nil {
		return nil, err
	}
	var secrets func(string) (string, error)
	if collects {
		secrets = config.Secrets(ctx, cfg.Dir())
	}
	life, release := context.WithCancel(context.WithoutCancel(ctx))
	s.release = release
	o, err := compose(life, cfg, nil, monitor.RealClock(), s.log, secrets)
	if err == nil {
		s.cache, err = store.Open(ctx, path, store.Options{ReadOnly: !writes})
	}
	if err != nil {
		release()
		return nil, errors.Join(err, s.closer.Close())
	}
	o.Store, o.Watches = s.cache, writes && !collects
	s.monitor = monitor.New(o)
	return s, nil
}

// reload has a running session go on with what its config says now. All that
// can fail comes before anything changes; admit is what else can.
func (s *session) reload(ctx context.Context, path string, admit func(*config.Config) error) error {
	cfg, err := loadConfig(path)
	if err != nil {
		return err
	}
	before, err := databasePath(s.config)
	if err != nil {
		return err
	}
	if database, err := databasePath(cfg); err != nil {
		return err
	} else if database != before {
		return fmt.Errorf("database: it is %s now, and was %s: another database needs another start", database, before)
	}
	if err := admit(cfg); err != nil {
		return err
	}
	life, release := context.WithCancel(context.WithoutCancel(ctx))
	o, err := compose(life, cfg, s.cache, monitor.RealClock(), s.log, config.Secrets(ctx, cfg.Dir()))
	if err == nil {
		err = s.monitor.Reload(ctx, o)
	}
	if err != nil {
		release()
		return err
	}
	s.release()
	s.config, s.release = cfg, release
	return nil
}
