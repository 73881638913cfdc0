package taboola

import (
	"context"
	"slices"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// account is an advertiser, a publisher or a network of them.
type account struct {
	ID       string   `json:"account_id"` // its name in addresses; id is a number
	Name     string   `json:"name"`
	Type     string   `json:"type"` // PARTNER or NETWORK
	Partner  []string `json:"partner_types"`
	Active   *bool    `json:"is_active"`
	Currency string   `json:"currency"`
	Zone     string   `json:"time_zone_name"`
}

// Accounts lists the advertisers of the user, those of network accounts included: a
// network has no campaigns of its own. What is no longer active is left out unless the
// options name it.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	listed, err := s.list(ctx, "users/current/allowed-accounts")
	if err != nil {
		return nil, err
	}
	var found []sources.Account
	for _, a := range listed {
		advertisers := []account{a}
		if a.Type == "NETWORK" {
			if advertisers, err = s.list(ctx, a.ID+"/advertisers"); err != nil {
				return nil, err
			}
		}
		for _, a := range advertisers {
			if !s.wants(a) || slices.ContainsFunc(found, func(known sources.Account) bool { return known.ID == a.ID }) {
				continue
			}
			account, err := httpkit.Account(platform, a.ID, a.Name, a.Currency, a.Zone)
			if err != nil {
				return nil, err
			}
			found = append(found, account)
		}
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts, and that the user of the credentials may see them")
}

func (s *source) wants(a account) bool {
	if len(s.options.Accounts) > 0 {
		return slices.Contains(s.options.Accounts, a.ID)
	}
	return a.Type != "NETWORK" && (a.Active == nil || *a.Active) && (len(a.Partner) == 0 || slices.Contains(a.Partner, "ADVERTISER"))
}

// list reads one list of accounts; there are no pages.
func (s *source) list(ctx context.Context, path string) ([]account, error) {
	var answer struct {
		Results *[]*account `json:"results"`
	}
	if err := s.client.JSON(ctx, &httpkit.Request{Path: "api/1.0/" + path}, &answer); err != nil {
		return nil, err
	}
	if answer.Results == nil {
		return nil, sources.Errorf(sources.Malformed, "%s: answer has no list of accounts", platform)
	}
	var accounts []account
	for _, a := range *answer.Results {
		if a == nil { // Taboola's lists may hold nulls
			continue
		}
		if !accountPattern.MatchString(a.ID) {
			return nil, sources.Errorf(sources.Malformed, "%s: list of accounts holds the id %q: expected one such as acme-us-sc", platform, sources.Clean(a.ID))
		}
		accounts = append(accounts, *a)
	}
	return accounts, nil
}
