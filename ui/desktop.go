package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Desktops are the ways to call a person who looks elsewhere: "auto" goes by the
// terminal, "bell" is the bell alone, "none" is silence. The others show a
// desktop notification besides the bell, in the form that the terminal knows.
var Desktops = []string{"auto", "osc9", "osc777", "osc99", "bell", "none"}

// Terminals that show a desktop notification, by what they say of themselves.
var (
	desktopPrograms = map[string]string{"iTerm.app": "osc9", "WezTerm": "osc9", "ghostty": "osc9", "WarpTerminal": "osc9"}
	desktopTerms    = [][2]string{{"xterm-kitty", "osc99"}, {"xterm-ghostty", "osc9"}, {"foot", "osc777"}, {"rxvt-unicode", "osc777"}, {"contour", "osc777"}}
)

// checkDesktop finds a way that is none of Desktops.
func checkDesktop(way string) error {
	if way == "" || slices.Contains(Desktops, way) {
		return nil
	}
	return fmt.Errorf("desktop %q: expected one of %s", way, strings.Join(Desktops, ", "))
}

// Desktop returns what calls a person: the bell, and a notification where the
// terminal shows one. env reads the session's environment, way is one of Desktops
// or "" for the first, title begins with a letter. Inside tmux the notification is passed through, which needs
// its option allow-passthrough; the bell is tmux's own.
func Desktop(env func(name string) string, way, title, text string) string {
	if way == "" || way == "auto" {
		way = desktopOf(env)
	}
	title, text = oneLine(title, 100), oneLine(text, 300)
	notice := ""
	switch way {
	case "none":
		return ""
	case "osc9": // one that begins with a digit would be a command of ConEmu's
		notice = "\x1b]9;" + title + ": " + text + "\x1b\\"
	case "osc777": // a semicolon ends the title
		notice = "\x1b]777;notify;" + strings.ReplaceAll(title, ";", ",") + ";" + text + "\x1b\\"
	case "osc99": // the same id makes one notification of both, shown unless the window has the focus
		notice = "\x1b]99;i=adtop:d=0:p=title:o=unfocused;" + title + "\x1b\\\x1b]99;i=adtop:d=1:p=body;" + text + "\x1b\\"
	}
	if notice != "" && env("TMUX") != "" {
		notice = ansi.TmuxPassthrough(notice)
	}
	return notice + "\a"
}

// desktopOf chooses by the terminal. tmux hides which one it runs in, except from
// iTerm2; what it inherited may be of another.
func desktopOf(env func(string) string) string {
	if env("LC_TERMINAL") == "iTerm2" {
		return "osc9"
	}
	if env("TMUX") != "" {
		return "bell"
	}
	if way, known := desktopPrograms[env("TERM_PROGRAM")]; known {
		return way
	}
	for _, t := range desktopTerms {
		if strings.HasPrefix(env("TERM"), t[0]) {
			return t[1]
		}
	}
	return "bell"
}

// oneLine makes text fit for a control sequence: nothing in it can end one.
func oneLine(text string, limit int) string {
	text = printable(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}
