package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"adtop/kpi"
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

var healths = []string{string(snapshot.Healthy), string(snapshot.Waiting), string(snapshot.Stale), string(snapshot.Failing)}

func exposeSources(e *exposition, s *snapshot.Snapshot) {
	each := func(tell func(src snapshot.Source, label ...string)) {
		for _, src := range s.Sources {
			tell(src, "source", src.Name)
		}
	}
	e.gauge("adtop_source_health", "Health of a source: 1 for the state that it is in.")
	each(func(src snapshot.Source, label ...string) {
		e.oneOf("state", string(src.Health), healths, append(label, "type", src.Type)...)
	})
	e.gauge("adtop_source_accounts", "Accounts that are read through a source.")
	each(func(src snapshot.Source, label ...string) { e.is(float64(src.Accounts), label...) })
	e.gauge("adtop_source_last_success_timestamp_seconds", "When a source last gave a good answer, for the account that it is longest ago.")
	each(func(src snapshot.Source, label ...string) { e.at(src.LastGood, label...) })
	e.gauge("adtop_source_complete_through_timestamp_seconds", "Up to when the figures of a source are complete, as the platform promises.")
	each(func(src snapshot.Source, label ...string) { e.at(src.Watermark, label...) })
	e.gauge("adtop_source_next_poll_timestamp_seconds", "When a source is asked next.")
	each(func(src snapshot.Source, label ...string) { e.at(src.NextPoll, label...) })
	e.gauge("adtop_source_poll_interval_seconds", "How often a source is asked.")
	each(func(src snapshot.Source, label ...string) { e.when(src.Every > 0, src.Every.Seconds(), label...) })
	e.gauge("adtop_source_quota_used_ratio", "Used part of the quota of a platform, 0 to 1, where it tells.")
	each(func(src snapshot.Source, label ...string) { e.when(src.QuotaUsed.OK, src.QuotaUsed.Value, label...) })
	e.gauge("adtop_source_access_expires_timestamp_seconds", "When the access of a source ends unless somebody signs in again, where the platform tells.")
	each(func(src snapshot.Source, label ...string) { e.at(src.Expires, label...) })
}

var verdicts = []string{string(kpi.Profitable), string(kpi.AtRisk), string(kpi.Unprofitable), string(kpi.TooEarly), string(kpi.NoData), string(kpi.Idle)}

