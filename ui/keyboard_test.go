package ui

import (
	"strings"
	"testing"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// namedKeys are the keys that are no character.
var namedKeys = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete,
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "f1": tea.KeyF1, "space": tea.KeySpace,
}

// keyNamed makes the message of a key, as in "j", "enter", "ctrl+c" and
// "shift+tab".
func keyNamed(name string) tea.KeyPressMsg {
	var key tea.KeyPressMsg
	for prefix, mod := range map[string]tea.KeyMod{"ctrl+": tea.ModCtrl, "shift+": tea.ModShift, "alt+": tea.ModAlt} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			name, key.Mod = rest, mod
			break
		}
	}
	if code, ok := namedKeys[name]; ok {
		key.Code = code
		if name == "space" {
			key.Text = " "
		}
		return key
	}
	key.Code, _ = utf8.DecodeRuneInString(name)
	if key.Mod == 0 {
		key.Text = name
	}
	return key
}

// strike presses keys by their names and returns the last one's command.
func strike(a *app, keys ...string) (cmd tea.Cmd) {
	for _, key := range keys {
		_, cmd = a.Update(keyNamed(key))
	}
	return cmd
}

// enterText types into the topmost dialog.
func enterText(a *app, text string) {
	for _, r := range text {
		a.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// screenText is the frame without its colours.
func screenText(a *app) string { return ansi.Strip(a.View().Content) }

// quits says whether a command ends the program.
func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	_, quit := cmd().(tea.QuitMsg)
	return quit
}

func TestKeysOfTheTestsAreNamedAsBubbleTeaNamesThem(t *testing.T) {
	for _, name := range []string{"enter", "esc", "tab", "shift+tab", "backspace", "up", "pgdown", "ctrl+c", "ctrl+d", "f1", "space", "j", "G", "<", "é"} {
		if got := keyNamed(name).String(); got != name {
			t.Errorf("%s is called %s", name, got)
		}
	}
}
