package csv

import (
	"fmt"
	"slices"
	"time"
)

// Options are the settings of one source of type csv.
type Options struct {
	Path       string  `yaml:"path"`        // a file, a folder or a pattern such as exports/*.csv, relative to the config
	Encoding   string  `yaml:"encoding"`    // auto, utf-8, utf-16, windows-1251, windows-1252 or iso-8859-15
	Removed    string  `yaml:"removed"`     // what becomes of the rows of a file that is removed: keep or withdraw
	Account    Account `yaml:"account"`     // whose figures they are
	Delimiter  string  `yaml:"delimiter"`   // auto, ",", ";", tab or "|"
	Decimal    string  `yaml:"decimal"`     // auto, point or comma
	DateFormat string  `yaml:"date_format"` // as in YYYY-MM-DD, DD.MM.YYYY or Go's 2006-01-02
	Columns    Columns `yaml:"columns"`     // which column holds what
}

// Account says whose figures the file holds, since a file does not.
type Account struct {
	ID       string `yaml:"id"`       // the source's name unless set
	Name     string `yaml:"name"`     // the id unless set
	Currency string `yaml:"currency"` // ISO 4217; needed with cost or revenue
	Timezone string `yaml:"timezone"` // IANA name: the zone of the dates and hours
}

// Columns names the header of each column that is read; others are ignored,
// and rows that differ only in those are summed.
type Columns struct {
	Date string `yaml:"date"` // required
	Hour string `yaml:"hour"` // hour of the day, 0-23; the date column again when date_format has the hour

	AccountID string `yaml:"account_id"` // only rows of account.id are read
	Currency  string `yaml:"currency"`   // checked against account.currency

	CampaignID  string `yaml:"campaign_id"`
	Campaign    string `yaml:"campaign"` // name; also the id when there is no campaign_id
	Status      string `yaml:"status"`
	UTMSource   string `yaml:"utm_source"` // UTM and promo columns make rows of results by key
	UTMMedium   string `yaml:"utm_medium"`
	UTMCampaign string `yaml:"utm_campaign"`
	Promo       string `yaml:"promo"`

	Impressions string `yaml:"impressions"`
	Clicks      string `yaml:"clicks"`
	Cost        Amount `yaml:"cost"`
	Conversions string `yaml:"conversions"`
	Revenue     Amount `yaml:"revenue"`
	ViewThrough string `yaml:"view_through"` // how many of conversions followed a view without a click
}

// Amount is a column of money and its unit.
type Amount struct {
	Column string `yaml:"column"`
	Unit   string `yaml:"unit"` // major (12.50), minor (1250) or micros (12500000)
}

// UnmarshalYAML reads a bare header, which means major units, or both keys.
func (a *Amount) UnmarshalYAML(unmarshal func(any) error) error {
	var header string
	if unmarshal(&header) == nil {
		*a = Amount{Column: header}
		return nil
	}
	type plain Amount
	return unmarshal((*plain)(a))
}

func defaults() *Options {
	return &Options{Encoding: "auto", Removed: keep, Delimiter: "auto", Decimal: "auto", DateFormat: "YYYY-MM-DD"}
}

// What becomes of the rows of a file that is removed from a folder.
const (
	keep     = "keep"     // they stay as they were read
	withdraw = "withdraw" // those of the days that may still change are taken back
)

// delimiters are the characters that may stand between columns, as written in
// the options.
var delimiters = map[string]rune{",": ',', ";": ';', "tab": '\t', "\t": '\t', "|": '|'}

// check says what is wrong with the options, and returns the zone and the
// layout of dates that they name.
func (o *Options) check() (*time.Location, layout, error) {
	c := o.Columns
	switch {
	case o.Path == "":
		return nil, layout{}, fmt.Errorf("path: required: a file or a pattern such as exports/*.csv")
	case c.Date == "":
		return nil, layout{}, fmt.Errorf("columns.date: required: the header of the column with the date")
	case c.Impressions == "" && c.Clicks == "" && c.Cost.Column == "" && c.Conversions == "" && c.Revenue.Column == "":
		return nil, layout{}, fmt.Errorf("columns: none of impressions, clicks, cost, conversions and revenue is named")
	case o.hasCampaigns() && o.hasKeys():
		return nil, layout{}, fmt.Errorf("columns: rows are either about campaigns or about UTM keys: leave out campaign_id and campaign, or the utm and promo columns")
	case c.Status != "" && !o.hasCampaigns():
		return nil, layout{}, fmt.Errorf("columns.status: is read with campaign_id or campaign only")
	case o.Encoding != "auto" && !isEncoding(o.Encoding):
		return nil, layout{}, fmt.Errorf("encoding: %q: expected %s", o.Encoding, encodingNames)
	case o.Removed != keep && o.Removed != withdraw:
		return nil, layout{}, fmt.Errorf("removed: %q: expected keep or withdraw", o.Removed)
	case o.Delimiter != "auto" && delimiters[o.Delimiter] == 0:
		return nil, layout{}, fmt.Errorf(`delimiter: %q: expected auto, ",", ";", tab or "|"`, o.Delimiter)
	case !slices.Contains([]string{"auto", "point", "comma"}, o.Decimal):
		return nil, layout{}, fmt.Errorf("decimal: %q: expected auto, point or comma", o.Decimal)
	}
	if err := o.checkMoney(); err != nil {
		return nil, layout{}, err
	}
	if o.Account.Timezone == "" || o.Account.Timezone == "Local" {
		return nil, layout{}, fmt.Errorf("account.timezone: required: a name such as Europe/Berlin, in which the dates of the file are meant")
	}
	zone, err := time.LoadLocation(o.Account.Timezone)
	if err != nil {
		return nil, layout{}, fmt.Errorf("account.timezone: %w", err)
	}
	dates, err := parseLayout(o.DateFormat)
	if err != nil {
		return nil, layout{}, fmt.Errorf("date_format: %w", err)
	}
	if c.Hour == c.Date && !dates.hasHour {
		return nil, layout{}, fmt.Errorf("columns.hour: is the date column, but date_format %q has no hour", o.DateFormat)
	}
	return zone, dates, nil
}

func (o *Options) checkMoney() error {
	for name, amount := range map[string]Amount{"cost": o.Columns.Cost, "revenue": o.Columns.Revenue} {
		if amount.Column == "" {
			if amount.Unit != "" {
				return fmt.Errorf("columns.%s.column: required with a unit", name)
			}
			continue
		}
		if !isCurrency(o.Account.Currency) {
			return fmt.Errorf("account.currency: %q: expected the ISO 4217 code of the file's money, such as EUR", o.Account.Currency)
		}
		if !slices.Contains([]string{"", "major", "minor", "micros"}, amount.Unit) {
			return fmt.Errorf("columns.%s.unit: %q: expected major, minor or micros", name, amount.Unit)
		}
	}
	if o.Columns.Currency != "" && o.Account.Currency == "" {
		return fmt.Errorf("account.currency: required to check columns.currency")
	}
	return nil
}

func isCurrency(code string) bool {
	for _, c := range code {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(code) == 3
}

func (o *Options) hasCampaigns() bool { return o.Columns.CampaignID != "" || o.Columns.Campaign != "" }

func (o *Options) hasKeys() bool {
	c := o.Columns
	return c.UTMSource != "" || c.UTMMedium != "" || c.UTMCampaign != "" || c.Promo != ""
}

func isEncoding(name string) bool {
	_, known := encodings[name]
	return known
}
