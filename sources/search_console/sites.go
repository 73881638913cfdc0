package searchconsole

import (
	"context"
	"slices"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// zone is that of all days and hours.
const zone = "America/Los_Angeles"

// Accounts lists the sites that the service account may read.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	var listed struct {
		Sites []struct {
			URL   string `json:"siteUrl"`
			Level string `json:"permissionLevel"`
		} `json:"siteEntry"` // missing when there are none
	}
	if err := s.client.JSON(ctx, &httpkit.Request{Path: "webmasters/v3/sites"}, &listed); err != nil {
		return nil, err
	}
	var found []sources.Account
	for _, site := range listed.Sites {
		if site.Level == "siteUnverifiedUser" || len(s.options.Sites) > 0 && !slices.Contains(s.options.Sites, site.URL) {
			continue
		}
		if !isSite(site.URL) {
			return nil, sources.Errorf(sources.Malformed, "%s: list of sites holds %q", platform, sources.Clean(site.URL))
		}
		account, err := httpkit.Account(platform, site.URL, site.URL, string(s.options.Currency), zone)
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, httpkit.Unreached(platform, found, s.options.Sites, "check sites, and that the e-mail address of the service account is a user of the site in Search Console")
}
