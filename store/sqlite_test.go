package store_test

import (
	"context"
	"testing"

	"adtop/store"
	"adtop/store/storetest"
)

func TestSQLiteIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, path string) store.Store { return open(t, path) })
}

func open(t testing.TB, path string) *store.SQLite {
	t.Helper()
	s, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
