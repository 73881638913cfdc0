package world

import (
	"sync"

	"adtop/kpi"
)

// generation bounds how many cohorts are kept: at most twice as many.
const generation = 4096

// cohortCache keeps the cohorts that were asked for lately. Looking one up that
// was not used since the last change of generation moves it to the young ones.
type cohortCache struct {
	mu         sync.Mutex
	young, old map[cohortKey]*cohort
}

type cohortKey struct {
	campaign int
	day      kpi.Date
}

// cohort returns a campaign's click day. Two callers may generate it at the
// same time; they get equal ones.
func (w *World) cohort(c *campaign, d kpi.Date) *cohort {
	key := cohortKey{c.index, d}
	if found := w.cohorts.get(key); found != nil {
		return found
	}
	grown := w.grow(c, d)
	w.cohorts.put(key, grown)
	return grown
}

func (cc *cohortCache) get(key cohortKey) *cohort {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	found := cc.young[key]
	if found == nil {
		if found = cc.old[key]; found != nil {
			cc.keep(key, found)
		}
	}
	return found
}

func (cc *cohortCache) put(key cohortKey, c *cohort) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	cc.keep(key, c)
}

func (cc *cohortCache) keep(key cohortKey, c *cohort) {
	if len(cc.young) >= generation || cc.young == nil {
		cc.old, cc.young = cc.young, make(map[cohortKey]*cohort, generation)
	}
	cc.young[key] = c
}
