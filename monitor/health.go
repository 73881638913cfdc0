package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

const (
	staleFloor = 45 * time.Minute // no source is called stale sooner
	exportAge  = 48 * time.Hour   // a watermark older than this is no data, however often it was read
)

// oldAfter is how far its figures may lie behind: those of a source that is days late
// by itself are no older for it.
func (s Source) oldAfter() time.Duration { return exportAge + s.Definition.Lag }

// staleAfter is how long after its last good poll a source's figures are too
// old to judge by.
func (s Source) staleAfter(accounts int) time.Duration {
	every, _ := s.interval(accounts)
	return max(3*every, staleFloor)
}

// sources fills in the health of every configured source.
func (b *builder) sources(ctx context.Context, s *snapshot.Snapshot, st status) error {
	all, err := b.o.Store.Health(ctx, s.AsOf)
	if err != nil {
		return err
	}
	accounts, err := b.o.Store.Accounts(ctx, s.AsOf)
	if err != nil {
		return err
	}
	polled, err := listed(ctx, b.o, accounts)
	if err != nil {
		return err
	}
	count := map[string]int{}
	for key := range polled {
		count[key[0]]++
	}
	for _, src := range b.o.Sources {
		var newest, good time.Time // poll of an account
		shown := snapshot.Source{Name: src.Name, Type: src.Definition.Type, Health: snapshot.Waiting, NextPoll: st.next[src.Name],
			Backfill: st.backfills[src.Name], Drills: src.Definition.Deepest >= sources.LevelAdGroup, Breakdowns: src.Definition.Breakdowns}
		for _, h := range all {
			if h.Last.Source != src.Name {
				continue
			}
			if h.Last.Account == "" || (!polled[[2]string{src.Name, h.Last.Account}] && !h.Good.At.IsZero()) {
				continue
			}
			shown.Accounts++
			newest = later(newest, h.Last.At)
			merge(&shown, src.staleAfter(count[src.Name]), src.oldAfter(), h.Last.Kind, h.Last.Message, h.Last.Next, h.Good.At, h.Good.CompleteThrough, s.AsOf)
			shown.Warnings = append(shown.Warnings, h.Good.Warnings...)
			if h.Good.At.After(good) { // it knows of the newest sign-in
				good, shown.Expires = h.Good.At, h.Good.Expires
			}
			if q := h.Good.Quota; q.Scope != "" && q.Used > shown.QuotaUsed.Value {
				shown.QuotaUsed = kpi.Ratio{Value: q.Used, OK: true}
			}
		}
		for _, h := range all { // the accounts could not be listed, and nothing was heard since
			if h.Last.Source == src.Name && h.Last.Account == "" && h.Last.At.After(newest) && shown.Health != snapshot.Stale {
				shown.Health, shown.Problem, shown.Next = snapshot.Failing, problem(h.Last.Kind, h.Last.Message), h.Last.Next
				deny(&shown, h.Last.Kind)
			}
		}
		shown.Every, shown.EveryWhy = src.interval(shown.Accounts)
		if s.View.AsOf.IsZero() {
			shown.Exchanges = b.o.Exchanges.newest(src.Name)
		}
		s.Sources = append(s.Sources, shown)
	}
	return nil
}

// listed returns the accounts that are polled now: those that their source
// listed last. A source that never listed any keeps all it has.
func listed(ctx context.Context, o *Options, accounts []store.Account) (map[[2]string]bool, error) {
	names := map[string][]string{}
	for _, src := range o.Sources {
		kept, err := o.Store.Setting(ctx, accountsKey(src.Name))
		if err != nil {
			return nil, err
		}
		if kept == "" {
			continue
		}
		var ids []string
		if err := json.Unmarshal([]byte(kept), &ids); err != nil {
			return nil, fmt.Errorf("accounts of %s: %w", src.Name, err)
		}
		names[src.Name] = ids
	}
	all := map[[2]string]bool{}
	for _, a := range accounts {
		if ids, known := names[a.Source]; !known || slices.Contains(ids, a.ID) {
			all[[2]string{a.Source, a.ID}] = true
		}
	}
	return all, nil
}

func accountsKey(source string) string { return "accounts/" + source }

// merge lets the worst account speak for its source.
func merge(shown *snapshot.Source, staleAfter, oldAfter time.Duration, kind sources.Kind, message, next string, good, through, asOf time.Time) {
	if shown.LastGood.IsZero() || good.Before(shown.LastGood) {
		shown.LastGood = good
	}
	if shown.Watermark.IsZero() || through.Before(shown.Watermark) {
		shown.Watermark = through
	}
	health := snapshot.Healthy
	said := ""
	switch {
	case good.IsZero():
		health = snapshot.Failing
	case asOf.Sub(good) > staleAfter:
		health = snapshot.Stale
		said = fmt.Sprintf("no good answer for %s", short(asOf.Sub(good).Truncate(time.Minute)))
	case asOf.Sub(through) > oldAfter:
		health, said = snapshot.Stale, fmt.Sprintf("its figures end %s ago", short(asOf.Sub(through).Truncate(time.Hour)))
		if kind == 0 {
			next = "Export it again, or check what writes it."
		}
	case kind != 0:
		health = snapshot.Failing
	}
	if kind != 0 && said != "" {
		said += ": "
	}
	if kind != 0 {
		said += problem(kind, message)
	}
	deny(shown, kind)
	if rank(health) > rank(shown.Health) {
		shown.Health, shown.Problem, shown.Next = health, said, next
	}
}

// deny notes a failure that only a person, or time, ends.
func deny(shown *snapshot.Source, kind sources.Kind) {
	shown.Denied = shown.Denied || kind == sources.Auth || kind == sources.Permission
	shown.Throttled = shown.Throttled || kind == sources.QuotaKind
}

func rank(h snapshot.Health) int {
	return strings.Index("waiting ok error stale", string(h))
}

func problem(kind sources.Kind, message string) string {
	if kind == 0 || strings.HasPrefix(message, kind.String()) {
		return message
	}
	return kind.String() + ": " + message
}
