package cli

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"adtop/config"
	"adtop/kpi"
	"adtop/monitor"
	"adtop/snapshot"
	"adtop/store"
)

// feed hands out figures to read over HTTP, as CSV and as JSON.
type feed struct {
	monitor *monitor.Monitor
	cache   *store.SQLite
	inForce func() (*config.Config, string) // the config, and the token that readers have to give
	limiter *rate.Limiter

	mu   sync.Mutex // one answer is made at a time
	kept map[question]answer
	size int // bytes of what is kept
}

// Bounds of what readers may ask for.
const (
	feedRate     = 2  // questions a second, over some time
	feedBurst    = 30 // at once
	keptAnswers  = 32 // for those who ask the same
	keptFor      = time.Minute
	maxFeedBytes = 64 << 20 // of one answer, and of all that are kept
)

func newFeed(m *monitor.Monitor, cache *store.SQLite, inForce func() (*config.Config, string)) *feed {
	return &feed{monitor: m, cache: cache, inForce: inForce, limiter: rate.NewLimiter(feedRate, feedBurst), kept: map[question]answer{}}
}

// feedTables are what can be read, each with the days that it may have at most.
var feedTables = map[string]struct {
	days int
	make func(f *feed, ctx context.Context, days kpi.DateRange) (table, error)
}{
	"channels":  {400, (*feed).channels},
	"campaigns": {92, (*feed).campaigns},
	"alerts":    {400, (*feed).alerts},
}

// routes know the token in the header, as a parameter and, for tools that drop
// parameters, as a folder.
func (f *feed) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /feed/{file}", f.serve)
	mux.HandleFunc("GET /feed/{token}/{file}", f.serve)
	return mux
}

func (f *feed) serve(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	cfg, token := f.inForce()
	if !givesToken(r, query, token) {
		refuseReader(w)
		return
	}
	if !f.limiter.Allow() {
		w.Header().Set("Retry-After", "1")
		http.Error(w, fmt.Sprintf("more than %d questions a second: ask again in a second", feedRate), http.StatusTooManyRequests)
		return
	}
	if err != nil {
		http.Error(w, "the parameters cannot be read", http.StatusBadRequest)
		return
	}
	q, err := parseQuestion(r.PathValue("file"), query)
	switch {
	case errors.Is(err, errNoTable):
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a, err := f.answer(r.Context(), q, cfg)
	var long tooLong
	switch {
	case errors.As(err, &long):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(w, "the figures cannot be read now: "+err.Error(), http.StatusServiceUnavailable)
	default:
		a.send(w, r)
	}
}

// givesToken says whether a request has the right token, wherever it stands.
func givesToken(r *http.Request, query url.Values, token string) bool {
	for _, given := range []string{bearer(r), query.Get("token"), r.PathValue("token")} {
		if given != "" && sameToken(given, token) {
			return true
		}
	}
	return false
}

// question is what a reader asks for.
type question struct {
	table  string
	format string // csv or json
	span   string // a range, as ParseRange reads it
	config *config.Config
}

var errNoTable = errors.New("there is no such feed: expected channels, campaigns or alerts, each .csv or .json")

// parseQuestion reads the last part of the path, and the parameters. There are
// no others than range and the token.
func parseQuestion(file string, query url.Values) (question, error) {
	name, format, _ := strings.Cut(file, ".")
	if _, known := feedTables[name]; !known || format != "csv" && format != "json" {
		return question{}, errNoTable
	}
	q := question{table: name, format: format, span: "30d"}
	for key, values := range query {
		switch {
		case key != "range" && key != "token":
			return question{}, fmt.Errorf("unknown parameter %.40q: expected range", key)
		case len(values) != 1:
			return question{}, fmt.Errorf("%s is given %d times: once is enough", key, len(values))
		case key == "range":
			q.span = values[0]
		}
	}
	r, err := snapshot.ParseRange(q.span)
	if err != nil || r.ByHour() {
		return question{}, fmt.Errorf("range %.40q: expected today, yesterday, 7d, 14d, 30d, mtd, lastmonth or FROM..TO as in 2026-11-01..2026-11-20", q.span)
	}
	q.span = r.String()
	return q, nil
}

// tooLong is a question whose answer would be too long.
type tooLong struct{ error }

// answer makes the answer, or finds one that nothing has changed since.
func (f *feed) answer(ctx context.Context, q question, cfg *config.Config) (answer, error) {
	r, err := snapshot.ParseRange(q.span)
	if err != nil {
		return answer{}, err
	}
	days := r.Days(kpi.DateOf(time.Now(), cfg.Zone))
	if most := feedTables[q.table].days; days.Days() > most {
		return answer{}, tooLong{fmt.Errorf("%s has %d days: of %s expected at most %d", q.span, days.Days(), q.table, most)}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	seq, err := f.cache.Seq(ctx)
	if err != nil {
		return answer{}, err
	}
	q.config = cfg
	if kept, ok := f.kept[q]; ok && kept.seq == seq && time.Since(kept.at) < keptFor {
		return kept, nil
	}
	t, err := feedTables[q.table].make(f, ctx, days)
	if err != nil {
		return answer{}, err
	}
	a := answer{seq: seq, at: time.Now(), format: q.format, body: t.render(q.format)}
	if len(a.body) > maxFeedBytes {
		return answer{}, tooLong{fmt.Errorf("%s is more than %d MB: ask for fewer days", q.span, maxFeedBytes>>20)}
	}
	sum := sha256.Sum256(a.body)
	a.tag = hex.EncodeToString(sum[:16])
	f.keep(q, a)
	return a, nil
}

// keep holds an answer for those who ask the same; what there is no room for
// any more goes all at once.
func (f *feed) keep(q question, a answer) {
	f.size -= len(f.kept[q].body)
	delete(f.kept, q)
	if len(f.kept) >= keptAnswers || f.size+len(a.body) > maxFeedBytes {
		clear(f.kept)
		f.size = 0
	}
	f.kept[q] = a
	f.size += len(a.body)
}

// answer is a rendered table.
type answer struct {
	seq    int64 // Store.Seq before it was made
	at     time.Time
	format string
	tag    string // of its content
	body   []byte
}

// send answers a request: with nothing but headers where the reader has it.
func (a answer) send(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Type", map[string]string{"csv": "text/csv; charset=utf-8; header=present", "json": "application/json"}[a.format])
	head.Set("Cache-Control", "private, no-cache")
	head.Set("Vary", "Accept-Encoding, Authorization")
	body, tag := a.body, `"`+a.tag+`"`
	if takesGzip(r) {
		body, tag = zipped(a.body), `"`+a.tag+`-gzip"`
		head.Set("Content-Encoding", "gzip")
	}
	head.Set("ETag", tag)
	if matchesTag(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // who went away needs none; of HEAD, nothing is sent
}

// matchesTag compares weakly, as RFC 9110 (13.1.2) says.
func matchesTag(header, tag string) bool {
	for given := range strings.SplitSeq(header, ",") {
		if given = strings.TrimSpace(given); given == "*" || strings.TrimPrefix(given, "W/") == tag {
			return true
		}
	}
	return false
}

// takesGzip says whether the reader unpacks gzip: it is named, and not with a
// quality of zero.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			_, value, given := strings.Cut(quality, "=")
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return !given || err == nil && q > 0
		}
	}
	return false
}

func zipped(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
