package monitor

import (
	"context"
	"errors"
	"fmt"
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
		account, err := p.only(ctx)
		if err == nil {
			err = l.Listen(ctx, func(records []sources.Record) error { return p.take(ctx, account, l, records) })
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("it stopped listening")
		}
		p.fail(ctx, store.Failure{Account: account.ID, Err: fmt.Errorf("listen %s: %w", p.src.Name, err)})
		timer := p.m.o.Clock.Timer(listenAgain)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// only is the one account of a source that is pushed to.
func (p *poller) only(ctx context.Context) (sources.Account, error) {
	accounts, err := p.src.Source.Accounts(ctx)
	if err == nil && len(accounts) != 1 {
		err = sources.Errorf(sources.Invalid, "it has %d accounts: expected one, since what is pushed names none", len(accounts))
	}
	if err != nil {
		return sources.Account{}, err
	}
	return accounts[0], nil
}

// take commits pushed records, with the receipt that the source has at this moment.
func (p *poller) take(ctx context.Context, account sources.Account, l sources.Listener, records []sources.Record) error {
	now := p.m.o.Clock.Now()
	today := kpi.DateOf(now, account.Zone)
	d := p.src.Definition
	b := store.Batch{
		Source: p.src.Name, Type: d.Type, Account: account, Gives: d.Gives, PendingApart: d.Approval != 0, ObservedAt: now, Merge: l.Merge,
		Query: sources.Query{Account: account, Days: kpi.DateRange{From: today - 1, To: today}, Level: sources.LevelCampaign, Grain: d.Grain},
	}
	if err := Collect(ctx, p.src.Source, &b); err != nil {
		return err
	}
	b.Records = records
	return p.m.commit(ctx, b)
}
