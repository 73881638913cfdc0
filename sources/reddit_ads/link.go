package redditads

import "net/url"

// link is a campaign's page. The account's part is confirmed, the campaign's is not.
func link(account, campaign string) string {
	return "https://ads.reddit.com/accounts/" + url.PathEscape(account) + "/campaigns/" + url.PathEscape(campaign)
}
