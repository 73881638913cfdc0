package exec

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"adtop/sources"
)

// Bounds of what a program may print.
const (
	maxLine   = 4 << 20 // bytes of a line
	maxOutput = 1 << 30 // bytes of a run
	maxLines  = 4_000_000

	keptComplaints = 20        // lines of stderr that are kept for the error
	maxComplaint   = 128 << 10 // bytes of such a line that are looked through for secrets, of which one may have 64 KiB
	maxLogged      = 1000      // lines of stderr of a run that reach the log
)

var (
	errSilence = errors.New("no line in time")
	errTimeout = errors.New("no end in time")
)

// passed are the variables of adtop's own environment that programs get.
// Everything else could be another source's secret.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
	"DOCKER_HOST", "DOCKER_CONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}

// failure is a program that ended badly.
type failure struct {
	code       int // -1 when a signal ended it
	state      string
	complaints []string // the last lines of stderr, cleaned
}

func (f *failure) Error() string {
	said := strings.Join(f.complaints[max(0, len(f.complaints)-3):], " / ")
	if said == "" {
		said = "without a word on stderr"
	}
	return fmt.Sprintf("the program ended with %s: %s", f.state, said)
}

// program is one child process under way.
type program struct {
	*source
	cmd            *exec.Cmd
	stdout, stderr *os.File // ends that are read
	exited         chan struct{}
	waited         error
	complaints     []string
}

// execute runs a command and calls read for each line of its output. It returns
// when the program and all its group have ended. The error is that of read, of
// the context, or a *failure.
func (s *source) execute(ctx context.Context, dir string, command, env []string, read func(n int, line []byte) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &program{source: s, exited: make(chan struct{})}
	if err := p.start(dir, command, env); err != nil {
		return err
	}
	defer p.stdout.Close()
	defer p.stderr.Close()
	limit := time.AfterFunc(s.options.Timeout, func() { cancel(errTimeout) })
	defer limit.Stop()
	silence := time.AfterFunc(s.options.Silence, func() { cancel(errSilence) })
	defer silence.Stop()
	var parts sync.WaitGroup
	parts.Go(p.wait)
	parts.Go(p.listen)
	parts.Go(func() { p.watch(ctx) })
	rest, err := p.lines(ctx, silence, read)
	if err != nil {
		cancel(err)
	}
	parts.Wait()
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return cause
	case p.waited != nil:
		return p.failed()
	case len(rest.text) > 0: // the last line has no end; the program did
		return read(rest.number, rest.text)
	}
	return nil
}

func (p *program) start(dir string, command, env []string) (err error) {
	p.cmd = exec.Command(command[0], command[1:]...)
	if strings.ContainsRune(command[0], filepath.Separator) {
		p.cmd = exec.Command(p.env.Path(command[0]), command[1:]...)
	}
	apart(p.cmd)
	p.cmd.Dir, p.cmd.Env = p.source.env.Dir, env
	if p.cmd.Dir == "" {
		p.cmd.Dir = dir
	}
	stdout, err := p.pipe(&p.stdout)
	if err != nil {
		return err
	}
	defer stdout.Close()
	stderr, err := p.pipe(&p.stderr)
	if err != nil {
		p.stdout.Close()
		return err
	}
	defer stderr.Close()
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	if err := p.cmd.Start(); err != nil {
		p.stdout.Close()
		p.stderr.Close()
		refusal := sources.Errorf(sources.Invalid, "the program cannot be started: %w", err)
		refusal.Next = "Check command: a path with a slash begins at the folder of the config, and the file has to be executable."
		return refusal
	}
	return nil
}

// pipe puts the end to read into into and returns the one to write.
func (p *program) pipe(into **os.File) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, sources.Errorf(sources.Unavailable, "no pipe for the program: %w", err)
	}
	*into = r
	return w, nil
}

// wait waits for the program's end and ends what it has left running, so that
// the pipes end too. A process that has left the group may hold them longer:
// it is read from for a while and no more.
func (p *program) wait() {
	p.waited = p.cmd.Wait()
	kill(p.cmd.Process.Pid)
	until := time.Now().Add(p.drain)
	_ = p.stdout.SetReadDeadline(until) // pipes have deadlines on all systems with groups
	_ = p.stderr.SetReadDeadline(until)
	close(p.exited)
}

