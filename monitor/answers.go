package monitor

import (
	"context"
	"time"

	"adtop/alert/notify"
	"adtop/snapshot"
)

// refresh tells a target that forgets what is still so, and returns when to do so
// again.
func (s *sender) refresh(ctx context.Context, now time.Time) time.Time {
	target, ok := s.Target.Target.(notify.Refreshing)
	if !ok {
		return time.Time{}
	}
	if now.Before(s.refreshAt) && s.refreshAt.Sub(now) <= target.Every() {
		return s.refreshAt
	}
	s.refreshAt = now.Add(target.Every())
	messages, err := s.m.standing(ctx, s.Name, now)
	for _, message := range messages {
		if err == nil {
			err = s.within(ctx, func(ctx context.Context) error { return s.Target.Target.Send(ctx, message) })
		}
	}
	s.complain("refresh", err)
	return s.refreshAt
}

// standing is what the target knows to be open, as it stands now.
func (m *Monitor) standing(ctx context.Context, target string, now time.Time) ([]notify.Message, error) {
	stored, err := m.o.Store.Told(ctx)
	if err != nil {
		return nil, err
	}
	told, err := fromTold(stored)
	if err != nil {
		return nil, err
	}
	open, err := m.o.Store.Alerts(ctx, now, forever)
	if err != nil {
		return nil, err
	}
	alerts := make([]snapshot.Alert, len(open))
	for i, a := range open {
		if alerts[i], err = fromStored(a); err != nil {
			return nil, err
		}
	}
	return m.o.Notify.Standing(now, target, alerts, told), nil
}

// ask fetches what people did at the target, and returns when to do so again.
func (s *sender) ask(ctx context.Context, now time.Time) time.Time {
	target, ok := s.Target.Target.(notify.Answering)
	if !ok {
		return time.Time{}
	}
	if now.Before(s.askAt) && s.askAt.Sub(now) <= askEvery {
		return s.askAt
	}
	s.askAt = now.Add(askEvery)
	setting := "answers/" + s.Name
	known, err := s.m.o.Store.Setting(ctx, setting)
	if err == nil {
		err = s.within(ctx, func(ctx context.Context) error {
			var state []byte
			if known != "" {
				state = []byte(known)
			}
			answers, next, err := target.Answers(ctx, state)
			if err == nil {
				err = s.answered(ctx, answers)
			}
			if err == nil && string(next) != known { // only when all of it is in the inbox
				err = s.m.o.Store.PutSetting(ctx, setting, string(next))
			}
			return err
		})
	}
	s.complain("ask for answers", err)
	return s.askAt
}

// answered puts what people did into the inbox: about a group of alerts, a
// command for each that the target was told of.
func (s *sender) answered(ctx context.Context, answers []notify.Answer) error {
	if len(answers) == 0 {
		return nil
	}
	stored, err := s.m.o.Store.Told(ctx)
	if err != nil {
		return err
	}
	told, err := fromTold(stored)
	if err != nil {
		return err
	}
	for _, answer := range answers {
		commands := []snapshot.Command{answer.Command}
		if answer.Key != "" {
			commands = nil
			for _, t := range told {
				for id := range t.Alerts {
					if t.Target == s.Name && t.Key == answer.Key {
						c := answer.Command
						c.ID = id
						commands = append(commands, c)
					}
				}
			}
		}
		for _, c := range commands {
			if err := s.m.Send(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}
