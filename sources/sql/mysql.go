//go:build mysql

package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"adtop/sources"
)

// mySQLAddress is what an address is expected to look like.
const mySQLAddress = "mysql://user:password@host:3306/name?tls=true"

// mySQL is for MySQL and MariaDB. A transaction that may only read refuses changes to
// tables; a user with the right FILE could still have a SELECT write a file on the
// server.
func mySQL() driver {
	return driver{
		check: func(o *Options) error {
			if !o.Database.IsSet() {
				return fmt.Errorf("database: required: a reference to the address, such as %s", mySQLAddress)
			}
			if o.File != "" {
				return fmt.Errorf("file: is for driver sqlite")
			}
			if _, err := parseMySQL(o.Database.Reveal()); err != nil {
				return fmt.Errorf("database: %w", err)
			}
			return nil
		},
		open: func(o *Options, _ sources.Env) (*sql.DB, error) {
			config, err := parseMySQL(o.Database.Reveal())
			if err != nil {
				return nil, sources.Errorf(sources.Invalid, "database: %w", err)
			}
			config.Timeout = o.Timeout
			connector, err := mysql.NewConnector(config)
			if err != nil {
				return nil, sources.Errorf(sources.Invalid, "database: it is no address of a database")
			}
			return sql.OpenDB(connector), nil
		},
		begin:      limitMySQL,
		explain:    explainMySQL,
		parameter:  func(int, string) string { return "?" },
		options:    sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
		positional: true,
		slashes:    true,
		unzoned:    "TIMESTAMP",
	}
}

// limitMySQL has the server end the query: a client that goes away does not. MariaDB
// counts in seconds, MySQL in milliseconds, and each knows its own variable.
func limitMySQL(ctx context.Context, tx *sql.Tx, timeout time.Duration) error {
	var version string
	if err := tx.QueryRowContext(ctx, "SELECT version()").Scan(&version); err != nil {
		return err
	}
	limit := fmt.Sprintf("SET SESSION max_execution_time = %d", timeout.Milliseconds())
	if strings.Contains(strings.ToLower(version), "mariadb") {
		limit = fmt.Sprintf("SET SESSION max_statement_time = %.3f", timeout.Seconds())
	}
	_, err := tx.ExecContext(ctx, limit)
	return err
}

// parseMySQL reads an address. What it may say besides is tls (true, skip-verify or
// false; true unless the server is on this machine) and socket: nothing that would let
// a query be several, or the server read files here. Its errors repeat nothing of it.
func parseMySQL(address string) (*mysql.Config, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "mysql" || u.User == nil || u.Opaque != "" || u.Fragment != "" {
		return nil, fmt.Errorf("expected %s", mySQLAddress)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("expected %s", mySQLAddress)
	}
	config := mysql.NewConfig()
	config.User, config.DBName, config.ParseTime, config.Loc = u.User.Username(), strings.TrimPrefix(u.Path, "/"), true, time.UTC
	config.Passwd, _ = u.User.Password()
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	config.Net, config.Addr = "tcp", net.JoinHostPort(u.Hostname(), port)
	for name, values := range query {
		switch value := values[len(values)-1]; {
		case name == "tls" && (value == "true" || value == "false" || value == "skip-verify"):
			config.TLSConfig = value
		case name == "socket" && u.Host == "" && value != "":
			config.Net, config.Addr = "unix", value
		default:
			return nil, fmt.Errorf("%s is not known or not fit: expected tls=true, tls=skip-verify or tls=false, or without a host socket=/run/mysqld/mysqld.sock", sources.Clean(name))
		}
	}
	if config.Net == "tcp" && u.Hostname() == "" || config.User == "" {
		return nil, fmt.Errorf("expected %s", mySQLAddress)
	}
	if config.TLSConfig == "" && config.Net == "tcp" && !onThisMachine(u.Hostname()) {
		config.TLSConfig = "true"
	}
	return config, nil
}

// explainMySQL reads number and SQLSTATE (the Server Error Message Reference of MySQL
// and the error codes of MariaDB).
func explainMySQL(err error) *sources.Error {
	var refused *mysql.MySQLError
	if !errors.As(err, &refused) {
		var unreached *net.OpError
		if errors.As(err, &unreached) {
			return sources.Errorf(sources.Unavailable, "not reached: %w", err)
		}
		return nil
	}
	state := string(refused.SQLState[:])
	explained := func(kind sources.Kind, next string) *sources.Error {
		e := sources.Errorf(kind, "%s %s: %s", strconv.Itoa(int(refused.Number)), state, refused.Message)
		e.Next = next
		return e
	}
	switch refused.Number {
	case 1044, 1142, 1143, 1227, 1370: // to a database, a table, a column, an operation, a routine
		return explained(sources.Permission, "Grant the user SELECT on what the query reads.")
	case 1792:
		return explained(sources.Invalid, "The query may only read.")
	case 1317, 1969, 3024: // interrupted, longer than max_statement_time, longer than max_execution_time
		return explained(sources.Unavailable, "Make the query faster, or raise timeout.")
	}
	switch {
	case strings.HasPrefix(state, "28"):
		return explained(sources.Auth, "Check user and password in database.")
	case strings.HasPrefix(state, "42"), strings.HasPrefix(state, "22"):
		return explained(sources.Invalid, "Correct query or database.")
	}
	return explained(sources.Unavailable, "")
}
