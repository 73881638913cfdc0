package targets

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"adtop/alert/notify"
	"adtop/snapshot"
)

// mailServer is an SMTP server on loopback. A test sets what it answers to a
// command in place of the usual.
type mailServer struct {
	t        *testing.T
	answers  map[string]string
	offers   []string // extensions
	silent   bool     // says nothing at all
	implicit bool     // encrypted from the beginning
	tls      *tls.Config
	roots    *x509.CertPool
	listen   net.Listener

	mu   sync.Mutex
	said []string // commands
	mail string
}

func startMail(t *testing.T, implicit bool, offers ...string) *mailServer {
	t.Helper()
	return startMailServer(t, &mailServer{implicit: implicit, offers: offers, answers: map[string]string{}})
}

func startMailServer(t *testing.T, s *mailServer) *mailServer {
	t.Helper()
	https := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer https.Close()
	s.t, s.tls, s.roots = t, https.TLS.Clone(), x509.NewCertPool()
	s.tls.NextProtos = nil
	s.roots.AddCert(https.Certificate())
	var err error
	if s.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var talks sync.WaitGroup
	talks.Go(func() {
		for {
			conn, err := s.listen.Accept()
			if err != nil {
				return
			}
			if s.implicit {
				conn = tls.Server(conn, s.tls)
			}
			talks.Go(func() { s.talk(conn) })
		}
	})
	t.Cleanup(func() { s.listen.Close(); talks.Wait() })
	return s
}

func (s *mailServer) talk(conn net.Conn) {
	defer func() { conn.Close() }()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	read := bufio.NewReader(conn)
	line := func() (string, bool) {
		text, err := read.ReadString('\n')
		return strings.TrimRight(text, "\r\n"), err == nil
	}
	if s.silent {
		line()
		return
	}
	fmt.Fprint(conn, "220 mail.example ESMTP\r\n")
	for {
		text, ok := line()
		if !ok {
			return
		}
		s.mu.Lock()
		s.said = append(s.said, text)
		s.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(text), " ")
		answer, set := s.answers[verb]
		if !set {
			answer, set = s.answers[text]
		}
		if set {
			fmt.Fprint(conn, answer+"\r\n")
			continue
		}
		switch verb {
		case "EHLO":
			fmt.Fprintf(conn, "250-mail.example\r\n250-%s\r\n250 8BITMIME\r\n", strings.Join(s.offers, "\r\n250-"))
		case "STARTTLS":
			fmt.Fprint(conn, "220 go ahead\r\n")
			conn = tls.Server(conn, s.tls)
			read = bufio.NewReader(conn)
		case "AUTH":
			s.signIn(conn, text, line)
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			var mail []string
			for text, ok := line(); ok && text != "."; text, ok = line() {
				mail = append(mail, text)
			}
			s.mu.Lock()
			s.mail = strings.Join(mail, "\n") + "\n"
			s.mu.Unlock()
			fmt.Fprint(conn, "250 taken\r\n")
		case "QUIT":
			return // without a word, as some servers do
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
}

// signIn takes the right password by PLAIN or LOGIN.
func (s *mailServer) signIn(conn net.Conn, text string, line func() (string, bool)) {
	encode := base64.StdEncoding.EncodeToString
	good := text == "AUTH PLAIN "+encode([]byte("\x00adtop\x00"+hush))
	if text == "AUTH LOGIN" {
		fmt.Fprintf(conn, "334 %s\r\n", encode([]byte("Username:")))
		user, _ := line()
		fmt.Fprintf(conn, "334 %s\r\n", encode([]byte("Password:")))
		password, _ := line()
		good = user == encode([]byte("adtop")) && password == encode([]byte(hush))
	}
	if !good {
		s.t.Errorf("signed in by %q", text)
	}
	fmt.Fprint(conn, "235 welcome\r\n")
}

// sender is a target that goes to the server and trusts its certificate, which
// is one of example.com and 127.0.0.1.
func (s *mailServer) sender(t *testing.T, how, user string) *email {
	t.Helper()
	o := &EmailOptions{Host: "127.0.0.1", Port: s.listen.Addr().(*net.TCPAddr).Port, TLS: how, User: user,
		From: "adtop <adtop@example.com>", To: []string{"Anna Äpfel <anna@example.com>", "ben@example.com"}}
	if user != "" {
		o.Password = secret(hush)
	}
	target := open(t, o).(*email)
	target.roots = s.roots
	return target
}

func TestHowAMailArrives(t *testing.T) {
	s := startMail(t, false, "STARTTLS", "AUTH LOGIN PLAIN")
	if err := s.sender(t, "starttls", "adtop").Send(t.Context(), message(notify.Fired, snapshot.Firing, 1)); err != nil {
		t.Fatal(err)
	}
	golden.RequireEqual(t, s.mail)
}

func TestAPasswordTravelsEncryptedInWhicheverWayTheServerOffers(t *testing.T) {
	for _, c := range []struct {
		how    string
		offers []string
		want   string
	}{
		{"starttls", []string{"STARTTLS", "AUTH PLAIN"}, "AUTH PLAIN"},
		{"starttls", []string{"STARTTLS", "AUTH LOGIN"}, "AUTH LOGIN"},
		{"implicit", []string{"AUTH PLAIN LOGIN"}, "AUTH PLAIN"},
	} {
		s := startMail(t, c.how == "implicit", c.offers...)
		if err := s.sender(t, c.how, "adtop").Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)); err != nil || s.mail == "" {
			t.Errorf("%s: %v", c.how, err)
		}
		if !strings.Contains(strings.Join(s.said, "\n"), c.want) {
			t.Errorf("%s: %q", c.how, s.said)
		}
	}
}

