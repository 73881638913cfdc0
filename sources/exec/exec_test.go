//go:build unix

package exec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/record"
)

var (
	now    = time.Date(2026, 11, 20, 12, 30, 0, 0, time.UTC)
	days   = kpi.DateRange{From: kpi.NewDate(2026, 11, 19), To: kpi.NewDate(2026, 11, 20)}
	berlin = func() *time.Location { zone, _ := time.LoadLocation("Europe/Berlin"); return zone }()
)

// stand is a source on one of the test's programs.
type stand struct {
	t      *testing.T
	out    string // folder that the program may write to
	log    bytes.Buffer
	source *source
}

func newStand(t *testing.T, program string, change func(*Options)) *stand {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, out: t.TempDir()}
	t.Setenv("TMPDIR", t.TempDir()) // the private folders are made here
	o := defaults()
	o.Command = []string{self}
	o.Env = map[string]string{"ADTOP_TEST_PROGRAM": program, "OUT": s.out}
	o.Accounts = []record.Account{{ID: "acme", Currency: "EUR", Timezone: "Europe/Berlin"}}
	if change != nil {
		change(o)
	}
	opened, err := open(o, sources.Env{Name: "own", Now: func() time.Time { return now }, Dir: s.out, Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	s.source = opened.(*source)
	return s
}

func (s *stand) query(state []byte) sources.Query {
	accounts, err := s.source.Accounts(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return sources.Query{Account: accounts[0], Days: days, Level: sources.LevelCampaign, Grain: sources.Day, State: state}
}

// fetch returns rows as text, and fails the test when the private folder is left.
func (s *stand) fetch(ctx context.Context, q sources.Query) ([]string, sources.Receipt, error) {
	s.t.Helper()
	var rows []string
	receipt, err := s.source.Fetch(ctx, q, func(r sources.Record) error {
		row := r.(sources.Row)
		m := row.Metrics
		rows = append(rows, fmt.Sprintf("%s %s %s has %d: %d %d %d %d %d", row.Slot.Date, row.Entity.ID, row.Entity.Name, m.Has, m.Impressions, m.Clicks, m.Cost, m.Conversions, m.Revenue))
		return nil
	})
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); len(left) > 0 {
		s.t.Errorf("files are left behind: %v", left)
	}
	if err != nil && len(rows) > 0 {
		s.t.Errorf("rows of a failed run were handed over: %v", rows)
	}
	return rows, receipt, err
}

func (s *stand) want(state []byte, want ...string) sources.Receipt {
	s.t.Helper()
	rows, receipt, err := s.fetch(s.t.Context(), s.query(state))
	if err != nil {
		s.t.Fatal(err)
	}
	if !slices.Equal(rows, want) {
		s.t.Errorf("got\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	return receipt
}

func TestRowsOfAProgramAreReadExactly(t *testing.T) {
	s := newStand(t, "rows", nil)
	receipt := s.want(nil, "2026-11-19 7 Spring has 30: 0 12 12340000 1500000 40000000", "2026-11-20 7 Spring has 4: 0 0 1000000 0 0")
	if at := receipt.CompleteThrough; !at.Equal(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)) || receipt.State != nil {
		t.Errorf("complete through %s, state %s", at, receipt.State)
	}
}

func TestWithoutAPromiseFiguresAreCompleteUpToTheNewestRow(t *testing.T) {
	for program, want := range map[string]time.Time{
		"last line without end": time.Date(2026, 11, 20, 0, 0, 0, 0, berlin),
		"nothing":               time.Date(2026, 11, 19, 0, 0, 0, 0, berlin),
	} {
		s := newStand(t, program, nil)
		_, receipt, err := s.fetch(t.Context(), s.query(nil))
		if err != nil || !receipt.CompleteThrough.Equal(want) {
			t.Errorf("%s: complete through %s, %v", program, receipt.CompleteThrough, err)
		}
	}
	s := newStand(t, "nothing", func(o *Options) { o.Lag = 2 * time.Hour })
	if _, receipt, err := s.fetch(t.Context(), s.query(nil)); err != nil || !receipt.CompleteThrough.Equal(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("with a lag: complete through %s, %v", receipt.CompleteThrough, err)
	}
}

func TestABadRunCountsForNothingAndSaysWhy(t *testing.T) {
	for _, c := range []struct {
		program string
		kind    sources.Kind
		says    string
		change  func(*Options)
	}{
		{"garbage", sources.Malformed, `line 2: "Segmentation fault\x1b[31m": expected a JSON object`, nil},
		{"misspelt", sources.Malformed, `line 1: "costs": unknown: expected one of date, hour`, nil},
		{"no money", sources.Malformed, `line 1: cost: "12,5": expected a number with a decimal point`, nil},
		{"repeats", sources.Malformed, `line 2: date: a second row of "a" for 2026-11-19: expected one`, nil},
		{"dies", sources.Auth, `exit status 1: Traceback (most recent call last): / requests.HTTPError: 401 Client Error, token [redacted]`, nil},
		{"killed", sources.Unavailable, "signal: killed", nil},
		{"silent", sources.Unavailable, "printed no line for 1s", func(o *Options) { o.Silence = time.Second }},
		{"endless", sources.Unavailable, "ran for 1s", func(o *Options) { o.Timeout = time.Second }},
		{"long line", sources.Malformed, "line 1: longer than 4 MiB", nil},
	} {
		t.Run(c.program, func(t *testing.T) {
			s := newStand(t, c.program, func(o *Options) {
				o.SecretEnv = map[string]sources.Secret{"TOKEN": sources.NewSecret("s3cr3t-of-acme")}
				if c.change != nil {
					c.change(o)
				}
			})
			_, _, err := s.fetch(t.Context(), s.query(nil))
			var known *sources.Error
			if !errors.As(err, &known) || known.Kind != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v\nwant %s: …%s…", err, c.kind, c.says)
			}
			if strings.Contains(s.log.String()+fmt.Sprint(err), "s3cr3t-of-acme") {
				t.Error("the secret is written down")
			}
		})
	}
}

func TestNoPartOfALongSecretIsRepeated(t *testing.T) {
	secret := strings.Repeat("k3y-of-acme.", 400)
	s := newStand(t, "says too much", func(o *Options) {
		o.SecretEnv = map[string]sources.Secret{"TOKEN": sources.NewSecret(secret)}
	})
	_, _, err := s.fetch(t.Context(), s.query(nil))
	if err == nil || !strings.Contains(err.Error(), "the key is [redacted]") || strings.Contains(s.log.String()+err.Error(), "k3y") {
		t.Errorf("got %v and the log\n%s", err, s.log.String())
	}
}

func TestExitCodesHaveKinds(t *testing.T) {
	for code, kind := range map[string]sources.Kind{
		"1": sources.Unavailable, "64": sources.Invalid, "65": sources.Malformed, "67": sources.Auth, "69": sources.Unavailable,
		"75": sources.QuotaKind, "77": sources.Permission, "78": sources.Invalid, "127": sources.Invalid,
	} {
		s := newStand(t, "code", func(o *Options) { o.Env["CODE"] = code })
		if _, _, err := s.fetch(t.Context(), s.query(nil)); sources.KindOf(err) != kind {
			t.Errorf("exit code %s is %v, want %s", code, err, kind)
		}
	}
	s := newStand(t, "rows", func(o *Options) { o.Command = []string{"./no-such-program"} })
	if _, _, err := s.fetch(t.Context(), s.query(nil)); sources.KindOf(err) != sources.Invalid {
		t.Errorf("a missing program is %v", err)
	}
}

// released waits until nobody holds the lock of the test's programs: the kernel
// gives it up with the last process that has it.
func (s *stand) released() {
	s.t.Helper()
	lock, err := os.OpenFile(filepath.Join(s.out, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		defer lock.Close()
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestTheEndOfThePollEndsAllThatTheProgramStarted(t *testing.T) {
	s := newStand(t, "stubborn", nil)
	s.source.grace = 100 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, _, err := s.fetch(ctx, s.query(nil))
		done <- err
	}()
	for { // the lock is taken as soon as program and child run
		lock, err := os.OpenFile(filepath.Join(s.out, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		free := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
		lock.Close()
		if !free {
			break
		}
	}
	began := time.Now()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s.released()
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestWhatAProgramLeavesRunningIsEndedWithIt(t *testing.T) {
	s := newStand(t, "forks", nil)
	began := time.Now()
	s.want(nil, "2026-11-19 a a has 4: 0 0 1000000 0 0")
	s.released()
	if took := time.Since(began); took > 30*time.Second { // the child would hold for a minute
		t.Errorf("it took %s", took)
	}
}

func TestAProcessThatEscapedCannotHoldAPollUp(t *testing.T) {
	s := newStand(t, "escapes", nil)
	s.source.drain = 200 * time.Millisecond
	if err := syscall.Mkfifo(filepath.Join(s.out, "done"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.fetch(t.Context(), s.query(nil))
	if sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "still holds its output open") {
		t.Error(err)
	}
	pipe, err := os.OpenFile(filepath.Join(s.out, "done"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	pipe.Close() // the process ends
	s.released()
}

func TestAFullStderrStopsNothingAndIsBounded(t *testing.T) {
	s := newStand(t, "chatty", func(o *Options) {
		o.SecretEnv = map[string]sources.Secret{"TOKEN": sources.NewSecret("s3cr3t-of-acme")}
	})
	s.want(nil, "2026-11-19 a a has 4: 0 0 1000000 0 0")
	if lines := strings.Count(s.log.String(), "\n"); lines != maxLogged || strings.Contains(s.log.String(), "s3cr3t") {
		t.Errorf("%d lines in the log, want %d without secrets", lines, maxLogged)
	}
}

func TestProgramsFindNoSecretsOfOthersAndNoneOnTheCommandLine(t *testing.T) {
	t.Setenv("META_TOKEN", "of-another-source")
	s := newStand(t, "environment", func(o *Options) {
		o.SecretEnv = map[string]sources.Secret{"TOKEN": sources.NewSecret("s3cr3t-of-acme")}
		o.Command = append(o.Command, "{from}", "{until}", "{account}")
	})
	s.want(nil, "2026-11-19 a a has 2: 0 0 0 0 0")
	text, err := os.ReadFile(filepath.Join(s.out, "environment"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(found, "TOKEN=s3cr3t-of-acme") || slices.ContainsFunc(found, func(v string) bool { return strings.Contains(v, "of-another-source") }) {
		t.Errorf("environment is %q", found)
	}
	if got := found[len(found)-3:]; !slices.Equal(got, []string{"2026-11-19", "2026-11-21", "acme"}) {
		t.Errorf("arguments are %q", got)
	}
}

func TestStateComesBackOnlyFromACompleteRun(t *testing.T) {
	s := newStand(t, "incremental", func(o *Options) { o.Incremental = true })
	first := s.want(nil) // the row is of a day that was not asked for
	second := s.want(first.State, "2026-11-10 late late has 8: 0 0 0 1000000 0")
	s.want(second.State, "2026-11-10 late late has 8: 0 0 0 2000000 0")

	s.source.options.Env["FAIL"] = "1"
	if _, receipt, err := s.fetch(t.Context(), s.query(second.State)); err == nil || receipt.State != nil {
		t.Errorf("a failed run leaves state %s, %v", receipt.State, err)
	}
	delete(s.source.options.Env, "FAIL")
	older := s.query(second.State)
	older.Days.From -= 30 // days that no run without a state has read
	if rows, _, err := s.fetch(t.Context(), older); err != nil || !slices.Equal(rows, []string{"2026-11-10 late late has 8: 0 0 0 0 0"}) {
		t.Errorf("older days: %v, %v", rows, err)
	}
	s.source.terms = "another command"
	s.want(second.State)
}

func TestATapOfTheSingerSpecification(t *testing.T) {
	s := newStand(t, "singer", func(o *Options) {
		o.Protocol, o.Incremental, o.Config = protocolSinger, true, "tap.json"
		o.ConfigSecret = map[string]sources.Secret{"api.token": sources.NewSecret("s3cr3t-of-acme")}
		o.Env["EXPECTED"] = "s3cr3t-of-acme"
		o.Streams = []Stream{{"performance", map[string]string{"date": "from_date", "campaign_id": "campaign_id", "clicks": "clicks", "cost": "spend"}}}
		o.Format.Date = "day"
	})
	if err := os.WriteFile(filepath.Join(s.out, "tap.json"), []byte(`{"start_date":"{from}T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	row := func(day string) string { return day + " 004d0f 004d0f has 6: 0 12 7320001 0 0" }
	first := s.want(nil, row("2026-11-19"), row("2026-11-20"))
	if len(first.Warnings) != 1 || !strings.HasPrefix(first.Warnings[0], "1 lines of its output are no messages") {
		t.Errorf("warnings are %q", first.Warnings)
	}
	s.want(first.State, row("2026-11-20"))

	s.source.options.Env["FAIL"] = "1"
	if _, receipt, err := s.fetch(t.Context(), s.query(nil)); err == nil || receipt.State != nil {
		t.Errorf("a failed sync leaves state %s, %v", receipt.State, err)
	}
	delete(s.source.options.Env, "FAIL")
	s.source.options.Env["EXPECTED"] = "another"
	_, _, err := s.fetch(t.Context(), s.query(nil))
	if sources.KindOf(err) != sources.Permission || strings.Contains(fmt.Sprint(err)+s.log.String(), "s3cr3t") {
		t.Errorf("a refused token gives %v", err)
	}
	s.source.options.Env["EXPECTED"] = "s3cr3t-of-acme"
	s.source.options.Streams[0].Columns["cost"] = "cost"
	s.source.catalogs.put("acme", nil)
	s.source.options.Env["ANY"] = "1" // the tap takes any catalog
	if _, _, err = s.fetch(t.Context(), s.query(nil)); sources.KindOf(err) != sources.Invalid || !strings.Contains(err.Error(), `line 2: stream performance has no field "cost" for cost: expected one of campaign_id, clicks`) {
		t.Errorf("a field that the stream does not have gives %v", err)
	}
}

func TestAnAirbyteSource(t *testing.T) {
	s := newStand(t, "airbyte", func(o *Options) {
		o.Protocol, o.Incremental, o.ConfigKeep = protocolAirbyte, true, "renewed.json"
		o.ConfigSecret = map[string]sources.Secret{"token": sources.NewSecret("s3cr3t-of-acme")}
		o.Streams = []Stream{{"ads", map[string]string{"date": "day", "campaign_id": "id", "cost": "metrics.cost", "conversions": "metrics.goals"}}}
		o.Format.Cost = "micros"
	})
	row := func(day string) string { return day + " 1 1 has 12: 0 0 1250000 2000000 0" }
	first := s.want(nil, row("2026-11-19"), row("2026-11-20"))
	s.want(first.State, row("2026-11-20"))
	kept, err := os.ReadFile(filepath.Join(s.out, "renewed.json"))
	if err != nil || !strings.Contains(string(kept), "renewed-renewed-s3cr3t") {
		t.Errorf("the renewed config is not handed back: %s, %v", kept, err)
	}
	if status, err := os.Stat(filepath.Join(s.out, "renewed.json")); err != nil || status.Mode().Perm() != 0o600 {
		t.Errorf("it is kept as %v, %v", status.Mode(), err)
	}
	for fail, want := range map[string]struct {
		kind sources.Kind
		says string
	}{
		"config":     {sources.Invalid, "[redacted] is not valid"},
		"limited":    {sources.QuotaKind, "throttles"},
		"incomplete": {sources.Malformed, "ended as RUNNING: expected COMPLETE"},
	} {
		s.source.options.Env["FAIL"] = fail
		_, receipt, err := s.fetch(t.Context(), s.query(nil))
		if sources.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.says) || strings.Contains(fmt.Sprint(err)+s.log.String(), "s3cr3t") || receipt.State != nil {
			t.Errorf("%s: %v", fail, err)
		}
	}
}

func TestOptionsAreRefusedAtTheirKey(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"command: required":        func(o *Options) { o.Command = nil },
		"protocol: ":               func(o *Options) { o.Protocol = "stitch" },
		"streams: required":        func(o *Options) { o.Protocol = protocolSinger },
		"streams: is for protocol": func(o *Options) { o.Streams = []Stream{{Name: "a"}} },
		"streams: a: columns.date": func(o *Options) {
			o.Protocol, o.Streams = protocolSinger, []Stream{{"a", map[string]string{"cost": "c"}}}
		},
		`streams: a: columns: "costs`: func(o *Options) {
			o.Protocol, o.Streams = protocolSinger, []Stream{{"a", map[string]string{"costs": "c"}}}
		},
		"command: an argument holds": func(o *Options) {
			o.Command = []string{"x", "--token=s3cr3t"}
			o.SecretEnv = map[string]sources.Secret{"T": sources.NewSecret("s3cr3t")}
		},
		"accounts: required":      func(o *Options) { o.Accounts = nil },
		"accounts: own: timezone": func(o *Options) { o.Accounts = []record.Account{{Currency: "EUR"}} },
		"format.date: ":           func(o *Options) { o.Format.Date = "MM/DD" },
		"timeout: ":               func(o *Options) { o.Timeout = 0 },
	} {
		o := defaults()
		o.Command, o.Accounts = []string{"x"}, []record.Account{{Currency: "EUR", Timezone: "UTC"}}
		change(o)
		if _, err := open(o, sources.Env{Name: "own"}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s…", err, want)
		}
	}
}

func TestTheExampleOfTheReadmeRuns(t *testing.T) {
	database, err := exec.LookPath("sqlite3")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("sqlite3 is not installed, and .ci/run installs it")
	}
	if err != nil {
		t.Skip("the example needs the program sqlite3: ", err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, found := strings.Cut(string(readme), "```sh\n#!/bin/sh\n")
	script, _, ended := strings.Cut(script, "```")
	if !found || !ended {
		t.Fatal("the README has no script")
	}
	s := newStand(t, "", func(o *Options) { o.Command = []string{"./report.sh"} })
	if err := os.WriteFile(filepath.Join(s.out, "report.sh"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	fill := exec.Command(database, "shop.db", "CREATE TABLE orders (day, source, total); INSERT INTO orders VALUES ('2026-11-19', 'letter', 20.5), ('2026-11-19', 'letter', 10), ('2026-11-01', 'letter', 1)")
	fill.Dir = s.out
	if said, err := fill.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	s.want(nil, "2026-11-19 utm_source=letter letter has 24: 0 0 0 2000000 30500000")
}
