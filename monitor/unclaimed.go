package monitor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// maxUnclaimed is how many lines of what no channel claims a Snapshot holds: those
// with the most money.
const maxUnclaimed = 500

// unclaimed lists what no channel claims, where the view asks for it.
func (b *builder) unclaimed(ctx context.Context, s *snapshot.Snapshot, l *ledger) error {
	if !s.View.Unclaimed {
		return nil
	}
	members, counting := map[store.EntityID]claimed{}, map[store.EntityID]kpi.Fields{}
	err := b.list(ctx, func(e *entityList) {
		for _, c := range e.all {
			if c.claim.Channel < 0 {
				counting[c.Entity.ID] = c.claim.Fields
				c.claim.Fields = kpi.AllFields // shown whether or not it counts
				members[c.Entity.ID] = c
			}
		}
	})
	if err != nil || len(members) == 0 {
		return err
	}
	now := l.present(s.View.Range, b.o.Zone, s.AsOf)
	found, err := b.entityTally(ctx, l, now, members, slices.Sorted(maps.Keys(members)))
	if err != nil {
		return err
	}
	lines := map[snapshot.Unclaimed]*unclaimedLine{}
	for id, p := range found {
		if p.sum == (kpi.Metrics{Has: p.sum.Has}) {
			continue
		}
		m := members[id]
		of, campaign := b.unclaimedOf(m)
		if lines[of] == nil {
			lines[of] = &unclaimedLine{campaigns: map[string]kpi.Micros{}}
		}
		line := lines[of]
		what := kpi.Conversions | kpi.Revenue
		if of.Spend {
			what = kpi.Cost | kpi.Clicks
		}
		line.counts = line.counts || counting[id]&what != 0
		if campaign != "" {
			line.campaigns[campaign] += p.sum.Conversions
		}
		if line.sum, err = line.sum.Add(p.sum); err != nil {
			return fmt.Errorf("unclaimed %s: %w", of.Name, err)
		}
	}
	for of, line := range lines {
		s.Unclaimed = append(s.Unclaimed, b.unclaimedRow(of, line, l))
	}
	slices.SortFunc(s.Unclaimed, byMoney)
	s.Unclaimed = s.Unclaimed[:min(len(s.Unclaimed), maxUnclaimed)]
	return nil
}

// unclaimedLine is what was added up of a line.
type unclaimedLine struct {
	sum       kpi.Metrics
	counts    bool
	campaigns map[string]kpi.Micros // results by utm_campaign
}

// byMoney orders lines by revenue or spend, whichever is more, then by results,
// largest first.
func byMoney(x, y snapshot.Unclaimed) int {
	money := func(u snapshot.Unclaimed) kpi.Micros { return max(u.Metrics.Revenue, u.Metrics.Cost) }
	return cmp.Or(cmp.Compare(money(y), money(x)), cmp.Compare(y.Metrics.Conversions, x.Metrics.Conversions),
		cmp.Compare(y.Metrics.Clicks, x.Metrics.Clicks), cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID))
}

// unclaimedOf is the line that an entity belongs to, and the utm_campaign of its
// results. A key goes by the first thing that says where it comes from; what else it
// has would only make more lines of the same origin.
func (b *builder) unclaimedOf(m claimed) (of snapshot.Unclaimed, campaign string) {
	of = snapshot.Unclaimed{Source: m.Source}
	if m.Level != sources.LevelKey {
		of.Account, of.Campaign, of.Name, of.Spend = m.Account, m.Name, cmp.Or(m.Name, m.Entity.Entity.ID), b.o.spends(m.Source)
		return of, ""
	}
	key := sources.ParseKey(m.Entity.Entity.ID)
	o := &of.Origin
	switch {
	case key.Source != "" || key.Medium != "":
		o.UTMSource, o.UTMMedium, campaign = key.Source, key.Medium, key.Campaign
	case key.Campaign != "":
		o.UTMCampaign = key.Campaign
	case key.Promo != "":
		o.Promo = key.Promo
	case key.Dialled != "":
		o.Dialled = key.Dialled
	case key.Click != "":
		o.ClickID = key.Click
	default:
		o.Referrer = key.Referrer
	}
	of.Name = sources.Key{Source: o.UTMSource, Medium: o.UTMMedium, Campaign: o.UTMCampaign, Promo: o.Promo, Dialled: o.Dialled, Click: o.ClickID, Referrer: o.Referrer}.Name()
	return of, campaign
}

