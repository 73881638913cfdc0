package targets

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	"adtop/alert/notify"
	"adtop/sources"
)

// EmailOptions configure an SMTP server and who gets mail by it.
type EmailOptions struct {
	Host     string         `yaml:"host"`
	Port     int            `yaml:"port"` // 587 without it, 465 with tls: implicit, 25 with tls: none
	TLS      string         `yaml:"tls"`  // "starttls", "implicit" or "none"
	User     string         `yaml:"user"` // without it nobody signs in
	Password sources.Secret `yaml:"password"`
	From     string         `yaml:"from"`
	To       []string       `yaml:"to"`
}

type email struct {
	*client
	host, port string
	tls        string
	roots      *x509.CertPool // nil: the system's
	user       string
	password   string
	from       *mail.Address
	to         []*mail.Address
}

func openEmail(o *EmailOptions) (notify.Target, error) {
	if err := sources.Require(o, "host", "from", "to"); err != nil {
		return nil, err
	}
	port, known := map[string]int{"starttls": 587, "implicit": 465, "none": 25}[o.TLS]
	switch {
	case !known:
		return nil, fmt.Errorf("tls: %q is none of starttls, implicit and none", o.TLS)
	case o.Port < 0 || o.Port > 65535:
		return nil, fmt.Errorf("port: %d is no port", o.Port)
	case o.Port > 0:
		port = o.Port
	}
	if (o.User == "") == o.Password.IsSet() {
		return nil, errors.New("user and password: give both, or neither")
	}
	encode := base64.StdEncoding.EncodeToString
	password := o.Password.Reveal()
	secrets := []string{password, encode([]byte(password)), encode([]byte("\x00" + o.User + "\x00" + password))} // as LOGIN and PLAIN send it
	e := &email{client: newClient("e-mail", secrets...), host: o.Host, port: strconv.Itoa(port), tls: o.TLS, user: o.User, password: password}
	var err error
	if e.from, err = mail.ParseAddress(o.From); err != nil {
		return nil, fmt.Errorf("from: %q is no address", o.From)
	}
	for _, text := range o.To {
		to, err := mail.ParseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("to: %q is no address", text)
		}
		e.to = append(e.to, to)
	}
	return e, nil
}

// Send hands one mail for all recipients to the server. What it answers with a
// code of 500 and above is refused, all else may pass. A mailbox that is refused
// keeps the mail from nobody else; the message counts as refused then.
func (e *email) Send(ctx context.Context, m notify.Message) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	content, err := e.write(m)
	if err != nil {
		return notify.Refused{Err: e.fail(err)}
	}
	err = e.deliver(ctx, content)
	switch {
	case err == nil:
		return nil
	case refusal(err):
		return notify.Refused{Err: e.fail(err)}
	case ctx.Err() != nil:
		return e.fail(ctx.Err())
	}
	return e.fail(err)
}

func (e *email) deliver(ctx context.Context, content []byte) error {
	wire, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(e.host, e.port))
	if err != nil {
		return err
	}
	defer wire.Close()
	until, _ := ctx.Deadline()
	if err := wire.SetDeadline(until); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { wire.Close() })()
	conn, secure := wire, &tls.Config{ServerName: e.host, MinVersion: tls.VersionTLS12, RootCAs: e.roots}
	if e.tls == "implicit" {
		conn = tls.Client(conn, secure)
	}
	server, err := smtp.NewClient(conn, e.host)
	if err != nil {
		return err
	}
	if err := e.introduce(server, secure); err != nil {
		return err
	}
	if err := server.Mail(e.from.Address); err != nil {
		return err
	}
	var refused []error
	for _, to := range e.to {
		if err := server.Rcpt(to.Address); refusal(err) {
			refused = append(refused, fmt.Errorf("%s: %w", to.Address, err))
		} else if err != nil {
			return fmt.Errorf("%s: %w", to.Address, err)
		}
	}
	if len(refused) == len(e.to) {
		return errors.Join(refused...)
	}
	w, err := server.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = server.Quit() // the mail is accepted: an error now must not send it twice
	return errors.Join(refused...)
}

// refusal says whether a server says no for good.
func refusal(err error) bool {
	var said *textproto.Error
	return errors.As(err, &said) && said.Code >= 500
}

// introduce greets the server, turns encryption on and signs in.
func (e *email) introduce(server *smtp.Client, secure *tls.Config) error {
	if name, err := os.Hostname(); err == nil {
		if err := server.Hello(sources.Clean(name)); err != nil {
			return err
		}
	}
	if e.tls == "starttls" {
		if offered, _ := server.Extension("STARTTLS"); !offered {
			return errors.New("the server offers no STARTTLS: use tls: implicit, or tls: none for a server on this machine")
		}
		if err := server.StartTLS(secure); err != nil {
			return err
		}
	}
	if e.user == "" {
		return nil
	}
	// Both refuse to send a password over a connection that is not encrypted.
	sign := smtp.PlainAuth("", e.user, e.password, e.host)
	if _, ways := server.Extension("AUTH"); !strings.Contains(ways, "PLAIN") {
		sign = &login{sign, e.user, e.password}
	}
	return server.Auth(sign)
}

// login is the older way to sign in, which some servers offer alone. The server
// asks for the name, then for the password.
type login struct {
	plain          smtp.Auth // tells whether the connection is safe
	user, password string
}

func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	_, _, err := l.plain.Start(server)
	return "LOGIN", nil, err
}

func (l *login) Next(asked []byte, more bool) ([]byte, error) {
	switch text := strings.ToLower(string(asked)); {
	case !more:
		return nil, nil
	case strings.HasPrefix(text, "user"):
		return []byte(l.user), nil
	case strings.HasPrefix(text, "pass"):
		return []byte(l.password), nil
	}
	return nil, errors.New("the server asks for neither user nor password")
}

// sent is the date of a mail: when it was decided, not when an attempt succeeded.
func sent(m notify.Message) string { return m.At.Format(time.RFC1123Z) }
