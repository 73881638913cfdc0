package cli

import (
	"slices"
	"testing"

	"adtop/config"
	"adtop/ui"
)

func TestTheConfigTakesTheLooksThatTheScreensKnow(t *testing.T) {
	for name, known := range map[string][2][]string{
		"theme": {config.Themes, ui.Themes}, "numbers": {config.NumberFormats, ui.NumberFormats}, "desktop": {config.Desktops, ui.Desktops},
	} {
		if !slices.Equal(known[0], known[1]) {
			t.Errorf("%s: the config takes %q, the screens know %q", name, known[0], known[1])
		}
	}
}
