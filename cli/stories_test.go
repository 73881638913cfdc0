//go:build !windows

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"

	"adtop/store"
)

// TestMain lets the test binary be adtop, in a process and a terminal of its own.
func TestMain(m *testing.M) {
	if os.Getenv("ADTOP_CLI_CHILD") != "" {
		os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// storyStart is the day on which the world of the stories begins.
const storyStart = "2026-11-16"

// worldPrinted is what was printed when the world of the stories was filled.
var worldPrinted string

// worldOnce fills the world of all stories once.
var worldOnce = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "adtop-stories-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command(os.Args[0], "demo", "--json", "--start", storyStart)
	cmd.Env = childEnv(dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	told, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("fill the world: %w: %s", err, said.String())
	}
	worldPrinted = string(told)
	return os.ReadFile(worldPath(dir))
})

func worldPath(home string) string {
	return filepath.Join(home, "data", "adtop", "demo-1-"+storyStart+".db")
}

// childEnv is the environment of an adtop whose home is dir.
func childEnv(dir string, more ...string) []string {
	return append(os.Environ(), append([]string{
		"ADTOP_CLI_CHILD=1", "HOME=" + dir, "XDG_DATA_HOME=" + filepath.Join(dir, "data"), "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"), "TMPDIR=" + dir,
		"TERM=xterm-256color", "COLORTERM=truecolor", "TMUX=", "DISPLAY=", "WAYLAND_DISPLAY=", "SSH_TTY=", "SSH_CONNECTION=",
	}, more...)...)
}

// worldAfter gives the story a home with the world as it is so many hours
// after its beginning. Its past is known, what came since is not fetched yet.
// In the world of seed 1, Google Shopping is found unprofitable seven hours
// after the beginning.
func worldAfter(t testing.TB, hours float64) (home string) {
	t.Helper()
	content, err := worldOnce()
	if err != nil {
		t.Fatal(err)
	}
	home = t.TempDir()
	path := worldPath(home)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, path, string(content))
	cache, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	began, err := cache.Setting(context.Background(), settingBegan)
	if err != nil {
		t.Fatal(err)
	}
	at, err := strconv.ParseInt(began, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := cache.PutSetting(context.Background(), settingClock, fmt.Sprint(at+int64(hours*3600))); err != nil {
		t.Fatal(err)
	}
	return home
}

// person sits at a terminal in which adtop runs.
type person struct {
	t       testing.TB
	cmd     *exec.Cmd
	file    *os.File
	screen  vt10x.Terminal
	changed chan struct{}
	ended   chan struct{}
	last    chan error // what cmd.Wait gave
	at      time.Time  // when the last thing that was waited for had come
}

// startsDemo starts the demo's dashboard in a terminal of cols×rows cells.
func startsDemo(t testing.TB, home string, speed, cols, rows int) *person {
	t.Helper()
	return startsProgram(t, os.Args[0], home, cols, rows, "demo", "--start", storyStart, "--speed", fmt.Sprint(speed))
}

// startsProgram starts an adtop in a terminal of cols×rows cells.
func startsProgram(t testing.TB, program, home string, cols, rows int, args ...string) *person {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = childEnv(home)
	cmd.Dir = home
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)})
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, cmd: cmd, file: file, screen: vt10x.New(vt10x.WithSize(cols, rows)), changed: make(chan struct{}, 1), ended: make(chan struct{}), last: make(chan error, 1)}
	go p.watch()
	go func() { p.last <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill() // it has ended, unless the story broke off
		file.Close()
		<-p.ended
	})
	return p
}

func (p *person) watch() {
	defer close(p.ended)
	chunk := make([]byte, 1<<16)
	for {
		n, err := p.file.Read(chunk)
		p.screen.Write(chunk[:n])
		select {
		case p.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// soon is how long a person waits for something to appear.
const soon = 40 * time.Second

// sees waits until all of the texts are on the screen.
func (p *person) sees(texts ...string) {
	p.t.Helper()
	p.waits(func(screen string) string {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return fmt.Sprintf("%q never appeared", text)
			}
		}
		return ""
	})
}

// seesNo waits until a text is gone.
func (p *person) seesNo(text string) {
	p.t.Helper()
	p.waits(func(screen string) string {
		if strings.Contains(screen, text) {
			return fmt.Sprintf("%q stays", text)
		}
		return ""
	})
}

// waits until nothing is missing on the screen.
func (p *person) waits(missing func(screen string) string) {
	p.t.Helper()
	deadline := time.After(soon)
	for {
		p.at = time.Now()
		screen := p.screen.String()
		what := missing(screen)
		if what == "" {
			return
		}
		select {
		case <-p.changed:
		case <-p.ended:
			if what = missing(p.screen.String()); what != "" {
				p.t.Fatalf("%s before adtop ended:\n%s", what, p.screen.String())
			}
			return
		case <-deadline:
			p.t.Fatalf("%s on:\n%s", what, p.screen.String())
		}
	}
}

// presses sends keys as a terminal does.
func (p *person) presses(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		if code, named := map[string]string{"enter": "\r", "esc": "\x1b", "tab": "\t", "down": "\x1b[B", "space": " "}[key]; named {
			key = code
		}
		if _, err := io.WriteString(p.file, key); err != nil {
			p.t.Fatal(err)
		}
	}
}

