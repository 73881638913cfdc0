// Package http reads campaign figures from any address that answers with JSON,
// CSV or XML, by a template of the request and jq expressions from the answer to
// adtop's own rows.
//
// It asks through httpkit, like the adapters of platforms: retries, quotas,
// renewal of tokens, bounded answers and redaction are the same. An answer counts
// whole or not at all. Expressions are checked when the config is read, and one
// that fails names the page and the row.
package http

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/record"
)

// Definition describes the type "http". What the answers contain is up to their
// owner, so dating and basis are the cautious ones: some results each way, revenue
// as reported. An absent row is missing, not zero.
func Definition() sources.Definition {
	return sources.Definition{
		Type:        "http",
		Summary:     "Campaign figures from any API that answers with JSON, CSV or XML",
		Docs:        "https://jqlang.org/manual/",
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.Mixed,
		Basis:       kpi.Reported,
		Restates:    30,
		History:     3650,
		MinInterval: time.Minute,
		Calls:       1,
		Credentials: []string{
			"Use the key or token of the network's API, one that may only read where there is a choice, and name it by reference in `secrets` or `auth`.",
		},
		Options: func() any { return defaults() },
		Open:    open,
	}
}

// Options are the settings of one source of type http.
type Options struct {
	URL     string                    `yaml:"url"`
	Method  string                    `yaml:"method"` // GET, or POST with body
	Headers map[string]string         `yaml:"headers"`
	Body    string                    `yaml:"body"`
	Secrets map[string]sources.Secret `yaml:"secrets"` // {secret.NAME} in url, headers and body
	Auth    Auth                      `yaml:"auth"`
	Timeout time.Duration             `yaml:"timeout"` // of one request
	Wait    string                    `yaml:"wait"`    // header of HTTP 429 that says how long to wait, besides Retry-After

	Answer    string            `yaml:"answer"`    // json, csv or xml
	Delimiter string            `yaml:"delimiter"` // of csv
	Failure   string            `yaml:"failure"`   // jq: the message of an answer that is an error all the same
	Rows      string            `yaml:"rows"`      // jq: from the answer to its rows
	Columns   map[string]string `yaml:"columns"`   // our column: jq from a row to its value
	Paging    Paging            `yaml:"paging"`

	Lag      time.Duration    `yaml:"lag"` // how late figures are; without it they count as complete up to the newest row
	Accounts []record.Account `yaml:"accounts"`
	Format   record.Format    `yaml:"format"`
}

// Auth is how to sign in.
type Auth struct {
	Style        string         `yaml:"style"` // none, bearer, basic or oauth
	Token        sources.Secret `yaml:"token"` // of bearer
	User         string         `yaml:"user"`  // of basic
	Password     sources.Secret `yaml:"password"`
	TokenURL     string         `yaml:"token_url"` // of oauth
	ClientID     string         `yaml:"client_id"`
	ClientSecret sources.Secret `yaml:"client_secret"`
	RefreshToken sources.Secret `yaml:"refresh_token"` // without it the client signs in for itself
	Scope        string         `yaml:"scope"`
	TokenFile    string         `yaml:"token_file"` // where a renewed refresh token is kept
}

func defaults() *Options {
	return &Options{
		Method: http.MethodGet, Auth: Auth{Style: "none"}, Timeout: time.Minute, Answer: "json", Delimiter: ",",
		Paging: Paging{Style: "none", First: 1}, Format: record.DefaultFormat(),
	}
}

var placeholder = regexp.MustCompile(`\{(secret\.)?[a-z_0-9]+\}`)

