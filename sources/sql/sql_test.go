//go:build unix

package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/record"
	"adtop/sources/sourcetest"
)

var noon = time.Date(2026, 11, 20, 12, 30, 0, 0, time.UTC)

// place is a database of one kind.
type place struct {
	*testing.T
	driver   string
	address  string // of a server, or the file
	database *sql.DB
}

// do changes the database as its owner.
func (p *place) do(statements ...string) {
	p.Helper()
	for _, s := range statements {
		if _, err := p.database.ExecContext(p.Context(), s); err != nil {
			p.Fatalf("%s: %v", s, err)
		}
	}
}

// ask fetches yesterday and today with a query and renders the rows.
func (p *place) ask(query string, changes ...func(*Options)) ([]string, sources.Receipt, error) {
	p.Helper()
	o := defaults()
	o.Driver, o.Query = p.driver, query
	if o.Accounts = []record.Account{{ID: "acme", Currency: "EUR", Timezone: "Europe/Berlin"}}; p.driver == "sqlite" {
		o.File = p.address
	} else {
		o.Database = sources.NewSecret(p.address)
	}
	for _, change := range changes {
		change(o)
	}
	s, err := open(o, sources.Env{Name: "warehouse", Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		p.Fatal(err)
	}
	q := sourcetest.Query(s.(*source).accounts[0], sources.Day, kpi.NewDate(2026, 11, 19), kpi.NewDate(2026, 11, 20))
	rows, receipt, err := sourcetest.Fetch(p, s, q)
	var texts []string
	for _, r := range rows {
		texts = append(texts, fmt.Sprintf("%s %s %d %d", r.Slot.Date, r.Entity.ID, r.Metrics.Cost, r.Metrics.Conversions))
	}
	return texts, receipt, err
}

func (p *place) want(query string, rows ...string) {
	p.Helper()
	got, _, err := p.ask(query)
	if err != nil || !slices.Equal(got, rows) {
		p.Errorf("%s\ngot %q, %v\nwant %q", query, got, err, rows)
	}
}

func (p *place) refused(query string, kind sources.Kind, says string, changes ...func(*Options)) {
	p.Helper()
	got, _, err := p.ask(query, changes...)
	if sources.KindOf(err) != kind || !strings.Contains(err.Error(), says) || len(got) > 0 {
		p.Errorf("%s\ngot %q, %v\nwant %s: …%s…", query, got, err, kind, says)
	}
	if err != nil && strings.Contains(err.Error(), "s3cr3t") {
		p.Errorf("%v has the password", err)
	}
}

// common is what holds on every database.
func (p *place) common() {
	p.do("CREATE TABLE spend (day date, campaign text, cost numeric(20, 6), sales integer)",
		"INSERT INTO spend VALUES ('2026-11-18', 'a', 1, 1), ('2026-11-19', 'a', 12.345678, 2), ('2026-11-20', 'O''Neil; -- {from}', 0.1, NULL), ('2026-11-21', 'a', 1, 1)")
	const query = "-- ours; {from}\nSELECT day AS date, campaign, cost, sales AS conversions FROM spend WHERE day BETWEEN {from} AND {to} AND 'acme' = {account};"
	p.want(query, "2026-11-19 a 12345678 2000000", "2026-11-20 O'Neil; -- {from} 100000 0")
	if _, receipt, err := p.ask(query); err != nil || !receipt.CompleteThrough.Equal(noon) {
		p.Errorf("complete through %s, %v", receipt.CompleteThrough, err)
	}
	p.refused("SELECT day AS date, campaign, cost AS costs FROM spend", sources.Invalid, `column 3 of the query is called "costs": expected one of date`)
	p.refused("SELECT day AS date, cost, cost FROM spend", sources.Invalid, "two columns of the query are called cost")
	p.refused("SELECT campaign, cost FROM spend", sources.Invalid, "no column date")
	p.refused("SELECT day AS date, campaign FROM spend", sources.Invalid, "none of the columns")
	p.refused("SELECT day AS date, campaign, campaign AS cost FROM spend WHERE day = {from}", sources.Malformed, `row 1: cost: "a": expected a number`)
	p.refused("SELECT day AS date, campaign, cost AS clicks FROM spend WHERE day = {from}", sources.Malformed, "row 1: clicks: ")
	p.refused("SELECT day AS date, campaign, cost FROM spend UNION ALL SELECT day, campaign, cost FROM spend", sources.Malformed, "a second row of")
	p.refused("SELECT day AS date, campaign, cost FROM spend", sources.Malformed, "more than 3 rows", func(o *Options) { o.Rows = 3 })
	p.refused("SELECT day AS date, campaign, cost FROM nowhere", sources.Invalid, "nowhere")
	p.refused("SELECT day AS date, cost FROM spend WHERE )", sources.Invalid, "syntax")
}

func TestSQLite(t *testing.T) {
	p := &place{T: t, driver: "sqlite", address: filepath.Join(t.TempDir(), "shop of ann?.db")}
	var err error
	if p.database, err = sql.Open("sqlite3", "file:"+strings.ReplaceAll(p.address, "?", "%3f")); err != nil {
		t.Fatal(err)
	}
	defer p.database.Close()
	p.common()
	p.want("SELECT '2026-11-19' AS date, 'x' AS campaign, 1.5 AS cost", "2026-11-19 x 1500000 0")
	p.refused("SELECT '2026-11-19' AS date, 9e999 AS cost", sources.Malformed, "row 1: cost: +Inf: expected a number")
	p.refused("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT '2026-11-19' AS date, max(i) AS cost FROM n", sources.Unavailable, "took longer than 1s", func(o *Options) { o.Timeout = time.Second })
	p.refused("WITH x AS (SELECT 1) DELETE FROM spend", sources.Invalid, "")
	p.want("SELECT '2026-11-19' AS date, 'x' AS campaign, count(*) AS cost FROM spend", "2026-11-19 x 4000000 0")
	p.refused("SELECT 1 AS date, 1 AS cost", sources.Unavailable, "no such file", func(o *Options) { o.File = "missing.db" })
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.refused("SELECT * FROM spend", sources.Malformed, "not a database", func(o *Options) { o.File = text })
	if _, err := os.Stat("missing.db"); !errors.Is(err, os.ErrNotExist) {
		t.Error("a database was made")
	}
}

// server starts a PostgreSQL of its own, without network.
func server(t *testing.T) string {
	t.Helper()
	ctl, err := exec.LookPath("pg_ctl")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
		if len(found) == 0 {
			if os.Getenv("CI") != "" {
				t.Fatal("PostgreSQL is not installed, and .ci/run installs it: ", err)
			}
			t.Skip("PostgreSQL is not installed (Debian: postgresql): ", err)
		}
		ctl = found[len(found)-1]
	}
	if real, err := filepath.EvalSymlinks(ctl); err == nil {
		ctl = real
	}
	dir, err := os.MkdirTemp("", "pg") // the path of a socket may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var as *syscall.Credential
	if os.Getuid() == 0 { // it refuses to run as root
		owner, err := user.Lookup("postgres")
		if err != nil {
			t.Skip("PostgreSQL does not run as root, and there is no user postgres: ", err)
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Skip("PostgreSQL does not run as root: ", err)
		}
		as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(dir, "data")
	run := func(name string, arguments ...string) {
		t.Helper()
		cmd := exec.Command(filepath.Join(filepath.Dir(ctl), name), arguments...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, said)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("s3cr3t-of-ann\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run("initdb", "-D", data, "-U", "ann", "-A", "scram-sha-256", "--pwfile", filepath.Join(dir, "password"), "-N", "-E", "UTF8", "--locale", "C")
	run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", "-F -h '' -k "+dir, "start")
	t.Cleanup(func() { run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop") })
	return "postgres://ann:s3cr3t-of-ann@/postgres?host=" + dir
}

func TestPostgreSQL(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	p := &place{T: t, driver: "postgres", address: server(t)}
	var err error
	if p.database, err = sql.Open("pgx", p.address); err != nil {
		t.Fatal(err)
	}
	defer p.database.Close()
	p.common()
	p.want("SELECT timestamptz '2026-11-18 23:30:00+00' AS date, 'x' AS campaign, 1.5::float8 AS cost", "2026-11-19 x 1500000 0")
	p.want("SELECT timestamp '2026-11-20 00:30:00' AS date, 'x' AS campaign, 2::smallint AS cost", "2026-11-20 x 2000000 0")
	p.want("SELECT {from}::date AS date, $$a;{$$ AS campaign, 9007199254740.993001::numeric AS cost", "2026-11-19 a;{ 9007199254740993001 0")
	p.refused("SELECT date '2026-11-19' AS date, 'NaN'::numeric AS cost", sources.Malformed, `row 1: cost: "NaN"`)
	p.refused("SELECT date '2026-11-19' AS date, true AS cost", sources.Malformed, "row 1: cost: true: expected text or a number")
	p.refused("SELECT date '2026-11-19' AS date, '$1.00'::money AS cost", sources.Malformed, "row 1: cost: ")
	p.refused("SELECT date '2026-11-19' AS date, 1 AS cost, pg_sleep(60) AS status", sources.Unavailable, "", func(o *Options) { o.Timeout = time.Second })
	p.refused("WITH gone AS (DELETE FROM spend RETURNING *) SELECT day AS date, cost FROM gone", sources.Invalid, "25006")
	p.want("SELECT date '2026-11-19' AS date, 'x' AS campaign, count(*) AS cost FROM spend", "2026-11-19 x 4000000 0")
	p.do("CREATE ROLE guest LOGIN PASSWORD 's3cr3t-of-guest'")
	guest := func(password string) func(*Options) {
		return func(o *Options) {
			o.Database = sources.NewSecret(strings.Replace(p.address, "ann:s3cr3t-of-ann", "guest:"+password, 1))
		}
	}
	p.refused("SELECT day AS date, cost FROM spend", sources.Permission, "42501", guest("s3cr3t-of-guest"))
	p.refused("SELECT day AS date, cost FROM spend", sources.Auth, "28P01", guest("s3cr3t-wrong"))
	p.refused("SELECT 1", sources.Unavailable, "", func(o *Options) {
		o.Database = sources.NewSecret("postgres://ann:s3cr3t-of-ann@127.0.0.1:1/x?connect_timeout=1")
	})
	ctx, cancel := context.WithCancel(t.Context())
	s, err := open(&Options{Driver: "postgres", Database: sources.NewSecret(p.address), Timeout: time.Minute, Rows: 1, Format: record.DefaultFormat(),
		Query: "SELECT date '2026-11-19' AS date, 1 AS cost, pg_sleep(60) AS status", Accounts: []record.Account{{Currency: "EUR", Timezone: "UTC"}}}, sources.Env{Name: "warehouse", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Fetch(ctx, sourcetest.Query(s.(*source).accounts[0], sources.Day, kpi.NewDate(2026, 11, 19)), func(sources.Record) error { return nil })
		ended <- err
	}()
	for asleep := 0; asleep == 0; { // until the query runs
		if err := p.database.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").Scan(&asleep); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPlaceholdersAreParametersAndStatementsOne(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT {from}, {to}, {from}":                         "SELECT $1, $2, $1",
		"SELECT 'it''s', \"{x}\" /* {from} ; */ WHERE {to};":  "SELECT 'it''s', \"{x}\" /* {from} ; */ WHERE $1",
		"WITH a AS (SELECT $q$ ; $q$) SELECT {account}":       "WITH a AS (SELECT $q$ ; $q$) SELECT $1",
		"-- note; {from}\nSELECT 1":                           "-- note; {from}\nSELECT 1",
		"SELECT {from}::date, data->>'k', '{a}'::text[], $$$": "SELECT $1::date, data->>'k', '{a}'::text[], $$$",
	} {
		if q, err := parse(text, drivers["postgres"]); err != nil || q.text != want {
			t.Errorf("%s is %q, %v", text, q.text, err)
		}
	}
	for text, says := range map[string]string{
		"":                         "required",
		"SELECT '{from}'":          "{from} stands in quotes",
		"SELECT 1; DROP TABLE x":   "expected one statement",
		"DELETE FROM x":            "begins with DELETE",
		"UPDATE x SET a = {from}":  "begins with UPDATE",
		"PRAGMA journal_mode = de": "begins with PRAGMA",
	} {
		if _, err := parse(text, drivers["sqlite"]); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestDriverThatIsLeftOutSaysHowToGetIt(t *testing.T) {
	for name, d := range drivers {
		if d.tag == "" {
			continue
		}
		o := defaults()
		o.Driver, o.Database, o.Query = name, sources.NewSecret(name+"://ann:s3cr3t@host/x"), "SELECT 1"
		if _, err := open(o, sources.Env{Name: "x"}); err == nil || !strings.HasPrefix(err.Error(), "driver: "+name) || !strings.Contains(err.Error(), "go build -tags "+d.tag+" ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionsAreRefusedAtTheirKey(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"driver: ":            func(o *Options) { o.Driver = "oracle" },
		"database: required":  func(o *Options) { o.Database = sources.Secret{} },
		"database: expected":  func(o *Options) { o.Database = sources.NewSecret("postgres://ann:s3cr3t@host:port/x") },
		"file: is for":        func(o *Options) { o.File = "x" },
		"file: required":      func(o *Options) { o.Driver, o.Database = "sqlite", sources.Secret{} },
		"query: required":     func(o *Options) { o.Query = " " },
		"timeout: ":           func(o *Options) { o.Timeout = 0 },
		"rows: ":              func(o *Options) { o.Rows = 0 },
		"accounts: required":  func(o *Options) { o.Accounts = nil },
		"format.duplicates: ": func(o *Options) { o.Format.Duplicates = "last" },
	} {
		o := defaults()
		o.Database, o.Query, o.Accounts = sources.NewSecret("postgres://ann:s3cr3t@host/x"), "SELECT 1", []record.Account{{Currency: "EUR", Timezone: "UTC"}}
		change(o)
		if _, err := open(o, sources.Env{Name: "x"}); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("got %v, want %s…", err, want)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"SELECT '{from}'", "SELECT $a$ {to}", "/* ", "--", "SELECT {from};", "((SELECT 1))"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range drivers {
			if d.tag != "" {
				continue // this build lacks it
			}
			if q, err := parse(text, d); err == nil && len(q.names) > len(placeholders) && !d.positional {
				t.Errorf("%q has %d parameters", text, len(q.names))
			}
		}
	})
}
