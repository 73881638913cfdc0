package httpkit

import (
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

var memoryNow = time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)

func lastDays(n kpi.Date) sources.Query {
	today := kpi.DateOf(memoryNow, time.UTC)
	return sources.Query{Account: sources.Account{ID: "1", Zone: time.UTC, Currency: "EUR"}, Days: kpi.DateRange{From: today - n + 1, To: today}}
}

func TestStateThatIsNoneIsNotBelieved(t *testing.T) {
	for _, state := range []string{"", "null", "[]", "{", `{"from":20000,"seen":"x"}`, `{"seen":-5,"from":20000}`, `{"seen":5,"swept":-1,"from":20000}`} {
		q := lastDays(2)
		before, after := Recall[Memory]([]byte(state)).Resume(&q, memoryNow, "terms")
		if before != (Memory{}) || after != (Memory{From: q.Days.From, Terms: "terms"}) || q.Days.Days() != 2 {
			t.Errorf("%s: %+v, then %+v", state, before, after)
		}
	}
}

func TestMemoryKeepsWhatAnAdapterAddsToIt(t *testing.T) {
	type own struct {
		Memory
		Hours []int64 `json:"hours"`
	}
	if got := string(Keep(own{Memory{From: 1, Seen: 2, Terms: "t"}, []int64{3}})); got != `{"from":1,"seen":2,"terms":"t","hours":[3]}` {
		t.Errorf("keeps %s", got)
	}
	if m := Recall[own]([]byte(`{"from":1,"seen":2,"swept":4,"hours":[3]}`)); m.Seen != 2 || m.Swept != 4 || len(m.Hours) != 1 {
		t.Errorf("recalls %+v", m)
	}
}

func TestChangedOptionsReadAllThatIsKnownAgain(t *testing.T) {
	known := Memory{From: kpi.NewDate(2026, 9, 1), Seen: memoryNow.Unix() - 60, Swept: 1, Terms: "old"}
	q := lastDays(2)
	before, after := known.Resume(&q, memoryNow, "new")
	if before.Seen != 0 || after.From != known.From || q.Days.From != known.From || q.Days.To != kpi.DateOf(memoryNow, time.UTC) {
		t.Errorf("%+v, then %+v, of %s", before, after, q.Days)
	}
	q = lastDays(2)
	if before, after := known.Resume(&q, memoryNow, "old"); before != known || after.From != known.From || after.Terms != "old" || q.Days.Days() != 2 {
		t.Errorf("%+v, then %+v, of %s", before, after, q.Days)
	}
	q = lastDays(90)
	if _, after := known.Resume(&q, memoryNow, "old"); after.From != q.Days.From {
		t.Errorf("earlier days are read from %s on", after.From)
	}
	q = lastDays(0)
	if _, after := known.Resume(&q, memoryNow, "old"); after.From != known.From {
		t.Errorf("no days leave %s", after.From)
	}
}

func TestFirstLoadKnowsNothingAfterItsDays(t *testing.T) {
	q, old := lastDays(2), lastDays(2)
	old.Days.To -= 1
	end := old.Days.To.End(time.UTC)
	for name, c := range map[string]struct {
		m      Memory
		q      sources.Query
		newest time.Time
		want   time.Time
	}{
		"nothing new":          {Memory{}, q, time.Time{}, memoryNow.Add(-time.Minute)},
		"the newest":           {Memory{}, q, memoryNow.Add(-time.Hour), memoryNow.Add(-time.Hour)},
		"a clock that is fast": {Memory{}, q, memoryNow.Add(time.Hour), memoryNow.Add(-time.Minute)},
		"after the days":       {Memory{}, old, memoryNow.Add(-time.Hour), end},
		"a later load":         {Memory{Seen: 5}, old, memoryNow.Add(-time.Hour), memoryNow.Add(-time.Hour)},
		"never back":           {Memory{Seen: memoryNow.Unix()}, q, memoryNow.Add(-time.Hour), memoryNow},
	} {
		if got := c.m.Through(c.q, c.newest, memoryNow, time.Minute); got != c.want.Unix() {
			t.Errorf("%s: %s, want %s", name, time.Unix(got, 0).UTC(), c.want)
		}
	}
}

func TestEventsAreOfAnAccountWithZoneAndCurrency(t *testing.T) {
	for name, spoil := range map[string]func(*sources.Query){
		"a breakdown": func(q *sources.Query) { q.Breakdown = "network" },
		"no zone":     func(q *sources.Query) { q.Account.Zone = nil },
		"no currency": func(q *sources.Query) { q.Account.Currency = "" },
	} {
		q := lastDays(1)
		if err := CheckEvents("Test", q); err != nil {
			t.Fatal(err)
		}
		spoil(&q)
		if err := CheckEvents("Test", q); sources.KindOf(err) != sources.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
