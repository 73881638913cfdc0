package ga4

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const maxPages = 1000

// Accounts lists the properties that the service account may view, and asks about
// each: lists tell neither currency nor zone.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	ids := s.options.Properties
	if len(ids) == 0 {
		var err error
		if ids, err = s.properties(ctx); err != nil {
			return nil, err
		}
	}
	var found []sources.Account
	for _, id := range ids {
		if slices.ContainsFunc(found, func(a sources.Account) bool { return a.ID == id }) {
			continue
		}
		var p struct {
			Name     string `json:"name"`
			Display  string `json:"displayName"`
			Zone     string `json:"timeZone"`
			Currency string `json:"currencyCode"`
		}
		if err := s.ask(ctx, "v1beta/properties/"+id, nil, &p); err != nil {
			return nil, err
		}
		if p.Name != "properties/"+id {
			return nil, sources.Errorf(sources.Malformed, "%s: asked about property %s, answered about %s", platform, id, sources.Clean(p.Name))
		}
		account, err := httpkit.Account(platform, id, p.Display, p.Currency, p.Zone)
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, nil
}

// ask puts a question to the Admin API.
func (s *source) ask(ctx context.Context, path string, query url.Values, into any) error {
	request := *s.admin
	request.Path, request.Query = path, query
	return s.client.JSON(ctx, &request, into)
}

// properties lists ids. An account without properties has no list of them.
func (s *source) properties(ctx context.Context) (ids []string, err error) {
	query := url.Values{"pageSize": {"200"}}
	for range maxPages {
		var page struct {
			Accounts []struct {
				Properties []struct {
					Property string `json:"property"`
				} `json:"propertySummaries"`
			} `json:"accountSummaries"`
			Next string `json:"nextPageToken"`
		}
		if err := s.ask(ctx, "v1beta/accountSummaries", query, &page); err != nil {
			return nil, err
		}
		for _, account := range page.Accounts {
			for _, p := range account.Properties {
				id, named := strings.CutPrefix(p.Property, "properties/")
				if !named || !propertyPattern.MatchString(id) {
					return nil, sources.Errorf(sources.Malformed, "%s: list of properties holds %q", platform, sources.Clean(p.Property))
				}
				ids = append(ids, id)
			}
		}
		if page.Next == "" {
			return ids, nil
		}
		query.Set("pageToken", page.Next)
	}
	return nil, sources.Errorf(sources.Malformed, "%s: more than %d pages of accounts", platform, maxPages)
}
