package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/record"
)

// airbyte runs a source by the Airbyte protocol.
func (r *run) airbyte(ctx context.Context) error {
	if err := r.config(); err != nil {
		return err
	}
	ask := []string{"discover", "--config", r.seen(configFile)}
	if err := r.catalog(ctx, ask, r.offered, r.configured); err != nil {
		return err
	}
	more := []string{"read", "--config", r.seen(configFile), "--catalog", r.seen(catalogFile)}
	if r.kept.Value != nil {
		more = append(more, "--state", r.seen(stateFile))
	}
	t := &reading{tap: r.newTap(), states: map[string]json.RawMessage{}, status: map[string]string{}}
	if err := t.identifyByCatalog(); err != nil {
		return err
	}
	err := r.execute(ctx, r.dir, r.command(more...), r.environment(), t.messageLine)
	if t.refusal != nil && ctx.Err() == nil { // it says more than the exit code that follows
		err = t.refusal
	}
	if err != nil {
		r.catalogs.put(r.query.Account.ID, nil)
		return err
	}
	if err := t.complete(); err != nil {
		return err
	}
	if err := t.stateOf(); err != nil {
		return err
	}
	return t.post()
}

// reading is a tap that speaks Airbyte.
type reading struct {
	*tap
	states  map[string]json.RawMessage // newest of each stream, "" is the global one
	legacy  json.RawMessage            // newest state in the old form
	status  map[string]string          // of each stream, as it was traced
	refusal *sources.Error             // as it was traced
}

// offered finds the catalog among the messages of a discovery.
func (r *run) offered(into *[]byte) func(int, []byte) error {
	t := &reading{tap: r.newTap(), states: map[string]json.RawMessage{}, status: map[string]string{}}
	return func(n int, line []byte) error {
		message, err := t.message(n, line)
		if err != nil || message == nil {
			return err
		}
		if strings.EqualFold(text(message["type"]), "CATALOG") {
			*into, err = json.Marshal(message["catalog"])
			return err
		}
		if err := t.aside(n, message); err != nil || t.refusal == nil {
			return err
		}
		return t.refusal
	}
}

