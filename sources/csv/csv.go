// Package csv reads campaign figures from files that something else exports:
// a partner network's report, a spreadsheet, a query of the warehouse.
//
// It reads files and nothing else. A file counts whole or not at all: one
// broken line, a row in another currency or an export that is still being
// written fails the Fetch.
package csv

import (
	"context"
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
			`None: name the file or files. adtop reads them again when they change.`,
		},
		Gives:       kpi.AllFields,
		Grain:       sources.Day,
		Dating:      sources.Mixed,
		Basis:       kpi.Reported,
		Restates:    30,
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
// Rows are about campaigns, UTM keys or the account, whichever the columns
// name; asked for LevelAccount, their sum is handed over.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := s.answers(q); err != nil {
		return sources.Receipt{}, err
	}
	files, err := s.files()
	if err != nil {
		return sources.Receipt{}, err
	}
	all := newLedger()
	var complete time.Time
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return sources.Receipt{}, err
		}
		one, err := s.read(ctx, f, q.Days)
		if err != nil {
			return sources.Receipt{}, err
		}
		all.supersede(one)
		if through := s.through(one, f); through.After(complete) {
			complete = through
		}
	}
	if complete.IsZero() {
		return sources.Receipt{}, sources.Errorf(sources.Unavailable, "%s has no rows for account %s yet", s.options.Path, s.account.ID)
	}
	rows, err := all.rows(q)
	if err != nil {
		return sources.Receipt{}, sources.Errorf(sources.Malformed, "%s: sum of rows: %w", s.options.Path, err)
	}
	for _, row := range rows {
		if err := ctx.Err(); err != nil {
			return sources.Receipt{}, err
		}
		if err := yield(row); err != nil {
			return sources.Receipt{}, err
		}
	}
	return sources.Receipt{CompleteThrough: complete}, nil
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
