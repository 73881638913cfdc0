package appsflyer

import (
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Questions about more than two days that are asked in a UTC day, of an app and in all.
// AppsFlyer allows 24 and 120 (support.appsflyer.com, report generation quotas); the rest
// is for other programs of the account. History takes no more than a few of them: the days
// that may still change come four times a day for each app.
const (
	longOfApp  = 20
	longOfAll  = 100
	longOfPast = 30
)

// quota counts the questions about more than two days. The zero value has counted none.
// It is safe for concurrent use.
type quota struct {
	mu   sync.Mutex
	day  kpi.Date // of UTC, which is counted
	apps map[string]int
	all  int
	past int // of all, those of history
}

// take books a question, of history or not, if the day still has one.
func (q *quota) take(app string, now time.Time, past bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if today := kpi.DateOf(now, time.UTC); q.apps == nil || q.day != today {
		q.day, q.apps, q.all, q.past = today, map[string]int{}, 0, 0
	}
	if q.apps[app] >= longOfApp || q.all >= longOfAll || past && q.past >= longOfPast {
		return false
	}
	q.apps[app]++
	q.all++
	if past {
		q.past++
	}
	return true
}

// spend notes that AppsFlyer refuses such questions about an app for the rest of the day.
func (q *quota) spend(app string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.apps[app] = longOfApp
}

// used is how much of the day's questions about an app is gone.
func (q *quota) used(app string) sources.Quota {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.apps[app] == 0 {
		return sources.Quota{}
	}
	return sources.Quota{Used: float64(q.apps[app]) / longOfApp, Scope: "questions about many days of the app"}
}

// untilTomorrow is how long the UTC day still lasts.
func untilTomorrow(now time.Time) time.Duration {
	return kpi.DateOf(now, time.UTC).End(time.UTC).Sub(now)
}
