package alert

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/pattern"
	"adtop/snapshot"
)

// conditions evaluates the rule for every subject in s.
func (r *Rule) conditions(s *snapshot.Snapshot, books Books) (all []condition) {
	account := books.account()
	switch r.kind {
	case kindAccount:
		sub := subject{name: "account", values: account}
		for _, ch := range s.Channels {
			if !ch.Watermark.IsZero() && (sub.watermark.IsZero() || ch.Watermark.Before(sub.watermark)) {
				sub.watermark = ch.Watermark
			}
			if ch.Verdict == kpi.NoData {
				sub.frozen = snapshot.NoData
			}
			sub.partial = sub.partial || ch.Partial
		}
		return []condition{r.on(sub)}
	case kindSource:
		for _, src := range s.Sources {
			v, texts := sourceValues(src, s)
			all = append(all, r.on(subject{name: src.Name, labels: map[string]string{labelSource: src.Name}, watermark: latest(src.LastGood, src.Watermark),
				waits: src.Health == snapshot.Waiting, values: join(v, account), texts: texts}))
		}
		return all
	}
	for _, ch := range s.Channels {
		if ch.Unassigned || !r.covers(ch.Name) {
			continue
		}
		v, texts := books.channel(ch)
		sub := subject{name: ch.Name, labels: ofChannel(ch), watermark: ch.Watermark, partial: ch.Partial, values: join(v, account), texts: texts}
		if ch.Verdict == kpi.NoData {
			sub.frozen = snapshot.NoData
		}
		if r.kind == kindChannel {
			all = append(all, r.on(sub))
			continue
		}
		all = append(all, r.campaigns(sub, ch, books)...)
	}
	return all
}

// CampaignSubject names a campaign of a channel as the subject of an alert.
func CampaignSubject(channel string, c snapshot.Campaign) string {
	return fmt.Sprintf("%s / %s [%s]", channel, c.Name, c.ID)
}

// campaigns evaluates the rule for every campaign of a channel.
func (r *Rule) campaigns(sub subject, ch snapshot.Channel, books Books) (all []condition) {
	today, _ := named(books.Today, ch.Name)
	for _, c := range today.Campaigns {
		one := sub
		one.name = CampaignSubject(ch.Name, c)
		one.values, one.texts = maps.Clone(sub.values), maps.Clone(sub.texts)
		books.campaign(one.values, one.texts, ch.Name, c)
		all = append(all, r.on(one))
	}
	return all
}

func (r *Rule) covers(channel string) bool {
	return len(r.o.Channels) == 0 || slices.ContainsFunc(r.o.Channels, func(p pattern.Pattern) bool { return p.Match(channel) })
}

// join puts the account's figures beside a subject's.
func join(v, account values) values {
	maps.Copy(v, account)
	return v
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
