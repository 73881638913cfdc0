//go:build linux

package ssh

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/ui"
)

// swarm names the variable that makes this test binary the clients of a
// benchmark: what they take must not count as the server's.
const swarm = "ADTOP_SSH_SWARM"

func TestMain(m *testing.M) {
	if of := os.Getenv(swarm); of != "" {
		if err := beSwarm(of); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// received is what one client got since the last mark.
type received struct {
	Bytes int64
	First int64 // when the first of them came, in nanoseconds
}

// beSwarm opens dashboards of 200×50 cells, says "ready", and answers each line
// of its input with what came since the one before.
func beSwarm(of string) error {
	var address string
	var n int
	if _, err := fmt.Sscan(of, &address, &n); err != nil {
		return err
	}
	bytes, first := make([]atomic.Int64, n), make([]atomic.Int64, n)
	for i := range n {
		client, err := gossh.Dial("tcp", address, &gossh.ClientConfig{Auth: []gossh.AuthMethod{gossh.PublicKeys(key("anna"))}, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
		if err != nil {
			return err
		}
		session, err := client.NewSession()
		if err != nil {
			return err
		}
		session.Stdout = writes(func(p []byte) {
			first[i].CompareAndSwap(0, time.Now().UnixNano())
			bytes[i].Add(int64(len(p)))
		}, &sync.Mutex{})
		keys, err := session.StdinPipe()
		if err != nil {
			return err
		}
		defer keys.Close()
		_ = session.Setenv("COLORTERM", "truecolor")
		if err := session.RequestPty("xterm-256color", 50, 200, nil); err != nil {
			return err
		}
		if err := session.Shell(); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		all := make([]received, n)
		for i := range all {
			all[i] = received{bytes[i].Swap(0), first[i].Swap(0)}
		}
		if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
			return err
		}
	}
	return nil
}

// clients are a swarm.
type clients struct {
	b    *testing.B
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	size int
}

func (s *service) swarms(b *testing.B, n int) *clients {
	b.Helper()
	c := &clients{b: b, cmd: exec.Command(os.Args[0]), size: n}
	c.cmd.Env, c.cmd.Stderr = append(os.Environ(), fmt.Sprintf("%s=%s %d", swarm, s.address, n)), os.Stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := c.out.ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	return c
}

// since asks what came since the last time.
func (c *clients) since() (all []received) {
	c.b.Helper()
	fmt.Fprintln(c.in, "since")
	line, err := c.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &all)
	}
	if err != nil {
		c.b.Fatal(err)
	}
	return all
}

func (c *clients) leave() {
	c.in.Close()
	_ = c.cmd.Wait()
}

// account is one with twenty channels, each with a month of days, in which n
// changes one row.
func account(n int) *snapshot.Snapshot {
	s := picture(0)
	s.Seq = int64(n)
	of := func(spend, conversions, revenue float64) snapshot.Figures {
		units := func(v float64) kpi.Micros { return kpi.Micros(math.Round(v * kpi.MicrosPerUnit)) }
		return snapshot.Figures{Known: true, Maturity: kpi.Ratio{Value: .88, OK: true}, Metrics: kpi.Metrics{
			Has: kpi.AllFields, Clicks: int64(spend), Impressions: int64(90 * spend), Cost: units(spend), Conversions: units(conversions), Revenue: units(revenue),
		}}
	}
	today := kpi.DateOf(s.AsOf, s.Zone)
	s.Channels = nil
	for i := range 20 {
		c := snapshot.Channel{Name: fmt.Sprintf("Channel %02d", i), Verdict: kpi.Profitable, Now: of(4210-float64(i)*100, 245, 15220), Before: of(4087, 241, 14900), Watermark: s.AsOf}
		for d := range 28 {
			c.Days = append(c.Days, snapshot.Day{Date: today - kpi.Date(27-d), Figures: of(4200, 240, 14000+500*math.Sin(float64(d*i)))})
		}
		s.Channels = append(s.Channels, c)
	}
	s.Days = s.Channels[3].Days
	factor := 1 + .004*float64(1+n%5)
	s.Channels[7].Now = of(3510*factor, 245*factor*factor, 15220*factor*factor*factor)
	return s
}

// spent is the time that this process has had of the processors.
func spent(b *testing.B) time.Duration {
	var of syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &of); err != nil {
		b.Fatal(err)
	}
	return time.Duration(of.Utime.Nano() + of.Stime.Nano())
}

