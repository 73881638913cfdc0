package targets

import (
	"context"
	"strings"

	"adtop/alert/notify"
	"adtop/sources"
)

// SlackOptions configure a Slack channel.
type SlackOptions struct {
	URL sources.Secret `yaml:"url"` // of the incoming webhook
}

// Limits of Slack's blocks, in characters
// (docs.slack.dev/reference/block-kit/blocks).
const (
	slackHeader   = 150
	slackSection  = 3000
	slackSections = 40 // blocks are 50 at most
)

// slackEscapes are all that Slack's mrkdwn asks for: nothing of a message can
// mention people or make a link of its own.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

type slack struct {
	*client
	url string
}

func openSlack(o *SlackOptions) (notify.Target, error) {
	url := o.URL.Reveal()
	if err := address("url", url); err != nil {
		return nil, err
	}
	return &slack{newClient("Slack", hidden(url)...), url}, nil
}

type slackBlock struct {
	Type string    `json:"type"`
	Text slackText `json:"text"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// Send posts the message. A success is "ok"; with any other text the message
// was not posted, whatever the status.
func (s *slack) Send(ctx context.Context, m notify.Message) error {
	// The header is plain text, where nothing is escaped.
	blocks := []slackBlock{{"header", slackText{"plain_text", fit(m.Title, slackHeader, characters, nil)}}}
	for _, part := range slackParts(m.Text) {
		blocks = append(blocks, slackBlock{"section", slackText{"mrkdwn", part}})
	}
	a, err := s.post(ctx, s.url, nil, map[string]any{
		"text":   fit(m.Title, slackSection, characters, slackEscapes), // what notices show
		"blocks": blocks,
	})
	if err == nil && strings.TrimSpace(string(a.body)) != "ok" {
		return s.odd(a)
	}
	return err
}

// slackParts packs the paragraphs of a text into as few sections as hold them.
func slackParts(text string) (parts []string) {
	for _, paragraph := range strings.Split(text, "\n\n") {
		paragraph = fit(paragraph, slackSection, characters, slackEscapes)
		last := len(parts) - 1
		switch {
		case strings.TrimSpace(paragraph) == "":
		case last >= 0 && len(parts[last])+len(paragraph)+2 <= slackSection: // bytes: never fewer than characters
			parts[last] += "\n\n" + paragraph
		case len(parts) == slackSections:
			return append(parts, "…")
		default:
			parts = append(parts, paragraph)
		}
	}
	return parts
}
