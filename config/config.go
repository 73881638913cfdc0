// Package config reads adtop's YAML file into a checked Config and resolves
// the secrets that it refers to.
//
// The file is plain YAML: one document without anchors, aliases or tags, every
// key known, every value of its type. All that is wrong with it is reported at
// once, each problem with its place, the line and what to write instead. What
// the options of a source or a target mean is for others to say: they are kept as
// they stand and decoded by Source.Decode and Target.Decode.
package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"adtop/kpi"
)

// maxFile bounds a config file, in bytes.
const maxFile = 1 << 20

// Config is a checked config file.
type Config struct {
	File     string         // as given to Load or Parse
	Title    string         // heading of the screens; "" when the file gives none
	Currency kpi.Currency   // everything is shown in it
	Zone     *time.Location // in which the screens print times
	Database string         // absolute path of the cache; "" when the file gives none

	Economics kpi.Economics // defaults of all channels; Margin is 0 when the file gives none
	Rates     []Rate        // by currency, then date
	Sources   []Source      // at least one; names are unique
	Channels  []Channel     // names are unique; earlier ones claim first
	Alerts    Alerts
	Notify    *Notify // nil when nobody is told
	Retention Retention
	Display   Display
	Feed      Feed
	Serve     *Serve // nil when the file has no such section
}

// Display says how the screens look; "" and false leave it to the terminal.
type Display struct {
	Theme   string // one of Themes
	Numbers string // one of NumberFormats
	Mouse   bool   // on from the beginning
	Desktop string // one of Desktops
}

// Themes, NumberFormats and Desktops are what a file may ask for.
var (
	Themes        = []string{"auto", "dark", "light", "ansi", "colorblind", "none"}
	NumberFormats = []string{"1,234.5", "1.234,5", "1 234,5", "1'234.5", "1234.5"}
	Desktops      = []string{"auto", "osc9", "osc777", "osc99", "bell", "none"}
)

// Retention says how exactly the past is kept: every observation for Detail,
// then what was known at full hours for Hourly, then what was known at
// midnights, in UTC, for History. Older days keep their newest totals only.
type Retention struct{ Detail, Hourly, History time.Duration }

// Rate is the fixed price of one unit of From in Config.Currency, from a day
// on until the next Rate of that currency.
type Rate struct {
	From  kpi.Currency
	Since kpi.Date // 1 January 1970 when the file gives no day
	Rate  kpi.Rate
}

// Alerts says how alerts behave.
type Alerts struct {
	FalseAlarmsPerMonth float64 // accepted for the whole account; above 0
	Rules               []Rule  // in the order of the file
}

// Channel is what the user steers by.
type Channel struct {
	Name      string
	Spend     []Spend  // campaigns whose cost and clicks count; empty for a channel that costs nothing
	Results   []Result // where its results come from, all of one source; empty means what the spend sources report
	Economics kpi.Economics
}

// ResultSource names the source of the channel's results, "" when they are
// what its spend sources report.
func (ch Channel) ResultSource() string {
	if len(ch.Results) == 0 {
		return ""
	}
	return ch.Results[0].Source
}

// Load reads the file at path. The error of a file that is not there wraps
// fs.ErrNotExist; what is wrong with its content is an *Error.
func Load(path string) (*Config, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no config at %s: copy config.example.yaml there and edit it: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("open config: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read config %s: %w", path, err)
	}
	return Parse(path, content)
}

// Parse checks the content of a config file. Name is its path: it stands in
// the errors, and relative paths in the file start at its folder. Every error
// is an *Error.
func Parse(name string, content []byte) (*Config, error) {
	d := &decoder{text: newText(name, content)}
	root := d.parse(content)
	if root == nil {
		return nil, d.err()
	}
	c := d.config(root)
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Dir returns the folder of the config file: relative paths in it start here.
func (c *Config) Dir() string { return filepath.Dir(c.File) }

// Hash identifies the definition of a channel: it changes when the name, what
// the channel claims, its economics or the display currency changes, and with
// nothing else.
func (c *Config) Hash(ch Channel) (string, error) {
	definition, err := json.Marshal(struct {
		Currency kpi.Currency
		Channel  Channel
	}{c.Currency, ch})
	if err != nil {
		return "", fmt.Errorf("hash channel %s: %w", ch.Name, err)
	}
	sum := sha256.Sum256(definition)
	return hex.EncodeToString(sum[:8]), nil
}
