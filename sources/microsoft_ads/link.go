package microsoftads

import "net/url"

// link is a campaign's page. It is the list of the account: the address of a single campaign
// needs the customer too, and is not confirmed.
func link(account, _ string) string {
	return "https://ui.ads.microsoft.com/campaign/vnext/campaigns?aid=" + url.QueryEscape(account)
}
