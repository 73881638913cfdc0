package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"adtop/monitor"
	"adtop/snapshot"
)

// measured is what /metrics and /healthz speak of.
type measured struct {
	monitor *monitor.Monitor
	started time.Time
	reload  *lastReload

	mu      sync.Mutex
	picture *snapshot.Snapshot
	taken   time.Time
}

// lastReload is how the last reload of the config went; the start counts as one.
type lastReload struct {
	mu   sync.Mutex
	good bool
	at   time.Time // of the last good one
}

func (l *lastReload) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.good = err == nil; l.good {
		l.at = time.Now()
	}
}

func (l *lastReload) expose(e *exposition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.gauge("adtop_config_last_reload_successful", "Whether the last reload of the config went well: 1, or 0 while an older one stays in force.")
	e.is(float64(b2i(l.good)))
	e.gauge("adtop_config_last_reload_success_timestamp_seconds", "When the config in force was read.")
	e.at(l.at)
}

// pictureFor is how long a picture serves: several may scrape at once.
const pictureFor = time.Second

// now is today's picture.
func (m *measured) now(ctx context.Context) (*snapshot.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.picture != nil && time.Since(m.taken) < pictureFor {
		return m.picture, nil
	}
	s, err := m.monitor.First(ctx, snapshot.View{Range: snapshot.Ranges[0]})
	if err == nil {
		m.picture, m.taken = s, time.Now()
	}
	return s, err
}

// routes answer Prometheus and whoever asks whether all is well. Where a token
// is asked for, the metrics want it; health names nothing secret.
func (m *measured) routes(guard func(http.Handler) http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", guard(http.HandlerFunc(m.serve)))
	mux.HandleFunc("GET /healthz", m.health)
	return mux
}

func (m *measured) serve(w http.ResponseWriter, r *http.Request) {
	s, err := m.now(r.Context())
	if err != nil {
		http.Error(w, "the figures cannot be read now: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	e := &exposition{}
	pulse := m.monitor.Pulse()
	e.gauge("adtop_build_info", "Version of adtop that runs; always 1.")
	e.is(1, "version", version(), "goversion", runtime.Version())
	e.gauge("adtop_collecting", "Whether this process polls and judges: 1, or 0 while another one does.")
	e.is(float64(b2i(pulse.Collecting)))
	e.gauge("adtop_last_evaluation_timestamp_seconds", "When this process last judged all channels.")
	e.at(pulse.Judged)
	m.reload.expose(e)
	exposeSources(e, s)
	exposeChannels(e, s)
	exposeAlerts(e, s)
	exposeTargets(e, s, m.monitor.Attempts())
	exposeProcess(e, m.started)
	w.Header().Set("Content-Type", expositionType)
	_, _ = w.Write(e.text.Bytes()) // who went away needs none
}

// health says 200 while the engine is well, and 503 with the reason otherwise.
// A source or a target that fails is no reason: starting anew would not mend it.
func (m *measured) health(w http.ResponseWriter, r *http.Request) {
	pulse := m.monitor.Pulse()
	failing, _ := m.monitor.Unreached(r.Context()) // null where that cannot be read: the engine is who notices
	answer := struct {
		Status     string     `json:"status"`
		Reason     *string    `json:"reason"`
		Collecting bool       `json:"collecting"`
		LookedAt   *time.Time `json:"looked_at"`
		JudgedAt   *time.Time `json:"judged_at"`
		Failing    []string   `json:"failing_targets"` // of notifications
	}{"ok", nil, pulse.Collecting, instant(pulse.Looked), instant(pulse.Judged), failing}
	code := http.StatusOK
	if trouble := pulse.Trouble(time.Now()); trouble != "" {
		answer.Status, answer.Reason, code = "unhealthy", &trouble, http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer)
}

// exposeProcess tells what the client libraries of Prometheus do, by the same
// names; what only Linux tells is left out elsewhere.
func exposeProcess(e *exposition, started time.Time) {
	read := []metrics.Sample{{Name: "/sched/goroutines:goroutines"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(read)
	for i, told := range []struct{ name, help string }{
		{"go_goroutines", "Goroutines that exist."},
		{"go_memstats_heap_alloc_bytes", "Bytes of objects on the heap."},
		{"go_memstats_sys_bytes", "Bytes that the runtime got from the system."},
	} {
		e.gauge(told.name, told.help)
		e.when(read[i].Value.Kind() == metrics.KindUint64, float64(read[i].Value.Uint64()))
	}
	e.gauge("process_start_time_seconds", "When the process began.")
	e.at(started)
	var used unix.Rusage
	e.counter("process_cpu_seconds_total", "Processor time used, of user and system.")
	e.when(unix.Getrusage(unix.RUSAGE_SELF, &used) == nil, float64(used.Utime.Nano()+used.Stime.Nano())/1e9)
	e.gauge("process_resident_memory_bytes", "Memory that is resident.")
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(statm)); len(fields) > 1 {
			pages, err := strconv.ParseFloat(fields[1], 64)
			e.when(err == nil, pages*float64(os.Getpagesize()))
		}
	}
	e.gauge("process_open_fds", "Open file descriptors.")
	files, err := filepath.Glob("/proc/self/fd/*")
	e.when(err == nil && len(files) > 0, float64(len(files)))
}
