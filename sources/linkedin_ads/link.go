package linkedinads

import "net/url"

// link is a campaign's page. The address is that of Campaign Manager's own pages; it is not
// documented.
func link(account, campaign string) string {
	return "https://www.linkedin.com/campaignmanager/accounts/" + url.PathEscape(account) + "/campaigns/" + url.PathEscape(campaign)
}
