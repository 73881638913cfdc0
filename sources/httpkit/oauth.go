package httpkit

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"

	"golang.org/x/oauth2"

	"adtop/sources"
)

// OAuth is the refresh-token flow of OAuth 2: the refresh token buys access
// tokens of short life.
type OAuth struct {
	TokenURL                             *url.URL
	ClientID, ClientSecret, RefreshToken string
	SignIn                               string // sentence for the user when the refresh token is refused

	Basic bool // the client's id and secret go in a header, not in the form
	// Keep is a file for the refresh token where the platform issues a new one
	// at each renewal; with "" the new one is known until the program ends.
	Keep string
}

// tokens holds the access token in use and renews it. One caller renews at a
// time; the others wait for it or for the end of their context.
type tokens struct {
	flow    OAuth
	client  *Client
	turn    chan struct{} // holds one element while nobody is at work
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
	if t.token.Valid() {
		return t.token.AccessToken, nil
	}
	if err := t.first(); err != nil {
		return "", err
	}
	config := oauth2.Config{
		ClientID:     t.flow.ClientID,
		ClientSecret: t.flow.ClientSecret,
		Endpoint:     oauth2.Endpoint{TokenURL: t.flow.TokenURL.String(), AuthStyle: oauth2.AuthStyleInParams},
	}
	if t.flow.Basic {
		config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, t.client.http)
	token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: t.refresh}).Token()
	if err != nil {
		return "", t.refusal(err)
	}
	t.client.secrets.add(token.AccessToken, token.RefreshToken)
	if token.RefreshToken != t.refresh {
		if err := (keptToken{t.flow.Keep}).save(t.flow.RefreshToken, token.RefreshToken); err != nil {
			t.client.Env.Log.Error("the new refresh token cannot be kept: sign in again when the old one ends", "source", t.client.Env.Name, "error", err)
		}
	}
	t.noteEnd(token)
	t.token, t.refresh = token, token.RefreshToken
	return token.AccessToken, nil
}

// first finds the refresh token to begin with.
func (t *tokens) first() error {
	if t.refresh != "" {
		return nil
	}
	refresh, err := keptToken{t.flow.Keep}.load(t.flow.RefreshToken)
	if err != nil {
		refusal := sources.Errorf(sources.Auth, "the kept refresh token cannot be read: %w", err)
		refusal.Next = "mend the file or delete it"
		return refusal
	}
	t.client.secrets.add(refresh)
	t.refresh = refresh
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
	refused := func(kind sources.Kind, next string) *sources.Error {
		refusal := sources.Errorf(kind, "token endpoint: %s %s", answered.ErrorCode, sources.Clean(answered.ErrorDescription))
		refusal.Next = next
		return refusal
	}
	switch answered.ErrorCode {
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