// goesTo opens what the palette finds by a text.
func (p *person) goesTo(text string) {
	p.t.Helper()
	p.presses(":")
	p.sees("What would you like to do or see?")
	p.presses(text)
	p.sees(": "+text, "› "+text)
	p.presses("enter")
	p.seesNo("What would you like to do or see?")
}

// quits leaves adtop.
func (p *person) quits() {
	p.t.Helper()
	p.presses("q")
	select {
	case err := <-p.last:
		p.last <- err
		if err != nil {
			p.t.Fatalf("q does not end it cleanly: %v\n%s", err, p.screen.String())
		}
	case <-time.After(soon):
		p.t.Fatalf("q does not end it:\n%s", p.screen.String())
	}
	<-p.ended
}

// line is the first line of the screen with a text, "" when there is none.
func (p *person) line(text string) string {
	for _, line := range strings.Split(p.screen.String(), "\n") {
		if strings.Contains(line, text) {
			return strings.TrimRight(line, " ")
		}
	}
	return ""
}

func TestStories(t *testing.T) {
	if testing.Short() {
		t.Skip("the stories watch a world for half a minute")
	}
	for _, story := range []struct {
		name string
		acts func(t *testing.T)
	}{
		{"a channel turns unprofitable while I read another", storyOfAnAlert},
		{"a colleague sees my ack", storyOfTwo},
		{"a source dies", storyOfADeadSource},
		{"I find everything as I left it", storyOfASetup},
		{"I look back and return", storyOfThePast},
		{"I take a campaign apart", storyOfADrill},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			story.acts(t)
		})
	}
}

func storyOfAnAlert(t *testing.T) {
	home := worldAfter(t, 6.75)
	p := startsDemo(t, home, 400, 120, 32)
	p.sees("Google Shopping", "10/10 sources", "? help")
	p.goesTo("channel: Meta US")
	p.sees("› Meta US", "margin 45%")

	p.sees("▲ NEW", "Google Shopping unprofitable", "! opens it")
	p.presses("!")
	p.sees("Google Shopping · unprofitable · critical", "began", "fired, critical", "conversions", "The evidence now", "loses money:", "alert from")
	p.presses("a")
	p.sees("ack Google Shopping, note:")
	p.presses("feed paused, Ana knows", "enter")
	p.sees("ack sent: Google Shopping")
	p.sees("acked by " + userName() + ": feed paused, Ana knows")
	p.seesNo("firing")
	p.quits()

	again := startsDemo(t, home, 1, 120, 32)
	again.sees("Google Shopping", "? help")
	again.seesNo("firing")
	again.presses("1", "2")
	again.sees("acked by " + userName())
	again.goesTo("channel: Google Shopping")
	again.sees("› Google Shopping ▲ UNPROFITABLE")
	again.quits()
}

func storyOfTwo(t *testing.T) {
	home := worldAfter(t, 7.5)
	mine := startsDemo(t, home, 60, 120, 32)
	mine.sees("▲ NEW", "Google Shopping unprofitable")
	theirs := startsDemo(t, home, 60, 80, 24)
	theirs.sees("1 firing", "UNPROFITABLE")
	theirs.presses("2")
	theirs.sees("STATE", "Google Shopping unprofitable", "firing")

	mine.presses("!")
	mine.sees("The evidence now")
	mine.presses("a")
	mine.sees("note:")
	mine.presses("looking into it", "enter")
	mine.sees("acked by " + userName() + ": looking into it")

	theirs.sees("acked")
	theirs.seesNo("firing")
	theirs.presses("enter")
	theirs.sees("acked by " + userName() + ": looking into it")
	theirs.presses("a") // they hand it back
	theirs.sees("ack withdrawn: Google Shopping")
	mine.sees("ack withdrawn")

	mine.quits()
	theirs.seesNo("Nobody collects") // the other one takes over
	theirs.quits()
}

