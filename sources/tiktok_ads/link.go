package tiktokads

import "net/url"

// link is a campaign's page. That the list shows this campaign alone by its keyword is not
// confirmed; the account is.
func link(account, campaign string) string {
	return "https://ads.tiktok.com/i18n/perf/campaign?aadvid=" + url.QueryEscape(account) + "&keyword=" + url.QueryEscape(campaign)
}
