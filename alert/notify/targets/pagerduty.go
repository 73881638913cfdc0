package targets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/sources"
)

// PagerDutyOptions configure a service of PagerDuty.
type PagerDutyOptions struct {
	RoutingKey sources.Secret `yaml:"routing_key"` // of its Events API v2 integration
	APIToken   sources.Secret `yaml:"api_token"`   // may read incidents; without it nothing comes back
	Region     string         `yaml:"region"`      // "us" or "eu"
}

// Limits of the Events API v2, in characters, and how many links and alerts go
// with an event (developer.pagerduty.com/docs/send-alert-event). An event must
// not be longer than 512 KB.
const (
	pagerSummary = 1024
	pagerKey     = 255
	pagerAlerts  = 20
)

type pagerDuty struct {
	*client
	events, key string
	open        map[string]string // group by the key of its incident, since the start
	ended       map[string]bool   // keys of incidents that were resolved from here
}

func openPagerDuty(o *PagerDutyOptions) (notify.Target, error) {
	if !o.RoutingKey.IsSet() {
		return nil, errors.New("routing_key is missing")
	}
	host := map[string]string{"us": "", "eu": "eu."}
	if _, known := host[o.Region]; !known {
		return nil, fmt.Errorf("region: %q is neither us nor eu", o.Region)
	}
	p := &pagerDuty{newClient("PagerDuty", o.RoutingKey.Reveal(), o.APIToken.Reveal()), "https://events." + host[o.Region] + "pagerduty.com",
		o.RoutingKey.Reveal(), map[string]string{}, map[string]bool{}}
	if !o.APIToken.IsSet() {
		return p, nil
	}
	return &answeringPagerDuty{p, "https://api." + host[o.Region] + "pagerduty.com", o.APIToken.Reveal()}, nil
}

type pagerEvent struct {
	Key     string        `json:"routing_key"`
	Action  string        `json:"event_action,omitempty"`
	Dedup   string        `json:"dedup_key,omitempty"`
	Payload *pagerPayload `json:"payload,omitempty"`
	Client  string        `json:"client,omitempty"`
	URL     string        `json:"client_url,omitempty"`
	Links   []pagerLink   `json:"links,omitempty"`
}

type pagerPayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity,omitempty"`
	Timestamp time.Time      `json:"timestamp"`
	Component string         `json:"component,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details,omitempty"`
}

type pagerLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// Send triggers, acknowledges or resolves the incident of the message's group. A
// Note becomes a change event, which pages nobody.
func (p *pagerDuty) Send(ctx context.Context, m notify.Message) error {
	dedup := pagerDedup(m.Key)
	event, path := pagerEvent{Key: p.key, Action: "trigger", Dedup: dedup}, "/v2/enqueue"
	switch m.Kind {
	case notify.Resolved:
		event.Action = "resolve"
	case notify.Acked:
		event.Action = "acknowledge"
	case notify.Note:
		event, path = pagerEvent{Key: p.key, Payload: pagerNote(m), Links: pagerLinks(m)}, "/v2/change/enqueue"
	default:
		event.Payload, event.Client, event.URL, event.Links = pagerAlarm(m), "adtop", link(m.Link), pagerLinks(m)
	}
	a, err := p.post(ctx, p.events+path, nil, event)
	if err != nil {
		return err
	}
	var said struct{ Status string }
	if json.Unmarshal(a.body, &said) != nil || said.Status != "success" {
		return p.odd(a)
	}
	switch m.Kind {
	case notify.Fired:
		p.open[dedup] = m.Key
		delete(p.ended, dedup)
	case notify.Resolved:
		delete(p.open, dedup)
		p.ended[dedup] = true
	}
	return nil
}

// pagerDedup is the key of the incident: the group's, or a digest of it where
// that is too long.
func pagerDedup(key string) string {
	if len(key) > pagerKey {
		return "adtop/" + short("pagerduty", key)
	}
	return key
}

func pagerAlarm(m notify.Message) *pagerPayload {
	payload := pagerNote(m)
	payload.Severity = map[snapshot.Severity]string{snapshot.Critical: "critical", snapshot.Warning: "warning", snapshot.Info: "info"}[m.Severity]
	if len(m.Alerts) == 1 {
		payload.Component, payload.Class = m.Alerts[0].Subject, m.Alerts[0].Rule
	}
	var alerts []map[string]any
	for _, a := range m.Alerts[:min(len(m.Alerts), pagerAlerts)] {
		one := map[string]any{"rule": a.Rule, "subject": a.Subject, "severity": a.Severity.String(), "state": a.State, "since": a.Since}
		for name, text := range annotationsOf(a) {
			one[name] = text
		}
		if a.Ground.Due > 0 {
			one["conversions_due"], one["conversions_seen"] = a.Ground.Due, a.Ground.Seen
		}
		alerts = append(alerts, one)
	}
	details := map[string]any{"alerts": alerts, "count": len(m.Alerts)}
	maps.Copy(details, payload.Details)
	payload.Details = details
	return payload
}

func pagerNote(m notify.Message) *pagerPayload {
	return &pagerPayload{Summary: fit(m.Title, pagerSummary, characters, nil), Source: "adtop", Timestamp: m.At,
		Details: map[string]any{"text": fit(m.Text, 50_000, characters, nil)}}
}

// pagerLinks are the pages of the alerts and where it stands what to do.
func pagerLinks(m notify.Message) (links []pagerLink) {
	for _, a := range m.Alerts[:min(len(m.Alerts), pagerAlerts)] {
		for _, l := range []pagerLink{{a.Runbook, "What to do: " + a.Subject}, {a.Link, "Look at: " + a.Subject}} {
			if link(l.Href) != "" {
				links = append(links, l)
			}
		}
	}
	return links
}
