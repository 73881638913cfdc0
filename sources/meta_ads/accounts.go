package metaads

import (
	"context"
	"net/url"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// closed is the account_status of an account that was closed for good.
const closed = 101

type adAccount struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Timezone string `json:"timezone_name"`
	Status   int    `json:"account_status"`
}

// Accounts lists the ad accounts of the token's person or system user. Closed
// ones are left out unless the options name them.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	request := s.request("me/adaccounts", url.Values{
		"fields": {"id,name,currency,timezone_name,account_status"},
		"limit":  {"100"},
	})
	var found []sources.Account
	reached := map[string]bool{}
	for pages := 0; request != nil; pages++ {
		var page struct {
			Data   *[]adAccount `json:"data"`
			Paging paging       `json:"paging"`
		}
		if err := s.client.JSON(ctx, request, &page); err != nil {
			return nil, err
		}
		if page.Data == nil {
			return nil, sources.Errorf(sources.Malformed, "%s: list of accounts has no data", platform)
		}
		for _, a := range *page.Data {
			if reached[a.ID] || !s.wants(a) {
				continue
			}
			account, err := a.account()
			if err != nil {
				return nil, err
			}
			reached[a.ID] = true
			found = append(found, account)
		}
		var err error
		if request, err = s.next(page.Paging, pages); err != nil {
			return nil, err
		}
	}
	for _, id := range s.options.Accounts {
		if !reached[id] {
			refusal := sources.Errorf(sources.Permission, "%s: account %s is not reachable", platform, id)
			refusal.Next = "check accounts, and that the token's user is assigned to this ad account"
			return nil, refusal
		}
	}
	s.checkToken(ctx)
	return found, nil
}

func (s *source) wants(a adAccount) bool {
	if len(s.options.Accounts) == 0 {
		return a.Status != closed
	}
	return slices.Contains(s.options.Accounts, a.ID)
}

func (a adAccount) account() (sources.Account, error) {
	zone, err := time.LoadLocation(a.Timezone)
	if err != nil || a.Timezone == "" || a.Timezone == "Local" {
		return sources.Account{}, sources.Errorf(sources.Malformed, "%s: account %q has the unknown time zone %q", platform, sources.Clean(a.ID), sources.Clean(a.Timezone))
	}
	if !accountPattern.MatchString(a.ID) || len(a.Currency) != 3 {
		return sources.Account{}, sources.Errorf(sources.Malformed, "%s: account %q has the currency %q: expected an id such as act_123 and an ISO 4217 code", platform, sources.Clean(a.ID), sources.Clean(a.Currency))
	}
	name := sources.Clean(a.Name)
	if name == "" {
		name = a.ID
	}
	return sources.Account{ID: a.ID, Name: name, Currency: kpi.Currency(a.Currency), Zone: zone}, nil
}
