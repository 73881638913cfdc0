package ui

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
)

// colourCodes finds the colours that a frame sets.
var colourCodes = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// hue is a colour's, 0..360, with how colourful it is, 0..1.
func hue(r, g, b float64) (degrees, chroma float64) {
	high, low := max(r, g, b), min(r, g, b)
	if chroma = (high - low) / 255; high == low {
		return 0, 0
	}
	switch high {
	case r:
		degrees = math.Mod(60*(g-b)/(high-low)+360, 360)
	case g:
		degrees = 60*(b-r)/(high-low) + 120
	default:
		degrees = 60*(r-g)/(high-low) + 240
	}
	return degrees, chroma
}

// redOrGreen names the first red or green that a frame sets, "" when there is
// none. Orange, the colour-blind's bad, lies between 20 and 60 degrees.
func redOrGreen(frame string) string {
	for _, code := range colourCodes.FindAllStringSubmatch(frame, -1) {
		parts := strings.Split(code[1], ";")
		for i := 0; i < len(parts); i++ {
			n, _ := strconv.Atoi(parts[i])
			switch {
			case (n == 38 || n == 48) && i+4 < len(parts) && parts[i+1] == "2":
				var rgb [3]float64
				for j := range rgb {
					rgb[j], _ = strconv.ParseFloat(parts[i+2+j], 64)
				}
				if degrees, chroma := hue(rgb[0], rgb[1], rgb[2]); chroma > 0.3 && (degrees < 20 || degrees > 330 || degrees > 75 && degrees < 165) {
					return fmt.Sprintf("#%02x%02x%02x", int(rgb[0]), int(rgb[1]), int(rgb[2]))
				}
				i += 4
			case n == 31, n == 32, n == 91, n == 92, n == 41, n == 42, n == 101, n == 102:
				return "colour " + parts[i]
			}
		}
	}
	return ""
}

// TestThemeForColourBlindEyesUsesNeitherRedNorGreen looks at every screen.
func TestThemeForColourBlindEyesUsesNeitherRedNorGreen(t *testing.T) {
	for _, profile := range []colorprofile.Profile{colorprofile.TrueColor, colorprofile.ANSI256, colorprofile.ANSI} {
		for _, dark := range []bool{true, false} {
			for _, keys := range keysOfScreens {
				a := testApp(160, 45, look{"", profile, "colorblind"})
				a.dark = dark
				a.restyle()
				strike(a, keys...)
				if found := redOrGreen(a.View().Content); found != "" {
					t.Fatalf("%v, dark %v, after %v: %s", profile, dark, keys, found)
				}
			}
		}
	}
	if redOrGreen(testApp(160, 45, looks[0]).View().Content) == "" || redOrGreen(testApp(160, 45, looks[2]).View().Content) == "" {
		t.Error("the other themes use neither: this test sees nothing")
	}
}

func TestGoodAndBadDifferInEveryTheme(t *testing.T) {
	for _, theme := range Themes {
		for _, profile := range []colorprofile.Profile{colorprofile.TrueColor, colorprofile.ANSI256, colorprofile.ANSI} {
			for _, dark := range []bool{true, false} {
				st := newStyles(theme, profile, dark)
				if theme != "none" && (st.good == st.bad || st.warn == st.bad || st.good == st.warn) {
					t.Errorf("%s, %v, dark %v: good %q, warn %q, bad %q", theme, profile, dark, st.good.on, st.warn.on, st.bad.on)
				}
			}
		}
	}
}

func TestWithoutColourEveryVerdictIsStillTold(t *testing.T) {
	for _, theme := range []look{{"", colorprofile.ASCII, "dark"}, {"", colorprofile.TrueColor, "none"}} {
		a := testApp(120, 32, theme)
		if codes := colourCodes.FindAllStringSubmatch(a.View().Content, -1); len(codes) == 0 {
			t.Error("nothing is emphasised at all")
		} else {
			for _, code := range codes {
				for _, part := range strings.Split(code[1], ";") {
					if n, _ := strconv.Atoi(part); n >= 30 && n != 39 && n != 49 {
						t.Fatalf("a colour without colours: %q", code[0])
					}
				}
			}
		}
		for _, word := range []string{"▲ TikTok", "UNPROFITABLE", "◐ Meta", "at risk", "○ LinkedIn", "no data", "● Google Search", "profitable", "◌ Reddit", "too early"} {
			if !strings.Contains(screenText(a), word) {
				t.Errorf("without colour, %q is not told", word)
			}
		}
	}
}
