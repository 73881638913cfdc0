package targets

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"adtop/alert/notify"
	"adtop/snapshot"
)

func FuzzWhatIsCutHoldsItsLimitAndKeepsEscapesWhole(f *testing.F) {
	f.Add("a & b < c", 9)
	f.Add(strings.Repeat("<", 50), 20)
	f.Add("𝒳𝒳𝒳", 5)
	f.Add("ä\xffö", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		text = strings.ToValidUTF8(text, "")
		limit := 10 + int(uint(n)%500)
		got := fit(text, limit, characters, slackEscapes)
		if size := len(utf16.Encode([]rune(got))); size > limit {
			t.Fatalf("%d of %d: %q", size, limit, got)
		}
		if strings.ContainsAny(escape.ReplaceAllString(got, ""), "&<>") {
			t.Fatalf("half an escape: %q", got)
		}
		if plain := fit(text, limit, bytesOf, nil); len(plain) > limit || !utf8.ValidString(plain) {
			t.Fatalf("%d bytes of %d", len(plain), limit)
		}
		if whole := slackEscapes.Replace(text); len(utf16.Encode([]rune(whole))) <= limit && got != whole {
			t.Fatalf("cut without need: %q", got)
		}
	})
}

var escape = regexp.MustCompile(`&(amp|lt|gt);`)

var tag = regexp.MustCompile(`</?[a-z0-9]+[^>]*>`)

func FuzzAMessageIsFitForEveryService(f *testing.F) {
	f.Add("CRITICAL: <b>Meta</b> & co", "why\n\nhttps://x.example/?a=1&b=2 \"q\" 'p'", "k")
	f.Add(strings.Repeat("ß&", 3000), strings.Repeat("<tag>\n\n", 3000), strings.Repeat("k", 300))
	f.Add("line\r\nBcc: everybody@example.com", "\x1b]0;x\x07", "\x00")
	f.Fuzz(func(t *testing.T, title, text, key string) {
		a := notify.Alert{Alert: snapshot.Alert{Rule: title, Subject: text, Summary: title, Reason: text, Labels: map[string]string{key: text}}}
		m := notify.Message{Event: key, Key: key, Kind: notify.Fired, At: noon, Alerts: []notify.Alert{a}}
		m.Title, m.Text = notify.Render(m.Kind, key, m.Alerts, noon, noon.Location())
		if m.Text = text; !utf8.ValidString(text) {
			m.Text = strings.ToValidUTF8(text, "?")
		}

		telegram := telegramHTML(m)
		if opened := tag.FindAllString(telegram, -1); len(opened) != 2 || opened[0] != "<b>" || opened[1] != "</b>" {
			t.Fatalf("tags %q", opened)
		}
		if size := len(utf16.Encode([]rune(html.UnescapeString(tag.ReplaceAllString(telegram, ""))))); size > telegramText {
			t.Fatalf("%d characters", size)
		}

		page := mailHTML(m)
		var open []string
		for _, one := range tag.FindAllString(page, -1) {
			name := strings.Trim(strings.Fields(one)[0], "</>")
			switch {
			case name == "br":
			case !strings.HasPrefix(one, "</"):
				open = append(open, name)
			case len(open) == 0 || open[len(open)-1] != name:
				t.Fatalf("%s closes nothing in %q", one, page)
			default:
				open = open[:len(open)-1]
			}
		}
		if len(open) > 0 {
			t.Fatalf("%v stay open in %q", open, page)
		}

		sender := &email{from: &mail.Address{Address: "adtop@example.com"}, to: []*mail.Address{{Name: title, Address: "a@example.com"}}}
		content, err := sender.write(m)
		if err != nil {
			t.Fatal(err)
		}
		read, err := mail.ReadMessage(bytes.NewReader(content))
		if err != nil || len(read.Header) != 9 || len(read.Header["Bcc"]) > 0 {
			t.Fatalf("%v, headers %v", err, read)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
		if err != nil || strings.ContainsFunc(subject, unicode.IsControl) || len(utf16.Encode([]rune(subject))) > mailSubject {
			t.Fatalf("%v, subject %q", err, subject)
		}

		for name := range labelsOf(a) {
			if !regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`).MatchString(name) {
				t.Fatalf("label %q", name)
			}
		}
		if body, err := encode(pagerAlarm(m)); err != nil || len(body) > 512_000 || !json.Valid(body) {
			t.Fatalf("%v, %d bytes", err, len(body))
		}
		// A control character is six bytes of JSON; Render lets none through.
		if body, err := encode(teamsCard(m)); err != nil || !strings.ContainsFunc(text, unicode.IsControl) && len(body) > 28<<10 {
			t.Fatalf("%v, %d bytes", err, len(body))
		}
		for _, part := range slackParts(m.Text) {
			if utf8.RuneCountInString(part) > slackSection {
				t.Fatalf("a section of %d characters", utf8.RuneCountInString(part))
			}
		}
	})
}

func FuzzWhatPeopleDidElsewhereIsReadSafely(f *testing.F) {
	f.Add(`[{"id":"1","status":{"state":"active"},"endsAt":"2026-11-30T12:00:00Z","createdBy":"anna","comment":"x","matchers":[{"name":"alertname","value":".*","isRegex":true}]}]`, `["1 x"]`)
	f.Add(`[]`, `["alertmanager/x/y 2999-12-01T12:00:00Z"]`)
	f.Add(`{"incidents":[{"status":"resolved","last_status_change_at":"x","last_status_change_by":{"type":"user_reference","summary":"\u001b[2J"}}]}`, `{"channel/Meta":{"Group":"channel/Meta"}}`)
	f.Add(`{"incidents":null}`, `null`)
	f.Add(`[{"matchers":null,"status":{"state":"active"},"endsAt":"9999-12-31T23:59:59Z"}]`, ``)
	f.Fuzz(func(t *testing.T, body, state string) {
		says := roundTrip(func(r *http.Request) (*http.Response, error) {
			status, said := 200, body
			if r.Method == http.MethodPost {
				said = `{"status":"success"}`
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(said))}, nil
		})
		for _, options := range []any{&AlertmanagerOptions{URLs: []string{"http://am.example"}}, &PagerDutyOptions{RoutingKey: secret(hush), APIToken: secret(hush), Region: "us"}} {
			target := open(t, options)
			target.(interface{ through(http.RoundTripper) }).through(says)
			if err := target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 1)); err != nil {
				t.Fatal(err)
			}
			answers, next, err := target.(notify.Answering).Answers(t.Context(), []byte(state))
			if err != nil {
				continue
			}
			for _, a := range answers {
				if said := a.Command.By + a.Command.Note; strings.ContainsFunc(said, unicode.IsControl) {
					t.Fatalf("%q", said)
				}
			}
			if again, _, err := target.(notify.Answering).Answers(t.Context(), next); err != nil || len(again) > 0 {
				t.Fatalf("told again: %v, %+v", err, again)
			}
		}
	})
}
