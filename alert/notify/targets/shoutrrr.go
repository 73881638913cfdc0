package targets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"adtop/alert/notify"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// ShoutrrrOptions configure a service that the library shoutrrr knows.
type ShoutrrrOptions struct {
	URL sources.Secret `yaml:"url"` // as its documentation has it: discord://token@id
}

// shoutrrrService is how a service takes messages.
type shoutrrrService struct {
	limit  int               // characters of a message
	title  bool              // has a field for the title
	params map[string]string // besides
}

// shoutrrrServices are those that tell when a message did not arrive, which a
// test holds. Of the others, some are targets of their own, and some take a failure
// for a success or write to the screen.
var shoutrrrServices = map[string]shoutrrrService{
	"bark":       {limit: 3000, title: true},
	"discord":    {limit: 2000, title: true, params: map[string]string{"splitlines": "No"}},
	"googlechat": {limit: 4000},
	"gotify":     {limit: 8000, title: true},
	"lark":       {limit: 8000, title: true},
	"matrix":     {limit: 16000},
	"mattermost": {limit: 12000},
	"notifiarr":  {limit: 1900, title: true},
	"pushbullet": {limit: 4000, title: true},
	"pushover":   {limit: 1024, title: true},
	"signal":     {limit: 2000},
	"wecom":      {limit: 600}, // 2048 bytes
	"zulip":      {limit: 10000},
}

// elsewhere says what to use for a service that is not one of shoutrrrServices.
var elsewhere = map[string]string{
	"slack": "type: slack", "telegram": "type: telegram", "teams": "type: teams", "ntfy": "type: ntfy", "smtp": "type: email", "pagerduty": "type: pagerduty", "generic": "type: webhook",
}

type shoutrrr struct {
	*client
	url     string
	kind    shoutrrrService
	running *shoutrrrAttempt // that did not end in time
}

// shoutrrrAttempt is a message on its way. The library cannot be told to give up.
type shoutrrrAttempt struct {
	event string
	done  chan error
}

func openShoutrrr(o *ShoutrrrOptions) (notify.Target, error) {
	text := o.URL.Reveal()
	if text == "" {
		return nil, errors.New("url is missing")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("url: not an address of shoutrrr, expected service://…")
	}
	name, _, _ := strings.Cut(strings.ToLower(u.Scheme), "+")
	kind, known := shoutrrrServices[name]
	if instead, ours := elsewhere[name]; !known && ours {
		return nil, fmt.Errorf("url: for %s use %s", name, instead)
	} else if !known {
		return nil, fmt.Errorf("url: no service that can be relied on, expected one of %s", strings.Join(slices.Sorted(maps.Keys(shoutrrrServices)), ", "))
	}
	clean, _ := httpkit.Redact(append(hidden(text), u.Host, u.Hostname())...)
	s := &shoutrrr{&client{service: name, clean: func(text string) string { return clean(addresses.ReplaceAllString(text, "[address]")) }}, text, kind, nil}
	if name != "matrix" { // it signs in as soon as it is made
		if _, err := new(router.ServiceRouter).Locate(text); err != nil {
			return nil, fmt.Errorf("url: %s", s.clean(err.Error()))
		}
	}
	return s, nil
}

// Send hands the message to the library. One that took too long may still
// arrive: until it ended nothing else is sent, and if it did arrive it is not sent
// again.
func (s *shoutrrr) Send(ctx context.Context, m notify.Message) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.running != nil {
		select {
		case err := <-s.running.done:
			arrived := err == nil && s.running.event == m.Event
			s.running = nil
			if arrived {
				return nil
			}
		case <-ctx.Done():
			return s.fail(fmt.Errorf("the message before is still on its way: %w", ctx.Err()))
		}
	}
	attempt := &shoutrrrAttempt{m.Event, make(chan error, 1)}
	go func() { attempt.done <- s.send(m) }()
	select {
	case err := <-attempt.done:
		if err != nil {
			return s.fail(err)
		}
		return nil
	case <-ctx.Done():
		s.running = attempt
		return s.fail(ctx.Err())
	}
}

// send is one attempt. Some services of the library panic on answers that they
// do not expect.
func (s *shoutrrr) send(m notify.Message) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the library failed: %v", broken)
		}
	}()
	service, err := new(router.ServiceRouter).Locate(s.url)
	if err != nil {
		return err
	}
	params, text := types.Params(maps.Clone(s.kind.params)), whole(m)
	if s.kind.title {
		if params == nil {
			params = types.Params{}
		}
		params["title"], text = fit(m.Title, 200, characters, nil), m.Text
		if text == "" {
			text = m.Title
		}
	}
	return service.Send(fit(text, s.kind.limit, characters, nil), &params)
}