func storyOfADeadSource(t *testing.T) {
	home := worldAfter(t, 1)
	p := startsDemo(t, home, 600, 120, 32)
	p.sees("Affiliates", "10/10 sources")
	exports, err := filepath.Glob(filepath.Join(home, "adtop-demo-*"))
	if err != nil || len(exports) == 0 {
		t.Fatalf("no export of the partner network: %v", err)
	}
	for _, folder := range exports {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
	}
	p.presses("r")
	p.sees("asked 10 sources")
	p.presses("3")
	p.sees("ANSWERED", "failing", "no file matches", "affiliates.csv", "→ ")
	p.presses("1")
	p.waits(func(string) string {
		line := p.line("Affiliates")
		if !strings.Contains(line, "no data") {
			return "the channel of a dead source is shown as " + strconv.Quote(line)
		}
		return ""
	})
	p.goesTo("channel: Affiliates")
	p.sees("○ Affiliates: affiliates: no good answer for", "affiliates.csv")
	p.quits()
}

func storyOfASetup(t *testing.T) {
	home := worldAfter(t, 0)
	p := startsDemo(t, home, 1, 120, 32)
	p.sees("Affiliates", "10/10 sources")
	p.presses("/")
	p.sees("text  !text")
	p.presses("google", "enter")
	p.sees("filter: google")
	p.seesNo("   ● Affiliates")
	p.goesTo("sort by: REVENUE")
	p.sees("sorted by revenue")
	p.presses("S")
	p.sees("sorted by revenue, reversed")
	p.presses("C")
	p.sees("Columns, in their order", "[x] SPEND")
	p.presses("space", "down", "space", "enter") // no spend, no change of it
	p.seesNo("Columns, in their order")
	p.presses("t")
	p.sees("Last 7 days")
	p.presses("7")
	p.sees("Last 7 days · as of")
	p.presses("v", "v")
	p.sees("─ Spend, EUR")
	p.presses("j")
	p.sees("filter: google")
	titles := p.line("CHANNEL")
	if strings.Contains(titles, "Δ PREV") || !strings.Contains(titles, "REVENUE▴") {
		t.Errorf("the titles are %q", titles)
	}
	p.quits()

	again := startsDemo(t, home, 1, 120, 32)
	again.sees("filter: google", "Last 7 days · as of", "─ Spend, EUR", "REVENUE▴")
	again.seesNo("Affiliates")
	if found := again.line("CHANNEL"); found != titles {
		t.Errorf("left with the titles\n%s\nfound with\n%s", titles, found)
	}
	again.presses("esc")
	again.sees("Affiliates")
	again.quits()
}

func storyOfThePast(t *testing.T) {
	home := worldAfter(t, 7.5)
	p := startsDemo(t, home, 1, 120, 32)
	p.sees("Google Shopping", "UNPROFITABLE", "▲ NEW")
	p.presses("!")
	p.sees("The evidence now")
	p.presses("1")
	p.sees("10/10 sources")
	p.presses(".")
	p.sees("step by hour")
	p.presses("<")
	p.sees("◷ as it was known on Mon 16 Nov 2026 17:00", "0 back to now")
	p.presses("<", "<", "<", "<", "<", "<", "<", "<")
	p.sees("◷ as it was known on Mon 16 Nov 2026 09:00")
	p.seesNo("UNPROFITABLE")
	p.presses("a")
	p.sees("the past cannot be changed: 0 goes back to now")
	p.presses(".", "<")
	p.sees("◷ as it was known on Mon 16 Nov 2026 00:00")
	p.presses(">")
	p.seesNo("◷")
	p.sees("UNPROFITABLE")
	p.presses("<")
	p.sees("◷ as it was known on Mon 16 Nov 2026 00:00")
	p.presses("0")
	p.seesNo("◷")
	p.sees("UNPROFITABLE", "10/10 sources")
	p.quits()
}

func storyOfADrill(t *testing.T) {
	p := startsDemo(t, worldAfter(t, 0), 1, 120, 32)
	p.sees("Google Shopping", "10/10 sources")
	p.goesTo("channel: Google Shopping")
	p.sees("   CAMPAIGN", "Shopping Bestsellers", "› Google Shopping")
	p.presses("enter")
	p.sees("   AD GROUP", "› Shopping Bestsellers", "New arrivals", "All products", "ago; r fetches anew")
	p.presses("j", "enter")
	p.sees("   AD  ", "› All products", "r fetches anew")
	p.seesNo("New arrivals")
	p.presses("enter")
	p.sees("an ad is not made of anything smaller")
	p.presses("esc")
	p.sees("   AD GROUP", "›  All products") // the cursor stands where it stood
	p.presses("esc")
	p.sees("   CAMPAIGN", "Shopping Bestsellers", "Shopping Catalogue")
	p.presses("esc")
	p.sees("   CHANNEL", "Meta US", "E-mail")
	p.quits()
}
