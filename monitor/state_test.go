package monitor

import (
	"context"
	"errors"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// stateful is a source of rows that keeps a state between polls.
type stateful struct {
	account sources.Account
	given   []string // state of each question about the newest days
	state   string
	fail    bool
}

func (s *stateful) Accounts(context.Context) ([]sources.Account, error) {
	return []sources.Account{s.account}, nil
}

func (s *stateful) Fetch(_ context.Context, q sources.Query, _ func(sources.Record) error) (sources.Receipt, error) {
	s.given = append(s.given, string(q.State))
	if s.fail {
		return sources.Receipt{State: []byte("of a failure")}, sources.Errorf(sources.Malformed, "%w", errors.New("half a run"))
	}
	return sources.Receipt{CompleteThrough: q.Days.To.Start(s.account.Zone), State: []byte(s.state)}, nil
}

func TestTheStateOfRowsComesBackFromTheLastGoodPollOnly(t *testing.T) {
	at := instant(t, "2026-11-20T12:00:00Z")
	src := &stateful{account: sources.Account{ID: "a", Name: "a", Currency: "EUR", Zone: zoneOf(t, "Europe/Berlin")}, state: "first"}
	r := newRig(t, at, func(_ *rig, o *Options) {
		o.Sources = []Source{{Name: "tap", Source: src, Every: time.Hour, Definition: sources.Definition{Type: "exec", Gives: kpi.AllFields, Grain: sources.Day, Restates: 1}}}
	})
	poll := func() string {
		src.given = nil
		at = at.Add(2 * time.Hour)
		r.clock.set(at)
		r.poll()
		if len(src.given) == 0 {
			t.Fatal("nothing was asked")
		}
		return src.given[0]
	}
	r.poll()
	src.state = "second"
	if got := poll(); got != "first" {
		t.Errorf("the second poll is given %q", got)
	}
	src.fail = true
	if got := poll(); got != "second" {
		t.Errorf("the third poll is given %q", got)
	}
	src.fail = false
	if got := poll(); got != "second" {
		t.Errorf("after a failure the state is %q", got)
	}
}
