package ui

import (
	"image/color"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"adtop/kpi"
	"adtop/snapshot"
)

// style is a ready-made escape prefix, and the same on a selected line.
// Composing it once makes a frame some forty times cheaper than styling cells.
type style struct{ on, selected string }

// palette names the colours by what they mean. A nil colour is the terminal's own.
type palette struct {
	dim, faint, accent, good, warn, bad, note, border color.Color
	cursor                                            color.Color // background of the selected line; nil: reverse video
}

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
)

// Styles are all styles of the screens, made once from a palette.
type Styles struct {
	widths ansi.Method // how this terminal counts the width of emoji and joined characters

	text, strong, dim, faint, heading, accent, border style
	good, warn, bad, note, badStrong                  style
	band                                              style // a new alert
}

// newStyles picks the palette for a colour profile and background.
func newStyles(profile colorprofile.Profile, dark bool) *Styles {
	switch {
	case profile <= colorprofile.ASCII:
		return stylesOf(palette{})
	case profile == colorprofile.ANSI:
		return stylesOf(sixteenPalette)
	case dark:
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
		out := style{on: plain.String(), selected: selected.String()}
		if len(plain) == 0 {
			out.on = ""
		}
		return out
	}
	st := &Styles{
		text: make(nil), strong: make(nil, ansi.AttrBold), dim: make(c.dim), faint: make(c.faint),
		heading: make(c.dim, ansi.AttrBold), accent: make(c.accent, ansi.AttrBold), border: make(c.border),
		good: make(c.good), warn: make(c.warn), bad: make(c.bad), note: make(c.note),
		badStrong: make(c.bad, ansi.AttrBold), band: make(c.bad, ansi.AttrBold, ansi.AttrReverse),
	}
	if c.faint == nil {
		st.faint = make(nil, ansi.AttrFaint)
	}
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
