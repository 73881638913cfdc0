package targets

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/sources"
)

// NtfyOptions configure a topic of ntfy.
type NtfyOptions struct {
	URL   string         `yaml:"url"`   // of the server; ntfy.sh without it
	Topic sources.Secret `yaml:"topic"` // whoever knows its name can read it
	Token sources.Secret `yaml:"token"` // of topics that are protected
}

// Limits of ntfy, in bytes: a longer message would arrive as a file
// (docs.ntfy.sh/publish/#limitations).
const (
	ntfyTitle   = 250
	ntfyMessage = 4096
)

type ntfy struct {
	*client
	url, topic string
	header     http.Header
}

func openNtfy(o *NtfyOptions) (notify.Target, error) {
	if err := address("url", o.URL); err != nil {
		return nil, err
	}
	topic := o.Topic.Reveal()
	switch {
	case topic == "":
		return nil, errors.New("topic is missing")
	case strings.ContainsAny(topic, "/:?# "):
		return nil, errors.New("topic: expected its name alone, without the address of the server")
	}
	n := &ntfy{newClient("ntfy", topic, o.Token.Reveal()), strings.TrimSuffix(o.URL, "/") + "/", topic, http.Header{}}
	if o.Token.IsSet() {
		n.header.Set("Authorization", "Bearer "+o.Token.Reveal())
	}
	return n, nil
}

type ntfyBody struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"` // 1 to 5
	Tags     []string `json:"tags,omitempty"`
	Click    string   `json:"click,omitempty"`
}

// Send publishes to the topic: as JSON to the root of the server, since headers
// would have to be ASCII.
func (n *ntfy) Send(ctx context.Context, m notify.Message) error {
	body := ntfyBody{n.topic, fit(m.Title, ntfyTitle, bytesOf, nil), fit(m.Text, ntfyMessage, bytesOf, nil), 3, nil, link(m.Link)}
	switch {
	case m.Kind == notify.Fired && m.Severity == snapshot.Critical:
		body.Priority, body.Tags = 5, []string{"rotating_light"}
	case m.Kind == notify.Fired && m.Severity == snapshot.Warning:
		body.Priority, body.Tags = 4, []string{"warning"}
	case m.Kind == notify.Resolved:
		body.Tags = []string{"white_check_mark"}
	}
	a, err := n.post(ctx, n.url, n.header, body)
	if err != nil {
		return err
	}
	var published struct{ ID string }
	if json.Unmarshal(a.body, &published) != nil || published.ID == "" {
		return n.odd(a)
	}
	return nil
}
