// Package sql reads campaign figures with a query of the user's, on PostgreSQL, SQLite,
// MySQL or ClickHouse. The last two are in builds with their tags alone.
//
// The query runs in a transaction that may only read, with a timeout and a bound on
// its rows. Its columns are named as adtop's own rows are, and their types are taken
// strictly: what is no number is never made one. An answer counts whole or not at
// all. Connections last for one question.
package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/record"
)

// Definition describes the type "sql". What the query reports is up to its author,
// so dating and basis are the cautious ones: some results each way, revenue as
// reported. An absent row is missing, not zero.
func Definition() sources.Definition {
	return sources.Definition{
		Type:        "sql",
		Summary:     "Campaign figures from a query on PostgreSQL, SQLite, MySQL or ClickHouse: the warehouse, the shop's database",
		Docs:        "https://www.postgresql.org/docs/current/sql-select.html",
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.Mixed,
		Basis:       kpi.Reported,
		Restates:    30,
		History:     3650,
		MinInterval: time.Minute,
		Credentials: []string{
			"Make a database user that may only read the tables or views of the query, and name its address by reference in `database`. SQLite needs a `file` alone.",
		},
		Options: func() any { return defaults() },
		Open:    open,
	}
}

// Options are the settings of one source of type sql.
type Options struct {
	Driver   string           `yaml:"driver"`   // postgres, sqlite, mysql or clickhouse
	Database sources.Secret   `yaml:"database"` // of a server: postgres://user:password@host/name?sslmode=verify-full
	File     string           `yaml:"file"`     // of sqlite
	Query    string           `yaml:"query"`    // {from}, {to}, {until} and {account} are bound parameters
	Timeout  time.Duration    `yaml:"timeout"`
	Rows     int              `yaml:"rows"` // of an answer at most
	Lag      time.Duration    `yaml:"lag"`  // how late figures are; without it they count as complete up to the newest row
	Accounts []record.Account `yaml:"accounts"`
	Format   record.Format    `yaml:"format"`
}

func defaults() *Options {
	return &Options{Driver: "postgres", Timeout: time.Minute, Rows: 200_000, Format: record.DefaultFormat()}
}

// driver is how to reach one kind of database.
type driver struct {
	tag   string // of the build that has it, where this one has not; then there is nothing else
	check func(*Options) error
	open  func(*Options, sources.Env) (*sql.DB, error)
	// begin makes the transaction harmless; timeout is what is left for it.
	begin func(ctx context.Context, tx *sql.Tx, timeout time.Duration) error
	// explain gives an error of the database its kind, nil for one that it does
	// not know.
	explain    func(err error) *sources.Error
	parameter  func(n int, name string) string
	options    sql.TxOptions
	positional bool   // parameters are told apart by their place: one that occurs twice is given twice
	named      bool   // parameters are told apart by their name
	dollars    bool   // $tag$ quotes text
	slashes    bool   // a backslash escapes a quote, and # begins a comment
	unzoned    string // a type of instants that come on a clock of the server's

	// kind is a type in the words of typeDate and typeInstant, and value makes a number or
	// text of what the database hands over; nil where both are as they should be.
	kind  func(name string) string
	value func(any) any
}

// drivers are the databases by name, those that this build lacks among them.
var drivers = map[string]driver{"postgres": postgres(), "sqlite": sqlite(), "mysql": mySQL(), "clickhouse": clickHouse()}

type source struct {
	options  Options
	env      sources.Env
	driver   driver
	accounts []sources.Account
	query    query
	clean    func(string) string // takes the secrets out
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	d, known := drivers[o.Driver]
	switch {
	case !known:
		return nil, fmt.Errorf("driver: %q: expected one of %s", sources.Clean(o.Driver), strings.Join(slices.Sorted(maps.Keys(drivers)), ", "))
	case d.tag != "":
		return nil, fmt.Errorf("driver: %s is left out of this build: build one that has it (go build -tags %s -o adtop .)", o.Driver, d.tag)
	case o.Timeout < time.Second || o.Timeout > time.Hour:
		return nil, fmt.Errorf("timeout: %s: expected a time from 1s to 1h", o.Timeout)
	case o.Rows < 1 || o.Rows > 2_000_000:
		return nil, fmt.Errorf("rows: %d: expected a number from 1 to 2000000", o.Rows)
	case o.Lag < 0:
		return nil, fmt.Errorf("lag: %s: expected a time", o.Lag)
	}
	if err := d.check(&o); err != nil {
		return nil, err
	}
	if err := o.Format.Check("format"); err != nil {
		return nil, err
	}
	asked, err := parse(o.Query, d)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	accounts, err := record.Accounts(o.Accounts, env.Name)
	if err != nil {
		return nil, err
	}
	s := &source{options: o, env: env, driver: d, accounts: accounts, query: asked}
	s.clean, _ = httpkit.Redact(secretsOf(o.Database.Reveal())...)
	return s, nil
}

// Accounts returns the accounts that the options describe.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	return s.accounts, ctx.Err()
}

// Fetch asks the query once.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if !slices.ContainsFunc(s.accounts, func(a sources.Account) bool { return a.ID == q.Account.ID }) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: no account %q in the config", s.env.Name, sources.Clean(q.Account.ID))
	}
	asked := s.env.Now()
	limited, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	book, err := s.read(limited, q)
	if err != nil {
		return sources.Receipt{}, s.explained(ctx, limited, err)
	}
	if err := book.Put(yield); err != nil {
		return sources.Receipt{}, err
	}
	receipt := sources.Receipt{CompleteThrough: book.Through(asked)}
	if s.options.Lag > 0 {
		receipt.CompleteThrough = httpkit.CompleteThrough(asked, s.options.Lag, q)
	}
	return receipt, nil
}

// read asks the query in a transaction of its own and enters its rows.
func (s *source) read(ctx context.Context, q sources.Query) (book *record.Book, err error) {
	db, err := s.driver.open(&s.options, s.env)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, &s.driver.options)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // it has read only, and the connection ends
	if err := s.driver.begin(ctx, tx, s.options.Timeout); err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, s.query.text, s.query.arguments(q)...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	t, err := s.table(rows)
	if err != nil {
		return nil, err
	}
	return t.read(rows, q)
}

// explained gives an error its kind and takes the secrets out of its words.
func (s *source) explained(ctx, limited context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", s.env.Name, ctx.Err())
	}
	var known *sources.Error
	switch {
	case errors.As(err, &known):
	case limited.Err() != nil:
		known = sources.Errorf(sources.Unavailable, "the query took longer than %s", s.options.Timeout)
		known.Next = "Make the query faster, or raise timeout."
	default:
		if known = s.driver.explain(err); known == nil {
			known = sources.Errorf(sources.Unavailable, "%w", err)
		}
	}
	text := sources.Clean(s.clean(known.Err.Error()))
	return &sources.Error{Kind: known.Kind, RetryAfter: known.RetryAfter, Next: known.Next, Err: errors.New(s.env.Name + ": " + text)}
}
