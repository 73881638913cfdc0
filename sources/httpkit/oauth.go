package httpkit

import (
	"context"
	"encoding/xml"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"sync/atomic"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"adtop/sources"
)

// OAuth gets access tokens of short life by OAuth 2: with a refresh token, or
// with the credentials of the client alone.
type OAuth struct {
	TokenURL                             *url.URL
	ClientID, ClientSecret, RefreshToken string
	SignIn                               string // sentence for the user when the refresh token is refused

	Basic bool // the client's id and secret go in a header, not in the form
	// Keep is a file for the refresh token where the platform issues a new one
	// at each renewal; with "" the new one is known until the program ends. With
	// Grant the access token is kept too: platforms count how many are alive.
	Keep string

	// Grant, in place of RefreshToken, is the form that asks for a token in the
	// name of the client itself: grant_type and what belongs to it. A refresh
	// token that comes with the answer is used first, and Grant again when that
	// is refused.
	Grant url.Values
	// Assertion, in place of ClientSecret, makes the client's secret anew for
	// each request for a token.
	Assertion func() (string, error)
	// Bearer sends what Assertion makes as the assertion of a Grant, with no
	// client beside it (RFC 7523, 2.1).
	Bearer bool
	// Codes says what the user has to do about error codes of the token
	// endpoint, besides those of the standard or in their place.
	Codes map[string]string
}

// tokens holds the access token in use and renews it. One caller renews at a
// time; the others wait for it or for the end of their context.
type tokens struct {
	flow    OAuth
	client  *Client
	turn    chan struct{} // holds one element while nobody is at work
	started bool          // what was kept has been read
	token   *oauth2.Token
	ends    atomic.Int64 // of the refresh token, Unix seconds; 0 when unknown
	refresh string       // the refresh token in force: platforms may rotate it; "" until first needed
}

