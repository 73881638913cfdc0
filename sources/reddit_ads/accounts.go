package redditads

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const maxPages = 1000

// item is a business, an ad account or a campaign.
type item struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Currency  string `json:"currency"`     // of an account
	Zone      string `json:"time_zone_id"` // of an account: "GMT", "America/New_York"
	Effective string `json:"effective_status"`
	Status    string `json:"configured_status"`
}

// pagination tells where the next page is, if there is one.
type pagination struct {
	Next string `json:"next_url"`
}

// list reads all pages of a list.
func (s *source) list(ctx context.Context, path string) ([]item, error) {
	var all []item
	request := &httpkit.Request{Path: path, Query: url.Values{"page.size": {"100"}}}
	for page := 0; ; page++ {
		var answer struct {
			Data       *[]item    `json:"data"`
			Pagination pagination `json:"pagination"`
		}
		if err := s.client.JSON(ctx, request, &answer); err != nil {
			return nil, err
		}
		if answer.Data == nil || page >= maxPages {
			return nil, sources.Errorf(sources.Malformed, "%s: page %d of %s holds no data", platform, page, path)
		}
		all = append(all, *answer.Data...)
		if answer.Pagination.Next == "" {
			return all, nil
		}
		request = &httpkit.Request{Link: answer.Pagination.Next}
	}
}

// Accounts lists the ad accounts of all businesses of the signed-in person.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	businesses, err := s.list(ctx, "api/v3/me/businesses")
	if err != nil {
		return nil, err
	}
	var found []sources.Account
	for _, b := range businesses {
		listed, err := s.list(ctx, "api/v3/businesses/"+url.PathEscape(b.ID)+"/ad_accounts")
		if err != nil {
			return nil, err
		}
		for _, a := range listed {
			if len(s.options.Accounts) > 0 && !slices.Contains(s.options.Accounts, a.ID) {
				continue
			}
			account, err := httpkit.Account(platform, a.ID, a.Name, a.Currency, a.Zone)
			if err != nil {
				return nil, err
			}
			found = append(found, account)
		}
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts, and the signed-in person's role in their business")
}

// campaigns returns the campaigns of an account by id: reports have ids only.
func (s *source) campaigns(ctx context.Context, account string) (map[string]httpkit.Campaign, error) {
	return s.names.Of(account, s.env.Now(), func() (map[string]httpkit.Campaign, error) {
		listed, err := s.list(ctx, "api/v3/ad_accounts/"+account+"/campaigns")
		if err != nil {
			return nil, err
		}
		campaigns := map[string]httpkit.Campaign{}
		for _, c := range listed {
			campaigns[c.ID] = httpkit.Campaign{Name: c.Name, Status: cmp.Or(c.Effective, c.Status)}
		}
		return campaigns, nil
	})
}
