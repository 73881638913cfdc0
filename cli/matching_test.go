package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"adtop/config"
	"adtop/kpi"
	"adtop/monitor"
	"adtop/sources"
)

// matchingConfig is an advertising account and an analytics, both exports.
var matchingConfig = `currency: EUR
timezone: ` + midday + `
sources:
  - name: ads
    type: csv
    path: DIR/ads.csv
    account: {id: ads, currency: EUR, timezone: ` + midday + `}
    columns: {date: date, campaign: campaign, clicks: clicks, cost: cost}
  - name: analytics
    type: csv
    path: DIR/analytics.csv
    account: {id: analytics, currency: EUR, timezone: ` + midday + `}
    columns: {date: date, utm_source: source, utm_medium: medium, utm_campaign: campaign, promo: promo, clicks: sessions, conversions: orders, revenue: revenue}
economics: {margin: 50%}
channels:
  - {name: Search, spend: {source: ads, campaign: "search*"}, results: {source: analytics, utm_source: google, utm_medium: cpc}}
  - {name: Mail, results: {source: analytics, utm_medium: email}}
`

// matched is a cache of one day of both, and the path of its config.
func matched(t *testing.T) (path, day string) {
	t.Helper()
	dir := home(t)
	day = dayAgo(t, 0)
	lines := func(name, head string, rows ...string) {
		text := head + "\n"
		for _, row := range rows {
			text += day + "," + row + "\n"
		}
		write(t, filepath.Join(dir, name), text)
	}
	lines("ads.csv", "date,campaign,clicks,cost", "Search shoes,100,50.00", `"Display: ""new"", #1",40,20.00`)
	lines("analytics.csv", "date,source,medium,campaign,promo,sessions,orders,revenue",
		"google,cpc,shoes,,90,4,200.00", "news,email,may,,30,2,80.00",
		"bing,cpc,a,,12,1,30.00", "bing,cpc,b,,8,2,60.00", `"off: ""yes""",,,"10% [OFF]",0,1,500.00`, ",,,,300,0,0.00")
	path = write(t, filepath.Join(dir, "match.yaml"), strings.ReplaceAll(matchingConfig, "DIR", dir))
	if code, _, stderr := adtop(t, "collect", "--once", "--config", path); code != 0 {
		t.Fatal(stderr)
	}
	return path, day
}

// TestSessionsAreTheClicksOfAChannelThatPaysForNone: and of no other, so that clicks
// and sessions are never added up.
func TestSessionsAreTheClicksOfAChannelThatPaysForNone(t *testing.T) {
	path, day := matched(t)
	code, stdout, stderr := adtop(t, "report", "--format", "json", "--range", day+".."+day, "--config", path)
	var r struct {
		Total    struct{ Clicks *int64 }
		Channels []struct {
			Name   string
			Clicks *int64
			CVR    *float64
		}
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 0 || r.Total.Clicks == nil || len(r.Channels) != 3 {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stderr, stdout)
	}
	for i, want := range []int64{100, 30, 40} { // of the spend, the sessions, the unclaimed spend
		if got := r.Channels[i].Clicks; got == nil || *got != want {
			t.Errorf("clicks of %s: %v, want %d", r.Channels[i].Name, got, want)
		}
	}
	if *r.Total.Clicks != 140 {
		t.Errorf("%d clicks are in the total, 140 were paid for", *r.Total.Clicks)
	}
	if cvr := r.Channels[1].CVR; cvr == nil || *cvr != 0.066667 {
		t.Errorf("of the letters' visitors %v ordered", cvr)
	}
}

func TestASourceThatKnowsNoMoneyMakesNoChannelCost(t *testing.T) {
	all := []monitor.Source{{Name: "ads", Definition: sources.Definition{Gives: kpi.AllFields}}, {Name: "search", Definition: sources.Definition{Gives: kpi.Impressions | kpi.Clicks}}}
	spend, traffic := spendOf(config.Channel{Spend: []config.Spend{{Source: "search"}, {Source: "ads"}, {Source: "ads", Account: "2"}, {Source: "closed"}}}, all)
	if strings.Join(spend, " ") != "ads closed" || strings.Join(traffic, " ") != "search" {
		t.Errorf("spend of %q, clicks of %q", spend, traffic)
	}
}