// configured makes a configured catalog of the offered one.
func (r *run) configured(offered []byte, wanted []Stream) ([]byte, error) {
	if offered == nil {
		return nil, errors.New("it printed none: expected a CATALOG message")
	}
	catalog, err := record.Object(offered)
	if err != nil {
		return nil, err
	}
	streams, _ := catalog["streams"].([]any)
	var chosen []any
	var have []string
	for _, one := range streams {
		s, _ := one.(map[string]any)
		name := text(s["name"])
		have = append(have, sources.Clean(name))
		if !slices.ContainsFunc(wanted, func(w Stream) bool { return w.Name == name && name != "" }) {
			continue
		}
		entry := map[string]any{"stream": s, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
		modes, _ := s["supported_sync_modes"].([]any)
		if r.options.Incremental && slices.Contains(modes, any("incremental")) {
			entry["sync_mode"] = "incremental"
			if cursor, ok := s["default_cursor_field"].([]any); ok {
				entry["cursor_field"] = cursor
			}
		}
		if key, ok := s["source_defined_primary_key"].([]any); ok && len(key) > 0 {
			entry["primary_key"], entry["destination_sync_mode"] = key, "append_dedup"
		}
		chosen = append(chosen, entry)
	}
	if len(chosen) != len(wanted) {
		return nil, fmt.Errorf("not all configured streams are offered, each once: expected some of %s", strings.Join(have[:min(len(have), 50)], ", "))
	}
	return json.Marshal(map[string]any{"streams": chosen})
}

// identifyByCatalog takes the keys of records from the catalog in use.
func (t *reading) identifyByCatalog() error {
	content, err := os.ReadFile(filepath.Join(t.dir, catalogFile))
	if err != nil {
		return sources.Errorf(sources.Unavailable, "private file of the program: %w", err)
	}
	var catalog struct {
		Streams []struct {
			Stream struct {
				Name string     `json:"name"`
				Key  [][]string `json:"source_defined_primary_key"`
			} `json:"stream"`
			Key [][]string `json:"primary_key"`
		} `json:"streams"`
	}
	if err := json.Unmarshal(content, &catalog); err != nil {
		return sources.Errorf(sources.Invalid, "catalog: %w", err)
	}
	for _, one := range catalog.Streams {
		s := t.streams[one.Stream.Name]
		if s == nil {
			continue
		}
		key := one.Key
		if len(key) == 0 {
			key = one.Stream.Key
		}
		var fields []string
		for _, path := range key {
			fields = append(fields, strings.Join(path, "."))
		}
		if err := t.identify(1, one.Stream.Name, s, fields); err != nil {
			return err
		}
	}
	for name, s := range t.streams {
		if !s.known {
			return sources.Errorf(sources.Invalid, "catalog: has no stream %q, which streams names", name)
		}
	}
	return nil
}

func (t *reading) messageLine(n int, line []byte) error {
	message, err := t.message(n, line)
	if err != nil || message == nil {
		return err
	}
	switch strings.ToUpper(text(message["type"])) {
	case "":
		return wrong(n, "a message without a type: expected RECORD, STATE, LOG or TRACE")
	case "RECORD":
		one, _ := message["record"].(map[string]any)
		values, ok := one["data"].(map[string]any)
		if name := text(one["stream"]); ok && name != "" {
			return t.record(n, name, values, 0)
		}
		return wrong(n, "a RECORD without stream or data: expected both")
	case "STATE":
		return t.keepState(n, message["state"])
	}
	return t.aside(n, message)
}

// aside takes what is neither record nor state.
func (t *reading) aside(n int, message map[string]any) error {
	switch strings.ToUpper(text(message["type"])) {
	case "LOG":
		log, _ := message["log"].(map[string]any)
		t.env.Log.Debug("program", "source", t.env.Name, "level", sources.Clean(text(log["level"])), "message", sources.Clean(t.clean(text(log["message"]))))
	case "TRACE":
		trace, ok := message["trace"].(map[string]any)
		if !ok {
			return wrong(n, "a TRACE without a trace")
		}
		t.trace(trace)
	case "CONTROL":
		control, _ := message["control"].(map[string]any)
		renewed, _ := control["connectorConfig"].(map[string]any)
		if config, ok := renewed["config"].(map[string]any); ok {
			return t.keepConfig(config)
		}
	}
	return nil
}

func (t *reading) trace(trace map[string]any) {
	switch strings.ToUpper(text(trace["type"])) {
	case "ERROR":
		failed, _ := trace["error"].(map[string]any)
		said := sources.Clean(text(failed["message"]) + " " + text(failed["internal_message"]))
		kind := hinted(said)
		if text(failed["failure_type"]) == "config_error" && kind == sources.Unavailable {
			kind = sources.Invalid
		}
		t.refusal = sources.Errorf(kind, "the source says: %s", said)
		if kind != sources.Unavailable {
			t.refusal.Next = "Check config and config_secret."
		}
	case "STREAM_STATUS":
		one, _ := trace["stream_status"].(map[string]any)
		of, _ := one["stream_descriptor"].(map[string]any)
		name := text(of["name"])
		if t.streams[name] == nil {
			return
		}
		t.status[name] = strings.ToUpper(text(one["status"]))
		reasons, _ := one["reasons"].([]any)
		for _, r := range reasons {
			reason, _ := r.(map[string]any)
			limited, _ := reason["rate_limited"].(map[string]any)
			number, _ := limited["quota_reset"].(json.Number)
			if reset, err := number.Int64(); err == nil && t.status[name] == "INCOMPLETE" {
				t.refusal = sources.Errorf(sources.QuotaKind, "the platform behind the source throttles it")
				t.refusal.RetryAfter = max(0, time.UnixMilli(reset).Sub(t.env.Now())).Round(time.Second)
			}
		}
	}
}

// complete demands that every stream which tells its status tells a good end.
func (t *reading) complete() error {
	for name, status := range t.status {
		if status != "COMPLETE" {
			return sources.Errorf(sources.Malformed, "stream %s ended as %s: expected COMPLETE", sources.Clean(name), sources.Clean(status))
		}
	}
	return nil
}

// keepState takes a state: of one stream, of all, or in the old form.
func (t *reading) keepState(n int, value any) error {
	state, ok := value.(map[string]any)
	if !ok {
		return wrong(n, "a STATE without a state")
	}
	delete(state, "sourceStats")
	delete(state, "destinationStats")
	whole, err := json.Marshal(state)
	if err != nil {
		return wrong(n, "a STATE: %w", err)
	}
	switch strings.ToUpper(text(state["type"])) {
	case "STREAM":
		of, _ := state["stream"].(map[string]any)
		name, _ := of["stream_descriptor"].(map[string]any)
		if text(name["name"]) == "" {
			return wrong(n, "a STATE of a stream without a name")
		}
		t.states[text(name["namespace"])+"\x00"+text(name["name"])] = whole
	case "GLOBAL":
		t.states[""] = whole
	default:
		if t.legacy, err = json.Marshal(state["data"]); err != nil {
			return wrong(n, "a STATE: %w", err)
		}
	}
	return nil
}

// stateOf puts together what the next run is given. A stream that said nothing
// new keeps what it was given this time.
func (t *reading) stateOf() error {
	if len(t.states) == 0 {
		t.state = t.legacy
		return nil
	}
	var before []map[string]any
	if json.Unmarshal(t.kept.Value, &before) == nil {
		for _, state := range before {
			of, _ := state["stream"].(map[string]any)
			name, _ := of["stream_descriptor"].(map[string]any)
			key := text(name["namespace"]) + "\x00" + text(name["name"])
			if _, newer := t.states[key]; newer || name == nil || t.states[""] != nil {
				continue
			}
			again, err := json.Marshal(state)
			if err != nil {
				return sources.Errorf(sources.Malformed, "the kept state: %w", err)
			}
			t.states[key] = again
		}
	}
	var list []json.RawMessage
	for _, key := range slices.Sorted(maps.Keys(t.states)) {
		list = append(list, t.states[key])
	}
	var err error
	t.state, err = json.Marshal(list)
	return err
}
