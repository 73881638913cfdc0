package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"adtop/config"
	"adtop/monitor"
	"adtop/store"
)

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
