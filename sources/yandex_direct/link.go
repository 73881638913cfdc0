package yandexdirect

import "net/url"

// link is a campaign's page. Direct leads this old address on to its present pages; that it
// does so for each kind of campaign is not confirmed.
func link(account, campaign string) string {
	return "https://direct.yandex.ru/registered/main.pl?cmd=showCamp&cid=" + url.QueryEscape(campaign) + "&ulogin=" + url.QueryEscape(account)
}
