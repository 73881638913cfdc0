package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// listenAgain is how long a source that could not listen waits before another try.
const listenAgain = time.Minute

// listen commits what is pushed to a source, until ctx ends. One that cannot
// listen tries again.
func (p *poller) listen(ctx context.Context, l sources.Listener) {
	for {
		accounts, err := p.src.Source.Accounts(ctx)
		t := taker{p, l, accounts}
		if err == nil {
			err = t.addFormer(ctx)
		}
		if err == nil {
			err = l.Listen(ctx, func(records []sources.Record) error { return t.take(ctx, records) })
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("it stopped listening")
		}
		p.fail(ctx, store.Failure{Account: first(accounts), Err: fmt.Errorf("listen %s: %w", p.src.Name, err)})
		timer := p.m.o.Clock.Timer(listenAgain)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// first is the id of the first account, "" when none is known.
func first(accounts []sources.Account) string {
	if len(accounts) == 0 {
		return ""
	}
	return accounts[0].ID
}

// taker commits what is pushed to a source.
type taker struct {
	*poller
	listener sources.Listener
	accounts []sources.Account
}

// addFormer adds the accounts that left the config, as those of currencies that are not
// taken any more do: what is told of events there still counts where they are.
func (t *taker) addFormer(ctx context.Context) error {
	stored, err := t.m.o.Store.Accounts(ctx, forever)
	for _, a := range stored {
		if a.Source == t.src.Name && !slices.ContainsFunc(t.accounts, func(listed sources.Account) bool { return listed.ID == a.ID }) {
			t.accounts = append(slices.Clip(t.accounts), a.Account)
		}
	}
	return err
}

// delivery is what goes to one account: events as they were reported, with their
// messages, and those that turned out to be another account's.
type delivery struct{ taken, gone []sources.Record }

// take commits pushed records, each to the account of its currency. An event that was
// known in another one moves: it is marked as a test there, which counts nowhere.
func (t taker) take(ctx context.Context, records []sources.Record) error {
	if len(t.accounts) == 1 {
		return t.commit(ctx, t.accounts[0], records, t.listener.Merge)
	}
	known, err := t.known(ctx, records)
	if err != nil {
		return err
	}
	to := map[string]*delivery{}
	for _, a := range t.accounts {
		to[a.ID] = &delivery{}
	}
	waiting := map[string]bool{} // ids of events that are not delivered
	at := t.accounts[0].ID       // a message goes where its event went
	for i, r := range records {
		e, ok := r.(sources.Event)
		if !ok {
			to[at].taken = append(to[at].taken, r)
			continue
		}
		if waiting[e.ID] { // it comes twice: one after the other
			err := t.deliver(ctx, to)
			if err == nil {
				known, err = t.known(ctx, records[i:])
			}
			if err != nil {
				return err
			}
			clear(waiting)
		}
		waiting[e.ID] = true
		was, seen := known[e.ID]
		at = t.accountOf(e, was.Account)
		if seen && was.Account != at {
			merged, changed := t.listener.Merge(was.Event, e)
			if !changed {
				at = was.Account
				continue
			}
			gone := was.Event
			gone.Status, gone.Value = sources.Test, 0
			to[was.Account].gone = append(to[was.Account].gone, gone)
			e = merged
		}
		to[at].taken = append(to[at].taken, e)
	}
	return t.deliver(ctx, to)
}

// known are the events that records are about, as they are known so far, by id.
func (t taker) known(ctx context.Context, records []sources.Record) (map[string]store.AccountEvent, error) {
	var ids []string
	for _, r := range records {
		if e, ok := r.(sources.Event); ok {
			ids = append(ids, e.ID)
		}
	}
	found, err := t.m.o.Store.Events(ctx, t.src.Name, ids)
	known := map[string]store.AccountEvent{}
	for _, e := range found {
		known[e.ID] = e
	}
	return known, err
}

// accountOf is the account of an event that is known in another one, or in none.
func (t taker) accountOf(e sources.Event, known string) string {
	for _, a := range t.accounts {
		if e.Currency == a.Currency || e.Currency == "" && known == a.ID {
			return a.ID
		}
	}
	return t.accounts[0].ID
}

// deliver commits what goes to each account. What moves leaves before it arrives: a
// sender that is not answered, because the process ended in between, sends again.
func (t taker) deliver(ctx context.Context, to map[string]*delivery) error {
	for _, a := range t.accounts {
		if gone := to[a.ID].gone; len(gone) > 0 {
			if err := t.commit(ctx, a, gone, nil); err != nil {
				return err
			}
		}
	}
	for _, a := range t.accounts {
		if taken := to[a.ID].taken; len(taken) > 0 {
			if err := t.commit(ctx, a, taken, t.listener.Merge); err != nil {
				return err
			}
		}
		*to[a.ID] = delivery{}
	}
	return nil
}

// commit commits records with the receipt that the source has at this moment.
func (t taker) commit(ctx context.Context, account sources.Account, records []sources.Record, merge func(known, reported sources.Event) (sources.Event, bool)) error {
	now := t.m.o.Clock.Now()
	today := kpi.DateOf(now, account.Zone)
	d := t.src.Definition
	b := store.Batch{
		Source: t.src.Name, Type: d.Type, Account: account, Gives: d.Gives, PendingApart: d.Approval != 0, ObservedAt: now, Merge: merge,
		Query: sources.Query{Account: account, Days: kpi.DateRange{From: today - 1, To: today}, Level: sources.LevelCampaign, Grain: d.Grain},
	}
	if err := Collect(ctx, t.src.Source, &b); err != nil {
		return err
	}
	b.Records = records
	return t.m.commit(ctx, b)
}
