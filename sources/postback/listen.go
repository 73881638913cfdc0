package postback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"adtop/sources"
	"adtop/sources/record"
)

// limits bound what comes.
type limits struct {
	query, body, header int // bytes
	parameter           int // bytes of one
	parameters          int
	connections         int
	waiting             int // messages that wait for their commit
	batch               int // messages of one commit
	read, write, idle   time.Duration
	farewell            time.Duration // for requests under way when the source stops
}

var usual = limits{
	query: 8 << 10, body: 64 << 10, header: 16 << 10, parameter: 1 << 10, parameters: 50, connections: 1000, waiting: 4096, batch: 2000,
	read: 10 * time.Second, write: 30 * time.Second, idle: time.Minute, farewell: 5 * time.Second,
}

// errOver is what becomes of messages that wait when the source stops. One of them
// may be stored all the same: it will come again and change nothing.
var errOver = errors.New("adtop stops listening")

// job is a message that waits for its commit.
type job struct {
	event sources.Event
	raw   sources.Message
	done  chan error
}

// Listen implements sources.Listener. All that waits at one moment goes to the
// store in one commit.
func (s *source) Listen(ctx context.Context, sink func([]sources.Record) error) error {
	inner, err := net.Listen("tcp", s.options.Listen)
	s.opened(inner, err)
	if err != nil {
		return sources.Errorf(sources.Unavailable, "%s: %w", platform, err)
	}
	h := &handler{source: s, jobs: make(chan job, s.limits.waiting), over: make(chan struct{})}
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.limits.read, ReadTimeout: s.limits.read, WriteTimeout: s.limits.write, IdleTimeout: s.limits.idle,
		MaxHeaderBytes: s.limits.header,
		ErrorLog:       quiet(s),
	}
	var committer, stopper sync.WaitGroup
	committer.Go(func() { h.commit(sink) })
	stopped := make(chan struct{})
	stopper.Go(func() {
		select {
		case <-ctx.Done():
		case <-stopped:
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.farewell)
		defer cancel()
		if server.Shutdown(last) != nil { // some would not end: their connections are closed
			_ = server.Close()
		}
	})
	err = server.Serve(&bounded{Listener: inner, slots: make(chan struct{}, s.limits.connections)})
	close(stopped)
	s.closed(ctx, err)
	stopper.Wait()
	h.end()
	committer.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return sources.Errorf(sources.Unavailable, "%s: %w", platform, err)
}

func (s *source) opened(l net.Listener, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.problem = err == nil, err
	if err == nil {
		s.address = l.Addr()
	}
	s.once.Do(func() { close(s.tried) })
}

func (s *source) closed(ctx context.Context, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = false
	if ctx.Err() == nil {
		s.problem = err
	}
}

// commit takes what waits, as much as there is, to the sink, until all is over.
func (h *handler) commit(sink func([]sources.Record) error) {
	for {
		select {
		case first := <-h.jobs:
			h.commitAll(h.gather(first), sink)
		case <-h.over:
			return
		}
	}
}

// gather adds to a message what waits behind it.
func (h *handler) gather(first job) []job {
	batch := []job{first}
	for len(batch) < h.limits.batch {
		select {
		case next := <-h.jobs:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// commitAll commits a batch. Where that fails the messages are tried one by one, so
// that none holds the others up; when the first few fail too, it is the store.
func (s *source) commitAll(batch []job, sink func([]sources.Record) error) {
	records := make([]sources.Record, 0, 2*len(batch))
	for _, j := range batch {
		records = append(records, j.event, j.raw)
	}
	s.mu.Lock()
	s.came = s.env.Now()
	s.mu.Unlock()
	err := sink(records)
	if err == nil || len(batch) == 1 {
		for _, j := range batch {
			j.done <- err
		}
		return
	}
	const patience = 3
	stored := false
	for i, j := range batch {
		if i < patience || stored {
			err = sink(records[2*i : 2*i+2])
			stored = stored || err == nil
		}
		j.done <- err
	}
}

// bounded accepts so many connections at once; further ones wait in the queue of the
// operating system.
type bounded struct {
	net.Listener
	slots chan struct{}
	once  sync.Once
	gone  chan struct{}
}

func (b *bounded) over() chan struct{} {
	b.once.Do(func() { b.gone = make(chan struct{}) })
	return b.gone
}

// Accept waits for a free slot first.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.slots <- struct{}{}:
	case <-b.over():
		return nil, net.ErrClosed
	}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.slots
		return nil, err
	}
	return &slotted{Conn: conn, free: func() { <-b.slots }}, nil
}

// Close ends a waiting Accept too.
func (b *bounded) Close() error {
	gone := b.over()
	select {
	case <-gone:
	default:
		close(gone)
	}
	return b.Listener.Close()
}

type slotted struct {
	net.Conn
	free func()
	once sync.Once
}

func (c *slotted) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.free)
	return err
}

// handler answers requests.
type handler struct {
	*source
	jobs chan job
	over chan struct{} // closes when nothing is committed any more

	door     sync.Mutex
	shut     bool
	requests sync.WaitGroup
}

// enter counts a request in, unless it comes too late.
func (h *handler) enter() bool {
	h.door.Lock()
	defer h.door.Unlock()
	if h.shut {
		return false
	}
	h.requests.Add(1)
	return true
}