// spends says whether campaigns of a source are bound by its spend: also where it
// knows clicks alone.
func (o *Options) spends(source string) bool {
	i := slices.IndexFunc(o.Sources, func(s Source) bool { return s.Name == source })
	if i < 0 {
		return true
	}
	gives := o.Sources[i].Definition.Gives
	return gives&kpi.Cost != 0 || gives&(kpi.Conversions|kpi.Revenue) == 0
}

// unclaimedRow completes a line.
func (b *builder) unclaimedRow(u snapshot.Unclaimed, line *unclaimedLine, l *ledger) snapshot.Unclaimed {
	u.Metrics, u.Counts = line.sum, line.counts
	u.Campaigns = len(line.campaigns)
	for _, name := range slices.Sorted(maps.Keys(line.campaigns)) {
		if u.Campaign == "" || line.campaigns[name] > line.campaigns[u.Campaign] {
			u.Campaign = name
		}
	}
	u.ID = fmt.Sprintf("%q %q %q %q", u.Source, u.Account, u.Name, u.Origin)
	u.Lines = b.o.binding(u, l.several(u.Source))
	return u
}

// several says whether a source has more than one account.
func (l *ledger) several(source string) bool {
	n := 0
	for key := range l.accounts {
		n += b2i(key[0] == source)
	}
	return n > 1
}

// binding is a channel of the config that claims the line. A campaign's results are
// taken from where those of all other channels come from, by its name.
func (o *Options) binding(u snapshot.Unclaimed, several bool) string {
	name := u.Name
	if slices.ContainsFunc(o.Channels, func(ch Channel) bool { return ch.Name == name }) {
		name += " (" + u.Source + ")"
	}
	if runes := []rune(name); len(runes) > 60 {
		name = strings.TrimSpace(string(runes[:60]))
	}
	asked := []string{"source: " + yamlText(u.Source)}
	ask := func(key, value string) {
		if value != "" {
			asked = append(asked, key+": "+yamlText(pattern(value)))
		}
	}
	kind, rest := "results", ""
	switch {
	case u.Account != "":
		if several && u.Spend {
			asked = append(asked, "account: "+yamlText(u.Account))
		}
		ask("campaign", u.Campaign)
		if u.Spend {
			kind = "spend"
			if from := o.resultsOfAll(); from != "" && from != u.Source && u.Campaign != "" {
				rest = "    results: {source: " + yamlText(from) + ", utm_campaign: " + yamlText(pattern(u.Campaign)) + "}\n"
			}
		}
	case u.Origin == snapshot.Origin{}:
		asked, rest = append(asked, "none: true"), o.paying(u.Source)
	default:
		rest = o.paying(u.Source)
		ask("utm_source", u.Origin.UTMSource)
		ask("utm_medium", u.Origin.UTMMedium)
		ask("utm_campaign", u.Origin.UTMCampaign)
		ask("promo", u.Origin.Promo)
		ask("dialled", u.Origin.Dialled)
		ask("click_id", u.Origin.ClickID)
		ask("referrer", u.Origin.Referrer)
	}
	return "  - name: " + yamlText(name) + "\n    " + kind + ": {" + strings.Join(asked, ", ") + "}\n" + rest
}

// paying is what a channel of the config has to say of results whose source tells what
// they cost, unless all channels pay by a model.
func (o *Options) paying(source string) string {
	i := slices.IndexFunc(o.Sources, func(s Source) bool { return s.Name == source })
	if i < 0 || !o.Sources[i].Owes() || o.Default.Payout != kpi.NoPayout {
		return ""
	}
	return "    economics: {payout: {model: " + string(kpi.ReportedPayout) + "}}\n"
}

// resultsOfAll names the source that all channels take their results from, "" where
// there is no such one.
func (o *Options) resultsOfAll() (source string) {
	for i, ch := range o.Channels {
		if ch.Results == "" || i > 0 && ch.Results != source {
			return ""
		}
		source = ch.Results
	}
	return source
}

// pattern writes a name so that it means itself, or no more than names that differ in a
// character: a slash in front would begin a regular expression, a * mean any text.
func pattern(name string) string {
	if rest, found := strings.CutPrefix(name, "/"); found {
		name = "?" + rest
	}
	return strings.ReplaceAll(name, "*", "?")
}

// yamlText writes a text so that YAML reads it as that text, within braces too.
func yamlText(text string) string {
	for i, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789_-./", r)) {
			return strconv.Quote(text)
		}
	}
	switch strings.ToLower(text) {
	case "", "true", "false", "yes", "no", "on", "off", "y", "n", "null", "none":
		return strconv.Quote(text)
	}
	return text
}