func TestNoMailGoesWhereTheConnectionIsNotSafe(t *testing.T) {
	stripped := startMail(t, false, "AUTH PLAIN") // as by somebody who took STARTTLS out
	foreign := startMail(t, false, "STARTTLS", "AUTH PLAIN")
	foreign.roots = x509.NewCertPool()
	for _, s := range []*mailServer{stripped, foreign} {
		tells(t, s.sender(t, "starttls", "adtop").Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)))
		if s.mail != "" || strings.Contains(strings.Join(s.said, " "), "AUTH") {
			t.Errorf("said %q", s.said)
		}
	}
}

func TestARelayOnThisMachineNeedsNeitherPasswordNorEncryption(t *testing.T) {
	s := startMail(t, false, "SIZE 1000000")
	if err := s.sender(t, "none", "").Send(t.Context(), message(notify.Fired, snapshot.Firing, 0)); err != nil || s.mail == "" {
		t.Error(err)
	}
}

func TestAMailServersCodeTellsARefusalFromTroubleThatPasses(t *testing.T) {
	for command, c := range map[string]struct {
		answer  string
		refused bool
	}{
		"AUTH": {"535 5.7.8 wrong: " + hush + " or " + base64.StdEncoding.EncodeToString([]byte("\x00adtop\x00"+hush)), true},
		"MAIL": {"451 4.3.0 try later", false},
		"RCPT": {"550 5.1.1 no such mailbox", true},
		"DATA": {"452 4.3.1 no room", false},
	} {
		s := startMailServer(t, &mailServer{offers: []string{"STARTTLS", "AUTH PLAIN"}, answers: map[string]string{command: c.answer}})
		if refused, _ := tells(t, s.sender(t, "starttls", "adtop").Send(t.Context(), message(notify.Fired, snapshot.Firing, 0))); refused != c.refused {
			t.Errorf("%s: refused: %t", command, refused)
		}
	}
}

func TestAMailboxThatIsGoneKeepsTheMailFromNobodyElse(t *testing.T) {
	s := startMailServer(t, &mailServer{offers: []string{"STARTTLS"}, answers: map[string]string{"RCPT TO:<anna@example.com>": "550 5.1.1 no such mailbox"}})
	err := s.sender(t, "starttls", "").Send(t.Context(), message(notify.Fired, snapshot.Firing, 0))
	if refused, _ := tells(t, err); !refused || !strings.Contains(err.Error(), "anna@example.com: 550") || strings.Contains(err.Error(), "ben@") {
		t.Errorf("it says %v", err)
	}
	if s.mail == "" {
		t.Error("the other one got no mail")
	}
}

func TestAMailServerThatHangsOrIsGoneIsTriedAgain(t *testing.T) {
	s := startMailServer(t, &mailServer{silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	target := s.sender(t, "starttls", "")
	if refused, _ := tells(t, target.Send(ctx, message(notify.Fired, snapshot.Firing, 0))); refused {
		t.Error("refused")
	}
	s.listen.Close()
	if refused, _ := tells(t, target.Send(t.Context(), message(notify.Fired, snapshot.Firing, 0))); refused {
		t.Error("refused")
	}
}

func TestALoginAsksForUserAndPasswordOnly(t *testing.T) {
	l := &login{nil, "adtop", hush}
	if _, err := l.Next([]byte("Your mother's name:"), true); err == nil {
		t.Error("answered")
	}
	if got, err := l.Next(nil, false); got != nil || err != nil {
		t.Error(got, errors.Unwrap(err))
	}
}
