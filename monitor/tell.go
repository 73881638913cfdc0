package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"adtop/alert"
	"adtop/alert/notify"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/store"
)

// Target is one configured target of notifications.
type Target struct {
	Name   string
	Type   string
	Target notify.Target // nil in a process that collects never
}

// tell makes what is told of the alerts as they stand after a round part of its
// decision.
func (m *Monitor) tell(ctx context.Context, s *snapshot.Snapshot, page func(snapshot.Alert) string, changed []snapshot.Alert, d *store.Decision) error {
	m.tellAt = time.Time{}
	if m.o.Notify == nil {
		return nil
	}
	stored, err := m.o.Store.Told(ctx)
	if err != nil {
		return err
	}
	told, err := fromTold(stored)
	if err != nil {
		return err
	}
	for _, t := range told {
		for id := range t.Alerts {
			if err := m.recall(ctx, s, id); err != nil {
				return err
			}
		}
	}
	plan := *m.o.Notify
	plan.Link = page
	step := plan.Next(s.AsOf, overlaid(s.Alerts, changed), told)
	for _, t := range step.Told {
		stored := store.Told{Target: t.Target, Key: t.Key}
		if len(t.Alerts) > 0 {
			if stored.State, err = json.Marshal(t); err != nil {
				return err
			}
		}
		d.Told = append(d.Told, stored)
	}
	for _, out := range step.Messages {
		delivery, err := addressed(out.Message, out.Target)
		if err != nil {
			return err
		}
		d.Deliveries = append(d.Deliveries, delivery)
	}
	m.tellAt = step.Next
	for _, t := range s.Targets { // it may turn into an alert with nothing but time
		if patience := t.Failing.Add(alert.NotifyPatience); !t.Failing.IsZero() && patience.After(s.AsOf) {
			m.tellBy(patience)
		}
	}
	return nil
}

// tellBy has the next round no later than at.
func (m *Monitor) tellBy(at time.Time) {
	if m.tellAt.IsZero() || at.Before(m.tellAt) {
		m.tellAt = at
	}
}

// overlaid are the alerts of before with those that changed.
func overlaid(before, changed []snapshot.Alert) []snapshot.Alert {
	all := slices.Clone(before)
	for _, a := range changed {
		if i := slices.IndexFunc(all, func(old snapshot.Alert) bool { return old.ID == a.ID }); i >= 0 {
			all[i] = a
		} else {
			all = append(all, a)
		}
	}
	return all
}

func fromTold(stored []store.Told) ([]notify.Told, error) {
	told := make([]notify.Told, len(stored))
	for i, t := range stored {
		if err := json.Unmarshal(t.State, &told[i]); err != nil {
			return nil, fmt.Errorf("what %s was told of %s: %w", t.Target, t.Key, err)
		}
	}
	return told, nil
}

// addressed is a message as the outbox keeps it. Where names are so long that it does
// not fit, it carries fewer of its alerts, the worst ones: they come first.
func addressed(m notify.Message, target string) (store.Delivery, error) {
	packed, err := json.Marshal(m)
	for err == nil && len(packed) > store.MaxMessage && len(m.Alerts) > 1 {
		m.Alerts = m.Alerts[:len(m.Alerts)/2]
		packed, err = json.Marshal(m)
	}
	d := store.Delivery{Target: target, Event: m.Event, Key: m.Key, At: m.At, Kind: string(m.Kind), Severity: m.Severity.String(), Title: m.Title, Message: packed}
	for _, a := range m.Alerts {
		d.Alerts = append(d.Alerts, a.ID)
	}
	return d, err
}

// pages finds the page at the platform that an alert is about: of its campaign, as
// far as the rules had to read campaigns at all, or the one to look at first of its
// channel's.
func pages(s *snapshot.Snapshot, lead map[string]string) func(snapshot.Alert) string {
	return func(a snapshot.Alert) string {
		if s != nil {
			for _, ch := range s.Channels {
				for _, c := range ch.Campaigns {
					if a.Subject == alert.CampaignSubject(ch.Name, c) {
						return c.URL
					}
				}
			}
		}
		return lead[a.Labels["channel"]]
	}
}

// leading is the page of the campaign that loses most a day, or else of the one that
// spent most, of those that have a page. campaigns are by spend.
func (b *builder) leading(campaigns []*weighedCampaign, verdicts []campaignVerdict) (page string) {
	var most kpi.Micros = -1
	for i, c := range campaigns {
		if url := b.described(c.member.Entity).URL; url != "" && verdicts[i].Loss > most {
			page, most = url, verdicts[i].Loss
		}
	}
	return page
}

// targets fills in how every target of notifications stands.
func (b *builder) targets(ctx context.Context, s *snapshot.Snapshot) error {
	for _, t := range b.o.Targets {
		r, err := b.o.Store.Reach(ctx, t.Name, b.newest(s))
		if err != nil {
			return err
		}
		s.Targets = append(s.Targets, snapshot.Target{
			Name: t.Name, Type: t.Type, Delivered: r.Delivered, Failing: r.Failing, Refused: r.Refused, Critical: r.Critical, Problem: r.Error, Next: remedy(t.Name, r),
			Waiting: r.Waiting, Oldest: r.Oldest,
		})
	}
	return nil
}

// Unreached names the targets of notifications at which the last message did not
// arrive.
func (m *Monitor) Unreached(ctx context.Context) ([]string, error) {
	o, _ := m.current()
	names := []string{}
	for _, t := range o.Targets {
		r, err := o.Store.Reach(ctx, t.Name, forever)
		if err != nil {
			return nil, err
		}
		if !r.Failing.IsZero() {
			names = append(names, t.Name)
		}
	}
	return names, nil
}

// remedy says what to do about a target where nothing arrives, "" where it does.
func remedy(name string, r store.Reach) string {
	switch {
	case r.Failing.IsZero():
		return ""
	case r.Refused:
		return "It said no, so that message is not sent again: correct the target in the config, try it with 'adtop notify test " + name + "', and reload."
	}
	return "It is tried again by itself, a day long; 'adtop notify test " + name + "' says whether it is reached now."
}

// newest is the instant up to which a picture shows what was decided. Live, the
// newest counts: after a clock was set back, it lies ahead.
func (b *builder) newest(s *snapshot.Snapshot) time.Time {
	if s.View.AsOf.IsZero() {
		return forever
	}
	return s.AsOf
}

// mostNotices bounds what is shown of who was told of one alert.
const mostNotices = 50

// notices lists who was told of the alert that the view is about.
func (b *builder) notices(ctx context.Context, s *snapshot.Snapshot) error {
	asOf := b.newest(s)
	deliveries, err := b.o.Store.Deliveries(ctx, store.DeliveryFilter{Alert: s.View.Alert, Most: mostNotices}, asOf)
	for _, d := range slices.Backward(deliveries) {
		n := snapshot.Notice{Target: d.Target, Kind: d.Kind, At: d.At, Attempts: d.Attempts, Problem: d.Error}
		if d.State == store.Delivered && !d.Tried.After(asOf) {
			n.Arrived = d.Tried
		}
		s.Told = append(s.Told, n)
	}
	return err
}
