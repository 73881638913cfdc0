//go:build clickhouse && unix

package sql

import (
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/shopspring/decimal"

	"adtop/sources"
	"adtop/sources/record"
)

// TestClickHouse asks a server whose address stands in ADTOP_CLICKHOUSE, as a user who
// may make and drop a table there.
func TestClickHouse(t *testing.T) {
	address := os.Getenv("ADTOP_CLICKHOUSE")
	if address == "" {
		t.Skip("ADTOP_CLICKHOUSE names no server, as in clickhouse://default@127.0.0.1:9000/default")
	}
	owner, err := parseClickHouse(address, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	owner.Settings = nil
	p := &place{T: t, driver: "clickhouse", address: address, database: clickhouse.OpenDB(owner)}
	defer p.database.Close()
	p.do("DROP TABLE IF EXISTS adtop_spend", "CREATE TABLE adtop_spend (day Date, campaign String, cost Decimal(20, 6), sales Nullable(Int64)) ENGINE = MergeTree ORDER BY day",
		"INSERT INTO adtop_spend VALUES ('2026-11-18', 'a', 1, 1), ('2026-11-19', 'a', 12.345678, 2), ('2026-11-20', 'O''Neil {', 0.1, NULL)")
	defer p.do("DROP TABLE adtop_spend")
	p.want("SELECT day AS date, campaign, cost, sales AS conversions FROM adtop_spend WHERE day BETWEEN {from} AND {to} AND 'acme' = {account} ORDER BY day", "2026-11-19 a 12345678 2000000", "2026-11-20 O'Neil { 100000 0")
	p.want("SELECT toDate('2026-11-19') AS date, 'x' AS campaign, count() AS cost FROM adtop_spend", "2026-11-19 x 3000000 0")
	p.want("SELECT toDateTime('2026-11-18 23:30:00', 'UTC') AS date, 'x' AS campaign, 1.5 AS cost", "2026-11-19 x 1500000 0")
	p.refused("SELECT day AS date, cost FROM adtop_spend", sources.Malformed, "more than 2 rows", func(o *Options) { o.Rows = 2 })
	p.refused("SELECT toDate('2026-11-19') AS date, max(number) AS cost FROM numbers(1000000000000)", sources.Unavailable, "", func(o *Options) { o.Timeout = time.Second })
	p.refused("SELECT day AS date, cost FROM nowhere", sources.Invalid, "nowhere")
	db, err := drivers["clickhouse"].open(&Options{Database: sources.NewSecret(address), Timeout: time.Minute}, sources.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO adtop_spend VALUES ('2026-11-21', 'b', 1, 1)"); err == nil {
		t.Error("a row was written")
	}
}

func TestAddressesOfClickHouseAreStrict(t *testing.T) {
	for address, want := range map[string][2]string{ // place and TLS
		"clickhouse://ann:s3cr3t@db.example/shop":                      {"db.example:9440", "checked"},
		"clickhouse://ann:s3cr3t@db.example:9441/shop?tls=skip-verify": {"db.example:9441", "unchecked"},
		"clickhouse://ann:s3cr3t@db.example/shop?tls=false":            {"db.example:9000", "none"},
		"clickhouse://ann:s3cr3t@127.0.0.1/shop":                       {"127.0.0.1:9000", "none"},
		"clickhouse://ann:s3cr3t@[::1]/shop?tls=true":                  {"[::1]:9440", "checked"},
	} {
		o, err := parseClickHouse(address, 90*time.Second)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		encrypted := "none"
		if o.TLS != nil {
			encrypted = map[bool]string{false: "checked", true: "unchecked"}[o.TLS.InsecureSkipVerify]
		}
		if [2]string{o.Addr[0], encrypted} != want || o.Auth.Username != "ann" || o.Auth.Password != "s3cr3t" || o.Auth.Database != "shop" || o.Settings["readonly"] != 1 || o.Settings["max_execution_time"] != 90 {
			t.Errorf("%s: %+v", address, o)
		}
	}
	for _, address := range []string{
		"", "tcp://ann:s3cr3t@db.example/shop", "clickhouse://db.example/shop", "clickhouse://:s3cr3t@db.example/shop", "clickhouse://ann:s3cr3t@/shop", "clickhouse://ann:s3cr3t@db.example/shop?readonly=0",
		"clickhouse://ann:s3cr3t@db.example/shop?tls=maybe", "clickhouse://ann:s3cr3t@db.example:port/shop", "clickhouse://ann:s3cr3t@db.example/shop?hosts=other.example", "clickhouse://ann:s3cr3t@db.example/shop#x",
	} {
		o := defaults()
		o.Driver, o.Database, o.Query, o.Accounts = "clickhouse", sources.NewSecret(address), "SELECT 1", []record.Account{{Currency: "EUR", Timezone: "UTC"}}
		if _, err := open(o, sources.Env{Name: "x"}); err == nil || !strings.HasPrefix(err.Error(), "database: ") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestParametersOfClickHouseHaveNames(t *testing.T) {
	q, err := parse(`SELECT {from}, 'a\'; {', {from}, {account};`, drivers["clickhouse"])
	if err != nil || q.text != `SELECT {from:String}, 'a\'; {', {from:String}, {account:String}` {
		t.Fatalf("%q, %v", q.text, err)
	}
	asked := sources.Query{Account: sources.Account{ID: "acme"}}
	if all := q.arguments(asked); len(all) != 2 || all[1].(sql.NamedArg).Name != "account" || all[1].(sql.NamedArg).Value != "acme" {
		t.Errorf("%+v", all)
	}
}

func TestTypesOfClickHouseAreExact(t *testing.T) {
	for name, want := range map[string]string{"Date": typeDate, "Nullable(Date32)": typeDate, "DateTime('UTC')": typeInstant, "LowCardinality(Nullable(DateTime))": typeInstant, "DateTime64(3)": typeInstant, "String": "STRING"} {
		if got := kindOfClickHouse(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	text, none := "x", (*float64)(nil)
	money := decimal.RequireFromString("9007199254740.993001")
	for _, c := range []struct {
		value any
		want  string
	}{{uint64(18446744073709551615), "18446744073709551615"}, {int8(-1), "-1"}, {money, "9007199254740.993001"}, {&money, "9007199254740.993001"}, {&text, "x"}, {none, ""}, {nil, ""}, {big.NewInt(7), "7"}, {1.5, "1.5"}, {int64(3), "3"}} {
		if got, err := record.Text(valueOfClickHouse(c.value)); err != nil || got != c.want {
			t.Errorf("%v: %q, %v, want %q", c.value, got, err, c.want)
		}
	}
}

func TestExceptionsOfClickHouseHaveTheirKinds(t *testing.T) {
	for code, kind := range map[int32]sources.Kind{516: sources.Auth, 497: sources.Permission, 164: sources.Invalid, 159: sources.Unavailable, 62: sources.Invalid, 60: sources.Invalid, 241: sources.Unavailable} {
		if got := explainClickHouse(fmt.Errorf("wrapped: %w", &clickhouse.Exception{Code: code, Message: "why"})); got == nil || got.Kind != kind || !strings.Contains(got.Error(), "why") {
			t.Errorf("%d: %v, want %v", code, got, kind)
		}
	}
	if got := explainClickHouse(errors.New("x")); got != nil {
		t.Error(got)
	}
	o := defaults()
	o.Driver, o.Query, o.Database, o.Accounts = "clickhouse", "SELECT 1", sources.NewSecret("clickhouse://ann:s3cr3t@127.0.0.1:1/x"), []record.Account{{Currency: "EUR", Timezone: "UTC"}}
	p := &place{T: t, driver: "clickhouse", address: o.Database.Reveal()}
	p.refused("SELECT 1", sources.Unavailable, "not reached")
}

func FuzzClickHouseAddress(f *testing.F) {
	f.Add("clickhouse://ann:s3cr3t@db.example/shop?tls=true")
	f.Fuzz(func(t *testing.T, address string) {
		o, err := parseClickHouse(address, time.Minute)
		if err == nil && (o.Settings["readonly"] != 1 || len(o.Settings) != 2 || o.Auth.Username == "" || len(o.Addr) != 1) {
			t.Errorf("%q: %+v", address, o)
		}
	})
}
