package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/record"
)

// The files in the private folder of a run.
const (
	configFile  = "config.json"
	catalogFile = "catalog.json"
	stateFile   = "state.json"
)

// run is one Fetch under way.
type run struct {
	*source
	query sources.Query
	dir   string
	kept  memory
	book  *record.Book
	line  *record.Line // read again and again

	through  time.Time       // as the program says; zero when it does not
	state    json.RawMessage // the newest that it printed
	warnings []string
}

// wrong is the error of one line of the output.
func wrong(n int, format string, args ...any) *sources.Error {
	return sources.Errorf(sources.Malformed, "line %d: %w", n, fmt.Errorf(format, args...))
}

// poll runs the program in its protocol.
func (r *run) poll(ctx context.Context) error {
	if r.kept.Value != nil {
		if err := r.write(stateFile, r.kept.Value); err != nil {
			return err
		}
	}
	switch r.options.Protocol {
	case protocolSinger:
		return r.singer(ctx)
	case protocolAirbyte:
		return r.airbyte(ctx)
	}
	return r.execute(ctx, r.dir, r.command(), r.environment(), r.row)
}

// row reads a line of the row format.
func (r *run) row(n int, text []byte) error {
	if err := record.ParseLine(text, r.line); err != nil {
		return wrong(n, "%w", err)
	}
	if r.line.State != nil {
		r.state = r.line.State
	}
	if !r.line.CompleteThrough.IsZero() {
		r.through = r.line.CompleteThrough
	}
	if !r.line.IsRow {
		return nil
	}
	if err := r.book.Add(&r.line.Row); err != nil {
		return wrong(n, "%w", err)
	}
	return nil
}

// command is the configured one with its placeholders filled in.
func (r *run) command(more ...string) []string {
	fill := record.Fillings(r.query, nil)
	var command []string
	for _, argument := range r.options.Command {
		command = append(command, strings.ReplaceAll(fill.Replace(argument), "{dir}", r.dir))
	}
	return append(command, more...)
}

// seen is the path of a file of the private folder as the program sees it.
func (r *run) seen(name string) string {
	if r.options.Mount != "" {
		return path.Join(r.options.Mount, name)
	}
	return filepath.Join(r.dir, name)
}

func (r *run) write(name string, content []byte) error {
	if err := os.WriteFile(filepath.Join(r.dir, name), content, 0o600); err != nil {
		return sources.Errorf(sources.Unavailable, "private file of the program: %w", err)
	}
	return nil
}

// config writes the file that a tap is configured with, secrets included.
func (r *run) config() error {
	settings, err := r.settings()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	leaves(settings, func(text string) { known[text] = true })
	renewed, err := r.keptConfig()
	if err != nil {
		return err
	}
	if renewed != nil {
		settings = renewed
		leaves(settings, func(text string) {
			if !known[text] {
				r.hide(text)
			}
		})
	}
	content, err := json.Marshal(settings)
	if err != nil {
		return sources.Errorf(sources.Invalid, "config: %w", err)
	}
	return r.write(configFile, content)
}

// settings is the config of the user, secrets included.
func (r *run) settings() (map[string]any, error) {
	settings := map[string]any{}
	if r.options.Config != "" {
		template, err := os.ReadFile(r.env.Path(r.options.Config))
		if err != nil {
			return nil, sources.Errorf(sources.Invalid, "config: %w", err)
		}
		if settings, err = record.Object([]byte(record.Fillings(r.query, inJSON).Replace(string(template)))); err != nil {
			return nil, sources.Errorf(sources.Invalid, "config: %s: %w", r.options.Config, err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.options.ConfigSecret)) {
		if err := put(settings, strings.Split(key, "."), r.options.ConfigSecret[key].Reveal()); err != nil {
			return nil, sources.Errorf(sources.Invalid, "config_secret: %s: %w", key, err)
		}
	}
	return settings, nil
}

// leaves visits every text within nested settings.
func leaves(value any, visit func(string)) {
	switch v := value.(type) {
	case string:
		visit(v)
	case map[string]any:
		for _, inner := range v {
			leaves(inner, visit)
		}
	case []any:
		for _, inner := range v {
			leaves(inner, visit)
		}
	}
}

// put sets a value within nested objects.
func put(settings map[string]any, at []string, value string) error {
	for _, key := range at[:len(at)-1] {
		inner, ok := settings[key].(map[string]any)
		if settings[key] == nil {
			inner, ok = map[string]any{}, true
			settings[key] = inner
		}
		if !ok {
			return fmt.Errorf("%q is no object in the config", key)
		}
		settings = inner
	}
	settings[at[len(at)-1]] = value
	return nil
}

func inJSON(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil { // a string always encodes
		return ""
	}
	return strings.Trim(string(encoded), `"`)
}
