//go:build clickhouse

package sql

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/shopspring/decimal"

	"adtop/sources"
)

// clickHouseAddress is what an address is expected to look like.
const clickHouseAddress = "clickhouse://user:password@host:9440/name?tls=true"

// clickHouse is for ClickHouse from 22.8 on, which takes parameters of a query. It has no
// transactions: each query comes with the settings that let it only read and that end it.
func clickHouse() driver {
	return driver{
		check: func(o *Options) error {
			if !o.Database.IsSet() {
				return fmt.Errorf("database: required: a reference to the address, such as %s", clickHouseAddress)
			}
			if o.File != "" {
				return fmt.Errorf("file: is for driver sqlite")
			}
			if _, err := parseClickHouse(o.Database.Reveal(), o.Timeout); err != nil {
				return fmt.Errorf("database: %w", err)
			}
			return nil
		},
		open: func(o *Options, _ sources.Env) (*sql.DB, error) {
			options, err := parseClickHouse(o.Database.Reveal(), o.Timeout)
			if err != nil {
				return nil, sources.Errorf(sources.Invalid, "database: %w", err)
			}
			return clickhouse.OpenDB(options), nil
		},
		begin:     func(context.Context, *sql.Tx, time.Duration) error { return nil },
		explain:   explainClickHouse,
		parameter: func(_ int, name string) string { return "{" + name + ":String}" },
		named:     true,
		slashes:   true,
		kind:      kindOfClickHouse,
		value:     valueOfClickHouse,
	}
}

// parseClickHouse reads an address of the native protocol. What it may say besides is
// tls (true, skip-verify or false; true unless the server is on this machine). Its
// errors repeat nothing of it.
func parseClickHouse(address string, timeout time.Duration) (*clickhouse.Options, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "clickhouse" || u.User == nil || u.User.Username() == "" || u.Hostname() == "" || u.Opaque != "" || u.Fragment != "" {
		return nil, fmt.Errorf("expected %s", clickHouseAddress)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("expected %s", clickHouseAddress)
	}
	encrypted := "true"
	if onThisMachine(u.Hostname()) {
		encrypted = "false"
	}
	for name, values := range query {
		value := values[len(values)-1]
		if name != "tls" || value != "true" && value != "false" && value != "skip-verify" {
			return nil, fmt.Errorf("%s is not known or not fit: expected tls=true, tls=skip-verify or tls=false", sources.Clean(name))
		}
		encrypted = value
	}
	password, _ := u.User.Password()
	o := &clickhouse.Options{
		Auth:        clickhouse.Auth{Username: u.User.Username(), Password: password, Database: strings.TrimPrefix(u.Path, "/")},
		DialTimeout: timeout, ReadTimeout: timeout,
		Settings: clickhouse.Settings{"readonly": 1, "max_execution_time": int(timeout.Seconds())},
	}
	port := "9000"
	if encrypted != "false" {
		port, o.TLS = "9440", &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: encrypted == "skip-verify"}
	}
	if u.Port() != "" {
		port = u.Port()
	}
	o.Addr = []string{net.JoinHostPort(u.Hostname(), port)}
	return o, nil
}

// kindOfClickHouse says of a type whether it is a day or an instant: those are never on
// another clock than the type or the server says.
func kindOfClickHouse(name string) string {
	for _, around := range []string{"LowCardinality(", "Nullable("} {
		if inner, found := strings.CutPrefix(name, around); found {
			name = strings.TrimSuffix(inner, ")")
		}
	}
	switch {
	case name == "Date", name == "Date32":
		return typeDate
	case strings.HasPrefix(name, "DateTime"):
		return typeInstant
	}
	return strings.ToUpper(name)
}

// valueOfClickHouse takes what may be null out of its pointer, and writes the whole
// numbers and decimals that other databases do not have.
func valueOfClickHouse(value any) any {
	if _, large := value.(*big.Int); large {
		return value
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		return valueOfClickHouse(v.Elem().Interface())
	}
	switch v := value.(type) {
	case int8, uint8, uint16, uint32, uint64:
		return fmt.Sprint(v)
	case decimal.Decimal:
		return v.String()
	}
	return value
}

// explainClickHouse reads the number of an exception (ErrorCodes.cpp of ClickHouse).
func explainClickHouse(err error) *sources.Error {
	var refused *clickhouse.Exception
	if !errors.As(err, &refused) {
		var unreached *net.OpError
		if errors.As(err, &unreached) {
			return sources.Errorf(sources.Unavailable, "not reached: %w", err)
		}
		return nil
	}
	explained := func(kind sources.Kind, next string) *sources.Error {
		e := sources.Errorf(kind, "%d: %s", refused.Code, refused.Message)
		e.Next = next
		return e
	}
	switch refused.Code {
	case 192, 193, 194, 516: // no such user, a wrong password, none, neither told apart
		return explained(sources.Auth, "Check user and password in database.")
	case 291, 497: // to a database; to anything
		return explained(sources.Permission, "Grant the user SELECT on what the query reads.")
	case 164:
		return explained(sources.Invalid, "The query may only read. Where the user's profile has readonly = 1, make it 2: adtop sets readonly and a time limit itself.")
	case 159, 160: // longer than max_execution_time, or too slow to be done within it
		return explained(sources.Unavailable, "Make the query faster, or raise timeout.")
	case 6, 27, 36, 38, 41, 42, 43, 46, 47, 53, 60, 62, 70, 81, 184, 215, 386: // what cannot be parsed, is not known or does not fit
		return explained(sources.Invalid, "Correct query or database.")
	}
	return explained(sources.Unavailable, "")
}
