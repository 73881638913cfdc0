package monitor

import (
	"cmp"
	"fmt"
	"slices"

	"adtop/snapshot"
)

// accounts lists what each account brings to channel i, from the channel's own
// sums: however many campaigns there are, they add up to it, but for the fixed
// fees, which belong to the channel.
func (b *builder) accounts(s *snapshot.Snapshot, l *ledger, i int, now *tally, past *past, before, same *tally) ([]snapshot.Campaign, error) {
	ch := s.Channels[i]
	ch.Economics = ch.Economics.OfPart()
	var list []snapshot.Campaign
	for key, p := range now.accounts[i] {
		if len(p.days) == 0 {
			continue // no rate is known of its money; a warning says so
		}
		c := snapshot.Campaign{Source: key[0], Account: key[1], ID: key[1], Name: cmp.Or(l.accounts[key].Name, key[1])}
		if err := b.fill(&c, ch, &l.curves[i], now.question, p, past, before.of(i, key), same.of(i, key)); err != nil {
			return nil, fmt.Errorf("account %s of %s: %w", key[1], key[0], err)
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(x, y snapshot.Campaign) int { return cmp.Or(bySize(x, y), cmp.Compare(x.Source, y.Source)) })
	return list, nil
}

// of returns what was added up of an account in a channel, nil when nothing was.
func (t *tally) of(channel int, key [2]string) *part {
	if t == nil {
		return nil
	}
	return t.accounts[channel][key]
}
