package snapchatads

import (
	"context"
	"net/url"
	"slices"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const maxPages = 1000

// wrapped is an element of a list: the object under its kind, and whether this
// part succeeded.
type wrapped struct {
	Status       string `json:"sub_request_status"`
	Reason       string `json:"sub_request_error_reason"`
	Organization object `json:"organization"`
	Account      object `json:"adaccount"`
	Campaign     object `json:"campaign"`
}

// object is an organization, an ad account or a campaign.
type object struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Currency string `json:"currency"` // of an account
	Timezone string `json:"timezone"` // of an account; an IANA name
}

// list reads all pages of a list.
func (s *source) list(ctx context.Context, path string, query url.Values) ([]wrapped, error) {
	var all []wrapped
	request := &httpkit.Request{Path: path, Query: query}
	for page := 0; request != nil; page++ {
		var answer struct {
			Organizations, Adaccounts, Campaigns *[]wrapped
			Paging                               struct {
				Next string `json:"next_link"`
			}
		}
		if err := s.client.JSON(ctx, request, &answer); err != nil {
			return nil, err
		}
		listed := answer.Organizations
		if listed == nil {
			listed = answer.Adaccounts
		}
		if listed == nil {
			listed = answer.Campaigns
		}
		if listed == nil || page >= maxPages {
			return nil, sources.Errorf(sources.Malformed, "%s: page %d of %s holds no list", platform, page, path)
		}
		for _, w := range *listed {
			if err := failed(w.Status, w.Reason); err != nil {
				return nil, err
			}
		}
		all, request = append(all, *listed...), next(answer.Paging.Next)
	}
	return all, nil
}

// next asks for the page that a link leads to; nil after the last one.
func next(link string) *httpkit.Request {
	if link == "" {
		return nil
	}
	return &httpkit.Request{Link: link}
}

// Accounts lists the ad accounts of all organizations of the member.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	organizations, err := s.list(ctx, "v1/me/organizations", nil)
	if err != nil {
		return nil, err
	}
	var found []sources.Account
	for _, o := range organizations {
		listed, err := s.list(ctx, "v1/organizations/"+url.PathEscape(o.Organization.ID)+"/adaccounts", url.Values{"limit": {"1000"}})
		if err != nil {
			return nil, err
		}
		for _, w := range listed {
			a := w.Account
			if len(s.options.Accounts) > 0 && !slices.Contains(s.options.Accounts, a.ID) {
				continue
			}
			account, err := httpkit.Account(platform, a.ID, a.Name, a.Currency, a.Timezone)
			if err != nil {
				return nil, err
			}
			found = append(found, account)
		}
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts, and the member's role in them")
}

// campaigns returns the campaigns of an account by id: stats have ids only.
func (s *source) campaigns(ctx context.Context, account string) (map[string]httpkit.Campaign, error) {
	return s.names.Of(account, s.env.Now(), func() (map[string]httpkit.Campaign, error) {
		listed, err := s.list(ctx, "v1/adaccounts/"+account+"/campaigns", url.Values{"limit": {"1000"}})
		if err != nil {
			return nil, err
		}
		campaigns := map[string]httpkit.Campaign{}
		for _, w := range listed {
			campaigns[w.Campaign.ID] = httpkit.Campaign{Name: w.Campaign.Name, Status: w.Campaign.Status}
		}
		return campaigns, nil
	})
}
