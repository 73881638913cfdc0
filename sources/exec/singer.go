package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"adtop/sources"
	"adtop/sources/record"
)

// catalogs remembers what a tap offers, for the lifetime of the program.
type catalogs struct {
	mu   sync.Mutex
	kept map[string][]byte // by account
}

func (c *catalogs) get(account string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[account]
}

func (c *catalogs) put(account string, catalog []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string][]byte{}
	}
	c.kept[account] = catalog
}

// singer runs a tap by the Singer specification.
func (r *run) singer(ctx context.Context) error {
	if err := r.config(); err != nil {
		return err
	}
	if err := r.catalog(ctx, []string{"--config", r.seen(configFile), "--discover"}, r.discovered, selected); err != nil {
		return err
	}
	more := []string{"--config", r.seen(configFile), r.options.CatalogFlag, r.seen(catalogFile)}
	if r.kept.Value != nil {
		more = append(more, "--state", r.seen(stateFile))
	}
	t := r.newTap()
	if err := r.execute(ctx, r.dir, r.command(more...), r.environment(), t.singerLine); err != nil {
		r.catalogs.put(r.query.Account.ID, nil) // it may be out of date
		return err
	}
	return t.post()
}

// catalog writes the catalog: the user's, or what the program offers, with the
// configured streams chosen.
func (r *run) catalog(ctx context.Context, ask []string, read func(*[]byte) func(int, []byte) error, choose func([]byte, []Stream) ([]byte, error)) error {
	if r.options.Catalog != "" {
		catalog, err := os.ReadFile(r.env.Path(r.options.Catalog))
		if err != nil {
			return sources.Errorf(sources.Invalid, "catalog: %w", err)
		}
		if _, err := record.Object(catalog); err != nil {
			return sources.Errorf(sources.Invalid, "catalog: %s: %w", r.options.Catalog, err)
		}
		return r.write(catalogFile, catalog)
	}
	catalog := r.catalogs.get(r.query.Account.ID)
	if catalog == nil {
		var offered []byte
		if err := r.execute(ctx, r.dir, r.command(ask...), r.environment(), read(&offered)); err != nil {
			return err
		}
		var err error
		if catalog, err = choose(offered, r.options.Streams); err != nil {
			return sources.Errorf(sources.Malformed, "the catalog of the program: %w", err)
		}
		r.catalogs.put(r.query.Account.ID, catalog)
	}
	return r.write(catalogFile, catalog)
}

// discovered gathers the lines of a catalog, which is one document.
func (r *run) discovered(into *[]byte) func(int, []byte) error {
	return func(n int, text []byte) error {
		if len(*into)+len(text) > 4*maxLine {
			return wrong(n, "a catalog of more than %d MiB", 4*maxLine>>20)
		}
		*into = append(append(*into, text...), '\n')
		return nil
	}
}

// selected chooses streams and fields of a Singer catalog, both in metadata and,
// for old taps, in the stream itself.
func selected(offered []byte, wanted []Stream) ([]byte, error) {
	catalog, err := record.Object(offered)
	if err != nil {
		return nil, err
	}
	streams, _ := catalog["streams"].([]any)
	left := map[string]Stream{}
	for _, s := range wanted {
		left[s.Name] = s
	}
	var have []string
	for _, one := range streams {
		s, _ := one.(map[string]any)
		name := text(s["stream"])
		if name == "" {
			name = text(s["tap_stream_id"])
		}
		have = append(have, sources.Clean(name))
		want, asked := left[name]
		if s == nil || !asked {
			continue
		}
		delete(left, name)
		s["selected"] = true
		s["metadata"] = chosen(s["metadata"], want)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		return nil, fmt.Errorf("no stream %q: expected one of %s", name, strings.Join(have[:min(len(have), 50)], ", "))
	}
	return json.Marshal(catalog)
}

