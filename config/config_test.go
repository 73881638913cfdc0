package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
)

// minimal is the smallest file that is complete; tests add to it.
const minimal = `currency: EUR
timezone: Europe/Berlin
sources:
  - {name: google, type: google_ads}
  - {name: shop, type: shopify}
economics: {margin: 45%}
`

func parse(t *testing.T, content string) *Config {
	t.Helper()
	c, err := Parse("acme.yaml", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExampleConfigIsValidAndSaysWhatItMeans(t *testing.T) {
	c, err := Load("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Title != "Acme Shop" || c.Currency != "EUR" || c.Zone.String() != "Europe/Berlin" || c.Alerts.FalseAlarmsPerMonth != 1 {
		t.Errorf("head of the file is %q %s %s %v", c.Title, c.Currency, c.Zone, c.Alerts)
	}
	rates := []Rate{
		{"GBP", kpi.NewDate(2026, 1, 1), 1_150_000_000_000},
		{"GBP", kpi.NewDate(2026, 7, 1), 1_170_000_000_000},
		{"USD", 0, 920_000_000_000},
	}
	if diff := cmp.Diff(rates, c.Rates); diff != "" {
		t.Error("rates:", diff)
	}
	var types []string
	for _, s := range c.Sources {
		types = append(types, s.Type)
	}
	if diff := cmp.Diff([]string{"google_ads", "meta_ads", "tiktok_ads", "microsoft_ads", "yandex_direct", "linkedin_ads", "snapchat_ads", "pinterest_ads", "reddit_ads", "vk_ads", "amazon_ads", "apple_ads", "taboola", "appsflyer", "shopify", "stripe", "woocommerce", "ga4", "search_console", "klaviyo", "awin", "awin_clicks", "impact", "roistat", "comagic", "csv", "exec", "http", "postback", "sql", "ecb"}, types); diff != "" {
		t.Error("sources:", diff)
	}
	byName := map[string]Channel{}
	for _, ch := range c.Channels {
		byName[ch.Name] = ch
	}
	want := kpi.Economics{Margin: 450_000, Basis: kpi.NetOfTax, Payout: kpi.RevenueShare, PayoutShare: 80_000}
	if diff := cmp.Diff(want, byName["Influencers"].Economics); diff != "" {
		t.Error("Influencers:", diff)
	}
	if ch := byName["Google Brand"]; ch.Economics.Margin != 500_000 || ch.ResultSource() != "" || ch.Economics.TargetROAS != 4_000_000 {
		t.Errorf("Google Brand is %+v", ch)
	}
	if ch := byName["Direct"]; ch.ResultSource() != "shop" || !ch.Results[0].None {
		t.Errorf("Direct is %+v", ch)
	}
}

// TestServeNeedsOnlyTheKeysThatMayLogIn: the rest has a default, and without the
// section nothing is served.
func TestServeNeedsOnlyTheKeysThatMayLogIn(t *testing.T) {
	if c := parse(t, minimal); c.Serve != nil {
		t.Errorf("a file that does not say serve serves %+v", c.Serve)
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	few := parse(t, minimal+"serve: {authorized_keys: keys}\n")
	want := &Serve{Address: ":2222", AuthorizedKeys: filepath.Join(dir, "keys"), Roles: map[string]string{}, SessionsPerUser: 10}
	if diff := cmp.Diff(want, few.Serve); diff != "" {
		t.Error(diff)
	}
	all := parse(t, minimal+"serve: {authorized_keys: /keys, address: '127.0.0.1:22', host_key: own, roles: {anna: operator, ben: viewer}, idle: 12h, sessions_per_user: 3}\n")
	want = &Serve{"127.0.0.1:22", "/keys", filepath.Join(dir, "own"), map[string]string{"anna": "operator", "ben": "viewer"}, 12 * time.Hour, 3}
	if diff := cmp.Diff(want, all.Serve); diff != "" {
		t.Error(diff)
	}
}

// TestExampleShowsEveryOptionOfServe reads the section as if its lines were not
// commented out.
func TestExampleShowsEveryOptionOfServe(t *testing.T) {
	content, err := os.ReadFile("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(content), "# serve:\n")
	if !found {
		t.Fatal("the example does not show serve:")
	}
	section, _, _ = strings.Cut(section, "\n\n")
	c := parse(t, minimal+"serve:\n"+strings.ReplaceAll(section, "#   ", "  ")+"\n")
	if s := c.Serve; s == nil || s.Address == "" || s.AuthorizedKeys == "" || s.HostKey == "" || len(s.Roles) == 0 || s.Idle == 0 || s.SessionsPerUser == 0 {
		t.Errorf("the example shows %+v", s)
	}
}

func TestSourceKeepsItsOptionsForTheAdapter(t *testing.T) {
	c := parse(t, strings.Replace(minimal, "  - {name: google, type: google_ads}", `  - name: google
    type: google_ads
    every: 90s
    history: 13mo
    accounts: [0012, act_7]
    token: env:TOKEN
    wait: 2d
    cost: spend
    revenue: {column: value, unit: minor}
    strict: true`, 1))
	s := c.Sources[0]
	if s.Every != 90*time.Second || s.History != 403 {
		t.Errorf("every %s, history %d days", s.Every, s.History)
	}
	type options struct {
		Accounts []string       `yaml:"accounts"`
		Token    sources.Secret `yaml:"token"`
		Wait     time.Duration  `yaml:"wait"`
		Cost     column         `yaml:"cost"`
		Revenue  column         `yaml:"revenue"`
		Strict   bool           `yaml:"strict"`
		Version  string         `yaml:"version"`
	}
	got := options{Version: "v26"}
	if err := s.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := options{[]string{"0012", "act_7"}, sources.Secret{Ref: "env:TOKEN"}, 48 * time.Hour, column{"spend", "major"}, column{"value", "minor"}, true, "v26"}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b sources.Secret) bool { return a.Ref == b.Ref })); diff != "" {
		t.Error(diff)
	}
	if d := c.Sources[1]; d.Every != 5*time.Minute || d.History != 400 {
		t.Errorf("defaults are every %s, history %d days", d.Every, d.History)
	}
}

// column reads a bare name or keys, as options of adapters may.
type column struct {
	Column string `yaml:"column"`
	Unit   string `yaml:"unit"`
}

func (c *column) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&c.Column) == nil {
		c.Unit = "major"
		return nil
	}
	type plain column
	return unmarshal((*plain)(c))
}

