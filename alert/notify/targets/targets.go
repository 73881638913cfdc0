// Package targets holds the services that notifications go to. Each is a
// notify.Target made from the options of the config. They speak HTTP or SMTP, hold
// to the limits of the service, and tell a refusal from trouble that passes.
//
// A target keeps nothing on disk, and it does not try again: whoever keeps the
// messages does.
package targets

import (
	"fmt"
	"log/slog"
	"time"

	"adtop/alert/notify"
)

// Type is one kind of target, as the config names it.
type Type struct {
	Name    string
	Summary string // one line: where its messages arrive
	// Options returns a pointer to the type's option struct, filled with its
	// defaults. Its yaml tags name the keys; Secret fields are references.
	Options func() any
}

// Types lists the kinds of targets in the order of the README.
func Types() []Type {
	return []Type{
		{"slack", "a Slack channel, by an incoming webhook", func() any { return &SlackOptions{} }},
		{"telegram", "a Telegram chat, by a bot", func() any { return &TelegramOptions{} }},
		{"teams", "a channel or chat of Microsoft Teams, by a workflow", func() any { return &TeamsOptions{} }},
		{"email", "mailboxes, by an SMTP server", func() any { return &EmailOptions{TLS: "starttls"} }},
		{"ntfy", "phones that follow a topic of ntfy", func() any { return &NtfyOptions{URL: "https://ntfy.sh"} }},
		{"pagerduty", "a PagerDuty service; who acknowledges there does so here", func() any { return &PagerDutyOptions{Region: "us"} }},
		{"alertmanager", "a Prometheus Alertmanager; silences made there hold here", func() any { return &AlertmanagerOptions{} }},
		{"webhook", "any address, in the form of Alertmanager's webhooks, signed", func() any { return &WebhookOptions{} }},
		{"shoutrrr", "Discord, Matrix, Mattermost, Gotify, Pushover and others, by a shoutrrr URL", func() any { return &ShoutrrrOptions{} }},
	}
}

// Env is what a target gets from its surroundings.
type Env struct {
	Now func() time.Time // the clock of the data
	Log *slog.Logger     // never nil; no secret goes there
}

// Open makes a target from the options of one of Types, with their secrets
// resolved. It does no I/O. Its errors name the option at fault, and no secret.
func Open(options any, env Env) (notify.Target, error) {
	switch o := options.(type) {
	case *SlackOptions:
		return openSlack(o)
	case *TelegramOptions:
		return openTelegram(o, env)
	case *TeamsOptions:
		return openTeams(o)
	case *EmailOptions:
		return openEmail(o)
	case *NtfyOptions:
		return openNtfy(o)
	case *PagerDutyOptions:
		return openPagerDuty(o)
	case *AlertmanagerOptions:
		return openAlertmanager(o, env)
	case *WebhookOptions:
		return openWebhook(o, env)
	case *ShoutrrrOptions:
		return openShoutrrr(o)
	}
	return nil, fmt.Errorf("no target has options %T", options)
}