// chosen marks the stream and the fields that are read.
func chosen(metadata any, want Stream) []any {
	entries, _ := metadata.([]any)
	fields := map[string]bool{}
	for _, field := range want.Columns {
		first, _, _ := strings.Cut(field, ".")
		fields[first] = true
	}
	found := map[string]bool{}
	for _, one := range entries {
		entry, _ := one.(map[string]any)
		crumbs, _ := entry["breadcrumb"].([]any)
		inner, _ := entry["metadata"].(map[string]any)
		switch {
		case inner == nil:
		case len(crumbs) == 0:
			inner["selected"], found[""] = true, true
		case len(crumbs) == 2 && fields[text(crumbs[1])]:
			inner["selected"], found[text(crumbs[1])] = true, true
		}
	}
	if !found[""] {
		entries = append(entries, map[string]any{"breadcrumb": []any{}, "metadata": map[string]any{"selected": true}})
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if !found[field] {
			entries = append(entries, map[string]any{"breadcrumb": []any{"properties", field}, "metadata": map[string]any{"selected": true}})
		}
	}
	return entries
}

// singerLine reads one message. Types are compared without regard to case, and
// unknown ones passed over, as the specification has it.
func (t *tap) singerLine(n int, line []byte) error {
	message, err := t.message(n, line)
	if err != nil || message == nil {
		return err
	}
	name := text(message["stream"])
	switch kind := strings.ToUpper(text(message["type"])); kind {
	case "":
		return wrong(n, "a message without a type: expected RECORD, SCHEMA or STATE")
	case "SCHEMA":
		return t.schema(n, name, message)
	case "RECORD":
		values, ok := message["record"].(map[string]any)
		if !ok || name == "" {
			return wrong(n, "a RECORD without stream or record: expected both")
		}
		return t.record(n, name, values, version(message))
	case "STATE":
		value, ok := message["value"]
		if !ok {
			return wrong(n, "a STATE without a value")
		}
		if t.state, err = json.Marshal(value); err != nil {
			return wrong(n, "a STATE: %w", err)
		}
	case "ACTIVATE_VERSION":
		if s := t.streams[name]; s != nil {
			t.drop(s, version(message))
		}
	case "BATCH":
		if t.streams[name] != nil {
			return wrong(n, "a BATCH of files: expected RECORDs; take batch_config out of the tap's config")
		}
	}
	return nil
}

func version(message map[string]any) int64 {
	number, _ := message["version"].(json.Number)
	v, err := number.Int64()
	if err != nil {
		return 0
	}
	return v
}

// schema checks that a stream has the fields that the config names.
func (t *tap) schema(n int, name string, message map[string]any) error {
	schema, ok := message["schema"].(map[string]any)
	listed, isList := message["key_properties"].([]any)
	if name == "" || !ok || !isList {
		return wrong(n, "a SCHEMA without stream, schema or key_properties: expected all three")
	}
	s := t.streams[name]
	if s == nil {
		return nil
	}
	var keys []string
	for _, one := range listed {
		key, ok := one.(string)
		if !ok || key == "" {
			return wrong(n, "key_properties of stream %s: expected names of fields", sources.Clean(name))
		}
		keys = append(keys, key)
	}
	if s.known && !slices.Equal(keys, s.keys) {
		return wrong(n, "stream %s changes its key_properties: expected the same in a run", sources.Clean(name))
	}
	if properties, ok := schema["properties"].(map[string]any); ok && len(properties) > 0 {
		for column, path := range s.fields {
			if _, there := properties[path[0]]; !there {
				names := slices.Sorted(maps.Keys(properties))
				refusal := wrong(n, "stream %s has no field %q for %s: expected one of %s", sources.Clean(name), path[0], column, sources.Clean(strings.Join(names[:min(len(names), 50)], ", ")))
				refusal.Kind, refusal.Next = sources.Invalid, "Correct streams in the config."
				return refusal
			}
		}
	}
	return t.identify(n, name, s, keys)
}
