package cli

import (
	"net/url"
	"strings"
	"testing"
)

// TestCampaignsLeadToTheirPages: by the ids as the adapters hand them over, and
// whatever stands in an id stays within its place.
func TestCampaignsLeadToTheirPages(t *testing.T) {
	const account, campaign = "4445556666", "21034567801"
	want := map[string]string{
		"google_ads":    "https://ads.google.com/aw/adgroups?campaignId=21034567801&__e=4445556666",
		"meta_ads":      "https://adsmanager.facebook.com/adsmanager/manage/campaigns?act=4445556666&selected_campaign_ids=21034567801",
		"tiktok_ads":    "https://ads.tiktok.com/i18n/perf/campaign?aadvid=4445556666&keyword=21034567801",
		"microsoft_ads": "https://ui.ads.microsoft.com/campaign/vnext/campaigns?aid=4445556666",
		"linkedin_ads":  "https://www.linkedin.com/campaignmanager/accounts/4445556666/campaigns/21034567801",
		"snapchat_ads":  "https://ads.snapchat.com/4445556666/campaigns/21034567801",
		"pinterest_ads": "https://ads.pinterest.com/advertiser/4445556666/reporting/",
		"reddit_ads":    "https://ads.reddit.com/accounts/4445556666/campaigns/21034567801",
		"yandex_direct": "https://direct.yandex.ru/registered/main.pl?cmd=showCamp&cid=21034567801&ulogin=4445556666",
	}
	types := registry()
	for _, name := range types.Names() {
		d, err := types.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if d.Link == nil {
			if want[name] != "" {
				t.Errorf("%s has no link", name)
			}
			continue
		}
		if got := d.Link(account, campaign); got != want[name] {
			t.Errorf("%s: %s, want %s", name, got, want[name])
		}
		plain, err := url.Parse(d.Link("1", "1"))
		if err != nil {
			t.Fatal(err)
		}
		odd, err := url.Parse(d.Link("a/b?c&d=e#f g", "\x1b]8;;x?y=1&z"))
		if err != nil || odd.Host != plain.Host || odd.Fragment != "" || len(odd.Query()) != len(plain.Query()) ||
			strings.Count(odd.EscapedPath(), "/") != strings.Count(plain.EscapedPath(), "/") || strings.ContainsAny(odd.String(), "\x1b ") {
			t.Errorf("%s: an id gets out of its place: %s (%v)", name, odd, err)
		}
	}
	d, err := types.Lookup("meta_ads")
	if err != nil {
		t.Fatal(err)
	}
	if a, b := d.Link("act_"+account, campaign), d.Link(account, campaign); a != b {
		t.Errorf("%s and %s", a, b)
	}
}
