package awinclicks

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// Accounts lists the accounts of the token on the side of the options, in the
// currency and the zone that the options name.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	response, err := s.ask(ctx, "accounts", url.Values{"type": {s.options.Side}})
	if err != nil {
		return nil, err
	}
	scan := s.client.Scan(response)
	var accounts []sources.Account
	listed := false
	for key := range scan.Object() {
		if string(key) != "accounts" {
			continue
		}
		listed = scan.Peek() == '['
		for range scan.Array() {
			id, name, side := readAccount(scan)
			if scan.Err() != nil || side != "" && side != s.options.Side || len(s.options.Accounts) > 0 && !slices.Contains(s.options.Accounts, id) {
				continue
			}
			account, err := httpkit.Account(platform, id, name, string(s.options.Currency), s.options.Timezone)
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
	return accounts, httpkit.Unreached(platform, accounts, s.options.Accounts, "check accounts and side, and that the token's user may view them")
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

// callsAMinute may be made for all accounts of the token. Awin allows twenty; those
// that are left are for what has to be asked again.
const callsAMinute = 18

// pace keeps to the calls that a minute allows.
type pace struct {
	calls int // a minute
	mu    sync.Mutex
	made  []time.Time // the last ones, oldest first; those to come included
}

// book returns how long to wait before the next call.
func (p *pace) book(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := now
	if len(p.made) == p.calls {
		if free := p.made[0].Add(time.Minute); free.After(now) {
			at = free
		}
		p.made = p.made[1:]
	}
	p.made = append(p.made, at)
	return at.Sub(now)
}

// ask sends a question once the pace allows it.
func (s *source) ask(ctx context.Context, path string, query url.Values) (*httpkit.Response, error) {
	if wait := s.pace.book(s.env.Now()); wait > 0 {
		if err := httpkit.Wait(ctx, s.env, wait); err != nil {
			return nil, err
		}
	}
	return s.client.Do(ctx, &httpkit.Request{Path: path, Query: query})
}
