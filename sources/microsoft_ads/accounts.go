package microsoftads

import (
	"context"
	"net/http"
	"slices"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	accountsPage = 1000
	maxPages     = 100
)

// account is an account as the customer service has it.
type account struct {
	ID       string `json:"Id"`
	Name     string `json:"Name"`
	Currency string `json:"CurrencyCode"`
	TimeZone string `json:"TimeZone"` // Microsoft's name, see zones
	Customer string `json:"ParentCustomerId"`
	Status   string `json:"AccountLifeCycleStatus"`
}

// Accounts lists what the signed-in user reaches. Paused accounts are listed:
// they have past spend. Drafts and inactive ones are left out unless the
// options name them.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	listed, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	var found []sources.Account
	for _, a := range listed {
		if named := slices.Contains(s.options.Accounts, a.ID); len(s.options.Accounts) > 0 && !named || !named && (a.Status == "Draft" || a.Status == "Inactive") {
			continue
		}
		account, err := s.account(a)
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts, and that the signed-in user has a role in them")
}

func (s *source) account(a account) (sources.Account, error) {
	iana := zone(a.TimeZone, s.options.Timezone)
	if iana == "" {
		refusal := sources.Errorf(sources.Malformed, "%s: account %s has the time zone %q, which adtop does not know", platform, sources.Clean(a.ID), sources.Clean(a.TimeZone))
		refusal.Next = "set timezone to its IANA name"
		return sources.Account{}, refusal
	}
	return httpkit.Account(platform, a.ID, a.Name, a.Currency, iana)
}

// list asks for all accounts, and remembers their customers and zones.
func (s *source) list(ctx context.Context) ([]account, error) {
	var user struct {
		User struct {
			ID string `json:"Id"`
		}
	}
	if err := s.client.JSON(ctx, s.ask("User/Query", map[string]any{"UserId": nil}), &user); err != nil {
		return nil, err
	}
	var all []account
	for page := 0; ; page++ {
		var answer struct{ Accounts *[]account }
		if err := s.client.JSON(ctx, s.ask("Accounts/Search", map[string]any{
			"Predicates": []map[string]string{{"Field": "UserId", "Operator": "Equals", "Value": user.User.ID}},
			"PageInfo":   map[string]int{"Index": page, "Size": accountsPage},
		}), &answer); err != nil {
			return nil, err
		}
		if answer.Accounts == nil || page >= maxPages {
			return nil, sources.Errorf(sources.Malformed, "%s: page %d of the accounts is none", platform, page)
		}
		all = append(all, *answer.Accounts...)
		if len(*answer.Accounts) < accountsPage {
			break
		}
	}
	known := map[string]account{}
	for _, a := range all {
		known[a.ID] = a
	}
	s.mu.Lock()
	s.known = known
	s.mu.Unlock()
	return all, nil
}

// ask is a question to the customer service.
func (s *source) ask(what string, body any) *httpkit.Request {
	return &httpkit.Request{Method: http.MethodPost, Base: s.customer, Path: "CustomerManagement/v13/" + what, Body: body}
}

// find returns what is known of an account, asking if need be.
func (s *source) find(ctx context.Context, id string) (account, error) {
	s.mu.Lock()
	found, ok := s.known[id]
	s.mu.Unlock()
	if ok {
		return found, nil
	}
	if _, err := s.list(ctx); err != nil {
		return account{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok = s.known[id]; !ok {
		return account{}, sources.Errorf(sources.Permission, "%s: account %s is no longer among those that the signed-in user reaches", platform, sources.Clean(id))
	}
	return found, nil
}