func exposeChannels(e *exposition, s *snapshot.Snapshot) {
	each := func(tell func(ch snapshot.Channel, label ...string)) {
		for _, ch := range s.Channels {
			tell(ch, "channel", ch.Name)
		}
	}
	money := func(name, help string, figure func(snapshot.Figures) (kpi.Micros, bool)) {
		e.gauge(name, help)
		each(func(ch snapshot.Channel, label ...string) {
			value, known := figure(ch.Now)
			e.when(known && ch.Now.Known, value.Float(), append(label, "currency", string(s.Currency))...)
		})
	}
	field := func(f kpi.Fields, of func(kpi.Metrics) kpi.Micros) func(snapshot.Figures) (kpi.Micros, bool) {
		return func(figures snapshot.Figures) (kpi.Micros, bool) {
			return of(figures.Metrics), figures.Metrics.Knows(f)
		}
	}
	money("adtop_channel_today_cost", "Cost of a channel today, so far, in the currency of the label.", field(kpi.Cost, func(m kpi.Metrics) kpi.Micros { return m.Cost }))
	money("adtop_channel_today_revenue", "Revenue of a channel today, so far.", field(kpi.Revenue, func(m kpi.Metrics) kpi.Micros { return m.Revenue }))
	money("adtop_channel_today_profit", "Profit of a channel today, so far: contribution less cost and fixed fees.", func(f snapshot.Figures) (kpi.Micros, bool) { return f.Profit.Micros, f.Profit.Known })

	number := func(name, help string, figure func(snapshot.Figures) (float64, bool)) {
		e.gauge(name, help)
		each(func(ch snapshot.Channel, label ...string) {
			value, known := figure(ch.Now)
			e.when(known && ch.Now.Known, value, label...)
		})
	}
	number("adtop_channel_today_impressions", "Impressions of a channel today, so far.", func(f snapshot.Figures) (float64, bool) {
		return float64(f.Metrics.Impressions), f.Metrics.Knows(kpi.Impressions)
	})
	number("adtop_channel_today_clicks", "Clicks of a channel today, so far.", func(f snapshot.Figures) (float64, bool) {
		return float64(f.Metrics.Clicks), f.Metrics.Knows(kpi.Clicks)
	})
	number("adtop_channel_today_conversions", "Conversions of a channel today, so far; platforms credit parts of one.", func(f snapshot.Figures) (float64, bool) {
		return f.Metrics.Conversions.Float(), f.Metrics.Knows(kpi.Conversions)
	})
	number("adtop_channel_today_view_through_conversions", "Of a channel's conversions today, those credited to a view without a click.", func(f snapshot.Figures) (float64, bool) {
		return f.Metrics.ViewThrough.Float(), f.Metrics.Knows(kpi.ViewThrough)
	})
	number("adtop_channel_today_roas_ratio", "Revenue over cost of a channel today, so far.", func(f snapshot.Figures) (float64, bool) { r := f.Metrics.ROAS(); return r.Value, r.OK })
	number("adtop_channel_today_maturity_ratio", "Part of today's final conversions that is visible by now, 0 to 1.", func(f snapshot.Figures) (float64, bool) { return f.Maturity.Value, f.Maturity.OK })
	exposePartners(e, s)

	judged := func(tell func(ch snapshot.Channel, label ...string)) {
		each(func(ch snapshot.Channel, label ...string) {
			if !ch.Unassigned {
				tell(ch, label...)
			}
		})
	}
	e.gauge("adtop_channel_unprofitable_probability", "How sure the figures make it that a channel loses money, 0 to 1.")
	judged(func(ch snapshot.Channel, label ...string) { e.when(ch.P.OK, ch.P.Value, label...) })
	e.gauge("adtop_channel_unprofitable_threshold", "From which probability an alert fires, for all channels.")
	e.when(s.Alarm.Threshold > 0, s.Alarm.Threshold)
	e.gauge("adtop_channel_verdict", "Verdict of a channel: 1 for the one that stands.")
	judged(func(ch snapshot.Channel, label ...string) { e.oneOf("verdict", string(ch.Verdict), verdicts, label...) })
	e.gauge("adtop_channel_complete_through_timestamp_seconds", "Up to when the figures of a channel are complete.")
	judged(func(ch snapshot.Channel, label ...string) { e.at(ch.Watermark, label...) })
}

// exposePartners tells what of the figures is not settled between channels and their
// partners; of a channel where nothing can be, nothing.
func exposePartners(e *exposition, s *snapshot.Snapshot) {
	gauge := func(name, help string, figure func(snapshot.Channel) (kpi.Micros, bool), label ...string) {
		e.gauge("adtop_channel_today_"+name, help)
		for _, ch := range s.Channels {
			value, known := figure(ch)
			e.when(known && ch.Now.Known, value.Float(), append([]string{"channel", ch.Name}, label...)...)
		}
	}
	currency := []string{"currency", string(s.Currency)}
	gauge("pending_conversions", "Conversions of a channel today that nobody has approved yet, as reported.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		m := ch.Now.Pending.Reported
		return m.Conversions, m.Knows(kpi.Conversions)
	})
	gauge("pending_counted_conversions", "What of the pending conversions is in the figures, at the rate at which such end approved.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		m := ch.Now.Pending.Counted
		return m.Conversions, m.Knows(kpi.Conversions)
	})
	gauge("pending_revenue", "Revenue of a channel today that nobody has approved yet, as reported.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		m := ch.Now.Pending.Reported
		return m.Revenue, m.Knows(kpi.Revenue)
	}, currency...)
	gauge("pending_counted_revenue", "What of the pending revenue is in the figures.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		m := ch.Now.Pending.Counted
		return m.Revenue, m.Knows(kpi.Revenue)
	}, currency...)
	gauge("payouts_beyond_cap", "Payouts of a channel today that are not due, since they are beyond its cap.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		return ch.Now.Payable.Capped, ch.Economics.PayoutCap != 0
	}, currency...)
	gauge("on_hold", "What of a channel's today is paid later: payouts, or revenue where nothing is paid out.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		return ch.Now.Payable.Held, ch.Economics.HoldDays != 0
	}, currency...)
}