// resident is the memory that this process has, in bytes; collected says after
// what is not needed was given back.
func resident(b *testing.B, collected bool) float64 {
	if collected {
		debug.FreeOSMemory()
	}
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	var all, here float64
	if _, err := fmt.Sscan(string(content), &all, &here); err != nil {
		b.Fatal(err)
	}
	return here * float64(os.Getpagesize())
}

// updates is how many pictures a benchmark shows, one each every.
const (
	updates = 20
	every   = 250 * time.Millisecond
)

// BenchmarkSessions reports what sessions of 200×50 cells take of the server: its
// memory for each, its time and its bytes for each and an update of one row, the
// ratio of these to a program on a terminal of its own, and how long after a
// picture with a new alert its bytes have reached 99 of 100.
func BenchmarkSessions(b *testing.B) {
	local := localBytes(b)
	for _, n := range []int{1, 10, 50, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := serves(b, limits{usual.handshake, 300, 300, 300, time.Second, 300, time.Minute, time.Minute, usual.farewell}, func(o *Options) { o.PerUser = 300 })
			s.shows(account(0))
			first := s.swarms(b, 1) // handshakes and the first screen warm things up
			time.Sleep(every)
			before := resident(b, true)
			c := s.swarms(b, n)
			time.Sleep(2 * time.Second)
			perSession := (resident(b, true) - before) / float64(n)
			for b.Loop() {
				c.since()
				at := spent(b)
				for i := range updates {
					s.shows(account(i + 1))
					time.Sleep(every)
				}
				took, total := spent(b)-at, int64(0)
				for _, r := range c.since() {
					total += r.Bytes
				}
				b.ReportMetric(float64(took.Microseconds())/1000/updates/float64(n+1), "cpu-ms/update/session")
				perUpdate := float64(total) / updates / float64(n)
				b.ReportMetric(perUpdate, "B/update/session")
				b.ReportMetric(perUpdate/local, "x-local-B")
			}
			b.ReportMetric(perSession/1e6, "MB/session")
			b.ReportMetric((resident(b, false)-before)/1e6/float64(n), "MB-with-garbage/session")
			b.ReportMetric(s.latency(c), "alert-p99-ms")
			b.ReportMetric(0, "ns/op")
			c.leave()
			first.leave()
			s.stops()
		})
	}
}

// latency shows new alerts and returns after how many milliseconds they were
// under way to 99 of 100 sessions.
func (s *service) latency(c *clients) float64 {
	var took []float64
	for i := range 10 {
		c.since()
		alarm := account(updates + i)
		alarm.Alerts = slices.Clone(alarm.Alerts)
		alarm.Alerts[0].ID = fmt.Sprint("new ", i)
		raised := time.Now()
		s.shows(alarm)
		time.Sleep(time.Second)
		for _, r := range c.since() {
			if r.First == 0 {
				took = append(took, math.Inf(1))
				continue
			}
			took = append(took, float64(r.First-raised.UnixNano())/1e6)
		}
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// localBytes are those of an update on a terminal of the machine itself.
func localBytes(b *testing.B) float64 {
	f := newFeed()
	f.shows(account(0))
	ctx, cancel := context.WithCancel(context.Background())
	input, keys := io.Pipe()
	var bytes atomic.Int64
	done := make(chan error, 1)
	go func() {
		done <- ui.Run(ctx, ui.Options{
			Monitor: f, Theme: "dark", Color: "truecolor", Size: ui.Size{Width: 200, Height: 50}, Input: input, Env: []string{"TERM=xterm-256color", "SSH_TTY=x"}, // most terminals take frames whole, as those over SSH do
			Output: writes(func(p []byte) { bytes.Add(int64(len(p)) + int64(strings.Count(string(p), "\n"))) }, &sync.Mutex{}), // as a terminal's driver ends lines
		})
	}()
	time.Sleep(4 * every)
	bytes.Store(0)
	for i := range updates {
		f.shows(account(i + 1))
		time.Sleep(every)
	}
	total := bytes.Load()
	cancel()
	keys.Close()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return float64(total) / updates
}
