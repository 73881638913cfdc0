package ui

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"adtop/snapshot"
)

// deaf is a Monitor that takes every command, or refuses each.
type deaf struct{ refuses error }

func (d deaf) Watch(context.Context, snapshot.View) <-chan *snapshot.Snapshot { return nil }
func (d deaf) Send(context.Context, snapshot.Command) error                   { return d.refuses }

// playedKeys are the keys that a fuzzed user presses.
var playedKeys = sync.OnceValue(func() []string { // the keymap is filled after variables are
	keys := []string{
		"up", "pgup", "pgdown", "home", "end", "delete", "right", "left", "shift+tab", "shift+up", "shift+down", "alt+backspace", "f1",
		"ctrl+a", "ctrl+b", "ctrl+d", "ctrl+e", "ctrl+f", "ctrl+g", "ctrl+h", "ctrl+k", "ctrl+n", "ctrl+p", "ctrl+u", "ctrl+w", "ctrl+z",
		"東", "é", "🚀", "ש", "\"", "5", "7", "9", "i", "u", "w", "J", "K", "%", "~",
	}
	for i := range keymap {
		keys = append(keys, keymap[i].keys...)
	}
	return append(keys, "enter", "enter", "esc", "tab", "down", "space") // pressed more often
})

// player acts a stream of bytes on a dashboard.
type player struct {
	a     *app
	bytes []byte
	did   string // the last act
}

func (p *player) next() int {
	if len(p.bytes) == 0 {
		return 0
	}
	b := p.bytes[0]
	p.bytes = p.bytes[1:]
	return int(b)
}

// act does one thing that a user, a terminal or the monitor can do.
func (p *player) act() {
	a := p.a
	what := p.next()
	var msg tea.Msg
	switch {
	case what < 200:
		msg = keyNamed(playedKeys()[what%len(playedKeys())])
	case what < 208:
		msg = tea.WindowSizeMsg{Width: p.next() * 401 / 256, Height: p.next() * 121 / 256}
	case what < 214:
		msg = tea.PasteMsg{Content: hostileNames[p.next()%len(hostileNames)]}
	case what < 226:
		x, y := p.next()*max(1, a.width)/256, p.next()*max(1, a.height)/256
		msg = tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}
	case what < 230:
		msg = tea.MouseWheelMsg{Button: []tea.MouseButton{tea.MouseWheelUp, tea.MouseWheelDown, tea.MouseWheelLeft}[p.next()%3]}
	case what < 244:
		s := p.picture()
		if s.View = a.wanted; what%4 == 0 {
			s.View = a.o.view() // it was made before another was asked for
		}
		if msg = (snapshotMsg{s}); what == 243 {
			msg = liveMsg{s}
		}
	case what < 246:
		msg = minuteMsg{}
	case what < 248:
		msg = sentMsg{err: errors.New(hostileNames[p.next()%len(hostileNames)])}
	case what < 250:
		msg = tea.ColorProfileMsg{Profile: colorprofile.Profile(p.next() % 6)}
	case what < 252:
		msg = tea.BackgroundColorMsg{Color: []ansi.BasicColor{ansi.Black, ansi.BrightWhite}[p.next()%2]}
	case what < 254:
		msg = tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: ansi.ModeReset}
	default:
		msg = tea.PasteMsg{Content: "roas<1.5 \"長い"}
	}
	p.did = fmt.Sprintf("%T %v", msg, msg)
	if _, picture := msg.(snapshotMsg); picture {
		p.did = "a picture"
	}
	for range 3 { // what a command says may ask for another
		var cmd tea.Cmd
		if _, cmd = a.Update(msg); cmd == nil {
			return
		}
		if msg = cmd(); msg == nil {
			return
		}
	}
}

func (p *player) picture() *snapshot.Snapshot {
	switch kind := p.next(); {
	case kind < 20:
		return &snapshot.Snapshot{}
	case kind < 100:
		s := testSnapshot()
		s.AsOf = s.AsOf.Add(time.Duration(kind) * time.Minute)
		s.Earlier, s.Later = s.AsOf.Add(-time.Hour), s.AsOf.Add(time.Hour)
		s.Drill = snapshot.Drill{Of: p.a.wanted.Inside, Rows: testCampaigns(), Fetched: testNow.Add(-time.Hour), Busy: kind%2 == 0}
		for i := range s.Sources {
			s.Sources[i].Drills = true
		}
		s.Sources[0].Name = "tiktok"
		return s
	case kind < 110:
		return busySnapshot()
	default:
		return hostileSnapshot(kind)
	}
}

// play acts all bytes and holds every frame against the rules of frames.
func play(t *testing.T, bytes []byte) {
	t.Helper()
	p := &player{a: testApp(80, 24, looks[1]), bytes: bytes}
	p.a.o.Monitor = deaf{}
	if p.next()%2 == 1 {
		p.a.o.Monitor = deaf{errors.New("the database is\nlocked\x1b[2J")}
		p.a.o.Open = func(string) error { return errors.New("no browser\x07") }
		p.a.o.Copy = func(string) error { return nil }
		p.a.o.Export = func(name string, _ []byte) (string, error) { return "/tmp/" + name, nil }
	}
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("%s at %d×%d on %v, %d dialogs: %v", p.did, p.a.width, p.a.height, p.a.place.screen, len(p.a.dialogs), r)
		}
	}()
	for len(p.bytes) > 0 {
		p.act()
		if mistake := frameMistake(p.a); mistake != "" {
			t.Fatalf("after %s at %d×%d on %v, %d dialogs: %s", p.did, p.a.width, p.a.height, p.a.place.screen, len(p.a.dialogs), mistake)
		}
	}
}

// FuzzKeysAndSizes presses keys, resizes, pastes, points and brings pictures
// in any order: no panic, and every frame fills its window exactly.
func FuzzKeysAndSizes(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		bytes := make([]byte, 60)
		for i := range bytes {
			bytes[i] = byte(random.UintN(256))
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if len(bytes) > 400 {
			return
		}
		play(t, bytes)
	})
}

// TestTenThousandRandomActsBreakNoFrame plays many short sittings.
func TestTenThousandRandomActsBreakNoFrame(t *testing.T) {
	acts := 10_000
	if testing.Short() {
		acts = 1000
	}
	const sitting = 100
	for seed := range uint64(acts / sitting) {
		random := rand.New(rand.NewPCG(seed, 7))
		bytes := make([]byte, sitting+sitting/2) // some acts take more than one
		for i := range bytes {
			bytes[i] = byte(random.UintN(256))
		}
		play(t, bytes)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
