package pinterestads

import (
	"context"
	"net/url"
	"slices"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const maxPages = 1000

// item is an ad account or a campaign.
type item struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Currency string `json:"currency"` // of an account; there is no time zone
}

// list reads all pages of a list.
func (s *source) list(ctx context.Context, path string, query url.Values) ([]item, error) {
	var all []item
	query.Set("page_size", "250")
	for page := 0; ; page++ {
		var answer struct {
			Items    *[]item `json:"items"`
			Bookmark string  `json:"bookmark"`
		}
		if err := s.client.JSON(ctx, &httpkit.Request{Path: path, Query: query}, &answer); err != nil {
			return nil, err
		}
		if answer.Items == nil || page >= maxPages {
			return nil, sources.Errorf(sources.Malformed, "%s: page %d of %s holds no items", platform, page, path)
		}
		all = append(all, *answer.Items...)
		if answer.Bookmark == "" {
			return all, nil
		}
		query.Set("bookmark", answer.Bookmark)
	}
}

// Accounts lists the ad accounts, shared ones included.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	listed, err := s.list(ctx, "v5/ad_accounts", url.Values{"include_shared_accounts": {"true"}})
	if err != nil {
		return nil, err
	}
	var found []sources.Account
	for _, a := range listed {
		if len(s.options.Accounts) > 0 && !slices.Contains(s.options.Accounts, a.ID) {
			continue
		}
		account, err := httpkit.Account(platform, a.ID, a.Name, a.Currency, "UTC")
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts, and the signed-in person's role in them")
}

// campaigns returns the campaigns of an account by id, archived ones included:
// they have past spend, and analytics are asked for by id.
func (s *source) campaigns(ctx context.Context, account string) (map[string]httpkit.Campaign, error) {
	return s.names.Of(account, s.env.Now(), func() (map[string]httpkit.Campaign, error) {
		listed, err := s.list(ctx, "v5/ad_accounts/"+account+"/campaigns", url.Values{"entity_statuses": {"ACTIVE,PAUSED,ARCHIVED"}})
		if err != nil {
			return nil, err
		}
		campaigns := map[string]httpkit.Campaign{}
		for _, c := range listed {
			if !accountPattern.MatchString(c.ID) {
				return nil, sources.Errorf(sources.Malformed, "%s: list of campaigns holds the id %q: expected digits", platform, sources.Clean(c.ID))
			}
			campaigns[c.ID] = httpkit.Campaign{Name: c.Name, Status: c.Status}
		}
		return campaigns, nil
	})
}