// check says what is wrong with the options.
func (o *Options) check() error {
	switch {
	case o.URL == "":
		return fmt.Errorf("url: required: where the figures are, such as https://api.network.example/report?from={from}&to={to}")
	case o.Method != http.MethodGet && o.Method != http.MethodPost:
		return fmt.Errorf("method: %q: expected GET or POST", o.Method)
	case o.Method == http.MethodGet && o.Body != "":
		return fmt.Errorf("body: is for method POST")
	case !slices.Contains([]string{"json", "csv", "xml"}, o.Answer):
		return fmt.Errorf("answer: %q: expected json, csv or xml", o.Answer)
	case o.Timeout < time.Second || o.Timeout > time.Hour:
		return fmt.Errorf("timeout: %s: expected a time from 1s to 1h", o.Timeout)
	case o.Lag < 0:
		return fmt.Errorf("lag: %s: expected a time", o.Lag)
	case o.Delimiter != "tab" && len(o.Delimiter) != 1 || strings.ContainsAny(o.Delimiter, "\"\r\n"):
		return fmt.Errorf(`delimiter: %q: expected ",", ";", tab or "|"`, o.Delimiter)
	}
	for key, template := range o.templates() {
		for _, name := range placeholder.FindAllString(template, -1) {
			if key == "body" && !strings.HasPrefix(name, "{secret.") {
				continue // a body may have braces of its own
			}
			if err := o.knows(name); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	for name := range o.Headers {
		if name == "" || strings.ContainsAny(name, " \t\r\n:") {
			return fmt.Errorf("headers: %q: expected the name of a header", name)
		}
	}
	if err := o.Paging.check(); err != nil {
		return err
	}
	if err := o.Auth.check(); err != nil {
		return err
	}
	return o.Format.Check("format")
}

// templates are the options in which placeholders stand.
func (o *Options) templates() map[string]string {
	all := map[string]string{"url": o.URL, "body": o.Body}
	for name, value := range o.Headers {
		all["headers."+name] = value
	}
	return all
}

func (o *Options) knows(name string) error {
	if secret, ok := strings.CutPrefix(strings.Trim(name, "{}"), "secret."); ok {
		if _, known := o.Secrets[secret]; !known {
			return fmt.Errorf("%s: there is no %q in secrets", name, secret)
		}
		return nil
	}
	if !slices.Contains([]string{"{from}", "{to}", "{until}", "{account}", "{currency}", "{timezone}", "{page}", "{offset}", "{cursor}", "{size}"}, name) {
		return fmt.Errorf("%s: expected {from}, {to}, {until}, {account}, {currency}, {timezone}, {page}, {offset}, {cursor}, {size} or {secret.NAME}", name)
	}
	return nil
}

func (a *Auth) check() error {
	var err error
	switch a.Style {
	case "none":
	case "bearer":
		err = sources.Require(a, "token")
	case "basic":
		err = sources.Require(a, "user", "password")
	case "oauth":
		err = sources.Require(a, "token_url", "client_id", "client_secret")
	default:
		return fmt.Errorf("auth.style: %q: expected none, bearer, basic or oauth", a.Style)
	}
	if err != nil {
		return fmt.Errorf("auth.%w", err)
	}
	return nil
}

type source struct {
	options  Options
	env      sources.Env
	accounts []sources.Account
	client   *httpkit.Client
	base     *url.URL
	reader   *reader
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	accounts, err := record.Accounts(o.Accounts, env.Name)
	if err != nil {
		return nil, err
	}
	reader, err := newReader(&o)
	if err != nil {
		return nil, err
	}
	s := &source{options: o, env: env, accounts: accounts, reader: reader}
	if s.base, err = url.Parse(origin(o.URL)); err != nil || s.base.Host == "" || s.base.User != nil || s.base.Scheme != "https" && s.base.Scheme != "http" {
		return nil, fmt.Errorf("url: expected an address such as https://api.network.example/report, without user, and without placeholders in its host")
	}
	s.client, err = s.connect()
	return s, err
}

// origin is the part of a URL before its path.
func origin(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return scheme + "://" + rest
}

func (s *source) connect() (*httpkit.Client, error) {
	o, auth := &s.options, &s.options.Auth
	kit := httpkit.Options{Env: s.env, Platform: s.env.Name, Base: s.base, Timeout: o.Timeout, XML: o.Answer == "xml", Header: http.Header{}}
	if o.Answer != "json" {
		kit.Header.Set("Accept", "*/*")
	}
	for _, secret := range o.Secrets {
		kit.Redact = append(kit.Redact, secret.Reveal())
	}
	switch auth.Style {
	case "bearer":
		kit.Redact = append(kit.Redact, auth.Token.Reveal())
		kit.Header.Set("Authorization", "Bearer "+auth.Token.Reveal())
	case "basic":
		pair := base64.StdEncoding.EncodeToString([]byte(auth.User + ":" + auth.Password.Reveal()))
		kit.Redact = append(kit.Redact, auth.Password.Reveal(), pair)
		kit.Header.Set("Authorization", "Basic "+pair)
	case "oauth":
		address, err := httpkit.ParseBase(auth.TokenURL, "https://auth.network.example/token")
		if err != nil {
			return nil, fmt.Errorf("auth.token_url: %w", err)
		}
		kit.OAuth = &httpkit.OAuth{
			TokenURL: address, ClientID: auth.ClientID, ClientSecret: auth.ClientSecret.Reveal(), RefreshToken: auth.RefreshToken.Reveal(),
			Keep: s.env.Path(auth.TokenFile), SignIn: "sign in again and replace auth.refresh_token",
		}
		if !auth.RefreshToken.IsSet() {
			kit.OAuth.Grant = url.Values{"grant_type": {"client_credentials"}}
			if auth.Scope != "" {
				kit.OAuth.Grant.Set("scope", auth.Scope)
			}
		}
	}
	if o.Wait != "" {
		kit.Classify = s.throttled
	}
	return httpkit.New(kit)
}

// throttled reads how long to wait from the header of the options, in seconds or
// as a time in seconds since 1970.
func (s *source) throttled(r *httpkit.Response) *sources.Error {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(r.Header.Get(s.options.Wait)), 64)
	if r.Status != http.StatusTooManyRequests || err != nil || !(seconds > 0 && seconds < 1e11) {
		return nil
	}
	wait := time.Duration(min(seconds, 1e7) * float64(time.Second))
	if seconds > 1e9 {
		wait = max(time.Second, time.Until(time.Unix(int64(seconds), 0)).Round(time.Second))
	}
	refusal := sources.Errorf(sources.QuotaKind, "HTTP %d", r.Status)
	refusal.RetryAfter = wait
	return refusal
}

// Accounts returns the accounts that the options describe.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	return s.accounts, ctx.Err()
}

// Fetch asks for all pages and hands over their rows when the last one was sound.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if !slices.ContainsFunc(s.accounts, func(a sources.Account) bool { return a.ID == q.Account.ID }) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: no account %q in the config", s.env.Name, sources.Clean(q.Account.ID))
	}
	book, err := record.NewBook(s.env.Name, q, s.options.Format)
	if err != nil {
		return sources.Receipt{}, err
	}
	asked := s.env.Now()
	p := &pages{source: s, query: q, book: book}
	if err := p.read(ctx); err != nil {
		return sources.Receipt{}, err
	}
	if err := book.Put(yield); err != nil {
		return sources.Receipt{}, err
	}
	receipt := sources.Receipt{CompleteThrough: book.Through(asked), Expires: s.client.Expires()}
	if s.options.Lag > 0 {
		receipt.CompleteThrough = httpkit.CompleteThrough(asked, s.options.Lag, q)
	}
	return receipt, nil
}
