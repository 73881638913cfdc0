package ui

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"adtop/kpi"
	"adtop/snapshot"
)

// style is a ready-made escape prefix, and the same on a selected line.
// Composing it once makes a frame some forty times cheaper than styling cells.
type style struct {
	on, selected string
	reversed     bool // its spaces are seen
}

// palette names the colours by what they mean. A nil colour is the terminal's own.
type palette struct {
	dim, faint, accent, good, warn, bad, note, border color.Color
	cursor                                            color.Color // background of the selected line; nil: reverse video
}

// The palettes. Those for colour-blind eyes tell good from bad by blue and
// orange, which also differ in brightness.
var (
	darkPalette = palette{
		dim: lipgloss.Color("#9aa3b5"), faint: lipgloss.Color("#6b7388"), accent: lipgloss.Color("#82aaff"),
		good: lipgloss.Color("#7fd48b"), warn: lipgloss.Color("#e8b65a"), bad: lipgloss.Color("#ff7078"),
		note: lipgloss.Color("#73c7d9"), border: lipgloss.Color("#454c60"), cursor: lipgloss.Color("#2a3147"),
	}
	lightPalette = palette{
		dim: lipgloss.Color("#57606a"), faint: lipgloss.Color("#7d858f"), accent: lipgloss.Color("#0550ae"),
		good: lipgloss.Color("#1a7f37"), warn: lipgloss.Color("#8a5a00"), bad: lipgloss.Color("#c4202b"),
		note: lipgloss.Color("#0b6b80"), border: lipgloss.Color("#c4cad2"), cursor: lipgloss.Color("#dfe8f7"),
	}
	sixteenPalette = palette{
		dim: ansi.BrightBlack, faint: ansi.BrightBlack, accent: ansi.Blue, good: ansi.Green,
		warn: ansi.Yellow, bad: ansi.Red, note: ansi.Cyan, border: ansi.BrightBlack,
	}
	darkBlindPalette = palette{
		dim: darkPalette.dim, faint: darkPalette.faint, accent: lipgloss.Color("#d7d7ff"),
		good: lipgloss.Color("#56b4e9"), warn: lipgloss.Color("#f0e442"), bad: lipgloss.Color("#ff9e3d"),
		note: lipgloss.Color("#c9a6d8"), border: darkPalette.border, cursor: darkPalette.cursor,
	}
	sixteenBlindPalette = palette{
		dim: ansi.BrightBlack, faint: ansi.BrightBlack, accent: ansi.Cyan, good: ansi.Blue,
		warn: ansi.Magenta, bad: ansi.Yellow, note: ansi.Cyan, border: ansi.BrightBlack,
	}
	lightBlindPalette = palette{
		dim: lightPalette.dim, faint: lightPalette.faint, accent: lipgloss.Color("#3b3b8f"),
		good: lipgloss.Color("#005f9e"), warn: lipgloss.Color("#7a6a00"), bad: lipgloss.Color("#b34700"),
		note: lipgloss.Color("#7a4a8c"), border: lightPalette.border, cursor: lightPalette.cursor,
	}
)

// Themes are the names of the themes: "auto" follows the terminal's
// background, "ansi" uses the sixteen colours that the terminal has set,
// "colorblind" avoids red and green, "none" does without colour.
var Themes = []string{"auto", "dark", "light", "ansi", "colorblind", "none"}

// checkTheme says whether there is such a theme; "" is "auto".
func checkTheme(name string) error {
	if name == "" || slices.Contains(Themes, name) {
		return nil
	}
	return fmt.Errorf("theme %q: expected one of %s", name, strings.Join(Themes, ", "))
}

// Styles are all styles of the screens, made once from a palette, and the way
// in which numbers are written.
type Styles struct {
	numbers
	widths ansi.Method // how this terminal counts the width of emoji and joined characters

	text, strong, dim, faint, heading, accent, border style
	good, warn, bad, note, badStrong                  style
	alarm, band                                       style // a new alert; the past, a frozen screen
}

// newStyles picks the palette of a theme for a colour profile and background.
func newStyles(theme string, profile colorprofile.Profile, dark bool) *Styles {
	switch {
	case profile <= colorprofile.ASCII || theme == "none":
		return stylesOf(palette{})
	case profile == colorprofile.ANSI && theme == "colorblind":
		return stylesOf(sixteenBlindPalette)
	case profile == colorprofile.ANSI || theme == "ansi":
		return stylesOf(sixteenPalette)
	case theme == "colorblind" && dark:
		return stylesOf(darkBlindPalette)
	case theme == "colorblind":
		return stylesOf(lightBlindPalette)
	case theme == "dark" || theme != "light" && dark:
		return stylesOf(darkPalette)
	}
	return stylesOf(lightPalette)
}

