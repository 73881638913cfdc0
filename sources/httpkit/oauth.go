package httpkit

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"adtop/sources"
)

// OAuth is the refresh-token flow of OAuth 2: the refresh token buys access
// tokens of short life.
type OAuth struct {
	TokenURL                             *url.URL
	ClientID, ClientSecret, RefreshToken string
	SignIn                               string // sentence for the user when the refresh token is refused
}

// tokens holds the access token in use and renews it. One caller renews at a
// time; the others wait for it or for the end of their context.
type tokens struct {
	flow    OAuth
	client  *Client
	turn    chan struct{} // holds one element while nobody is at work
	token   *oauth2.Token
	refresh string // the refresh token in force: platforms may rotate it
}

func newTokens(flow OAuth, c *Client) *tokens {
	t := &tokens{flow: flow, client: c, turn: make(chan struct{}, 1), refresh: flow.RefreshToken}
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
	config := oauth2.Config{
		ClientID:     t.flow.ClientID,
		ClientSecret: t.flow.ClientSecret,
		Endpoint:     oauth2.Endpoint{TokenURL: t.flow.TokenURL.String(), AuthStyle: oauth2.AuthStyleInParams},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, t.client.http)
	token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: t.refresh}).Token()
	if err != nil {
		return "", t.refusal(err)
	}
	t.client.secrets.add(token.AccessToken, token.RefreshToken)
	t.token, t.refresh = token, token.RefreshToken
	return token.AccessToken, nil
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
