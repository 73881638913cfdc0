// Package record is adtop's own row format, and what the sources share whose
// answers somebody else shapes: a program, an HTTP address, a query.
//
// A row is a flat object whose keys are the names of Columns; schema.json
// describes it. A Book takes rows as they come, reads their dates and figures
// exactly and without guessing, and hands them over as sources.Rows once all of
// them are known to be sound. It reads no files and asks nobody.
package record

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/sources"
)

// Column is one key of a row.
type Column uint8

// The columns.
const (
	Date Column = iota
	Hour
	AccountID
	Currency
	CampaignID
	Campaign
	Status
	UTMSource
	UTMMedium
	UTMCampaign
	Promo
	Dialled
	Referrer
	ClickID
	Customer
	Impressions
	Clicks
	Cost
	Conversions
	Revenue
	ViewThrough

	columns
)

var names = [columns]string{
	"date", "hour", "account_id", "currency", "campaign_id", "campaign", "status",
	"utm_source", "utm_medium", "utm_campaign", "promo", "dialled", "referrer", "click_id", "customer",
	"impressions", "clicks", "cost", "conversions", "revenue", "view_through",
}

// String is the key of the column.
func (c Column) String() string { return names[c] }

// ColumnOf finds a column by its key.
func ColumnOf(key string) (Column, bool) {
	i := slices.Index(names[:], key)
	return Column(max(i, 0)), i >= 0
}

// Names lists the keys, for messages.
func Names() string { return strings.Join(names[:], ", ") }

// Row is one row as it was written: the text of each column, "" where there is
// none. Numbers stand as they were spelled.
type Row [columns]string

// Set puts a value that came from JSON, jq or a database into a column. What is
// neither text nor a number is an error; nil leaves the column empty.
func (r *Row) Set(c Column, value any) error {
	text, err := Text(value)
	if err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	r[c] = strings.TrimSpace(text)
	return nil
}

// Text renders a single value exactly.
func Text(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case json.Number:
		return v.String(), nil
	case int:
		return strconv.Itoa(v), nil
	case int16:
		return strconv.Itoa(int(v)), nil
	case int32:
		return strconv.Itoa(int(v)), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case *big.Int:
		return v.String(), nil
	case float32:
		return float(float64(v), 32)
	case float64:
		return float(v, 64)
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case bool:
		return "", fmt.Errorf("%t: expected text or a number", v)
	}
	return "", fmt.Errorf("expected text or a number, found %s", shape(value))
}

func float(v float64, bits int) (string, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "", fmt.Errorf("%v: expected a number", v)
	}
	return strconv.FormatFloat(v, 'f', -1, bits), nil
}

func shape(value any) string {
	switch value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	}
	return fmt.Sprintf("%T", value)
}

// Fillings replaces {from}, {to}, {until} (the day after to), {account}, {currency}
// and {timezone} in a template; escape makes a value fit for its place, nil leaves it as it is.
func Fillings(q sources.Query, escape func(string) string) *strings.Replacer {
	if escape == nil {
		escape = func(text string) string { return text }
	}
	return strings.NewReplacer(
		"{from}", q.Days.From.String(), "{to}", q.Days.To.String(), "{until}", (q.Days.To + 1).String(), "{account}", escape(q.Account.ID),
		"{currency}", string(q.Account.Currency), "{timezone}", escape(q.Account.Zone.String()),
	)
}
