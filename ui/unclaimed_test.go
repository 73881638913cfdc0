package ui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"adtop/kpi"
	"adtop/snapshot"
)

// TestTheUnassignedLineLeadsToWhatBindsIt: from there to its figures, and back.
func TestTheUnassignedLineLeadsToWhatBindsIt(t *testing.T) {
	a := testApp(120, 32, looks[3])
	s := testSnapshot()
	s.Channels = []snapshot.Channel{{Name: "unassigned", Unassigned: true, Now: figures(380, 34, 2210, 1)}}
	a.take(s)
	if text := ansi.Strip(a.View().Content); !strings.Contains(text, "↵ lists them") {
		t.Fatalf("the overview does not say what the line is:\n%s", text)
	}
	press(a, "enter")
	if view := <-a.bridge.views; a.place.screen != unclaimed || !view.Unclaimed {
		t.Fatalf("it leads to %v and asks for %+v", a.place.screen, view)
	}
	text := ansi.Strip(a.View().Content)
	for _, want := range []string{"bing / cpc", "and 11 others: spring", "2,210", "utm_source: bing, utm_medium: cpc", "Display 東京"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the screen:\n%s", want, text)
		}
	}
	press(a, "enter")
	if a.place.screen != channel || a.place.channel != "unassigned" {
		t.Errorf("enter leads on to %+v", a.place)
	}
	if view := <-a.bridge.views; view.Unclaimed {
		t.Error("the list is asked for where nobody sees it")
	}
	press(a, "esc", "esc")
	if a.place.screen != overview || a.channels.selected() != "unassigned" {
		t.Errorf("esc leads to %+v", a.place)
	}
}

func TestTheLinesForTheConfigAreCopiedWhole(t *testing.T) {
	a := testApp(120, 32, looks[3])
	copied := ""
	a.o.Copy = func(text string) error { copied = text; return nil }
	press(a, "4")
	press(a, "j")
	press(a, "y")()
	if want := testUnclaimed()[1].Lines; copied != want {
		t.Errorf("copied is %q, want %q", copied, want)
	}
	press(a, "/", "u", "t", "m", "_", "s", "o", "u", "r", "c", "e", ":", "b", "i", "n", "g", "enter")
	if a.unclaimedSet.count() != 1 || a.unclaimedSet.selected() != "1" {
		t.Errorf("the filter keeps %d lines", a.unclaimedSet.count())
	}
}

func TestResultsThatAreInNoTotalSaySo(t *testing.T) {
	a := testApp(120, 40, looks[3])
	press(a, "4", "G")
	if text := ansi.Strip(a.View().Content); !strings.Contains(text, "These results are in no total") {
		t.Errorf("the screen says:\n%s", text)
	}
}

func TestUnclaimedAsTextEndsInLinesForTheConfig(t *testing.T) {
	var out strings.Builder
	s := testSnapshot()
	s.Unclaimed[0].Name, s.Unclaimed[0].Metrics.Has = "bing\x1b[31m", kpi.Revenue
	if err := PlainUnclaimed(&out, s, 120); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, "\x1b") || !strings.Contains(text, "\nchannels:\n  - name: \"bing / cpc\"\n    results: {") || !strings.Contains(text, "Display 東京") {
		t.Errorf("printed is:\n%s", text)
	}
	out.Reset()
	s.Unclaimed = nil
	if err := PlainUnclaimed(&out, s, 120); err != nil || !strings.Contains(out.String(), nothingUnclaimed) {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

// TestARestoredScreenAsksForWhatItShows: the first picture has it.
func TestARestoredScreenAsksForWhatItShows(t *testing.T) {
	for name, shows := range map[string]func(snapshot.View) bool{
		"unclaimed": func(v snapshot.View) bool { return v.Unclaimed && v.Ended == 0 },
		"alerts":    func(v snapshot.View) bool { return v.Ended > 0 && !v.Unclaimed },
		"channel":   func(v snapshot.View) bool { return v.Campaigns == "" && !v.Unclaimed },
	} {
		state := State{Screen: name, Range: "7d"}
		a := newApp(Options{State: state}, newBridge(t.Context(), nil), colorprofile.ASCII)
		if v := state.View(); !shows(v) || a.wanted != v {
			t.Errorf("%s asks first for %+v, then for %+v", name, v, a.wanted)
		}
	}
}
