package postback

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"adtop/sources"
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