func exposeAlerts(e *exposition, s *snapshot.Snapshot) {
	open, asking, muted := map[[2]string]int{}, map[string]int{}, map[string]int{}
	for _, a := range s.Alerts {
		if !a.Open() {
			continue
		}
		open[[2]string{a.State, a.Severity.String()}]++
		asking[a.Severity.String()] += b2i(a.Asks())
		muted[a.Muted()]++
	}
	severities := []string{snapshot.Info.String(), snapshot.Warning.String(), snapshot.Critical.String()}
	e.gauge("adtop_alerts", "Open alerts by state and severity.")
	for _, state := range []string{snapshot.Pending, snapshot.Firing, snapshot.Recovering} {
		for _, severity := range severities {
			e.is(float64(open[[2]string{state, severity}]), "state", state, "severity", severity)
		}
	}
	e.gauge("adtop_alerts_asking", "Alerts that ask for attention: they fire, and nothing keeps them from it.")
	for _, severity := range severities {
		e.is(float64(asking[severity]), "severity", severity)
	}
	e.gauge("adtop_alerts_muted", "Open alerts that are kept from asking for attention, by what does it.")
	for _, by := range []string{"acked", "snoozed", "silenced", "inhibited", "flapping"} {
		e.is(float64(muted[by]), "by", by)
	}
}

// exposeTargets tells of notifications; without any targets, nothing.
func exposeTargets(e *exposition, s *snapshot.Snapshot, attempts map[monitor.Try]int) {
	if len(s.Targets) == 0 {
		return
	}
	e.counter("adtop_notify_attempts_total", "Attempts of this process to deliver a message, by what came of them; after one that failed another follows.")
	for _, t := range s.Targets {
		for _, outcome := range monitor.Endings {
			e.is(float64(attempts[monitor.Try{Target: t.Name, Ended: outcome}]), "target", t.Name, "outcome", outcome)
		}
	}
	e.gauge("adtop_notify_failing", "Whether the last message to a target did not arrive: 1, or 0 when it did or there was none.")
	for _, t := range s.Targets {
		e.is(float64(b2i(!t.Failing.IsZero())), "target", t.Name, "type", t.Type)
	}
	e.gauge("adtop_notify_waiting_messages", "Messages that are still to arrive at a target.")
	for _, t := range s.Targets {
		e.is(float64(t.Waiting), "target", t.Name)
	}
	e.gauge("adtop_notify_oldest_waiting_timestamp_seconds", "When the oldest message that is still to arrive at a target was decided; without any, there is no line.")
	for _, t := range s.Targets {
		e.at(t.Oldest, "target", t.Name)
	}
	e.gauge("adtop_notify_last_success_timestamp_seconds", "When a message last arrived at a target, within 90 days.")
	for _, t := range s.Targets {
		e.at(t.Delivered, "target", t.Name)
	}
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
			pages, err := json.Number(fields[1]).Float64()
			e.when(err == nil, pages*float64(os.Getpagesize()))
		}
	}
	e.gauge("process_open_fds", "Open file descriptors.")
	files, err := filepath.Glob("/proc/self/fd/*")
	e.when(err == nil && len(files) > 0, float64(len(files)))
}
