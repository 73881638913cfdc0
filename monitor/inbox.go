package monitor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"adtop/snapshot"
	"adtop/store"
)

// commands reads the inbox and returns what is about alerts. Wishes for a poll
// or for ad groups are passed on at once, notes become part of the decision, and an alert that
// ended long ago joins the picture when a command is about it.
func (m *Monitor) commands(ctx context.Context, s *snapshot.Snapshot, d *store.Decision) ([]snapshot.Command, error) {
	inbox, err := m.o.Store.Inbox(ctx)
	if err != nil {
		return nil, err
	}
	var commands []snapshot.Command
	for _, stored := range inbox {
		d.Applied = append(d.Applied, stored.ID)
		c := fromInbox(stored)
		switch c.Verb {
		case "poll":
			m.pollNow(c.ID)
		case "fetch":
			if why := m.want(inquiryOf(stored)); why != "" {
				m.o.Log.Warn("command refused", "why", fmt.Sprintf("fetch by %s: %s", c.By, why))
			}
		case "note", "unnote":
			err = m.note(ctx, stored.ID, c, d)
		default:
			commands = append(commands, c)
			err = m.recall(ctx, s, c.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return commands, nil
}

// recall puts an alert into the picture that is not there any more.
func (m *Monitor) recall(ctx context.Context, s *snapshot.Snapshot, id string) error {
	if slices.ContainsFunc(s.Alerts, func(a snapshot.Alert) bool { return a.ID == id }) {
		return nil
	}
	states, err := m.o.Store.AlertHistory(ctx, id, forever)
	if err != nil || len(states) == 0 {
		return err
	}
	old, err := fromStored(states[len(states)-1])
	if err == nil {
		s.Alerts = append(s.Alerts, old)
	}
	return err
}

// toInbox and fromInbox carry a command through the store.
func toInbox(c snapshot.Command) store.Command {
	args := map[string]string{
		"id": c.ID, "note": c.Note, "until": c.Until, "as": c.As, "on": c.On,
		"source": c.Inside.Source, "account": c.Inside.Account, "campaign": c.Inside.Campaign, "group": c.Inside.Group, "breakdown": c.Inside.Breakdown,
	}
	maps.DeleteFunc(args, func(_, value string) bool { return value == "" })
	for label, text := range c.Match {
		args[matchArg+label] = text
	}
	return store.Command{At: c.At, Verb: c.Verb, By: c.By, Args: args}
}

const matchArg = "match."

func fromInbox(c store.Command) snapshot.Command {
	out := snapshot.Command{Verb: c.Verb, ID: c.Args["id"], Note: c.Args["note"], Until: c.Args["until"], As: c.Args["as"], On: c.Args["on"], By: c.By, At: c.At,
		Inside: snapshot.Inside{Source: c.Args["source"], Account: c.Args["account"], Campaign: c.Args["campaign"], Group: c.Args["group"], Breakdown: c.Args["breakdown"]}}
	for name, text := range c.Args {
		if label, ok := strings.CutPrefix(name, matchArg); ok {
			if out.Match == nil {
				out.Match = map[string]string{}
			}
			out.Match[label] = text
		}
	}
	return out
}

// aboutAlerts says whether a command's ID is that of an alert or silence.
func aboutAlerts(verb string) bool {
	return !slices.Contains([]string{"poll", "fetch", "note", "unnote"}, verb)
}
