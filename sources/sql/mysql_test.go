//go:build mysql && unix

package sql

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/record"
	"adtop/sources/sourcetest"
)

// mariaDB starts a server of its own, without network, and returns the path of its
// socket.
func mariaDB(t *testing.T) string {
	t.Helper()
	server, err := exec.LookPath("mariadbd")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("MariaDB is not installed, and .ci/run installs it")
	}
	if err != nil {
		t.Skip("MariaDB is not installed (Debian: mariadb-server): ", err)
	}
	if server, err = filepath.EvalSymlinks(server); err != nil {
		t.Fatal(err)
	}
	base := filepath.Dir(filepath.Dir(server))
	dir, err := os.MkdirTemp("", "my") // the path of a socket may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "s")
	common := []string{"--no-defaults", "--basedir=" + base, "--datadir=" + data}
	if os.Getuid() == 0 {
		common = append(common, "--user=root")
	}
	install := exec.Command(filepath.Join(base, "bin", "mariadb-install-db"), append(common, "--auth-root-authentication-method=normal", "--skip-test-db")...)
	if said, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	cmd := exec.Command(server, append(common, "--socket="+socket, "--skip-networking", "--pid-file="+filepath.Join(dir, "pid"), "--innodb-flush-log-at-trx-commit=0")...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return socket
}

// rooted opens the server as its owner, once it answers.
func rooted(t *testing.T, socket string) *sql.DB {
	t.Helper()
	config, err := parseMySQL("mysql://root@/mysql?socket=" + url.QueryEscape(socket))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", config.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for began := time.Now(); ; {
		if err = db.PingContext(t.Context()); err == nil {
			return db
		}
		if time.Since(began) > time.Minute {
			t.Fatal("MariaDB does not answer: ", err)
		}
	}
}

func TestMariaDB(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	socket := mariaDB(t)
	p := &place{T: t, driver: "mysql", database: rooted(t, socket), address: "mysql://ann:s3cr3t-of-ann@/shop?socket=" + url.QueryEscape(socket)}
	p.database.SetMaxOpenConns(1) // USE holds for one connection
	p.do("CREATE DATABASE shop", "USE shop", "CREATE USER ann IDENTIFIED BY 's3cr3t-of-ann'", "GRANT ALL ON shop.* TO ann")
	p.common()
	p.want(`SELECT '2026-11-19' AS date, 'it\'s {' AS campaign, 1.5e0 AS cost # ours; {from}`, "2026-11-19 it's { 1500000 0")
	p.want("SELECT {from} AS date, concat({account}, {from}) AS campaign, 2 AS cost", "2026-11-19 acme2026-11-19 2000000 0")
	p.want("SELECT CAST('2026-11-20 00:30:00' AS datetime) AS date, 'x' AS campaign, 9007199254740.993001 AS cost", "2026-11-20 x 9007199254740993001 0")
	p.do("CREATE TABLE visits (at timestamp, n integer)", "INSERT INTO visits VALUES ('2026-11-19 12:00:00', 1)")
	p.refused("SELECT at AS date, n AS clicks FROM visits", sources.Invalid, "column date is a TIMESTAMP, which the server shows on a clock of its own")
	p.want("SELECT DATE(at) AS date, 'x' AS campaign, n AS cost FROM visits", "2026-11-19 x 1000000 0")
	p.refused("SELECT '2026-11-19' AS date, sleep(60) AS cost", sources.Unavailable, "", func(o *Options) { o.Timeout = time.Second })
	p.untilAsleep(false) // the server has ended the query, too
	p.do("CREATE FUNCTION spoil() RETURNS integer MODIFIES SQL DATA BEGIN DELETE FROM spend; RETURN 1; END")
	p.refused("SELECT '2026-11-19' AS date, spoil() AS cost", sources.Invalid, "1792")
	p.want("SELECT '2026-11-19' AS date, 'x' AS campaign, count(*) AS cost FROM spend", "2026-11-19 x 4000000 0")
	p.do("CREATE USER guest IDENTIFIED BY 's3cr3t-of-guest'", "GRANT SELECT ON shop.visits TO guest")
	guest := func(password string) func(*Options) {
		return func(o *Options) {
			o.Database = sources.NewSecret(strings.Replace(p.address, "ann:s3cr3t-of-ann", "guest:"+password, 1))
		}
	}
	p.refused("SELECT day AS date, cost FROM spend", sources.Permission, "1142", guest("s3cr3t-of-guest"))
	p.refused("SELECT day AS date, cost FROM spend", sources.Auth, "1045", guest("s3cr3t-wrong"))
	p.refused("SELECT 1", sources.Unavailable, "not reached", func(o *Options) { o.Database = sources.NewSecret("mysql://ann:s3cr3t-of-ann@127.0.0.1:1/x") })
	p.endsWithItsContext()
}

