package googleads

import "net/url"

// link is a campaign's page. The address is seen in Google's own pages and not documented: __e is
// the customer id as the API has it.
func link(account, campaign string) string {
	return "https://ads.google.com/aw/adgroups?campaignId=" + url.QueryEscape(campaign) + "&__e=" + url.QueryEscape(account)
}
