package http

import (
	"net/http"
	"testing"

	"adtop/sources"
	"adtop/sources/record"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

// reddit are options with which a user could read Reddit's reports, had it no
// adapter: a POST with a JSON body, pages by URL, OAuth with a refresh token.
func reddit(place string) any {
	o := defaults()
	o.URL, o.Method = place+"/api/v3/ad_accounts/{account}/reports", http.MethodPost
	o.Headers = map[string]string{"User-Agent": "adtop/1.0 (by /u/acme)"}
	o.Body = `{"data":{"starts_at":"{from}T00:00:00Z","ends_at":"{to}T00:00:00Z","time_zone_id":"{timezone}","breakdowns":["DATE","CAMPAIGN_ID"],
		"fields":["IMPRESSIONS","CLICKS","SPEND","CONVERSION_PURCHASE_CLICKS","CONVERSION_PURCHASE_VIEWS","CONVERSION_PURCHASE_TOTAL_VALUE"]}}`
	o.Auth = Auth{
		Style: "oauth", TokenURL: place + "/oauth/token", ClientID: simulator.RedditClientID,
		ClientSecret: sources.NewSecret(simulator.RedditClientSecret), RefreshToken: sources.NewSecret(simulator.RedditRefreshToken),
	}
	o.Wait = "X-Ratelimit-Reset"
	o.Rows = ".data.metrics[]"
	o.Columns = map[string]string{
		"date": ".date", "campaign_id": ".campaign_id", "impressions": ".impressions", "clicks": ".clicks", "cost": ".spend",
		"conversions": ".conversion_purchase_clicks + .conversion_purchase_views", "view_through": ".conversion_purchase_views", "revenue": ".conversion_purchase_total_value",
	}
	o.Paging = Paging{Style: "cursor", Next: ".pagination.next_url"}
	o.Format.Cost, o.Format.Revenue = "micros", "micros"
	for _, a := range world.ConformanceFor(world.Reddit).Accounts(world.Reddit) {
		o.Accounts = append(o.Accounts, record.Account{ID: a.ID, Name: a.Name, Currency: string(a.Currency), Timezone: a.Zone.String()})
	}
	return o
}

func TestConformance(t *testing.T) {
	d := Definition()
	d.Type, d.OmitsZeros = world.Reddit, true // whom it asks
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: d,
		Options:    reddit,
		Grains:     []sources.Grain{sources.Day},
		Path:       "/reports",
		Secrets:    []string{simulator.RedditClientSecret, simulator.RedditRefreshToken, "eyJsimulatedRedditAccess"},
		Refreshes:  true,
		Parks:      true,
		Told:       true,
	})
}
