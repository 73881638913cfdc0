package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"adtop/alert/notify"
	"adtop/alert/notify/targets"
	"adtop/config"
	"adtop/monitor"
	"adtop/snapshot"
	"adtop/sources"
)

// composeNotify makes of a config who is told, and opens the targets when the
// process may collect.
func composeNotify(o *monitor.Options, cfg *config.Config, secrets func(string) (string, error)) error {
	n := cfg.Notify
	if n == nil {
		return nil
	}
	var problems []error
	plan := &notify.Plan{Name: o.Title, Zone: cfg.Zone}
	for _, t := range n.Targets {
		opened, err := openTarget(t, targets.Env{Now: o.Clock.Now, Log: o.Log.With("target", t.Name)}, secrets)
		problems = append(problems, t.Locate(err))
		plan.Targets = append(plan.Targets, t.Name)
		o.Targets = append(o.Targets, monitor.Target{Name: t.Name, Type: t.Type, Target: opened})
	}
	for _, r := range n.Routes {
		plan.Routes = append(plan.Routes, notify.Route{
			Targets: r.Targets, Severity: snapshot.Severity(slices.Index(config.Severities, r.Severity)), Match: r.Match, GroupBy: r.GroupBy,
			Wait: r.Wait, Interval: r.Interval, Repeat: r.Repeat, Resolved: r.Resolved, AtNight: notify.AtNight(r.Quiet), Continue: r.Continue,
		})
	}
	for _, h := range n.Quiet {
		plan.Quiet = append(plan.Quiet, notify.Hours(h))
	}
	for _, w := range n.Maintenance {
		plan.Maintenance = append(plan.Maintenance, notify.Window{From: w.From, To: w.To, Weekly: (*notify.Hours)(w.Weekly), Match: w.Match})
	}
	for _, d := range n.Digests {
		o.Digests = append(o.Digests, monitor.Digest(d))
	}
	o.Notify = plan
	if n.Heartbeat != nil && secrets != nil {
		ping, err := pinger(n.Heartbeat, secrets)
		problems = append(problems, n.Heartbeat.Locate(err))
		o.Heartbeat = &monitor.Heartbeat{Every: n.Heartbeat.Every, Ping: ping}
	}
	return errors.Join(problems...)
}

// openTarget decodes and opens one target. Without secrets it stays closed.
func openTarget(t config.Target, env targets.Env, secrets func(string) (string, error)) (notify.Target, error) {
	types := targets.Types()
	i := slices.IndexFunc(types, func(known targets.Type) bool { return known.Name == t.Type })
	if i < 0 {
		var names []string
		for _, known := range types {
			names = append(names, known.Name)
		}
		return nil, fmt.Errorf("type: there is no type %q: expected one of %q", t.Type, names)
	}
	options := types[i].Options()
	if err := t.Decode(options); err != nil {
		return nil, err
	}
	if secrets == nil {
		return nil, nil
	}
	if err := sources.ResolveSecrets(options, secrets); err != nil {
		return nil, err
	}
	return targets.Open(options, env)
}

// pinger calls the address of a heartbeat. Its errors do not name it.
func pinger(h *config.Heartbeat, secrets func(string) (string, error)) (func(context.Context) error, error) {
	if err := sources.ResolveSecrets(h, secrets); err != nil {
		return nil, err
	}
	address, err := url.Parse(h.URL.Reveal())
	if err != nil || address.Scheme != "https" && address.Scheme != "http" || address.Host == "" {
		return nil, fmt.Errorf("url: what %s holds is no address: expected one such as https://hc.example.com/uuid", h.URL.Ref)
	}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
		if err != nil {
			return errors.New("its address cannot be asked for")
		}
		answer, err := http.DefaultClient.Do(request)
		var failed *url.Error
		if errors.As(err, &failed) {
			return failed.Err
		} else if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
		if answer.StatusCode/100 != 2 {
			err = fmt.Errorf("it answers %s", answer.Status)
		}
		return errors.Join(err, answer.Body.Close())
	}, nil
}

// testPatience bounds the sending of one test message.
const testPatience = 10 * time.Second

// testMessage is what 'adtop notify test' sends.
func testMessage(title string, now time.Time) notify.Message {
	return notify.Message{
		Event: fmt.Sprintf("test/%d", now.UnixNano()), Key: title + " test", Kind: notify.Note, At: now,
		Title: title + ": a test of adtop", Text: "Somebody tried whether messages of adtop arrive here. They do, and nothing is wrong.",
	}
}
