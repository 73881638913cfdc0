package pinterestads

import "net/url"

// link is a campaign's page. It is the reporting page of the account: the address of a single
// campaign is not known.
func link(account, _ string) string {
	return "https://ads.pinterest.com/advertiser/" + url.PathEscape(account) + "/reporting/"
}