// watch ends the group when ctx does.
func (p *program) watch(ctx context.Context) {
	select {
	case <-p.exited:
		return
	case <-ctx.Done():
	}
	terminate(p.cmd.Process.Pid)
	grace := time.NewTimer(p.grace)
	defer grace.Stop()
	select {
	case <-p.exited:
	case <-grace.C:
		kill(p.cmd.Process.Pid)
	}
}

// unended is a last line without a line break.
type unended struct {
	number int
	text   []byte
}

// lines reads the output, each line with its number.
func (p *program) lines(ctx context.Context, silence *time.Timer, read func(int, []byte) error) (unended, error) {
	r := bufio.NewReaderSize(p.stdout, 64<<10)
	var long []byte
	for n, size := 1, 0; ; {
		part, err := r.ReadSlice('\n')
		size += len(part)
		switch {
		case ctx.Err() != nil:
			return unended{}, ctx.Err()
		case size > maxOutput:
			return unended{}, wrong(n, "more than %d MiB printed: expected less; let the program sum by campaign and day", maxOutput>>20)
		case len(long)+len(part) > maxLine:
			return unended{}, wrong(n, "longer than %d MiB: expected one JSON object in each line", maxLine>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
			silence.Reset(p.options.Silence)
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			return unended{}, sources.Errorf(sources.Malformed, "the program ended, but something that it started still holds its output open: expected all of it to end")
		case err != nil && !errors.Is(err, io.EOF):
			return unended{}, sources.Errorf(sources.Unavailable, "the output of the program: %w", err)
		}
		line := part
		if len(long) > 0 {
			long = append(long, part...)
			line = long
		}
		if err != nil { // the end: whether a part of a line counts is for the exit code to say
			return unended{n, bytes.Clone(bytes.TrimSpace(line))}, nil
		}
		silence.Reset(p.options.Silence)
		if n > maxLines {
			return unended{}, wrong(n, "more than %d lines: expected fewer; let the program sum by campaign and day", maxLines)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := read(n, line); err != nil {
				return unended{}, err
			}
		}
		n++
		long = long[:0]
	}
}

// listen reads stderr to its end: a full pipe would stop the program.
func (p *program) listen() {
	r := bufio.NewReaderSize(p.stderr, maxComplaint)
	for n := 0; ; {
		line, err := r.ReadSlice('\n')
		text := strings.TrimSpace(sources.Clean(p.clean(string(line))))
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a long line is passed over
			_, err = r.ReadSlice('\n')
		}
		if text != "" {
			if n++; n <= maxLogged {
				p.env.Log.Debug("program", "source", p.env.Name, "stderr", text)
			}
			p.complaints = append(p.complaints[max(0, len(p.complaints)-keptComplaints+1):], text)
		}
		if err != nil {
			return
		}
	}
}

func (p *program) failed() error {
	f := &failure{code: -1, state: p.waited.Error(), complaints: p.complaints}
	var ended *exec.ExitError
	if errors.As(p.waited, &ended) {
		f.code, f.state = ended.ExitCode(), ended.ProcessState.String()
	}
	return f
}

// environment is what the program finds there.
func (r *run) environment() []string {
	var env []string
	for _, name := range passed {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	account := r.query.Account
	for name, value := range map[string]string{
		"ADTOP_FROM": r.query.Days.From.String(), "ADTOP_TO": r.query.Days.To.String(), "ADTOP_UNTIL": (r.query.Days.To + 1).String(),
		"ADTOP_ACCOUNT": account.ID, "ADTOP_CURRENCY": string(account.Currency), "ADTOP_TIMEZONE": account.Zone.String(),
	} {
		env = append(env, name+"="+value)
	}
	if r.kept.Value != nil && r.options.Protocol == protocolRows {
		env = append(env, "ADTOP_STATE="+filepath.Join(r.dir, stateFile))
	}
	for name, value := range r.options.Env {
		env = append(env, name+"="+value)
	}
	for name, secret := range r.options.SecretEnv {
		env = append(env, name+"="+secret.Reveal())
	}
	return env
}
