package metaads

import (
	"net/url"
	"strings"
)

// link is a campaign's page. The address is that of Ads Manager's own pages; it is not
// documented.
func link(account, campaign string) string {
	return "https://adsmanager.facebook.com/adsmanager/manage/campaigns?act=" + url.QueryEscape(strings.TrimPrefix(account, "act_")) +
		"&selected_campaign_ids=" + url.QueryEscape(campaign)
}
