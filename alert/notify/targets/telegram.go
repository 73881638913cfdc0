package targets

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"log/slog"
	"strings"
	"time"

	"adtop/alert/notify"
	"adtop/sources"
)

// TelegramOptions configure a chat that a bot writes to.
type TelegramOptions struct {
	Token  sources.Secret `yaml:"token"`  // of the bot, from @BotFather
	Chat   string         `yaml:"chat"`   // its number, or @channelname
	Thread int64          `yaml:"thread"` // of a group with topics; 0: none
}

// telegramText is the longest text of a message, tags apart
// (core.telegram.org/bots/api#sendmessage).
const telegramText = 4096

type telegram struct {
	*client
	api, chat string
	thread    int64
	log       *slog.Logger
}

func openTelegram(o *TelegramOptions, env Env) (notify.Target, error) {
	token := o.Token.Reveal()
	switch {
	case token == "":
		return nil, errors.New("token is missing")
	case strings.ContainsAny(token, "/?# "):
		return nil, errors.New("token: not the token of a bot, expected it as @BotFather wrote it, 123456:ABC…")
	case o.Chat == "":
		return nil, errors.New("chat is missing")
	}
	_, key, _ := strings.Cut(token, ":")
	return &telegram{newClient("Telegram", token, key), "https://api.telegram.org/bot" + token + "/sendMessage", o.Chat, o.Thread, env.Log}, nil
}

type telegramMessage struct {
	Chat    string          `json:"chat_id"`
	Thread  int64           `json:"message_thread_id,omitempty"`
	Text    string          `json:"text"`
	Mode    string          `json:"parse_mode"`
	Preview map[string]bool `json:"link_preview_options"`
}

type telegramAnswer struct {
	OK         bool `json:"ok"`
	Parameters struct {
		RetryAfter int         `json:"retry_after"` // seconds
		MigrateTo  json.Number `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// Send writes to the chat. A group that became a supergroup has another number
// from then on: Telegram names it, and the message goes there at once.
func (t *telegram) Send(ctx context.Context, m notify.Message) error {
	said, err := t.send(ctx, m)
	if moved := said.Parameters.MigrateTo.String(); err != nil && moved != "" && moved != t.chat {
		t.log.Warn("the Telegram group became a supergroup: write its new number into the config", "old", t.chat, "new", moved)
		t.chat = moved
		_, err = t.send(ctx, m)
	}
	return err
}

func (t *telegram) send(ctx context.Context, m notify.Message) (said telegramAnswer, err error) {
	a, err := t.post(ctx, t.api, nil, telegramMessage{
		Chat: t.chat, Thread: t.thread, Mode: "HTML", Preview: map[string]bool{"is_disabled": true}, Text: telegramHTML(m),
	})
	readable := json.Unmarshal(a.body, &said) == nil
	if err == nil && !(readable && said.OK) {
		return said, t.odd(a)
	}
	if wait := time.Duration(said.Parameters.RetryAfter) * time.Second; err != nil && wait > 0 {
		var refused notify.Refused
		if errors.As(err, &refused) {
			err = refused.Err
		}
		var later notify.Later
		if !errors.As(err, &later) {
			err = notify.Later{After: min(wait, maxPatience), Err: err}
		}
	}
	return said, err
}

// telegramHTML is the message with its title in bold. What is cut is cut before
// the escapes, which Telegram does not count.
func telegramHTML(m notify.Message) string {
	title := fit(m.Title, 300, characters, nil)
	text := fit(m.Text, telegramText-300-2, characters, nil)
	return strings.TrimSpace("<b>" + html.EscapeString(title) + "</b>\n\n" + html.EscapeString(text))
}
