package targets

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"adtop/alert/notify"
	"adtop/snapshot"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The library sends by the default transport, in most services.
func throughDefault(t *testing.T, transport http.RoundTripper) {
	usual := http.DefaultTransport
	http.DefaultTransport = transport
	t.Cleanup(func() { http.DefaultTransport = usual })
}

// closedPort is an address that nobody listens at.
func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestEveryServiceOfShoutrrrTellsThatAMessageDidNotArrive(t *testing.T) {
	closed := closedPort(t)
	urls := map[string]string{
		"bark": "bark://:" + hush + "@bark.example/", "discord": "discord://" + hush + "@123456789012345678",
		"googlechat": "googlechat://chat.googleapis.com/v1/spaces/FOO/messages?key=" + hush + "&token=" + hush,
		"gotify":     "gotify://" + closed + "/A" + hush + "xx?disabletls=yes", "lark": "lark://open.larksuite.com/" + hush,
		"matrix": "matrix://:" + hush + "@matrix.example/?rooms=!room:matrix.example", "mattermost": "mattermost://" + closed + "/" + hush + "?disabletls=yes",
		"notifiarr": "notifiarr://" + hush + "?channel=123", "pushbullet": "pushbullet://o." + hush + "0123456789abcdefghij/dev",
		"pushover": "pushover://shoutrrr:" + hush + "@" + hush + "/", "signal": "signal://user:" + hush + "@signal.example:443/+491701234567/+491701234568",
		"wecom": "wecom://" + hush, "zulip": "zulip://bot%40zulip.example:" + hush + "@zulip.example/?stream=s&topic=t",
	}
	answer := func(status int) roundTrip {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"error":"` + r.URL.String() + `"}`))}, nil
		}
	}
	for name, transport := range map[string]roundTrip{
		"no network": func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }, "400": answer(400), "500": answer(500),
	} {
		throughDefault(t, transport)
		for service := range shoutrrrServices {
			if service == "discord" && name == "500" {
				continue // it tries again by itself, for longer than a test may last
			}
			target := open(t, &ShoutrrrOptions{URL: secret(urls[service])})
			if refused, _ := tells(t, target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0))); refused {
				t.Errorf("%s, %s: refused, which the library cannot know", service, name)
			}
		}
	}
}

func TestHowAPageArrivesByShoutrrr(t *testing.T) {
	var got struct{ Title, Message string }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		io.WriteString(w, `{"id":1}`)
	}))
	defer server.Close()
	target := open(t, &ShoutrrrOptions{URL: secret("gotify://" + strings.TrimPrefix(server.URL, "http://") + "/A" + hush + "xx?disabletls=yes")})
	m := message(notify.Fired, snapshot.Firing, 0)
	if err := target.Send(t.Context(), m); err != nil || got.Title != m.Title || got.Message != m.Text {
		t.Errorf("%v, %+v", err, got)
	}
	m = notify.Message{Event: "2", Kind: notify.Note, Title: "A title alone"}
	if err := target.Send(t.Context(), m); err != nil || got.Message != m.Title {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestAMessageThatArrivedLateIsNotSentAgain(t *testing.T) {
	release, sent := make(chan struct{}), 0
	throughDefault(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		sent++
		<-release
		return &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{}`))}, nil
	}))
	target := open(t, &ShoutrrrOptions{URL: secret("pushover://shoutrrr:" + hush + "@" + hush + "/")})
	m := message(notify.Fired, snapshot.Firing, 0)
	for range 2 { // the second finds the first on its way
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		tells(t, target.Send(ctx, m))
		cancel()
	}
	close(release)
	if err := target.Send(t.Context(), m); err != nil || sent != 1 {
		t.Errorf("%v, sent %d times", err, sent)
	}
	if m.Event = "another"; target.Send(t.Context(), m) != nil || sent != 2 {
		t.Errorf("sent %d times", sent)
	}
}