// endsWithItsContext ends the context while a query sleeps.
func (p *place) endsWithItsContext() {
	p.Helper()
	ctx, cancel := context.WithCancel(p.Context())
	defer cancel()
	s, err := open(&Options{Driver: p.driver, Database: sources.NewSecret(p.address), Timeout: time.Minute, Rows: 1, Format: record.DefaultFormat(),
		Query: "SELECT '2026-11-19' AS date, sleep(60) AS cost", Accounts: []record.Account{{Currency: "EUR", Timezone: "UTC"}}}, sources.Env{Name: "warehouse", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		p.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Fetch(ctx, sourcetest.Query(s.(*source).accounts[0], sources.Day, kpi.NewDate(2026, 11, 19)), func(sources.Record) error { return nil })
		ended <- err
	}()
	p.untilAsleep(true)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		p.Error(err)
	}
}

// untilAsleep waits until some query sleeps, or none does.
func (p *place) untilAsleep(want bool) {
	p.Helper()
	for began := time.Now(); ; {
		var asleep int
		if err := p.database.QueryRowContext(p.Context(), "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep'").Scan(&asleep); err != nil {
			p.Fatal(err)
		}
		if (asleep > 0) == want {
			return
		}
		if time.Since(began) > 30*time.Second {
			p.Fatalf("%d queries sleep", asleep)
		}
	}
}

func TestAddressesOfMySQLAreStrict(t *testing.T) {
	for address, want := range map[string][3]string{ // network, place and TLS
		"mysql://ann:s3cr3t@db.example/shop":                      {"tcp", "db.example:3306", "true"},
		"mysql://ann:s3cr3t@db.example:3307/shop?tls=skip-verify": {"tcp", "db.example:3307", "skip-verify"},
		"mysql://ann:s3cr3t@db.example/shop?tls=false":            {"tcp", "db.example:3306", "false"},
		"mysql://ann:s3cr3t@127.0.0.1/shop":                       {"tcp", "127.0.0.1:3306", ""},
		"mysql://ann:s3cr3t@[::1]:3306/shop":                      {"tcp", "[::1]:3306", ""},
		"mysql://ann:s3cr3t@localhost/shop":                       {"tcp", "localhost:3306", ""},
		"mysql://ann:s3cr3t@/shop?socket=/run/mysqld/mysqld.sock": {"unix", "/run/mysqld/mysqld.sock", ""},
	} {
		config, err := parseMySQL(address)
		if err != nil || [3]string{config.Net, config.Addr, config.TLSConfig} != want || config.User != "ann" || config.Passwd != "s3cr3t" || config.DBName != "shop" || config.MultiStatements || config.AllowAllFiles || config.InterpolateParams {
			t.Errorf("%s: %+v, %v", address, config, err)
		}
	}
	for _, address := range []string{
		"", "ann:s3cr3t@tcp(db.example)/shop", "postgres://ann:s3cr3t@db.example/shop", "mysql://db.example/shop", "mysql://:s3cr3t@db.example/shop", "mysql://ann:s3cr3t@/shop",
		"mysql://ann:s3cr3t@db.example/shop?multiStatements=true", "mysql://ann:s3cr3t@db.example/shop?allowAllFiles=true", "mysql://ann:s3cr3t@db.example/shop?tls=preferred",
		"mysql://ann:s3cr3t@db.example/shop?socket=/x", "mysql://ann:s3cr3t@db.example:port/shop", "mysql://ann:s3cr3t@db.example/shop?tls=%zz", "mysql://ann:s3cr3t@db.example/shop#x",
	} {
		o := defaults()
		o.Driver, o.Database, o.Query, o.Accounts = "mysql", sources.NewSecret(address), "SELECT 1", []record.Account{{Currency: "EUR", Timezone: "UTC"}}
		if _, err := open(o, sources.Env{Name: "x"}); err == nil || !strings.HasPrefix(err.Error(), "database: ") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestQuotesOfMySQLMayBeEscaped(t *testing.T) {
	for text, want := range map[string]string{
		`SELECT 'a\'; {', "b\"{", ` + "`c\\`" + `, {from}, {from};`: `SELECT 'a\'; {', "b\"{", ` + "`c\\`" + `, ?, ?`,
		"SELECT 1 # {from}; ' \n, {to}":                             "SELECT 1 # {from}; ' \n, ?",
	} {
		if q, err := parse(text, drivers["mysql"]); err != nil || q.text != want || len(q.arguments(sources.Query{})) != strings.Count(want, "?") {
			t.Errorf("%s is %q, %v", text, q.text, err)
		}
	}
	if _, err := parse(`SELECT 'a\'{from}'`, drivers["mysql"]); err == nil || !strings.Contains(err.Error(), "stands in quotes") {
		t.Error(err)
	}
}

func FuzzMySQLAddress(f *testing.F) {
	f.Add("mysql://ann:s3cr3t@db.example/shop?tls=true&socket=x")
	f.Fuzz(func(t *testing.T, address string) {
		config, err := parseMySQL(address)
		if err != nil {
			return
		}
		if config.MultiStatements || config.AllowAllFiles || config.AllowCleartextPasswords || config.AllowFallbackToPlaintext || config.User == "" || config.Addr == "" {
			t.Errorf("%q: %+v", address, config)
		}
	})
}
