// Package exec reads campaign figures from a program of the user's: one that
// prints adtop's own rows, a Singer tap, or an Airbyte source.
//
// The program runs without a shell, in a process group and a private folder of
// its own, with a bare environment. A run counts whole or not at all: a line that
// cannot be read, an exit code, a silence or the end of the poll ends the group
// and leaves nothing behind. Secrets reach it in its environment or in a 0600
// file, never on its command line.
package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/record"
)

const platform = "exec"

// The protocols.
const (
	protocolRows    = "rows"
	protocolSinger  = "singer"
	protocolAirbyte = "airbyte"
)

// Definition describes the type "exec". What the program reports is up to its
// owner, so dating and basis are the cautious ones: some results each way,
// revenue as reported. An absent row is missing, not zero.
func Definition() sources.Definition {
	return sources.Definition{
		Type:        "exec",
		Summary:     "Campaign figures from any program: your own script, a Singer tap, an Airbyte source",
		Docs:        "https://hub.meltano.com/extractors/",
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.Mixed,
		Basis:       kpi.Reported,
		Restates:    30,
		History:     3650,
		MinInterval: time.Minute,
		Credentials: []string{
			"Name the program and its arguments. It gets what you name in `env` and, by reference, in `secret_env`, and nothing else of yours.",
		},
		Options: func() any { return defaults() },
		Open:    open,
	}
}

// Options are the settings of one source of type exec.
type Options struct {
	Command  []string `yaml:"command"`  // program and arguments, without a shell
	Protocol string   `yaml:"protocol"` // rows, singer or airbyte

	Env       map[string]string         `yaml:"env"`        // besides PATH, HOME and the like
	SecretEnv map[string]sources.Secret `yaml:"secret_env"` // by reference

	Config       string                    `yaml:"config"`        // JSON file that a tap is given; {from} and the like are filled in
	ConfigSecret map[string]sources.Secret `yaml:"config_secret"` // put into that file's top level, or deeper with a.b
	ConfigKeep   string                    `yaml:"config_keep"`   // 0600 file for the config that an Airbyte source renews
	Catalog      string                    `yaml:"catalog"`       // JSON file; the tap is asked for it without one
	CatalogFlag  string                    `yaml:"catalog_flag"`  // --catalog, or --properties for old taps
	Mount        string                    `yaml:"mount"`         // where the program sees {dir}, for containers
	Streams      []Stream                  `yaml:"streams"`

	Incremental bool             `yaml:"incremental"` // hand the state of the last run back
	Timeout     time.Duration    `yaml:"timeout"`     // of a run
	Silence     time.Duration    `yaml:"silence"`     // longest time without a line
	Lag         time.Duration    `yaml:"lag"`         // how late figures are; without it they count as complete up to the newest row
	Accounts    []record.Account `yaml:"accounts"`
	Format      record.Format    `yaml:"format"`
}

// Stream says which fields of a tap's stream are which columns.
type Stream struct {
	Name    string            `yaml:"stream"`
	Columns map[string]string `yaml:"columns"` // ours on the left, the stream's on the right; a.b is within a
}

func defaults() *Options {
	return &Options{
		Protocol: protocolRows, CatalogFlag: "--catalog", Timeout: time.Hour, Silence: 10 * time.Minute, Format: record.DefaultFormat(),
	}
}

// check says what is wrong with the options.
func (o *Options) check() error {
	switch {
	case len(o.Command) == 0 || o.Command[0] == "":
		return fmt.Errorf("command: required: a list of the program and its arguments, such as [./report.sh]")
	case !slices.Contains([]string{protocolRows, protocolSinger, protocolAirbyte}, o.Protocol):
		return fmt.Errorf("protocol: %q: expected rows, singer or airbyte", o.Protocol)
	case o.Timeout < time.Second || o.Timeout > 24*time.Hour:
		return fmt.Errorf("timeout: %s: expected a time from 1s to 24h", o.Timeout)
	case o.Silence < time.Second:
		return fmt.Errorf("silence: %s: expected 1s at least", o.Silence)
	case o.Lag < 0:
		return fmt.Errorf("lag: %s: expected a time", o.Lag)
	case !slices.Contains([]string{"--catalog", "--properties"}, o.CatalogFlag):
		return fmt.Errorf("catalog_flag: %q: expected --catalog or --properties", o.CatalogFlag)
	}
	for name := range o.Env {
		if _, twice := o.SecretEnv[name]; twice || name == "" || strings.ContainsAny(name, "=\x00") {
			return fmt.Errorf("env: %q: expected a name that stands once", name)
		}
	}
	for _, argument := range o.Command {
		for _, secret := range o.secrets() {
			if len(secret) >= 4 && strings.Contains(argument, secret) {
				return fmt.Errorf("command: an argument holds a secret, which every user of the machine could read: hand it over with secret_env or config_secret")
			}
		}
	}
	if err := o.Format.Check("format"); err != nil {
		return err
	}
	return o.checkTap()
}

