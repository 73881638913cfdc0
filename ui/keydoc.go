package ui

import (
	"slices"
	"strings"
)

// Key is one entry of the keymap as documents tell it.
type Key struct{ Label, Does, Where string }

// KeyGroup is a group of the keymap.
type KeyGroup struct {
	Name string
	Keys []Key
}

// Keys is the keymap by groups, for the manual page.
func Keys() []KeyGroup {
	out := make([]KeyGroup, len(groups))
	for i, name := range groups {
		out[i].Name = name
	}
	for i := range keymap {
		b := &keymap[i]
		at := slices.Index(groups, b.group)
		out[at].Keys = append(out[at].Keys, Key{b.label, b.help, b.where()})
	}
	return out
}

// KeyHelp names the most used keys of each group, a line a group, for --help:
// those that are hinted at on the screens.
func KeyHelp() string {
	var out strings.Builder
	for _, group := range groups {
		var used []string
		for i := range keymap {
			if b := &keymap[i]; b.group == group && b.hint != "" {
				used = append(used, b.label+" "+b.hint)
			}
		}
		if used != nil {
			out.WriteString("  " + group + strings.Repeat(" ", max(0, 9-len(group))) + strings.Join(used, "  ") + "\n")
		}
	}
	return out.String()
}

// TypedCommands are the commands of the text mode, each with what it does.
func TypedCommands() [][2]string {
	out := make([][2]string, len(typedCommands))
	for i, c := range typedCommands {
		out[i] = [2]string{c.usage, c.help}
	}
	return out
}
