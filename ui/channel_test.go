package ui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func TestTheChannelSaysHowManyOfItsCustomersAreNewWhereItIsKnown(t *testing.T) {
	a := testApp(200, 40, looks[3])
	press(a, "enter")
	if text := ansi.Strip(a.View().Content); strings.Contains(text, "new customers") {
		t.Fatalf("nobody knows, and the screen says:\n%s", text)
	}
	s := testSnapshot()
	for i := range s.Channels {
		s.Channels[i].Now.New, s.Channels[i].Now.Told = units(10), units(32)
	}
	a.take(s)
	if text := ansi.Strip(a.View().Content); !strings.Contains(text, "new customers 31% · CPA of new 154") {
		t.Errorf("the screen says:\n%s", text)
	}
}

func TestTheChannelSaysToWhatItsResultsAreCredited(t *testing.T) {
	a := testApp(120, 60, looks[3])
	s := testSnapshot()
	for i := range s.Channels {
		s.Channels[i].Attribution = []string{"shop: results are counted for the last visit, as Shopify gives it"}
	}
	a.take(s)
	press(a, "enter", "tab", "tab", "e")
	if text := ansi.Strip(a.View().Content); !strings.Contains(text, "ATTRIBUTION") || !strings.Contains(text, "for the last visit, as Shopify gives it") {
		t.Errorf("the screen says:\n%s", text)
	}
}
