package targets

import (
	"context"
	"strings"

	"adtop/alert/notify"
	"adtop/sources"
)

// TeamsOptions configure a channel or chat of Microsoft Teams.
type TeamsOptions struct {
	URL sources.Secret `yaml:"url"` // of the workflow "when a Teams webhook request is received"
}

// A message of Teams is at most 28 KB, what carries the text included
// (learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors).
const (
	teamsTitle = 300
	teamsText  = 10_000 // bytes; twice as many where quotes have to be escaped
	teamsParts = 20     // paragraphs, which have parts of the card of their own
)

type teams struct {
	*client
	url string
}

func openTeams(o *TeamsOptions) (notify.Target, error) {
	url := o.URL.Reveal()
	if err := address("url", url); err != nil {
		return nil, err
	}
	return &teams{newClient("Teams", hidden(url)...), url}, nil
}

// card is an Adaptive Card, or a part of one (adaptivecards.io/explorer).
type card map[string]any

// Send posts a card to the workflow, which accepts it before it shows it.
func (t *teams) Send(ctx context.Context, m notify.Message) error {
	_, err := t.post(ctx, t.url, nil, teamsCard(m))
	return err
}

func teamsCard(m notify.Message) card {
	body := []card{textRun(fit(m.Title, teamsTitle, characters, nil), "Bolder")}
	for i, paragraph := range strings.SplitN(fit(m.Text, teamsText, bytesOf, nil), "\n\n", teamsParts+1) {
		if i == teamsParts {
			paragraph = "…"
		}
		body = append(body, textRun(paragraph, "Default"))
	}
	content := card{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.2", "body": body}
	if address := link(m.Link); address != "" && len(address) < 2000 {
		content["actions"] = []card{{"type": "Action.OpenUrl", "title": "Open", "url": address}}
	}
	return card{"type": "message", "attachments": []card{{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}}}
}

// textRun is text without Markdown: a TextBlock would read it as such.
func textRun(text, weight string) card {
	return card{"type": "RichTextBlock", "inlines": []card{{"type": "TextRun", "text": text, "weight": weight}}}
}
