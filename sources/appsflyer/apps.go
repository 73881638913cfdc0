package appsflyer

import (
	"context"
	"net/url"
	"slices"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const maxPages = 1000

// appPage is a page of the list of apps.
type appPage struct {
	Data *[]struct {
		ID         string `json:"id"`
		Attributes struct {
			Name     string `json:"name"`
			Currency string `json:"currency"`
			Zone     string `json:"time_zone"`
		} `json:"attributes"`
	} `json:"data"`
	Links struct {
		Next string `json:"next"`
	} `json:"links"`
}

// Accounts lists the apps of the token's account.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	var found []sources.Account
	request := &httpkit.Request{Path: "api/mng/apps", Query: url.Values{"limit": {"1000"}, "offset": {"0"}}}
	for n := 0; request != nil; n++ {
		var page appPage
		if err := s.short.JSON(ctx, request, &page); err != nil {
			return nil, err
		}
		if page.Data == nil || n >= maxPages {
			return nil, sources.Errorf(sources.Malformed, "%s: page %d of the apps is none", platform, n)
		}
		for _, app := range *page.Data {
			if len(s.options.Apps) > 0 && !slices.Contains(s.options.Apps, app.ID) {
				continue
			}
			account, err := httpkit.Account(platform, app.ID, app.Attributes.Name, app.Attributes.Currency, app.Attributes.Zone)
			if err != nil {
				return nil, err
			}
			found = append(found, account)
		}
		if request = nil; page.Links.Next != "" {
			request = &httpkit.Request{Link: page.Links.Next}
		}
	}
	return found, httpkit.Unreached(platform, found, s.options.Apps, checkApps)
}
