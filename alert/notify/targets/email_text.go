package targets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"regexp"
	"strings"

	"adtop/alert/notify"
)

const (
	mailSubject = 200     // characters
	mailText    = 100_000 // characters
)

// write makes the mail: plain text, and the same as HTML. Its Message-ID is that
// of the event, so that a mail that arrives twice can be told, and it belongs to
// the conversation of its group.
func (e *email) write(m notify.Message) ([]byte, error) {
	var out, body bytes.Buffer
	parts := multipart.NewWriter(&body)
	if err := parts.SetBoundary(short("boundary", m.Event)); err != nil {
		return nil, err
	}
	text := fit(whole(m), mailText, characters, nil) + "\n"
	for _, part := range []struct{ kind, text string }{{"text/plain", text}, {"text/html", mailHTML(m)}} {
		w, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type": {part.kind + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
		if err != nil {
			return nil, err
		}
		quoted := quotedprintable.NewWriter(w)
		if _, err := quoted.Write([]byte(part.text)); err != nil {
			return nil, err
		}
		if err := quoted.Close(); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	var to []string
	for _, address := range e.to {
		to = append(to, address.String())
	}
	_, domain, _ := strings.Cut(e.from.Address, "@")
	for _, line := range [][2]string{
		{"From", e.from.String()}, {"To", strings.Join(to, ",\r\n ")},
		{"Subject", subject(m.Title)}, {"Date", sent(m)},
		{"Message-ID", fmt.Sprintf("<%s@%s>", short("event", m.Event), domain)},
		{"References", fmt.Sprintf("<%s@%s>", short("group", m.Key), domain)},
		{"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"},
		{"Content-Type", "multipart/alternative; boundary=" + parts.Boundary()},
	} {
		fmt.Fprintf(&out, "%s: %s\r\n", line[0], line[1])
	}
	out.WriteString("\r\n")
	body.WriteTo(&out)
	return out.Bytes(), nil
}

// subject encodes a title for a header: no character of it can end the line.
func subject(title string) string {
	title = fit(strings.Join(strings.Fields(title), " "), mailSubject, characters, nil)
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", title), "?= =?", "?=\r\n =?")
}

// short names something by a digest, since a key may hold anything.
func short(kind, text string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + text))
	return hex.EncodeToString(sum[:12])
}

var addresses = regexp.MustCompile(`https?://[^\s<>"']+`)

// mailHTML is the message as a page: paragraphs as they are, addresses as links.
func mailHTML(m notify.Message) string {
	var page strings.Builder
	fmt.Fprintf(&page, "<html><body style=\"font-family: sans-serif\">\n<h3>%s</h3>\n", html.EscapeString(fit(m.Title, mailSubject, characters, nil)))
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "\n", "<br>\n")
	for _, paragraph := range strings.Split(fit(m.Text, mailText, characters, nil), "\n\n") {
		page.WriteString("<p>")
		last := 0
		for _, at := range addresses.FindAllStringIndex(paragraph, -1) {
			link := escape.Replace(paragraph[at[0]:at[1]])
			page.WriteString(escape.Replace(paragraph[last:at[0]]))
			fmt.Fprintf(&page, `<a href="%s">%s</a>`, link, link)
			last = at[1]
		}
		page.WriteString(escape.Replace(paragraph[last:]))
		page.WriteString("</p>\n")
	}
	return page.String() + "</body></html>\n"
}
