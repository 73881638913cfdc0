// Package csv reads campaign figures from files that something else exports:
// a partner network's report, a spreadsheet, a query of the warehouse.
//
// It reads files and nothing else. A file counts whole or not at all: one
// broken line or a row in another currency fails the Fetch, and an export that is
// still being written is not read.
package csv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Definition describes the type "csv".
//
// What a file contains is up to its owner, so dating and basis are the
// cautious ones: some results each way, revenue as reported. An absent row is
// missing, not zero, since an export may leave out a campaign for any reason.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "csv",
		Summary: "Campaign figures from exported files: partner networks, spreadsheets, the warehouse",
		Docs:    "https://www.rfc-editor.org/rfc/rfc4180",
		Credentials: []string{
			`None: name a file, a folder or a pattern. adtop reads the files again when they change, and leaves one alone while it is being written.`,
		},
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.Mixed,
		Basis:       kpi.Reported,
		Restates:    restates,
		History:     3650,
		MinInterval: time.Minute,
		Options:     func() any { return defaults() },
		Open:        open,
	}
}

type source struct {
	options Options
	env     sources.Env
	layout  layout
	account sources.Account
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if o.Account.ID == "" {
		o.Account.ID = env.Name
	}
	if o.Account.Name == "" {
		o.Account.Name = o.Account.ID
	}
	zone, dates, err := o.check()
	if err != nil {
		return nil, err
	}
	account := sources.Account{
		ID:       o.Account.ID,
		Name:     sources.Clean(o.Account.Name),
		Currency: kpi.Currency(o.Account.Currency),
		Zone:     zone,
	}
	return &source{options: o, env: env, layout: dates, account: account}, nil
}

// Accounts returns the one account that the options describe.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	return []sources.Account{s.account}, ctx.Err()
}

// Fetch reads all files of the path. Where two of them have the same entity
// and slot, the one written later wins; within a file such rows are summed.
// Of a folder or a pattern, a file that is new and still being written is left for
// the next Fetch; one that was read before ends this one, since an older file's
// figures would stand for its own meanwhile.
//
// A file that is not there any more is told of. Its rows stay, or with removed:
// withdraw those of the last 30 days are handed over again with nothing known.
//
// Rows are about campaigns, UTM keys or the account, whichever the columns
// name; asked for LevelAccount, their sum is handed over.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := s.answers(q); err != nil {
		return sources.Receipt{}, err
	}
	found, err := s.list()
	if err != nil {
		return sources.Receipt{}, err
	}
	p := &pass{source: s, query: q, listing: found, all: newLedger(), before: s.remembered(q.State)}
	if err := p.readAll(ctx); err != nil {
		return sources.Receipt{}, err
	}
	receipt := sources.Receipt{CompleteThrough: p.complete}
	if p.complete.IsZero() {
		return sources.Receipt{}, sources.Errorf(sources.Unavailable, "%s has no rows for account %s yet", s.options.Path, s.account.ID)
	}
	rows, err := p.all.rows(q)
	if err != nil {
		return sources.Receipt{}, sources.Errorf(sources.Malformed, "%s: sum of rows: %w", s.options.Path, err)
	}
	if found.watched && q.Level != sources.LevelAccount {
		rows = append(rows, p.removed()...)
		var problem string
		if receipt.State, problem = p.before.encode(); problem != "" {
			p.warnings = append(p.warnings, problem)
		}
	}
	receipt.Warnings = p.warnings
	for _, row := range rows {
		if err := ctx.Err(); err != nil {
			return sources.Receipt{}, err
		}
		if err := yield(row); err != nil {
			return sources.Receipt{}, err
		}
	}
	return receipt, nil
}

// pass is one Fetch under way.
type pass struct {
	*source
	listing
	query    sources.Query
	all      *ledger
	before   memory // becomes what the next Fetch is told
	complete time.Time
	warnings []string
}

// readAll folds the files into one ledger.
func (p *pass) readAll(ctx context.Context) error {
	var waits error // of a file that is left for later
	read := 0
	for _, f := range p.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		one, err := p.readOne(ctx, f)
		var unfinished *growing
		switch {
		case errors.As(err, &unfinished) && p.mayWait(f):
			waits = err
			p.warnings = append(p.warnings, fmt.Sprintf("%s is still being written: it is read when it is whole", sources.Clean(p.name(f))))
			continue
		case err != nil:
			return err
		}
		read++
		p.all.supersede(one)
		if through := p.through(one, f); through.After(p.complete) {
			p.complete = through
		}
		if p.watched {
			p.before.reads(p.name(f), one, p.query.Days, p.options.Removed == withdraw, p.today())
		}
	}
	if read == 0 {
		return waits
	}
	return nil
}

func (p *pass) readOne(ctx context.Context, f file) (*ledger, error) {
	if p.watched && p.restless(f) {
		return nil, f.growing("it changed within the last seconds")
	}
	return p.read(ctx, f, p.query.Days)
}

// mayWait says whether a file can be left for the next Fetch. Where nothing is
// remembered, days of long ago may be asked for that never are again.
func (p *pass) mayWait(f file) bool {
	k := p.before.Files[p.name(f)]
	return p.watched && len(p.query.State) > 0 && (k == nil || k.Gone != 0)
}

func (p *pass) today() kpi.Date { return kpi.DateOf(p.env.Now(), p.account.Zone) }

// removed returns rows of which nothing is known, in place of what removed files
// said and no other file says.
func (p *pass) removed() []sources.Row {
	present := map[string]bool{}
	for _, f := range p.files {
		present[p.name(f)] = true
	}
	back, of, warnings := p.before.misses(present, p.query, p.options.Removed == withdraw, p.env.Now())
	p.warnings = append(p.warnings, warnings...)
	said := map[figure]bool{}
	for key := range p.all.sums {
		said[figure{key.level, key.id, sources.Slot{Date: key.slot.Date, Grain: sources.Day}}] = true
	}
	var rows []sources.Row
	for _, key := range back {
		if said[key] {
			continue
		}
		said[key] = true
		slots := []sources.Slot{key.slot}
		if p.query.Grain == sources.Hour {
			slots = nil
			for hour := range key.slot.Date.Hours(p.account.Zone) {
				slots = append(slots, sources.Slot{Date: key.slot.Date, Grain: sources.Hour, Hour: hour})
			}
		}
		for _, slot := range slots {
			rows = append(rows, sources.Row{Entity: of[key.id], Slot: slot})
		}
	}
	return rows
}

// answers refuses what the files cannot tell.
func (s *source) answers(q sources.Query) error {
	switch {
	case q.Account.ID != s.account.ID:
		return sources.Errorf(sources.Invalid, "no account %q: the file is of account %q", q.Account.ID, s.account.ID)
	case q.Breakdown != "":
		return sources.Errorf(sources.Invalid, "a file has no breakdown by %s", q.Breakdown)
	case q.Level == sources.LevelAdGroup || q.Level == sources.LevelAd:
		return sources.Errorf(sources.Invalid, "a file has no figures below campaigns")
	case q.Grain == sources.Hour && s.options.Columns.Hour == "":
		return sources.Errorf(sources.Invalid, "columns.hour is not set: the file has figures by day only")
	}
	return nil
}

// through is how far a file is complete: to the end of its newest slot, but no
// further than it had been written. Without any row that is unknown.
func (s *source) through(book *ledger, f file) time.Time {
	if book.newest.Grain == 0 {
		return time.Time{}
	}
	end := book.newest.End(s.account.Zone)
	for _, bound := range []time.Time{f.written, s.env.Now()} {
		if bound.Before(end) {
			end = bound
		}
	}
	return end
}
