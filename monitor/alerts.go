package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"adtop/alert"
	"adtop/snapshot"
	"adtop/store"
)

// alertDays is how long an ended alert or silence stays on the screens, and
// mostEnded for how long it can be asked for.
const (
	alertDays = 7
	mostEnded = 400
)

// forever is later than anything that is stored.
var forever = time.Unix(1<<40, 0)

// alerts reads the alerts and silences that are open or ended in the last
// alertDays or as many as are asked for, and marks what is on its way to the collector.
func (b *builder) alerts(ctx context.Context, s *snapshot.Snapshot) error {
	asOf := b.newest(s)
	since := s.AsOf.AddDate(0, 0, -min(max(s.View.Ended, alertDays), mostEnded))
	alerts, err := b.o.Store.Alerts(ctx, since, asOf)
	if err != nil {
		return err
	}
	silences, err := b.o.Store.Silences(ctx, since, asOf)
	if err != nil {
		return err
	}
	inbox, err := b.o.Store.Inbox(ctx)
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	for _, c := range inbox {
		sent[c.Args["id"]] = sent[c.Args["id"]] || aboutAlerts(c.Verb)
	}
	for _, a := range alerts {
		shown, err := fromStored(a)
		if err != nil {
			return err
		}
		shown.Sent = sent[a.ID]
		s.Alerts = append(s.Alerts, shown)
	}
	if s.View.Alert != "" {
		history, err := b.o.Store.AlertHistory(ctx, s.View.Alert, asOf)
		if err != nil {
			return err
		}
		for _, a := range history {
			then, err := fromStored(a)
			if err != nil {
				return err
			}
			s.History = append(s.History, then)
		}
		if err := b.notices(ctx, s); err != nil {
			return err
		}
	}
	for _, v := range silences {
		s.Silences = append(s.Silences, snapshot.Silence{ID: v.ID, At: v.At, Match: v.Matchers, Starts: v.Starts, Ends: v.Ends, By: v.By, Note: v.Note})
	}
	slices.SortStableFunc(s.Alerts, func(x, y snapshot.Alert) int {
		if x.Open() != y.Open() {
			return cmp.Compare(b2i(y.Open()), b2i(x.Open()))
		}
		return cmp.Or(cmp.Compare(y.Severity, x.Severity), y.Since.Compare(x.Since), cmp.Compare(x.ID, y.ID))
	})
	return nil
}

// retracted adds those that late data retracted longer ago than the screens
// show, for the rules.
func (b *builder) retracted(ctx context.Context, s *snapshot.Snapshot) error {
	alerts, err := b.o.Store.Alerts(ctx, s.AsOf.Add(-alert.Wary), forever)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if a.State != snapshot.Retracted || slices.ContainsFunc(s.Alerts, func(known snapshot.Alert) bool { return known.ID == a.ID }) {
			continue
		}
		old, err := fromStored(a)
		if err != nil {
			return err
		}
		s.Alerts = append(s.Alerts, old)
	}
	return nil
}

// alertDetail is what of an alert has no column of its own.
type alertDetail struct {
	Reason        string
	Runbook       string            `json:",omitempty"`
	Labels        map[string]string `json:",omitempty"`
	Group         string            `json:",omitempty"`
	Frozen        string            `json:",omitempty"`
	Run           snapshot.Run      `json:",omitzero"`
	Ground        snapshot.Ground   `json:",omitzero"`
	SnoozedBy     string            `json:",omitempty"`
	SnoozedUntil  time.Time         `json:",omitzero"`
	SnoozedByData bool              `json:",omitempty"`
	Silence       string            `json:",omitempty"`
	Inhibited     string            `json:",omitempty"`
	Flapping      bool              `json:",omitempty"`
	Marked        string            `json:",omitempty"`
	MarkedBy      string            `json:",omitempty"`
	MarkedAt      time.Time         `json:",omitzero"`
}

// fromStored and toStored carry an alert to and from the store.
func fromStored(a store.Alert) (snapshot.Alert, error) {
	var d alertDetail
	if err := json.Unmarshal(a.Detail, &d); err != nil {
		return snapshot.Alert{}, fmt.Errorf("alert %s: %w", a.ID, err)
	}
	severity := snapshot.Warning
	for _, s := range []snapshot.Severity{snapshot.Info, snapshot.Critical} {
		if s.String() == a.Severity {
			severity = s
		}
	}
	return snapshot.Alert{ID: a.ID, At: a.At, Rule: a.Rule, Subject: a.Subject, Labels: d.Labels, Group: d.Group, Severity: severity, State: a.State, Frozen: d.Frozen,
		Since: a.Since, FiredAt: a.FiredAt, EndedAt: a.EndedAt, Run: d.Run, Ground: d.Ground, Summary: a.Summary, Reason: d.Reason, Runbook: d.Runbook,
		AckedBy: a.AckedBy, AckNote: a.AckNote, AckedAt: a.AckedAt, SnoozedBy: d.SnoozedBy, SnoozedUntil: d.SnoozedUntil, SnoozedByData: d.SnoozedByData,
		Silence: d.Silence, Inhibited: d.Inhibited, Flapping: d.Flapping, Marked: d.Marked, MarkedBy: d.MarkedBy, MarkedAt: d.MarkedAt}, nil
}

func toStored(a snapshot.Alert, at time.Time) (store.Alert, error) {
	detail, err := json.Marshal(alertDetail{Reason: a.Reason, Runbook: a.Runbook, Labels: a.Labels, Group: a.Group, Frozen: a.Frozen, Run: a.Run, Ground: a.Ground,
		SnoozedBy: a.SnoozedBy, SnoozedUntil: a.SnoozedUntil, SnoozedByData: a.SnoozedByData, Silence: a.Silence, Inhibited: a.Inhibited, Flapping: a.Flapping,
		Marked: a.Marked, MarkedBy: a.MarkedBy, MarkedAt: a.MarkedAt})
	if err != nil {
		return store.Alert{}, fmt.Errorf("alert %s: %w", a.ID, err)
	}
	return store.Alert{ID: a.ID, At: after(at, a.At), Rule: a.Rule, Subject: a.Subject, Severity: a.Severity.String(), State: a.State, Since: a.Since, FiredAt: a.FiredAt,
		EndedAt: a.EndedAt, AckedBy: a.AckedBy, AckNote: a.AckNote, AckedAt: a.AckedAt, Summary: a.Summary, Detail: detail}, nil
}

// after dates a new state: now, and later than the state before it also when
// the clock was set back.
func after(now, before time.Time) time.Time {
	if now.After(before) {
		return now
	}
	return before.Add(time.Millisecond) // what the store tells apart
}