// checkTap looks at what only taps have.
func (o *Options) checkTap() error {
	if o.Protocol == protocolRows {
		for key, set := range map[string]bool{
			"streams": len(o.Streams) > 0, "config": o.Config != "", "config_secret": len(o.ConfigSecret) > 0, "config_keep": o.ConfigKeep != "", "catalog": o.Catalog != "", "mount": o.Mount != "",
		} {
			if set {
				return fmt.Errorf("%s: is for protocol singer or airbyte", key)
			}
		}
		return nil
	}
	if o.ConfigKeep != "" && o.Protocol != protocolAirbyte {
		return fmt.Errorf("config_keep: only Airbyte sources renew their config")
	}
	if len(o.Streams) == 0 {
		return fmt.Errorf("streams: required: which stream holds the figures, and in which fields")
	}
	seen := map[string]bool{}
	for _, s := range o.Streams {
		if s.Name == "" || seen[s.Name] {
			return fmt.Errorf("streams: %q: expected a name that stands once", s.Name)
		}
		seen[s.Name] = true
		if err := s.check(); err != nil {
			return fmt.Errorf("streams: %s: %w", s.Name, err)
		}
	}
	return nil
}

func (s Stream) check() error {
	figures := 0
	for key, field := range s.Columns {
		column, known := record.ColumnOf(key)
		if !known {
			return fmt.Errorf("columns: %q is no column: expected one of %s", key, record.Names())
		}
		if field == "" {
			return fmt.Errorf("columns.%s: names no field of the stream", key)
		}
		if column >= record.Impressions {
			figures++
		}
	}
	if s.Columns[record.Date.String()] == "" {
		return fmt.Errorf("columns.date: required: the field that holds the day")
	}
	if figures == 0 {
		return fmt.Errorf("columns: none of impressions, clicks, cost, conversions and revenue is named")
	}
	return nil
}

// secrets lists the values that must never be written.
func (o *Options) secrets() (all []string) {
	for _, of := range []map[string]sources.Secret{o.SecretEnv, o.ConfigSecret} {
		for _, s := range of {
			all = append(all, s.Reveal())
		}
	}
	return all
}

type source struct {
	options  Options
	env      sources.Env
	accounts []sources.Account
	clean    func(string) string // takes the secrets out
	hide     func(...string)     // makes more of them known
	terms    string              // what a kept state belongs to
	grace    time.Duration       // between SIGTERM and SIGKILL
	drain    time.Duration       // after the end of the program, for what it has printed
	catalogs catalogs
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	if !groups {
		return nil, fmt.Errorf("type: exec needs process groups, which this system does not have")
	}
	accounts, err := record.Accounts(o.Accounts, env.Name)
	if err != nil {
		return nil, err
	}
	terms, err := json.Marshal([]any{o.Command, o.Protocol, o.Streams, o.Format})
	if err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	clean, hide := httpkit.Redact(o.secrets()...)
	return &source{options: o, env: env, accounts: accounts, clean: clean, hide: hide, terms: digest(terms), grace: 5 * time.Second, drain: 5 * time.Second}, nil
}

// Accounts returns the accounts that the options describe.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	return s.accounts, ctx.Err()
}

// Fetch runs the program once and hands over what it printed, when all of it was
// sound and the program says that it went well. With an incremental source rows
// of older days may be among them.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if !slices.ContainsFunc(s.accounts, func(a sources.Account) bool { return a.ID == q.Account.ID }) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: no account %q in the config", platform, sources.Clean(q.Account.ID))
	}
	book, err := record.NewBook(platform, q, s.options.Format)
	if err != nil {
		return sources.Receipt{}, err
	}
	kept := s.remembered(q)
	book.Older = kept.Value != nil
	dir, err := os.MkdirTemp("", "adtop-exec-")
	if err != nil {
		return sources.Receipt{}, sources.Errorf(sources.Unavailable, "%s: no private folder for the program: %w", platform, err)
	}
	defer os.RemoveAll(dir)
	asked := s.env.Now()
	run := &run{source: s, query: q, dir: dir, kept: kept, book: book, line: &record.Line{}}
	if err := run.poll(ctx); err != nil {
		return sources.Receipt{}, s.redacted(ctx, err)
	}
	if err := book.Put(yield); err != nil {
		return sources.Receipt{}, err
	}
	return run.receipt(asked), nil
}
