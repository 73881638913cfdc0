package ui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/muesli/cancelreader"

	"adtop/snapshot"
)

// LiveOptions say what to tell as text, to whom and where.
type LiveOptions struct {
	Monitor Monitor
	First   *snapshot.Snapshot // from the cache, told at once; may be nil
	User    string             // who sends the commands
	Numbers string             // one of NumberFormats, or "" for the first
	Every   time.Duration      // how often figures are told at most, on the real clock; 0: every 15 minutes
	Input   io.Reader          // typed commands; nil: none
	Output  io.Writer
	Now     func() time.Time
}

// Live tells in sentences, a line each, how the channels stand and what
// changes, for screen readers, dumb terminals and pipes. It writes no escape
// sequence and reads commands, one a line; their end does not end it. It
// returns when the user quits, the context ends or nobody reads any more,
// which is a normal end. A slow reader gets fewer pictures, and blocks nobody
// else.
func Live(ctx context.Context, o LiveOptions) error {
	format, err := numbersLike(o.Numbers)
	if err != nil {
		return err
	}
	if o.Every == 0 {
		o.Every = figuresEvery
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &live{o: o, t: newTeller(format, o.User), latest: o.First, sent: make(chan string, 1)}
	typed, stopReading := readLines(ctx, o.Input)
	out := newSpeaker(o.Output)
	err = l.loop(ctx, typed, out)
	cancel()
	l.sending.Wait()
	stopReading()
	if said := out.end(); err == nil {
		err = said
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.EIO) { // nobody reads any more
		return nil
	}
	return err
}

// live is the loop's state.
type live struct {
	o       LiveOptions
	t       *teller
	latest  *snapshot.Snapshot // the newest picture that was not told yet
	pending []string           // lines that the reader has not taken yet
	due     bool               // figures may be told again
	quit    bool
	sent    chan string // what came of commands
	busy    bool        // commands are on their way
	sending sync.WaitGroup
}

// loop says one thing after the other. While the reader has not taken the one
// before, only the newest picture is kept, and nothing typed is read.
func (l *live) loop(ctx context.Context, typed <-chan string, out *speaker) error {
	pictures := l.o.Monitor.Watch(ctx, snapshot.View{Range: snapshot.Ranges[0]})
	ticker := time.NewTicker(l.o.Every)
	defer ticker.Stop()
	for {
		l.next()
		if l.t.toldFigures() {
			ticker.Reset(l.o.Every)
		}
		var speak chan<- []string
		hear := typed
		switch {
		case len(l.pending) > 0:
			speak, hear = out.lines, nil
		case l.quit:
			return nil
		case l.busy:
			hear = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-out.failed:
			return err
		case speak <- l.pending:
			l.pending = nil
		case s, open := <-pictures:
			if !open {
				pictures = nil
				continue
			}
			l.latest = newest(s, pictures)
		case line, open := <-hear:
			if !open {
				typed = nil
				continue
			}
			l.answer(ctx, line)
		case said := <-l.sent:
			l.busy = false
			l.pending = append(l.pending, l.t.line(l.t.at(l.o.Now()), said))
		case <-ticker.C:
			l.due = true
		}
	}
}

// next looks for something to say once the reader has taken what was said.
func (l *live) next() {
	if len(l.pending) > 0 {
		return
	}
	if l.latest != nil {
		l.pending, l.latest = l.t.tell(l.latest, l.o.Now()), nil
	}
	if l.due {
		l.pending, l.due = append(l.pending, l.t.renewed(l.o.Now())...), false
	}
}

func (l *live) answer(ctx context.Context, line string) {
	r := l.t.answer(line, l.o.Now())
	l.pending, l.quit = append(l.pending, r.lines...), r.quit
	if len(r.commands) == 0 {
		return
	}
	l.busy = true
	l.sending.Go(func() { l.sent <- l.send(ctx, r) })
}

// send hands commands over in the background, so that a slow collector never
// stops the telling.
func (l *live) send(ctx context.Context, r reply) string {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	for _, c := range r.commands {
		if err := l.o.Monitor.Send(ctx, c); err != nil {
			return spoken(fmt.Sprintf("Not sent: %v", err))
		}
	}
	return r.said
}

// maxTyped is how many bytes of a typed line count.
const maxTyped = 1000

// readLines reads typed lines until the input or the context ends. stop ends
// the reading where the input can be left; else it ends with the process.
func readLines(ctx context.Context, input io.Reader) (lines <-chan string, stop func()) {
	if input == nil {
		return nil, func() {}
	}
	typed, done := make(chan string), make(chan struct{})
	stop = func() {}
	reader, err := cancelreader.NewReader(input)
	if err == nil {
		input = reader
		stop = func() {
			if reader.Cancel() {
				<-done
				_ = reader.Close() // its own descriptors: nothing is lost
			}
		}
	}
	go func() {
		defer close(done)
		defer close(typed)
		buffer := bufio.NewReaderSize(input, maxTyped)
		for {
			line, cut, err := buffer.ReadLine()
			text := string(line)
			for cut && err == nil {
				_, cut, err = buffer.ReadLine()
			}
			if text != "" {
				select {
				case typed <- text:
				case <-ctx.Done():
					return
				}
			}
			if err != nil { // however the input ends: there is nothing more to read
				return
			}
		}
	}()
	return typed, stop
}

// speaker is the one goroutine that writes. A reader that has stopped blocks
// it, and nobody else.
type speaker struct {
	lines  chan []string
	failed chan error // holds what ended the writing
	done   chan struct{}
}

func newSpeaker(w io.Writer) *speaker {
	s := &speaker{lines: make(chan []string), failed: make(chan error, 1), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for lines := range s.lines {
			if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
				s.failed <- fmt.Errorf("tell: %w", err)
				return
			}
		}
	}()
	return s
}

// end waits until everything is written, but not for a reader that has
// stopped: the writing then ends with the process.
func (s *speaker) end() error {
	close(s.lines)
	late := time.NewTimer(quitWithin)
	defer late.Stop()
	select {
	case <-s.done:
	case <-late.C:
	}
	select {
	case err := <-s.failed:
		return err
	default:
		return nil
	}
}
