package simulator

import (
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// googleRow is one row of a result, with all that can be selected of it.
type googleRow struct {
	customer *customer
	client   *googleClient
	campaign *world.Campaign
	group    *world.AdGroup // nil in rows of a campaign without ad groups
	ad       *world.Ad
	network  string
	date     kpi.Date
	hour     int // wall clock
	metrics  kpi.Metrics
}

// googleClient is an account as seen from a manager.
type googleClient struct {
	world.Account
	level     int
	isManager bool
}

// googleField is a field that can be selected, filtered and sorted by.
type googleField struct {
	quoted bool // strings, enums and 64-bit integers are JSON strings
	text   func(*googleRow) string
}

// googleResources names what FROM may hold and which families of fields each
// resource has.
var googleResources = map[string][]string{
	"customer":        {"customer", "segments", "metrics"},
	"customer_client": {"customer_client"},
	"campaign":        {"campaign", "customer", "segments", "metrics"},
	fromAdGroups:      {"ad_group", "campaign", "customer", "segments", "metrics"},
	fromAds:           {"ad_group_ad", "ad_group", "campaign", "customer", "segments", "metrics"},
}

const (
	googleDate    = "segments.date"
	googleHour    = "segments.hour"
	googleNetwork = "segments.ad_network_type"
	fromAdGroups  = "ad_group"
	fromAds       = "ad_group_ad"
)

var googleFields = map[string]googleField{
	"customer.id":               {true, func(r *googleRow) string { return r.customer.ID }},
	"customer.resource_name":    {true, func(r *googleRow) string { return customerName(r.customer.ID) }},
	"customer.descriptive_name": {true, func(r *googleRow) string { return r.customer.Name }},
	"customer.currency_code":    {true, func(r *googleRow) string { return string(r.customer.Currency) }},
	"customer.time_zone":        {true, func(r *googleRow) string { return r.customer.Zone.String() }},
	"customer.manager":          {false, func(r *googleRow) string { return strconv.FormatBool(r.customer.isManager) }},
	"customer.test_account":     {false, func(*googleRow) string { return "false" }},
	"customer.status":           {true, func(*googleRow) string { return "ENABLED" }},

	"customer_client.id":               {true, func(r *googleRow) string { return r.client.ID }},
	"customer_client.client_customer":  {true, func(r *googleRow) string { return customerName(r.client.ID) }},
	"customer_client.descriptive_name": {true, func(r *googleRow) string { return r.client.Name }},
	"customer_client.currency_code":    {true, func(r *googleRow) string { return string(r.client.Currency) }},
	"customer_client.time_zone":        {true, func(r *googleRow) string { return r.client.Zone.String() }},
	"customer_client.manager":          {false, func(r *googleRow) string { return strconv.FormatBool(r.client.isManager) }},
	"customer_client.test_account":     {false, func(*googleRow) string { return "false" }},
	"customer_client.level":            {true, func(r *googleRow) string { return strconv.Itoa(r.client.level) }},
	"customer_client.status":           {true, func(*googleRow) string { return "ENABLED" }},
	"customer_client.hidden":           {false, func(*googleRow) string { return "false" }},

	"campaign.id":                       {true, func(r *googleRow) string { return r.campaign.ID }},
	"campaign.resource_name":            {true, func(r *googleRow) string { return campaignName(r) }},
	"campaign.name":                     {true, func(r *googleRow) string { return r.campaign.Name }},
	"campaign.status":                   {true, func(r *googleRow) string { return r.campaign.Status }},
	"campaign.advertising_channel_type": {true, func(r *googleRow) string { return r.campaign.ChannelType }},

	"ad_group.id":            {true, func(r *googleRow) string { return r.group.ID }},
	"ad_group.resource_name": {true, groupName},
	"ad_group.name":          {true, func(r *googleRow) string { return r.group.Name }},
	"ad_group.status":        {true, func(r *googleRow) string { return r.group.Status }},
	"ad_group.campaign":      {true, campaignName},

	"ad_group_ad.resource_name":                      {true, adName},
	"ad_group_ad.status":                             {true, func(r *googleRow) string { return r.ad.Status }},
	"ad_group_ad.ad_group":                           {true, groupName},
	"ad_group_ad.ad.id":                              {true, func(r *googleRow) string { return r.ad.ID }},
	"ad_group_ad.ad.type":                            {true, func(r *googleRow) string { return r.ad.Type }},
	"ad_group_ad.ad.name":                            {true, ownName},
	"ad_group_ad.ad.responsive_search_ad.headlines":  {false, headlines},
	"ad_group_ad.ad.expanded_text_ad.headline_part1": {true, headlinePart},

	googleDate:    {true, func(r *googleRow) string { return r.date.String() }},
	googleHour:    {false, func(r *googleRow) string { return strconv.Itoa(r.hour) }},
	googleNetwork: {true, func(r *googleRow) string { return r.network }},

	"metrics.impressions":       {true, func(r *googleRow) string { return strconv.FormatInt(r.metrics.Impressions, 10) }},
	"metrics.clicks":            {true, func(r *googleRow) string { return strconv.FormatInt(r.metrics.Clicks, 10) }},
	"metrics.cost_micros":       {true, func(r *googleRow) string { return strconv.FormatInt(int64(r.metrics.Cost), 10) }},
	"metrics.conversions":       {false, func(r *googleRow) string { return r.metrics.Conversions.Decimal(0) }},
	"metrics.conversions_value": {false, func(r *googleRow) string { return r.metrics.Revenue.Decimal(0) }},

	"metrics.search_impression_share": {false, searchShare},
}

// searchShare is what Google tells of a campaign's impression share: nothing but
// for searches, and 0.0999 for all that is below a tenth.
func searchShare(r *googleRow) string {
	share, ok := SearchShare(r.campaign, r.date)
	switch {
	case !ok:
		return ""
	case share < 0.1:
		return "0.0999"
	}
	return strconv.FormatFloat(share, 'f', -1, 64)
}

// SearchShare is the true impression share of a campaign on a day; ok is false
// where it is in no search.
func SearchShare(campaign *world.Campaign, date kpi.Date) (share float64, ok bool) {
	if campaign == nil || campaign.ChannelType != "SEARCH" {
		return 0, false
	}
	sum := int(date) * 37
	for _, c := range campaign.ID {
		sum = sum*31 + int(c)
	}
	return float64(1+(sum&0xFFFF)%100) / 100, true
}

func customerName(id string) string { return "customers/" + id }

func campaignName(r *googleRow) string {
	return customerName(r.customer.ID) + "/campaigns/" + r.campaign.ID
}

func groupName(r *googleRow) string {
	return customerName(r.customer.ID) + "/adGroups/" + r.group.ID
}

func adName(r *googleRow) string {
	return customerName(r.customer.ID) + "/adGroupAds/" + r.group.ID + "~" + r.ad.ID
}

// ownName is empty for all but a few types of ad.
func ownName(r *googleRow) string {
	if r.ad.Type != "IMAGE_AD" {
		return ""
	}
	return r.ad.Name
}

// headlines is the list of text assets of a responsive search ad.
func headlines(r *googleRow) string {
	if r.ad.Type != "RESPONSIVE_SEARCH_AD" {
		return ""
	}
	list := appendValue([]byte(`[{"text":`), r.ad.Headline, true)
	return string(append(list, `,"assetPerformanceLabel":"LEARNING"},{"text":"Another headline","assetPerformanceLabel":"PENDING"}]`...))
}

func headlinePart(r *googleRow) string {
	if r.ad.Type != "EXPANDED_TEXT_AD" {
		return ""
	}
	return r.ad.Headline
}

// resourceName is there whether it was selected or not. place is where in the
// row, as in adGroupAd.ad.
func resourceName(place string, r *googleRow) string {
	switch place {
	case "customer":
		return customerName(r.customer.ID)
	case "customerClient":
		return customerName(r.customer.ID) + "/customerClients/" + r.client.ID
	case "campaign":
		return campaignName(r)
	case "adGroup":
		return groupName(r)
	case "adGroupAd":
		return adName(r)
	case "adGroupAd.ad":
		return customerName(r.customer.ID) + "/ads/" + r.ad.ID
	}
	return ""
}

// camel turns cost_micros into costMicros.
func camel(snake string) string {
	words := strings.Split(snake, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
