package monitor

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"adtop/snapshot"
	"adtop/store"
)

func TestANoteFromAViewerStandsOnItsDayUntilSomebodyRemovesIt(t *testing.T) {
	r := twoDays(t)
	w := r.weigh()
	viewer := r.second()
	send := func(c snapshot.Command) {
		t.Helper()
		if err := viewer.Send(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		r.clock.set(r.clock.now().Add(time.Minute))
		r.judge(w)
	}
	began := r.clock.now()
	send(snapshot.Command{Verb: "note", ID: "Shop", On: "2026-11-19", Note: "  sale\nbegan \x1b[31m" + strings.Repeat("ä", 300), By: "ops"})
	send(snapshot.Command{Verb: "note", On: "2026-11-18", Note: "holiday", By: "ops"})
	notes := r.show("7d", time.Time{}).Notes
	if len(notes) != 2 || notes[0].Text != "holiday" || notes[0].Channel != "" || notes[1].Channel != "Shop" || notes[1].By != "ops" || notes[1].Date.String() != "2026-11-19" {
		t.Fatalf("notes: %+v", notes)
	}
	if text := notes[1].Text; !strings.HasPrefix(text, "sale began [31mä") || utf8.RuneCountInString(text) != store.MaxNote {
		t.Errorf("the text has %d characters: %q", utf8.RuneCountInString(text), text)
	}
	if inbox, err := r.o.Store.Inbox(t.Context()); err != nil || len(inbox) != 0 {
		t.Errorf("left in the inbox: %+v, %v", inbox, err)
	}
	if then := r.show("7d", began).Notes; len(then) != 0 {
		t.Errorf("before it was written there was %+v", then)
	}
	written := r.clock.now()
	send(snapshot.Command{Verb: "unnote", ID: notes[1].ID})
	if left := r.show("7d", time.Time{}).Notes; len(left) != 1 || left[0].ID != notes[0].ID {
		t.Errorf("left: %+v", left)
	}
	if then := r.show("7d", written).Notes; len(then) != 2 {
		t.Errorf("before it was removed there were %+v", then)
	}
	if far := r.show("2025-01-01..2025-01-31", time.Time{}).Notes; len(far) != 1 {
		t.Errorf("of the last 60 days, which every picture holds: %+v", far)
	}
	for what, c := range map[string]snapshot.Command{
		"an empty note": {Verb: "note", ID: "Shop", On: "2026-11-19", Note: " \x1b "}, "one without a date": {Verb: "note", Note: "sale"},
		"one of an unknown channel": {Verb: "note", ID: "Billboards", On: "2026-11-19", Note: "sale"}, "the removal of none": {Verb: "unnote", ID: "n1-1"},
	} {
		send(c)
		if got := r.show("7d", time.Time{}).Notes; len(got) != 1 {
			t.Errorf("%s changed the notes: %+v", what, got)
		}
	}
}

func TestANoteIsStoredOnceHoweverOftenItsCommandIsCarriedOut(t *testing.T) {
	r := twoDays(t)
	if err := r.Send(t.Context(), snapshot.Command{Verb: "note", On: "2026-11-19", Note: "sale"}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // as a process does that died before it had emptied the inbox
		d := store.Decision{At: r.clock.now()}
		if _, err := r.commands(t.Context(), &snapshot.Snapshot{}, &d); err != nil {
			t.Fatal(err)
		}
		d.Applied = nil
		if err := r.o.Store.Decide(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		r.clock.set(r.clock.now().Add(time.Minute))
	}
	r.judge(r.weigh())
	if notes := r.show("7d", time.Time{}).Notes; len(notes) != 1 {
		t.Errorf("notes: %+v", notes)
	}
}
