package monitor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/alert/notify"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/store"
)

// Digest is a message that is no alert: every day, or every week.
type Digest struct {
	Period  string        // snapshot.DigestDay or DigestWeek
	Day     time.Weekday  // of a weekly one
	At      time.Duration // since midnight, in the zone of the screens
	Targets []string
}

// last is the newest moment up to now for which the digest is due.
func (d Digest) last(now time.Time, zone *time.Location) time.Time {
	at := now.In(zone)
	for back := 0; ; back++ {
		due := notify.At(d.At, at.Year(), at.Month(), at.Day()-back, zone)
		if !due.After(now) && (d.Period == snapshot.DigestDay || due.Weekday() == d.Day) {
			return due
		}
	}
}

// plan names when the digest comes: under another one it is a new digest.
func (d Digest) plan() string {
	if d.Period == snapshot.DigestWeek {
		return fmt.Sprintf("%s %s", d.Day, d.At)
	}
	return d.At.String()
}

// digests adds those that are due to a decision, and returns what to remember
// once it is stored. A digest is one event, so that none comes twice should that
// be lost. One that is new in the config waits for its time.
func (m *Monitor) digests(ctx context.Context, now time.Time, d *store.Decision) (sent map[string]string, err error) {
	sent = map[string]string{}
	if err := m.forgetDigests(ctx); err != nil {
		return nil, err
	}
	for _, digest := range m.o.Digests {
		due, setting := digest.last(now, m.o.Zone), digestKey(digest.Period)
		date := kpi.DateOf(due, m.o.Zone).String()
		m.tellBy(due.AddDate(0, 0, map[string]int{snapshot.DigestDay: 1, snapshot.DigestWeek: 7}[digest.Period]))
		kept, err := m.o.Store.Setting(ctx, setting)
		if err != nil {
			return nil, err
		}
		value := date + " " + digest.plan()
		done, plan, planned := strings.Cut(kept, " ")
		if kept == "" || planned && plan != digest.plan() {
			if err := m.o.Store.PutSetting(ctx, setting, value); err != nil {
				return nil, err
			}
			continue
		}
		if done == date {
			continue
		}
		brought, err := m.Digest(ctx, digest.Period, now)
		if err != nil {
			m.o.Log.Error("make the digest", "period", digest.Period, "err", err)
			continue // with the next round
		}
		message := notify.Digest(brought)
		message.Event = setting + "/" + date
		for _, target := range digest.Targets {
			delivery, err := addressed(message, target)
			if err != nil {
				return nil, err
			}
			d.Deliveries = append(d.Deliveries, delivery)
		}
		sent[setting] = value
	}
	return sent, nil
}

func digestKey(period string) string { return "digest/" + period }

// forgetDigests drops what is kept of digests that left the config: should one come
// back, it is new.
func (m *Monitor) forgetDigests(ctx context.Context) error {
	for _, period := range []string{snapshot.DigestDay, snapshot.DigestWeek} {
		if slices.ContainsFunc(m.o.Digests, func(d Digest) bool { return d.Period == period }) {
			continue
		}
		kept, err := m.o.Store.Setting(ctx, digestKey(period))
		if err == nil && kept != "" {
			err = m.o.Store.PutSetting(ctx, digestKey(period), "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
