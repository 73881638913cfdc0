package awin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Awin"

// The sides of the network, as its paths name them in the plural.
const (
	publisher  = "publisher"
	advertiser = "advertiser"
)

// callsAMinute may be made with a token, whatever is asked and whoever asks. Awin
// allows twenty: the rest is for calls that take longer to arrive than those after them.
const callsAMinute = 18

// reach is what the options of both types say of accounts.
type reach struct {
	token    sources.Secret
	side     string
	accounts []string
	currency kpi.Currency
	timezone string
	baseURL  string
}

var (
	currencyPattern = httpkit.NewPattern(`^[A-Z]{3}$`)
	idPattern       = httpkit.NewPattern(`^[1-9][0-9]{0,17}$`)
)

// check names the option at fault. What may be a timezone is for the type to say.
func (r *reach) check() error {
	switch {
	case r.side != publisher && r.side != advertiser:
		return fmt.Errorf("side %q: expected publisher or advertiser", sources.Clean(r.side))
	case !currencyPattern.MatchString(string(r.currency)):
		return fmt.Errorf("currency %q: expected an ISO 4217 code such as EUR", sources.Clean(string(r.currency)))
	}
	for _, id := range r.accounts {
		if !idPattern.MatchString(id) {
			return fmt.Errorf("accounts: %q: expected the number of an account, such as 45628", sources.Clean(id))
		}
	}
	return nil
}

// network is the accounts of one token. Its calls keep to the pace of all sources that
// have the token.
type network struct {
	reach
	env    sources.Env
	client *httpkit.Client
}

func (r *reach) open(env sources.Env) (*network, error) {
	base, err := httpkit.ParseBase(r.baseURL, "https://api.awin.com")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	token := r.token.Reveal()
	client, err := httpkit.New(httpkit.Options{Env: env, Platform: platform, Base: base, Private: true, Classify: classify,
		Header: http.Header{"Authorization": {"Bearer " + token}}, Redact: []string{token}, Pace: httpkit.SharedPace(base.Host+" "+token, callsAMinute)})
	if err != nil {
		return nil, err
	}
	return &network{reach: *r, env: env, client: client}, nil
}

func (n *network) ask(ctx context.Context, path string, query url.Values) (*httpkit.Response, error) {
	return n.client.Do(ctx, &httpkit.Request{Path: path, Query: query})
}

// Accounts lists the accounts of the token on the side of the options, in the
// currency and the zone that the options name.
func (n *network) Accounts(ctx context.Context) ([]sources.Account, error) {
	response, err := n.ask(ctx, "accounts", url.Values{"type": {n.side}})
	if err != nil {
		return nil, err
	}
	scan := n.client.Scan(response)
	var accounts []sources.Account
	listed := false
	for key := range scan.Object() {
		if string(key) != "accounts" {
			continue
		}
		listed = scan.Peek() == '['
		for range scan.Array() {
			id, name, side := readAccount(scan)
			if scan.Err() != nil || side != "" && side != n.side || len(n.accounts) > 0 && !slices.Contains(n.accounts, id) {
				continue
			}
			account, err := httpkit.Account(platform, id, name, string(n.currency), n.timezone)
			if err != nil {
				return nil, err
			}
			accounts = append(accounts, account)
		}
	}
	if err := scan.End(); err != nil {
		return nil, err
	}
	if !listed {
		return nil, sources.Errorf(sources.Malformed, "%s: answer has no list of accounts", platform)
	}
	return accounts, httpkit.Unreached(platform, accounts, n.accounts, "check accounts and side, and that the token's user may view them")
}

func readAccount(scan *httpkit.Scanner) (id, name, side string) {
	for key := range scan.Object() {
		switch string(key) {
		case "accountId":
			id = string(scan.Text())
		case "accountName":
			name = string(scan.Text())
		case "accountType":
			side = string(scan.Text())
		}
	}
	return id, name, side
}
