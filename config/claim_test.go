package config

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
)

func campaign(name string) sources.Entity {
	return sources.Entity{Level: sources.LevelCampaign, ID: "1", Name: name}
}

func key(k sources.Key) sources.Entity {
	return sources.Entity{Level: sources.LevelKey, ID: k.ID()}
}

const claiming = minimal + `channels:
  - {name: Brand, spend: {source: google, account: "7", campaign: "*brand*"}}
  - {name: Search, spend: {source: google, campaign: "search *"}, results: {source: shop, utm_source: google}}
  - {name: Mail, results: {source: shop, utm_medium: "*mail"}}
  - {name: Codes, results: [{source: shop, promo: "SPRING*"}, {source: shop, dialled: "*"}]}
  - {name: Press, results: [{source: shop, referrer: "*.example"}, {source: shop, click_id: tt*, customers: new}]}
  - {name: Direct, results: {source: shop, none: true, customers: new}}
  - {name: Again, results: {source: shop, none: true}}
`

func TestEntityBelongsToTheFirstChannelThatMatches(t *testing.T) {
	c := parse(t, claiming)
	for _, test := range []struct {
		name, source, account string
		entity                sources.Entity
		want                  Claim
	}{
		{"platform results count with the spend", "google", "7", campaign("Brand EN"), Claim{0, kpi.AllFields, nil}},
		{"a channel with a shop leaves out what the platform claims", "google", "7", campaign("Search Shoes"), Claim{1, traffic, nil}},
		{"the earlier channel wins and the later one is named", "google", "7", campaign("Search Brand"), Claim{0, kpi.AllFields, []int{1}}},
		{"another account is another campaign", "google", "8", campaign("Search Brand"), Claim{1, traffic, nil}},
		{"another source does not match by name", "meta", "7", campaign("Brand"), Claim{-1, traffic, nil}},
		{"an order counts by its key; clicks are those of the spend", "shop", "", key(sources.Key{Source: "google"}), Claim{1, results, nil}},
		{"without any spend, clicks are those that results come with", "shop", "", key(sources.Key{Medium: "e-mail"}), Claim{2, visits | results, nil}},
		{"a key of two channels counts for the first", "shop", "", key(sources.Key{Source: "Google", Medium: "email"}), Claim{1, results, []int{2}}},
		{"a code counts without any UTM", "shop", "", key(sources.Key{Promo: "spring10"}), Claim{3, visits | results, nil}},
		{"a star asks for something to be there", "shop", "", key(sources.Key{Dialled: "+4930"}), Claim{3, visits | results, nil}},
		{"none is an order without any key", "shop", "", key(sources.Key{}), Claim{6, visits | results, nil}},
		{"nor has a sender named itself who is known by the visit alone", "shop", "", key(sources.Key{Referrer: "a.test", Click: "gclid"}), Claim{6, visits | results, nil}},
		{"a host counts before it, and new customers of both", "shop", "", key(sources.Key{Referrer: "news.example", Customer: "new"}), Claim{4, visits | results, []int{5, 6}}},
		{"a kind of click counts with new customers alone", "shop", "", key(sources.Key{Click: "ttclid", Customer: "new"}), Claim{4, visits | results, []int{5, 6}}},
		{"of returning ones it is another channel's", "shop", "", key(sources.Key{Click: "ttclid", Customer: "returning"}), Claim{6, visits | results, nil}},
		{"who is unknown is neither new nor returning", "shop", "", key(sources.Key{Source: "x", Click: "ttclid"}), Claim{-1, kpi.Cost, nil}},
		{"an order with a key that nobody claims is not none", "shop", "", key(sources.Key{Source: "bing"}), Claim{-1, kpi.Cost, nil}},
		{"ads are parts of their campaigns", "google", "7", sources.Entity{Level: sources.LevelAd, Name: "Brand"}, Claim{-1, 0, nil}},
		{"an account row has no campaign name", "google", "7", sources.Entity{Level: sources.LevelAccount, Name: "Brand account"}, Claim{-1, traffic, nil}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, c.Claim(test.source, test.account, test.entity, kpi.AllFields)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResultsByCampaignCountWithoutTheirSpend(t *testing.T) {
	c := parse(t, minimal+"channels: [{name: Network, spend: {source: google}, results: {source: shop, campaign: \"spring*\"}}]\n")
	if got := c.Claim("shop", "", campaign("Spring 1"), kpi.AllFields); got.Channel != 0 || got.Fields != results {
		t.Errorf("claim of the results is %+v", got)
	}
	if got := c.Claim("shop", "", key(sources.Key{Campaign: "spring 1"}), kpi.AllFields); got.Channel != -1 {
		t.Errorf("a key was taken for a campaign: %+v", got)
	}
}

func TestACampaignOfAResultsSourceBringsItsClicksWhereNobodyPaysForAny(t *testing.T) {
	c := parse(t, minimal+"channels: [{name: Letters, results: {source: shop, campaign: \"spring*\"}}, {name: Paid, spend: {source: google}, results: {source: shop}}]\n")
	if got := c.Claim("shop", "", campaign("Spring 1"), kpi.AllFields); got.Channel != 0 || got.Fields != visits|results {
		t.Errorf("claim of a letter is %+v", got)
	}
	if got := c.Claim("shop", "", campaign("Winter"), kpi.AllFields); got.Channel != 1 || got.Fields != results {
		t.Errorf("claim beside a spend is %+v", got)
	}
}

func TestAccountRowBelongsToAChannelThatTakesTheWholeAccount(t *testing.T) {
	c := parse(t, minimal+"channels: [{name: All, spend: {source: google}}]\n")
	if got := c.Claim("google", "7", sources.Entity{Level: sources.LevelAccount}, kpi.AllFields); got.Channel != 0 || got.Fields != kpi.AllFields {
		t.Errorf("claim is %+v", got)
	}
}

func TestWhatNobodyClaimsNeverRepeatsWhatIsCounted(t *testing.T) {
	unclaimedCampaign, unclaimedKey := campaign("other"), key(sources.Key{Source: "other"})
	for _, test := range []struct {
		name, channels    string
		ofCampaign, ofKey kpi.Fields
		ofOther           kpi.Fields // a key of another results source
		ofLetter          kpi.Fields // a campaign of the shop's, as a source of e-mail has them: it tells no cost
	}{
		{"no channels", "", kpi.AllFields, kpi.AllFields, kpi.AllFields, kpi.AllFields},
		{"all results from the platforms", "channels: [{name: A, spend: {source: google, campaign: a}}]\n", kpi.AllFields, kpi.Cost, kpi.Cost, traffic},
		{"all results from the shop", "channels: [{name: A, results: {source: shop, promo: a}}]\n", traffic, kpi.AllFields, traffic, kpi.AllFields},
		{"clicks are paid for", "channels: [{name: A, spend: {source: google, campaign: a}, results: {source: shop, promo: a}}]\n", traffic, kpi.AllFields &^ visits, kpi.Cost, kpi.AllFields},
		{"results from two sources", "channels: [{name: A, results: {source: shop, promo: a}}, {name: B, results: {source: google, utm_medium: organic}}]\n", traffic, traffic, traffic, traffic},
		{"both", claiming[len(minimal):], traffic, kpi.Cost, kpi.Cost, traffic},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := parse(t, minimal+test.channels)
			if got := c.Claim("google", "7", unclaimedCampaign, kpi.AllFields); got.Channel != -1 || got.Fields != test.ofCampaign {
				t.Errorf("campaign: %+v, want fields %b", got, test.ofCampaign)
			}
			if got := c.Claim("shop", "", unclaimedKey, kpi.AllFields); got.Channel != -1 || got.Fields != test.ofKey {
				t.Errorf("key: %+v, want fields %b", got, test.ofKey)
			}
			if got := c.Claim("google", "", unclaimedKey, kpi.AllFields); got.Channel != -1 || got.Fields != test.ofOther {
				t.Errorf("key of another source: %+v, want fields %b", got, test.ofOther)
			}
			if got := c.Claim("shop", "", unclaimedCampaign, visits|results); got.Channel != -1 || got.Fields != test.ofLetter {
				t.Errorf("campaign without cost: %+v, want fields %b", got, test.ofLetter)
			}
		})
	}
}

// Whatever the channels, an entity is owned once, by the first that matches,
// and the conversions of its owner never come from two kinds of source.
func TestNothingIsCountedTwice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	for range 200 {
		content := minimal + "channels:\n"
		for i := range 1 + random.IntN(5) {
			content += fmt.Sprintf("  - {name: C%d, %s}\n", i, pick(
				`spend: {source: google, campaign: "a*"}`, `spend: {source: google}`, `spend: {source: google, campaign: "*b"}, results: {source: shop}`,
				`spend: {source: google}, results: {source: shop, utm_source: a}`, `results: {source: shop, utm_medium: "*"}`, `results: {source: shop, none: true}`))
		}
		c := parse(t, content)
		for _, e := range []sources.Entity{campaign("ab"), campaign("a"), campaign("zb"), campaign("z"), key(sources.Key{}), key(sources.Key{Source: "a"}), key(sources.Key{Medium: "m"})} {
			source := "google"
			if e.Level == sources.LevelKey {
				source = "shop"
			}
			claim := c.Claim(source, "7", e, kpi.AllFields)
			for i, ch := range c.Channels {
				matches := ch.counting(source, "7", e) != 0
				if matches && (claim.Channel < 0 || i < claim.Channel) {
					t.Fatalf("%v: channel %d matches before the owner %d\n%s", e, i, claim.Channel, content)
				}
			}
			if claim.Channel < 0 {
				continue
			}
			if paid := len(c.Channels[claim.Channel].Spend) > 0; claim.Fields&visits != 0 && paid == (e.Level == sources.LevelKey) {
				t.Fatalf("%v: clicks counted for %+v\n%s", e, claim, content)
			}
			platform := c.Channels[claim.Channel].ResultSource() == ""
			if counted := claim.Fields&results != 0; counted != (platform == (e.Level == sources.LevelCampaign)) {
				t.Fatalf("%v: results counted %t for %+v\n%s", e, counted, claim, content)
			}
		}
	}
}