// end waits for the requests under way. Their connections are closed, and nothing
// that they wait for comes any more.
func (h *handler) end() {
	h.door.Lock()
	h.shut = true
	h.door.Unlock()
	close(h.over)
	h.requests.Wait()
}

// ServeHTTP takes one message. Who may not call learns no more than that there is
// nothing here.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer h.requests.Done()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if wait := h.pace.admit(h.sender(r), h.env.Now()); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		h.refuse(w, &refusal{hasty, "", http.StatusTooManyRequests})
		return
	}
	if len(r.URL.RawQuery) > h.limits.query {
		h.refuse(w, &refusal{unread, "the query is too long", http.StatusRequestURITooLong})
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if reason := h.admits(r, query); reason != "" {
		h.refuse(w, &refusal{reason, "", http.StatusNotFound})
		return
	}
	if err != nil {
		h.refuse(w, &refusal{unread, "its query is not encoded as it should be", http.StatusBadRequest})
		return
	}
	parameters, body, refused := h.parameters(w, r, query)
	if refused == nil {
		if reason := h.sealed(r, parameters, body); reason != "" {
			refused = &refusal{reason, "", http.StatusNotFound}
		}
	}
	var event sources.Event
	if refused == nil {
		delete(parameters, tokenParameter)
		event, refused = h.event(parameters)
	}
	if refused != nil {
		h.refuse(w, refused)
		return
	}
	h.take(w, job{event, h.raw(parameters), make(chan error, 1)})
}

// take hands a message to the committer and answers when it is stored.
func (h *handler) take(w http.ResponseWriter, waiting job) {
	select {
	case h.jobs <- waiting:
	default:
		w.Header().Set("Retry-After", "1")
		h.refuse(w, &refusal{crowded, "", http.StatusServiceUnavailable})
		return
	}
	err := errOver
	select {
	case err = <-waiting.done:
	case <-h.over:
	}
	if err != nil {
		h.env.Log.Warn("postback not stored", "source", h.env.Name, "err", err)
		w.Header().Set("Retry-After", "10")
		h.refuse(w, &refusal{unstored, "", http.StatusServiceUnavailable})
		return
	}
	_, _ = io.WriteString(w, "OK") // a sender that is gone will send again
}

func (h *handler) refuse(w http.ResponseWriter, r *refusal) {
	h.note(r.reason, r.detail)
	w.WriteHeader(r.status)
	if r.status == http.StatusNotFound {
		_, _ = io.WriteString(w, "not found\n") // who is not answered needs no answer
		return
	}
	_, _ = io.WriteString(w, sources.Clean(r.Error())+"\n")
}

// parameters reads a message: the query, and the form or the JSON object of its body.
func (h *handler) parameters(w http.ResponseWriter, r *http.Request, query url.Values) (url.Values, []byte, *refusal) {
	var body []byte
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		var err error
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.limits.body)))
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return nil, nil, &refusal{unread, "the body is too long", http.StatusRequestEntityTooLarge}
		}
		if err != nil {
			return nil, nil, &refusal{unread, "the body broke off", http.StatusBadRequest}
		}
	default:
		return nil, nil, &refusal{unread, "expected GET or POST", http.StatusMethodNotAllowed}
	}
	form, err := parse(r.Header.Get("Content-Type"), body)
	if err != nil {
		return nil, nil, &refusal{unread, err.Error(), http.StatusBadRequest}
	}
	if len(body) > 0 && h.gate.key != nil && h.options.Sign.Header != "" {
		query = url.Values{} // the signature covers the body only
	}
	for name, values := range form {
		query[name] = append(query[name], values...)
	}
	if len(query) > h.limits.parameters {
		return nil, nil, &refusal{unread, fmt.Sprintf("more than %d parameters", h.limits.parameters), http.StatusBadRequest}
	}
	for name, values := range query {
		if len(name) > h.limits.parameter || len(values) > h.limits.parameters {
			return nil, nil, &refusal{unread, "a parameter is too long", http.StatusBadRequest}
		}
		for _, value := range values {
			if len(value) > h.limits.parameter {
				return nil, nil, &refusal{unread, "a parameter is too long", http.StatusBadRequest}
			}
		}
	}
	return query, body, nil
}

// parse reads a body as its type says, JSON also where it says nothing of it.
func parse(contentType string, body []byte) (url.Values, error) {
	text := strings.TrimSpace(string(body))
	if text == "" {
		return nil, nil
	}
	kind, _, _ := mime.ParseMediaType(contentType) // what is no type is none
	if kind != "application/json" && !strings.HasPrefix(text, "{") {
		form, err := url.ParseQuery(text)
		if err != nil {
			return nil, errors.New("the body is no form")
		}
		return form, nil
	}
	values, err := record.Object(body)
	if err != nil {
		return nil, errors.New("the body is no JSON object")
	}
	form := url.Values{}
	for name, value := range values {
		one, err := record.Text(value)
		switch v := value.(type) {
		case bool:
			one, err = fmt.Sprint(v), nil
		case map[string]any, []any: // what is nested is not read
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: expected text or a number", sources.Clean(name))
		}
		form.Set(name, one)
	}
	return form, nil
}
