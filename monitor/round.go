package monitor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"adtop/alert"
	"adtop/snapshot"
	"adtop/store"
)

// round judges the channels, and decides what follows from that and from the
// commands that wait.
func (m *Monitor) round(ctx context.Context, w *weigher) error {
	planned := m.status() // before the time is read: a poll that it counts as done is known by then
	now := m.o.Clock.Now()
	w.forget(now)
	if err := w.rankCampaigns(ctx, m.builder, now); err != nil {
		return err
	}
	s, err := m.builder.state(ctx, snapshot.View{}, now, planned)
	if err != nil {
		return err
	}
	for i, src := range s.Sources {
		if !src.NextPoll.After(now) { // its poll is due or under way: wait for what it says
			s.Sources[i].Health = snapshot.Waiting
		}
	}
	w.arm(s)
	whole := m.wholeSources()
	lead := map[string]string{}
	var evaluations []store.Evaluation
	for i, ch := range m.o.Channels {
		e, judged, err := m.evaluate(w, i, s, now)
		if err != nil {
			return fmt.Errorf("evaluate %s: %w", ch.Name, err)
		}
		judged.Partial = slices.ContainsFunc(judged.Sources(), func(name string) bool { return !whole[name] })
		s.Channels[i] = judged
		campaigns, err := w.judgeCampaigns(i, judged, s.Alarm, now)
		if err != nil {
			return fmt.Errorf("evaluate %s: %w", ch.Name, err)
		}
		lead[ch.Name] = m.builder.leading(w.channels[i].campaigns, campaigns)
		c := w.channels[i]
		if last := c.written; !sameEvaluation(last, e) || !sameCampaigns(c.told, campaigns) || e.At.Before(last.At) {
			c.written, c.told = e, campaigns
			if e.Detail, err = packed(judged, s.Alarm, campaigns); err != nil {
				return fmt.Errorf("evaluate %s: %w", ch.Name, err)
			}
			evaluations = append(evaluations, e)
		}
	}
	if err := m.decide(ctx, s, evaluations, lead); err != nil {
		return err
	}
	m.beat(true)
	if len(m.wholeSources()) == len(m.o.Sources)+len(m.o.RateSources) && len(m.work) == 0 {
		m.settle.Do(func() { close(m.settled) })
	}
	return nil
}

// wholeSources names the sources whose history is there, or cannot be had now.
func (m *Monitor) wholeSources() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.whole)
}

// decide evaluates the rules on a judged picture, carries out the commands of
// the inbox, and writes all that follows in one transaction: a process that
// dies has decided all of it or nothing. lead has the page of each channel to look
// at first.
func (m *Monitor) decide(ctx context.Context, s *snapshot.Snapshot, evaluations []store.Evaluation, lead map[string]string) error {
	d := store.Decision{At: s.AsOf, Evaluations: evaluations}
	if err := m.builder.retracted(ctx, s); err != nil {
		return err
	}
	commands, err := m.commands(ctx, s, &d)
	if err != nil {
		return err
	}
	books, err := m.books(ctx, s.AsOf)
	if err != nil {
		return err
	}
	out := alert.Step(alert.Input{Picture: s, Rules: m.o.Rules, Books: books, Commands: commands})
	for _, refused := range out.Refused {
		m.o.Log.Warn("command refused", "why", refused)
	}
	for _, failed := range out.Failed {
		if !m.said[failed] { // once, not every round
			m.said[failed] = true
			m.o.Log.Warn("rule failed", "why", failed)
		}
	}
	for _, a := range out.Alerts {
		stored, err := toStored(a, s.AsOf)
		if err != nil {
			return err
		}
		d.Alerts = append(d.Alerts, stored)
	}
	for _, v := range out.Silences {
		d.Silences = append(d.Silences, store.Silence{ID: v.ID, At: after(s.AsOf, v.At), Matchers: v.Match, Starts: v.Starts, Ends: v.Ends, By: v.By, Note: v.Note})
	}
	if err := m.tell(ctx, s, pages(books.Today, lead), out.Alerts, &d); err != nil {
		return err
	}
	sent, err := m.digests(ctx, s.AsOf, &d)
	if err != nil {
		return err
	}
	if len(d.Evaluations)+len(d.Alerts)+len(d.Silences)+len(d.Notes)+len(d.Applied)+len(d.Told)+len(d.Deliveries) == 0 {
		return nil
	}
	if err := m.o.Store.Decide(ctx, d); err != nil {
		return err
	}
	for setting, date := range sent {
		if err := m.o.Store.PutSetting(ctx, setting, date); err != nil {
			return err
		}
	}
	m.post(d.Deliveries)
	for _, a := range out.Alerts {
		m.o.Log.Info("alert", "rule", a.Rule, "subject", a.Subject, "state", a.State, "muted", a.Muted(), "severity", a.Severity.String(), "summary", a.Summary)
	}
	m.markDirty()
	return nil
}

// post has the senders look into the outbox.
func (m *Monitor) post(deliveries []store.Delivery) {
	for _, d := range deliveries {
		select {
		case m.mail[d.Target] <- struct{}{}:
		default:
		}
	}
}

// books are the figures that the rules of the config read. Without such rules a
// round reads none.
func (m *Monitor) books(ctx context.Context, now time.Time) (books alert.Books, err error) {
	if len(m.o.Rules) == 0 {
		return books, nil
	}
	if books.Today, err = m.builder.build(ctx, m.o.booked("today"), now, status{}); err == nil {
		books.Week, err = m.builder.build(ctx, m.o.booked("7d"), now, status{})
	}
	if err == nil {
		for _, s := range []*snapshot.Snapshot{books.Today, books.Week} {
			watchedOnly(s)
			listedOnly(s)
		}
	}
	return books, err
}

// watchedOnly leaves rules no past that is known later than the present: they
// set figures against each other as they stand.
func watchedOnly(s *snapshot.Snapshot) {
	if !s.Past.Known.Equal(s.AsOf) {
		return
	}
	s.Before, s.Same = snapshot.Figures{}, snapshot.Figures{}
	for i := range s.Channels {
		ch := &s.Channels[i]
		ch.Before, ch.Same = snapshot.Figures{}, snapshot.Figures{}
		for j := range ch.Campaigns {
			ch.Campaigns[j].Before, ch.Campaigns[j].Same = snapshot.Figures{}, snapshot.Figures{}
		}
	}
}

// listedOnly leaves rules no campaigns but those that somebody can act on.
func listedOnly(s *snapshot.Snapshot) {
	for i := range s.Channels {
		ch := &s.Channels[i]
		ch.Campaigns = slices.DeleteFunc(ch.Campaigns, func(c snapshot.Campaign) bool { return c.Unlisted })
	}
}

// booked is the view of a range that the rules read.
func (o *Options) booked(name string) snapshot.View {
	v := snapshot.View{Range: snapshot.Range{Name: name}}
	if alert.ReadCampaigns(o.Rules) {
		v.Campaigns = snapshot.AllCampaigns
	}
	return v
}

// pollNow has a source polled at once.
func (m *Monitor) pollNow(source string) {
	if wake, ok := m.polls[source]; ok {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}
