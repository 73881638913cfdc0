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
	parent, key string // of the JSON: segments, hour
	quoted      bool   // strings, enums and 64-bit integers are JSON strings
	text        func(*googleRow) string
}

func (f googleField) isMetric() bool { return f.parent == "metrics" }

// googleResources names what FROM may hold and which families of fields each
// resource has.
var googleResources = map[string][]string{
	"customer":        {"customer", "segments", "metrics"},
	"customer_client": {"customer_client"},
	"campaign":        {"campaign", "customer", "segments", "metrics"},
}

const (
	googleDate = "segments.date"
	googleHour = "segments.hour"
)

var googleFields = map[string]googleField{
	"customer.id":               {"customer", "id", true, func(r *googleRow) string { return r.customer.ID }},
	"customer.resource_name":    {"customer", "resourceName", true, func(r *googleRow) string { return customerName(r.customer.ID) }},
	"customer.descriptive_name": {"customer", "descriptiveName", true, func(r *googleRow) string { return r.customer.Name }},
	"customer.currency_code":    {"customer", "currencyCode", true, func(r *googleRow) string { return string(r.customer.Currency) }},
	"customer.time_zone":        {"customer", "timeZone", true, func(r *googleRow) string { return r.customer.Zone.String() }},
	"customer.manager":          {"customer", "manager", false, func(r *googleRow) string { return strconv.FormatBool(r.customer.isManager) }},
	"customer.test_account":     {"customer", "testAccount", false, func(*googleRow) string { return "false" }},
	"customer.status":           {"customer", "status", true, func(*googleRow) string { return "ENABLED" }},

	"customer_client.id":               {"customerClient", "id", true, func(r *googleRow) string { return r.client.ID }},
	"customer_client.client_customer":  {"customerClient", "clientCustomer", true, func(r *googleRow) string { return customerName(r.client.ID) }},
	"customer_client.descriptive_name": {"customerClient", "descriptiveName", true, func(r *googleRow) string { return r.client.Name }},
	"customer_client.currency_code":    {"customerClient", "currencyCode", true, func(r *googleRow) string { return string(r.client.Currency) }},
	"customer_client.time_zone":        {"customerClient", "timeZone", true, func(r *googleRow) string { return r.client.Zone.String() }},
	"customer_client.manager":          {"customerClient", "manager", false, func(r *googleRow) string { return strconv.FormatBool(r.client.isManager) }},
	"customer_client.test_account":     {"customerClient", "testAccount", false, func(*googleRow) string { return "false" }},
	"customer_client.level":            {"customerClient", "level", true, func(r *googleRow) string { return strconv.Itoa(r.client.level) }},
	"customer_client.status":           {"customerClient", "status", true, func(*googleRow) string { return "ENABLED" }},
	"customer_client.hidden":           {"customerClient", "hidden", false, func(*googleRow) string { return "false" }},

	"campaign.id":                       {"campaign", "id", true, func(r *googleRow) string { return r.campaign.ID }},
	"campaign.resource_name":            {"campaign", "resourceName", true, func(r *googleRow) string { return campaignName(r) }},
	"campaign.name":                     {"campaign", "name", true, func(r *googleRow) string { return r.campaign.Name }},
	"campaign.status":                   {"campaign", "status", true, func(r *googleRow) string { return r.campaign.Status }},
	"campaign.advertising_channel_type": {"campaign", "advertisingChannelType", true, func(r *googleRow) string { return r.campaign.ChannelType }},

	googleDate: {"segments", "date", true, func(r *googleRow) string { return r.date.String() }},
	googleHour: {"segments", "hour", false, func(r *googleRow) string { return strconv.Itoa(r.hour) }},

	"metrics.impressions":       {"metrics", "impressions", true, func(r *googleRow) string { return strconv.FormatInt(r.metrics.Impressions, 10) }},
	"metrics.clicks":            {"metrics", "clicks", true, func(r *googleRow) string { return strconv.FormatInt(r.metrics.Clicks, 10) }},
	"metrics.cost_micros":       {"metrics", "costMicros", true, func(r *googleRow) string { return strconv.FormatInt(int64(r.metrics.Cost), 10) }},
	"metrics.conversions":       {"metrics", "conversions", false, func(r *googleRow) string { return r.metrics.Conversions.Decimal(0) }},
	"metrics.conversions_value": {"metrics", "conversionsValue", false, func(r *googleRow) string { return r.metrics.Revenue.Decimal(0) }},
}

func customerName(id string) string { return "customers/" + id }

func campaignName(r *googleRow) string {
	return customerName(r.customer.ID) + "/campaigns/" + r.campaign.ID
}

// resourceName is there whether it was selected or not.
func resourceName(parent string, r *googleRow) string {
	switch parent {
	case "customer":
		return customerName(r.customer.ID)
	case "customerClient":
		return customerName(r.customer.ID) + "/customerClients/" + r.client.ID
	case "campaign":
		return campaignName(r)
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