func stylesOf(c palette) *Styles {
	make := func(fg color.Color, attributes ...ansi.Attr) style {
		plain := ansi.NewStyle(attributes...)
		selected := ansi.NewStyle(attributes...).Reverse(true)
		if c.cursor != nil {
			selected = ansi.NewStyle(attributes...).BackgroundColor(c.cursor)
		}
		if fg != nil {
			plain = plain.ForegroundColor(fg)
			if c.cursor != nil {
				selected = selected.ForegroundColor(fg)
			}
		}
		out := style{on: plain.String(), selected: selected.String(), reversed: slices.Contains(attributes, ansi.AttrReverse)}
		if len(plain) == 0 {
			out.on = ""
		}
		return out
	}
	st := &Styles{
		text: make(nil), strong: make(nil, ansi.AttrBold), dim: make(c.dim), faint: make(c.faint),
		heading: make(c.dim, ansi.AttrBold), accent: make(c.accent, ansi.AttrBold), border: make(c.border),
		good: make(c.good), warn: make(c.warn), bad: make(c.bad), note: make(c.note),
		badStrong: make(c.bad, ansi.AttrBold), alarm: make(c.bad, ansi.AttrBold, ansi.AttrReverse),
		band: make(c.warn, ansi.AttrReverse),
	}
	if c.faint == nil {
		st.faint = make(nil, ansi.AttrFaint)
	}
	st.numbers, _ = numbersLike("")
	return st
}

// mark is how a state is told: by glyph, word and colour, so that none of the
// three is needed.
type mark struct {
	glyph, word string
	style       style
}

func (st *Styles) verdict(v kpi.Verdict) mark {
	switch v {
	case kpi.Unprofitable:
		return mark{"▲", "UNPROFITABLE", st.badStrong}
	case kpi.AtRisk:
		return mark{"◐", "at risk", st.warn}
	case kpi.Profitable:
		return mark{"●", "profitable", st.good}
	case kpi.TooEarly:
		return mark{"◌", "too early", st.note}
	case kpi.NoData:
		return mark{"○", "no data", st.warn}
	case kpi.Idle:
		return mark{"·", "idle", st.faint}
	}
	return mark{" ", string(v), st.dim}
}

func (st *Styles) alert(a *snapshot.Alert) mark {
	switch {
	case !a.Open() && a.State == snapshot.Retracted:
		return mark{"↺", "retracted", st.faint}
	case !a.Open():
		return mark{"✓", "resolved", st.faint}
	case a.Muted() != "":
		return mark{"◇", a.Muted(), st.dim}
	case a.Frozen != "":
		return mark{"○", a.Frozen, st.warn}
	case a.State == snapshot.Pending:
		return mark{"◌", "pending", st.note}
	case a.Severity == snapshot.Critical:
		return mark{"▲", a.State, st.badStrong}
	case a.Severity == snapshot.Warning:
		return mark{"◆", a.State, st.warn}
	}
	return mark{"○", a.State, st.note}
}

func (st *Styles) health(h snapshot.Health) mark {
	switch h {
	case snapshot.Healthy:
		return mark{"●", "healthy", st.good}
	case snapshot.Waiting:
		return mark{"◌", "waiting", st.note}
	case snapshot.Stale:
		return mark{"○", "stale", st.warn}
	case snapshot.Failing:
		return mark{"▲", "failing", st.badStrong}
	}
	return mark{" ", string(h), st.dim}
}

// signed is the style of a figure that is good above zero and bad below.
func (st *Styles) signed(v float64) style {
	switch {
	case v < 0:
		return st.bad
	case v > 0:
		return st.good
	}
	return st.text
}

// changed is the style of a relative change. wish says what is good: +1 a
// rise, -1 a fall, 0 neither; below five percent it is noise.
func (st *Styles) changed(change kpi.Ratio, wish int) style {
	v := change.Value * float64(wish)
	switch {
	case !change.OK:
		return st.faint
	case v >= 0.05:
		return st.good
	case v <= -0.05:
		return st.bad
	}
	return st.dim
}