func TestAdaptersErrorIsShownAtItsOption(t *testing.T) {
	c := parse(t, strings.Replace(minimal, "{name: google, type: google_ads}", "name: google\n    type: google_ads\n    token: env:NONE", 1))
	cause := errors.New("token: the environment variable NONE is not set")
	err := c.Sources[0].Locate(cause)
	want := `acme.yaml:6:5: source "google": token: the environment variable NONE is not set
    6 |     token…
      |     ^^^^^`
	if err.Error() != want || !errors.Is(err, cause) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if err := c.Sources[1].Locate(errors.New("no such shop")); !strings.HasPrefix(err.Error(), `acme.yaml:7:5: source "shop": no such shop`) {
		t.Error(err)
	}
	if c.Sources[0].Locate(nil) != nil {
		t.Error("no error was turned into one")
	}
}

func TestChannelEconomicsReplaceTheDefaultsKeyByKey(t *testing.T) {
	c := parse(t, strings.Replace(minimal, "{margin: 45%}", "{margin: 45%, target_cpa: 20, payout: {model: cpa, amount: 5}}", 1)+`channels:
  - {name: Inherits, spend: {source: google}}
  - {name: Replaces, spend: {source: google}, economics: {margin: 0.5, payout: {model: revenue_share, share: 10%}}}
  - {name: Mixed, spend: {source: google}, economics: {payout: {model: hybrid, amount: 2.50, share: 8%, approval: 85%}}}
  - {name: Installs, spend: {source: google}, economics: {payout: {model: cpi, amount: 3}}}
`)
	want := []kpi.Economics{
		{Margin: 450_000, TargetCPA: 20_000_000, Payout: kpi.CPA, PayoutAmount: 5_000_000},
		{Margin: 500_000, TargetCPA: 20_000_000, Payout: kpi.RevenueShare, PayoutShare: 100_000},
		{Margin: 450_000, TargetCPA: 20_000_000, Payout: kpi.Hybrid, PayoutAmount: 2_500_000, PayoutShare: 80_000, PayoutApproval: 850_000},
		{Margin: 450_000, TargetCPA: 20_000_000, Payout: kpi.CPI, PayoutAmount: 3_000_000},
	}
	var got []kpi.Economics
	for _, ch := range c.Channels {
		got = append(got, ch.Economics)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRelativePathsStartAtTheFileItself(t *testing.T) {
	c, err := Parse("/etc/adtop/acme.yaml", []byte(minimal+"database: cache/acme.db\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Database != "/etc/adtop/cache/acme.db" || c.Dir() != "/etc/adtop" {
		t.Errorf("database %s, folder %s", c.Database, c.Dir())
	}
	dir := t.TempDir()
	t.Chdir(dir)
	if c, err := Parse("conf/acme.yaml", []byte(minimal+"database: acme.db\n")); err != nil || c.Database != filepath.Join(dir, "conf", "acme.db") {
		t.Errorf("%v: database %s", err, c.Database)
	}
	t.Setenv("HOME", "/home/ann")
	if c := parse(t, minimal+"database: ~/acme.db\n"); c.Database != "/home/ann/acme.db" {
		t.Errorf("database %s", c.Database)
	}
	if c := parse(t, minimal); c.Database != "" {
		t.Errorf("a file without a database names %s", c.Database)
	}
}

func TestHashFollowsTheDefinitionOfTheChannelAlone(t *testing.T) {
	hash := func(content string) string {
		c := parse(t, content)
		h, err := c.Hash(c.Channels[0])
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	channel := "channels: [{name: A, spend: {source: google, campaign: \"x*\"}}]\n"
	base := hash(minimal + channel)
	// Stored evaluations carry this hash: it must survive a new version.
	if base != "bf0df270b2c38360" {
		t.Errorf("the hash of an unchanged definition is now %s", base)
	}
	for _, same := range []string{
		"# a comment\n" + minimal + channel,
		strings.Replace(minimal, "name: google,", "name: google, every: 9m,", 1) + channel,
		minimal + strings.Replace(channel, "]\n", ", {name: B, spend: {source: google}}]\n", 1),
	} {
		if got := hash(same); got != base {
			t.Errorf("hash changed to %s with\n%s", got, same)
		}
	}
	for _, other := range []string{
		strings.Replace(minimal, "45%", "46%", 1) + channel,
		strings.Replace(minimal, "EUR", "USD", 1) + channel,
		minimal + strings.Replace(channel, "x*", "y*", 1),
		minimal + strings.Replace(channel, "}}]", "}, results: {source: shop}}]", 1),
	} {
		if hash(other) == base {
			t.Errorf("hash is the same with\n%s", other)
		}
	}
}

func TestMissingFileIsToldFromABrokenOne(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "config.example.yaml") {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "acme.yaml")
	if err := os.WriteFile(path, []byte("title: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var broken *Error
	if _, err := Load(path); !errors.As(err, &broken) || len(broken.Problems) != 3 {
		t.Errorf("got %v: expected currency, timezone and sources to be missing", err)
	}
}

func TestWindowsLineEndsAndByteOrderMarkAreRead(t *testing.T) {
	c := parse(t, "\ufeff"+strings.ReplaceAll(minimal, "\n", "\r\n"))
	if c.Currency != "EUR" || len(c.Sources) != 2 {
		t.Errorf("read %+v", c)
	}
}
