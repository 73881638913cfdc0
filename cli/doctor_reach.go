package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"adtop/alert/notify/targets"
	"adtop/config"
	"adtop/sources"
	"adtop/ui/ssh"
)

// reach checks who is told, who may log in and what readers have to give. It sends
// nothing and makes no file.
func (e *examination) reach(ctx context.Context, cfg *config.Config) error {
	secrets := &lookup{of: config.Secrets(ctx, cfg.Dir())}
	if cfg.Notify != nil {
		for _, t := range cfg.Notify.Targets {
			if err := e.target(ctx, t, secrets); err != nil {
				return err
			}
		}
		if h := cfg.Notify.Heartbeat; h != nil {
			secrets.missed = false
			_, err := pinger(h, secrets.find)
			e.opened("heartbeat", "its address", "can be called", h.Locate(err), secrets, "Correct it")
		}
	}
	if cfg.Feed.Token.IsSet() {
		secrets.missed = false
		_, err := readersToken("", cfg, secrets.find)
		e.opened("feed", "its token", "is there, and long enough", err, secrets, "Correct it: readers get nothing without")
	}
	if cfg.Serve != nil {
		return e.serve(cfg)
	}
	return nil
}

// lookup looks up secrets and remembers whether one was not there.
type lookup struct {
	of     func(string) (string, error)
	missed bool
}

func (l *lookup) find(ref string) (string, error) {
	secret, err := l.of(ref)
	l.missed = l.missed || err != nil
	return secret, err
}

// opened says whether something could be opened. A secret that is not there is no
// fault while somebody collects: a service may have it where nobody else looks.
func (e *examination) opened(about, name, good string, err error, secrets *lookup, next string) {
	switch {
	case err == nil:
		e.say(about, name+" "+good, "")
	case secrets.missed && e.collector != "":
		e.say(about, fmt.Sprintf("%s cannot be tried from here, though who collects may have the secret: %v", name, err), "")
	default: // the error ends with the place in the config
		e.say(about, name+" cannot be used. "+next, err.Error())
	}
}

// target opens a target of notifications, and says what arrived there.
func (e *examination) target(ctx context.Context, t config.Target, secrets *lookup) error {
	r, err := e.cache.Reach(ctx, t.Name, e.now)
	if err != nil {
		return err
	}
	secrets.missed = false
	_, err = openTarget(t, targets.Env{Now: time.Now, Log: slog.New(slog.DiscardHandler)}, secrets.find)
	test := "'adtop notify test " + t.Name + "' sends a message"
	name := t.Name + " (" + t.Type + ")"
	e.opened("target", name, "has what it needs; "+test, t.Locate(err), secrets, "Correct it; then "+test)
	switch {
	case !r.Failing.IsZero():
		e.say("target", fmt.Sprintf("%s gets nothing since %s: %s; %s", name, e.date(r.Failing), sources.Clean(r.Error), waits(r.Waiting)), "See whether it is reached: "+test)
	case !r.Delivered.IsZero():
		e.say("target", fmt.Sprintf("%s got a message %s; %s", name, e.date(r.Delivered), waits(r.Waiting)), "")
	default:
		e.say("target", fmt.Sprintf("%s was never told anything; %s", name, waits(r.Waiting)), "")
	}
	return nil
}

// waits says how many messages are still to arrive.
func waits(n int) string {
	switch n {
	case 0:
		return "nothing waits for it"
	case 1:
		return "1 message waits for it"
	}
	return fmt.Sprintf("%d messages wait for it", n)
}

// serve reads what 'adtop serve' would: who may log in, as whom, and its own key.
func (e *examination) serve(cfg *config.Config) error {
	path, err := hostKeyPath(cfg)
	if err != nil {
		return err
	}
	if _, err = os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		e.say("host key", path+" is made by the first 'adtop serve'", "")
	} else if _, err := ssh.HostKey(path); err != nil {
		e.say("host key", err.Error(), "'adtop serve' does not start without one")
	} else {
		e.say("host key", path+" is whole, and its owner's alone", "")
	}
	keys, err := ssh.OpenKeys(cfg.Serve.AuthorizedKeys, slog.New(slog.DiscardHandler))
	if err != nil {
		e.say("keys", err.Error(), "Nobody can log in over SSH")
		return nil
	}
	for _, problem := range keys.Problems() {
		e.say("keys", problem, "This line lets nobody in")
	}
	names := slices.Sorted(maps.Keys(keys.Names()))
	if len(names) == 0 {
		e.say("keys", cfg.Serve.AuthorizedKeys+" has no key that can be used", "Nobody can log in over SSH: write a public key on each line, with the person's name behind it")
	}
	for _, name := range names {
		e.say("keys", name+" may log in as "+roleOf(cfg, name), "")
	}
	for _, name := range nobodys(cfg.Serve.Roles, keys) {
		e.say("keys", "the role of "+name+" is nobody's: no authorized key has this name behind it", "Correct it there, or in serve: roles")
	}
	return nil
}
