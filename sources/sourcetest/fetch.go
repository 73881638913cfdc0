package sourcetest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Open opens a source whose clock stands at now. It waits for nothing: its
// pauses are collected.
func Open(t testing.TB, d sources.Definition, options any, now time.Time) (s sources.Source, waits *[]time.Duration) {
	t.Helper()
	waits = &[]time.Duration{}
	s, err := d.Open(options, sources.Env{
		Name: d.Type, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Dir: t.TempDir(),
		Sleep: func(ctx context.Context, d time.Duration) error { *waits = append(*waits, d); return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, waits
}

// Query asks for the campaigns of an account from the first to the last of days.
func Query(account sources.Account, grain sources.Grain, days ...kpi.Date) sources.Query {
	return sources.Query{Account: account, Days: kpi.DateRange{From: days[0], To: days[len(days)-1]}, Level: sources.LevelCampaign, Grain: grain}
}

// Zone is a zone of the zone database, which the program carries.
func Zone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// Fetch collects the rows of one Fetch.
func Fetch(t testing.TB, s sources.Source, q sources.Query) (rows []sources.Row, receipt sources.Receipt, err error) {
	t.Helper()
	receipt, err = s.Fetch(t.Context(), q, Collect(&rows))
	return rows, receipt, err
}

// Collect is a yield that keeps the rows.
func Collect(rows *[]sources.Row) func(sources.Record) error {
	return func(r sources.Record) error {
		*rows = append(*rows, r.(sources.Row))
		return nil
	}
}

// CheckDecoded holds whatever was decoded to what any answer may give: rows
// that answer q, with clean names and no figure in an unknown field, and no
// error but that of an unreadable answer.
func CheckDecoded(t testing.TB, q sources.Query, rows []sources.Row, err error) {
	t.Helper()
	if err != nil && sources.KindOf(err) != sources.Malformed {
		t.Errorf("got %v, want an unreadable answer", err)
	}
	for _, r := range rows {
		if r.Entity.ID == "" || r.Entity.Name != sources.Clean(r.Entity.Name) || !q.Days.Contains(r.Slot.Date) || r.Slot.Grain != q.Grain ||
			r.Slot.Hour < 0 || r.Slot.Hour > 24 || r.Metrics != r.Metrics.Only(kpi.AllFields) {
			t.Errorf("impossible row %+v", r)
		}
	}
}

// Serve opens a source on a handler, a simulator mostly. options makes the
// options that reach it at a URL; changes are made to them. The URL is that of
// the platform's part of a simulator.
func Serve[O any](t testing.TB, handler http.Handler, d sources.Definition, options func(place string) any, now time.Time, changes ...func(*O)) (s sources.Source, waits *[]time.Duration) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	o := options(server.URL + "/" + d.Type).(*O)
	for _, change := range changes {
		change(o)
	}
	return Open(t, d, o, now)
}

// RefuseOptions spoils one option after the other and wants the error to begin
// with its key.
func RefuseOptions[O any](t *testing.T, d sources.Definition, options func(place string) any, spoilt map[string]func(*O)) {
	t.Helper()
	for key, spoil := range spoilt {
		o := options("http://127.0.0.1:1").(*O)
		spoil(o)
		if _, err := d.Open(o, sources.Env{}); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
