package targets

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"adtop/alert/notify"
	"adtop/snapshot"
)

// telegramServer answers as answer says, by the chat that is written to.
func telegramServer(t *testing.T, answer func(w http.ResponseWriter, chat string)) *telegram {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent telegramMessage
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		answer(w, sent.Chat)
	}))
	t.Cleanup(server.Close)
	target := open(t, &TelegramOptions{Token: secret("123456:" + hush), Chat: "-100"}).(*telegram)
	target.api = server.URL
	return target
}

func TestAMessageFollowsItsGroupToItsNewNumber(t *testing.T) {
	var chats []string
	target := telegramServer(t, func(w http.ResponseWriter, chat string) {
		if chats = append(chats, chat); chat == "-100" {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001234567890}}`)
			return
		}
		io.WriteString(w, `{"ok":true}`)
	})
	for range 2 {
		if err := target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(chats, " "); got != "-100 -1001234567890 -1001234567890" {
		t.Errorf("wrote to %s", got)
	}
}

func TestTelegramSaysInItsBodyHowLongToWait(t *testing.T) {
	target := telegramServer(t, func(w http.ResponseWriter, _ string) {
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 14","parameters":{"retry_after":14}}`)
	})
	refused, wait := tells(t, target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)))
	if refused || wait != 14*time.Second {
		t.Errorf("refused: %t, wait: %s", refused, wait)
	}
}
