package snapchatads

import "net/url"

// link is a campaign's page. The first part is confirmed (a plugin of Snap itself goes to the
// account's pages by it), the campaign is not.
func link(account, campaign string) string {
	return "https://ads.snapchat.com/" + url.PathEscape(account) + "/campaigns/" + url.PathEscape(campaign)
}