func newTokens(flow OAuth, c *Client) *tokens {
	t := &tokens{flow: flow, client: c, turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

// current returns a token that is valid by its own account.
func (t *tokens) current(ctx context.Context) (string, error) {
	select {
	case <-t.turn:
		defer func() { t.turn <- struct{}{} }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if err := t.first(); err != nil {
		return "", err
	}
	if t.token.Valid() {
		return t.token.AccessToken, nil
	}
	token, err := t.renewed(context.WithValue(ctx, oauth2.HTTPClient, t.client.http))
	if err != nil {
		return "", err
	}
	t.client.secrets.add(token.AccessToken, token.RefreshToken)
	if t.flow.Grant != nil || token.RefreshToken != t.refresh {
		issued := kept{RefreshToken: token.RefreshToken}
		if t.flow.Grant != nil {
			issued.AccessToken, issued.Expiry = token.AccessToken, token.Expiry
		}
		if err := (keptToken{t.flow.Keep}).save(t.flow.configured(), issued); err != nil {
			t.client.Env.Log.Error("the new token cannot be kept: sign in again when the old one ends", "source", t.client.Env.Name, "error", err)
		}
	}
	t.noteEnd(token)
	t.token, t.refresh = token, token.RefreshToken
	return token.AccessToken, nil
}

// renewed asks for a new access token. Its errors are of a kind.
func (t *tokens) renewed(ctx context.Context) (*oauth2.Token, error) {
	secret, style, grant := t.flow.ClientSecret, oauth2.AuthStyleInParams, t.flow.Grant
	if t.flow.Basic {
		style = oauth2.AuthStyleInHeader
	}
	if t.flow.Assertion != nil {
		var err error
		if secret, err = t.flow.Assertion(); err != nil {
			return nil, sources.Errorf(sources.Auth, "the client's secret cannot be made: %w", err)
		}
		t.client.secrets.add(secret)
	}
	if t.flow.Bearer {
		grant = maps.Clone(grant)
		grant.Set("assertion", secret)
		secret = ""
	}
	if t.refresh != "" {
		config := oauth2.Config{
			ClientID: t.flow.ClientID, ClientSecret: secret,
			Endpoint: oauth2.Endpoint{TokenURL: t.flow.TokenURL.String(), AuthStyle: style},
		}
		token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: t.refresh}).Token()
		if err == nil {
			return token, nil
		}
		var answered *oauth2.RetrieveError
		if t.flow.Grant == nil || !errors.As(err, &answered) || answered.Response.StatusCode >= 500 || answered.Response.StatusCode == http.StatusTooManyRequests {
			return nil, t.refusal(err)
		}
	}
	config := clientcredentials.Config{
		ClientID: t.flow.ClientID, ClientSecret: secret, TokenURL: t.flow.TokenURL.String(), AuthStyle: style, EndpointParams: grant,
	}
	token, err := config.Token(ctx)
	if err != nil {
		return nil, t.refusal(err)
	}
	return token, nil
}

// configured is what the config says: what was kept for another config is not
// used.
func (f OAuth) configured() string {
	if f.Grant == nil {
		return f.RefreshToken
	}
	return f.ClientID + " " + f.ClientSecret + " " + f.Grant.Encode()
}

// first reads what to begin with.
func (t *tokens) first() error {
	if t.started {
		return nil
	}
	found, err := keptToken{t.flow.Keep}.load(t.flow.configured())
	if err != nil {
		refusal := sources.Errorf(sources.Auth, "the kept token cannot be read: %w", err)
		refusal.Next = "mend the file or delete it"
		return refusal
	}
	t.started = true
	if t.refresh = found.RefreshToken; t.refresh == "" {
		t.refresh = t.flow.RefreshToken
	}
	if found.AccessToken != "" && t.flow.Grant != nil {
		t.token = &oauth2.Token{AccessToken: found.AccessToken, Expiry: found.Expiry}
	}
	t.client.secrets.add(t.refresh, found.AccessToken)
	return nil
}

// forget drops a token that the platform refused, unless another caller has
// replaced it already.
func (t *tokens) forget(ctx context.Context, refused string) {
	select {
	case <-t.turn:
	case <-ctx.Done():
		return
	}
	defer func() { t.turn <- struct{}{} }()
	if t.token != nil && t.token.AccessToken == refused {
		t.token = nil
	}
}

func (t *tokens) refusal(err error) *sources.Error {
	var answered *oauth2.RetrieveError
	var failed *url.Error
	switch {
	case errors.As(err, &failed):
		return unreached(err)
	case !errors.As(err, &answered):
		return sources.Errorf(sources.Malformed, "token endpoint: %w", err)
	}
	code, description := answered.ErrorCode, answered.ErrorDescription
	if code == "" {
		code, description = refusalInXML(answered.Body)
	}
	refused := func(kind sources.Kind, next string) *sources.Error {
		refusal := sources.Errorf(kind, "token endpoint: %s %s", sources.Clean(code), sources.Clean(description))
		refusal.Next = next
		return refusal
	}
	if next, known := t.flow.Codes[code]; known {
		return refused(sources.Auth, next)
	}
	switch code {
	case "invalid_grant":
		return refused(sources.Auth, t.flow.SignIn)
	case "invalid_client", "unauthorized_client":
		return refused(sources.Auth, "check client_id and client_secret")
	}
	header := http.Header{}
	if answered.Response.Header != nil {
		header = answered.Response.Header
	}
	answer := &Response{Status: answered.Response.StatusCode, Header: header, Body: answered.Body}
	if refusal := t.client.byStatus(answer); refusal != nil {
		return refusal
	}
	return sources.Errorf(sources.Malformed, "token endpoint: no access token in its answer")
}

// refusalInXML reads the error of a token endpoint that answers in XML, as
// Taboola's does; "" where there is none.
func refusalInXML(body []byte) (code, description string) {
	var answer struct {
		Code        string `xml:"error"`
		Description string `xml:"error_description"`
	}
	if xml.Unmarshal(body, &answer) != nil {
		return "", ""
	}
	return answer.Code, answer.Description
}