// What results cost counts for the channel that pays what their source reports, and
// for no other; the visits that they come with count where nothing else is spent.
func TestReportedPayoutsAreSpend(t *testing.T) {
	c := parse(t, minimal+`channels:
  - {name: Reviews, spend: {source: google, campaign: reviews}, results: {source: shop, utm_source: review}, economics: {payout: {model: reported}}}
  - {name: Creators, results: {source: shop, utm_source: creator}, economics: {payout: {model: reported}}}
  - {name: Partners, results: {source: shop, utm_source: partner}, economics: {payout: {model: revenue_share, share: 8%}}}
`)
	for _, w := range []struct {
		key    sources.Key
		action string
		claim  Claim
	}{
		{sources.Key{Source: "review"}, "", Claim{Channel: 0, Fields: results | kpi.Cost}},
		{sources.Key{Source: "creator"}, "", Claim{Channel: 1, Fields: results | traffic}},
		{sources.Key{Source: "creator"}, sources.Undecided, Claim{Channel: 1, Fields: results | traffic}},
		{sources.Key{Source: "partner"}, "", Claim{Channel: 2, Fields: results | visits}},
		{sources.Key{Source: "nobody"}, "", Claim{Channel: -1, Fields: results}}, // its cost may be the partners' share
	} {
		e := key(w.key)
		e.Action = w.action
		if got := c.Claim("shop", "7", e, kpi.AllFields); !cmp.Equal(got, w.claim) {
			t.Errorf("%+v: %+v, want %+v", e, got, w.claim)
		}
	}
	c = parse(t, minimal+`channels: [{name: Creators, results: {source: shop, utm_source: creator}, economics: {payout: {model: reported}}}]
`)
	if got, want := c.Claim("shop", "7", key(sources.Key{Source: "nobody"}), kpi.AllFields), (Claim{Channel: -1, Fields: kpi.AllFields}); !cmp.Equal(got, want) {
		t.Errorf("where nobody is paid by a model: %+v, want %+v", got, want)
	}
}