func TestASourceWhoseResultsArePaidForIsSpentAtOnce(t *testing.T) {
	all := []monitor.Source{{Name: "network", Definition: sources.Definition{Gives: kpi.Conversions | kpi.Revenue | kpi.Cost}}, {Name: "search", Definition: sources.Definition{Gives: kpi.Clicks}}}
	ch := config.Channel{Economics: kpi.Economics{Payout: kpi.ReportedPayout}, Spend: []config.Spend{{Source: "search"}}, Results: []config.Result{{Source: "network"}, {Source: "network"}}}
	for range 2 { // a channel may name it as spend too
		if spend, traffic := spendOf(ch, all); strings.Join(spend, " ") != "network" || strings.Join(traffic, " ") != "search" {
			t.Errorf("spend of %q, clicks of %q", spend, traffic)
		}
		ch.Spend = append(ch.Spend, config.Spend{Source: "network"})
	}
	ch.Economics.Payout = kpi.RevenueShare
	if spend, _ := spendOf(config.Channel{Economics: ch.Economics, Results: ch.Results}, all); len(spend) != 0 {
		t.Errorf("paid by a model, %q is spent at", spend)
	}
}

// TestLinesForTheConfigBindWhatNoChannelClaims pastes all of them: nothing is left,
// and no name, code or address is read as anything but itself.
func TestLinesForTheConfigBindWhatNoChannelClaims(t *testing.T) {
	path, day := matched(t)
	days := day + ".." + day
	report := func() (unclaimed []jsonUnclaimed) {
		t.Helper()
		code, stdout, stderr := adtop(t, "report", "--unclaimed", "--format", "json", "--range", days, "--config", path)
		var r struct{ Unclaimed []jsonUnclaimed }
		if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 0 {
			t.Fatalf("exit code %d, %v: %s%s", code, err, stderr, stdout)
		}
		return r.Unclaimed
	}
	before := report()
	var names []string
	for _, u := range before {
		names = append(names, u.What+" "+u.Name)
	}
	if want := []string{`results off: "yes"`, "results bing / cpc", `spend Display: "new", #1`, "results none"}; !slices.Equal(names, want) {
		t.Fatalf("unclaimed are %q, want %q", names, want)
	}
	if bing := before[1]; *bing.Revenue != "90.00" || *bing.Conversions != "3.00" || *bing.Clicks != 20 || *bing.Campaign != "b" || bing.Campaigns != 2 || !bing.InTotals {
		t.Errorf("bing is %+v", bing)
	}
	code, stdout, stderr := adtop(t, "report", "--unclaimed", "--range", days, "--config", path)
	head, lines, found := strings.Cut(stdout, "channels:\n")
	if code != 0 || !found || !strings.Contains(head, "bing / cpc") {
		t.Fatalf("exit code %d: %s%s", code, stderr, stdout)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(text)+lines)
	if left := report(); len(left) != 0 {
		t.Errorf("with the lines below nothing is to be left, and there is %+v\n%s", left, lines)
	}
	if code, stdout, _ := adtop(t, "report", "--unclaimed", "--range", days, "--config", path); code != 0 || !strings.Contains(stdout, "a channel claims each result") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
}

// TestEveryPlatformSaysToWhatItCreditsResults: only of what somebody else fills in, and
// of networks, it cannot be known.
func TestEveryPlatformSaysToWhatItCreditsResults(t *testing.T) {
	others := []string{"csv", "exec", "http", "sql", "postback", "awin", "impact"}
	types := registry()
	for _, name := range types.Names() {
		d, err := types.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		switch known := d.Attribution != nil; {
		case known != (d.Gives&kpi.Conversions != 0 && !slices.Contains(others, name)):
			t.Errorf("%s says it: %t", name, known)
		case known && d.Attribution(d.Options()) == "":
			t.Errorf("%s says nothing", name)
		}
	}
}

// TestLettersThatNobodyClaimsAddNoSalesToThePlatforms: Klaviyo credits its campaigns
// with orders that the platforms claim too.
func TestLettersThatNobodyClaimsAddNoSalesToThePlatforms(t *testing.T) {
	path := write(t, filepath.Join(home(t), "letters.yaml"), `currency: EUR
timezone: Europe/Berlin
sources:
  - {name: google, type: google_ads, developer_token: env:A, client_id: b, client_secret: env:C, refresh_token: env:D}
  - {name: letters, type: klaviyo, key: env:E}
channels:
  - {name: Search, spend: {source: google, campaign: "search*"}, results: platform, economics: {margin: 50%}}
`)
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	o, err := compose(t.Context(), cfg, nil, monitor.RealClock(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	sales := kpi.Conversions | kpi.Revenue
	for source, want := range map[string]kpi.Fields{"google": sales, "letters": 0, "a source of before": sales} {
		claim := o.Claim(source, "1", sources.Entity{Level: sources.LevelCampaign, ID: "1", Name: "May"})
		if claim.Channel != -1 || claim.Fields&sales != want || claim.Fields&kpi.Clicks == 0 {
			t.Errorf("%s: %+v", source, claim)
		}
	}
}
