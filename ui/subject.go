package ui

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"adtop/kpi"
	"adtop/snapshot"
)

// subject is what the channel screen is about: a channel, or the part of it
// that was opened, with what it is made of.
type subject struct {
	channel           *snapshot.Channel // nil when it has gone
	whole             bool              // it is the channel itself
	now, same, before snapshot.Figures
	days              []snapshot.Day
	series            snapshot.Series // empty: that of the days
	verdict           kpi.Verdict
	p                 kpi.Ratio
	reason            string
	evidence          snapshot.Evidence
	url               string

	made  string // what its parts are called, as a title
	rows  []snapshot.Campaign
	empty string // why there are none
}

// subjectKey is what a subject is found by.
type subjectKey struct {
	snap   *snapshot.Snapshot
	place  place
	wanted snapshot.View
	group  *snapshot.Campaign
}

// subject is what is opened. It is found once for a picture and a place, since
// every panel asks for it; nobody changes it.
func (a *app) subject() *subject {
	if key := (subjectKey{a.snap, a.place, a.wanted, a.group}); a.opened == nil || key != a.openedBy {
		a.opened, a.openedBy = a.findSubject(), key
	}
	return a.opened
}

func (a *app) findSubject() *subject {
	c := a.openedChannel()
	if c == nil {
		return &subject{made: "CAMPAIGN"}
	}
	s := &subject{
		channel: c, whole: true, now: c.Now, same: c.Same, before: c.Before, days: c.Days, series: c.Series, verdict: c.Verdict, p: c.P,
		reason: c.Reason, evidence: c.Evidence, made: "CAMPAIGN", rows: c.Campaigns, empty: "no campaign has figures in these days",
	}
	if a.wanted != a.snap.View && len(c.Campaigns) == 0 {
		s.empty = "reading…"
	}
	if c.Problem != "" && c.Verdict == kpi.NoData {
		s.reason = c.Problem
	} else if c.Problem != "" {
		s.reason += " Sources: " + c.Problem
	}
	at := a.place
	if at.account.id == "" {
		if len(c.Accounts) > 1 {
			s.made, s.rows = "ACCOUNT", c.Accounts
		}
		return s
	}
	if len(c.Accounts) > 1 {
		s.narrow(find(c.Accounts, at.account.source, at.account.id, at.account.id))
		s.rows = slices.DeleteFunc(slices.Clone(c.Campaigns), func(x snapshot.Campaign) bool {
			return x.Source != at.account.source || x.Account != at.account.id
		})
	}
	if at.inside.Campaign == "" {
		return s
	}
	s.narrow(find(c.Campaigns, at.inside.Source, at.inside.Account, at.inside.Campaign))
	s.made = "AD GROUP"
	if at.inside.Breakdown != "" {
		s.made = strings.ToUpper(at.inside.Breakdown)
	}
	if at.inside.Group != "" {
		s.made = "AD"
		s.narrow(a.group)
	}
	s.rows, s.empty = nil, "not fetched yet"
	if d := &a.snap.Drill; d.Of == at.inside {
		s.rows, s.empty = d.Rows, drillText(d)
	}
	return s
}

// narrow makes a part of the channel the subject; its verdict and evidence are
// its own.
func (s *subject) narrow(part *snapshot.Campaign) {
	if part == nil {
		return
	}
	s.whole, s.url = false, part.URL
	s.now, s.same, s.before, s.days, s.series = part.Now, part.Same, part.Before, part.Days, snapshot.Series{}
	s.verdict, s.p, s.reason, s.evidence = part.Verdict, part.P, part.Reason, part.Evidence
}

func find(all []snapshot.Campaign, source, account, id string) *snapshot.Campaign {
	for i := range all {
		if c := &all[i]; c.Source == source && c.Account == account && c.ID == id {
			return c
		}
	}
	return nil
}

// drillText says why there are no ad groups or ads to show.
func drillText(d *snapshot.Drill) string {
	switch {
	case d.Busy:
		return "being fetched…"
	case d.Problem != "":
		return d.Problem
	case d.Fetched.IsZero():
		return "not fetched yet"
	}
	return "none with figures in these days"
}

// open goes one level down: channel, account, campaign, ad group, ad.
func (a *app) open() tea.Cmd {
	switch a.place.screen {
	case overview:
		if a.focused() == sidePanel {
			return a.openAlert(a.alertAt)
		}
		if id := a.channels.selected(); id != "" && id == a.unassigned() {
			a.goTo(place{screen: unclaimed})
		} else if id != "" {
			a.goTo(place{screen: channel, channel: id})
		}
	case channel:
		return a.openPart()
	case alerts:
		return a.openAlertsSubject()
	case sources:
		a.focus[sources], a.expanded = sidePanel, true
	case unclaimed:
		a.goTo(place{screen: channel, channel: a.unassigned()})
	}
	return nil
}

// unassigned is the channel that collects what no other claims, "" where there is
// none.
func (a *app) unassigned() string {
	for i := range a.snap.Channels {
		if c := &a.snap.Channels[i]; c.Unassigned {
			return c.Name
		}
	}
	return ""
}

// openPart opens the selected line of the channel screen.
func (a *app) openPart() tea.Cmd {
	s := a.subject()
	part := partWith(s.rows, a.campaigns.selected())
	if part == nil {
		return nil
	}
	to, name := a.place, cmp.Or(part.Name, part.ID)
	switch s.made {
	case "ACCOUNT":
		to.account, to.names[0] = accountID{part.Source, part.Account}, name
		a.goTo(to)
		return nil
	case "CAMPAIGN":
		if part.Unlisted {
			a.notice = "of campaigns that are not listed only the sum is known"
			return nil
		}
		to.account = accountID{part.Source, part.Account}
		to.inside, to.names[1] = snapshot.Inside{Source: part.Source, Account: part.Account, Campaign: part.ID}, name
	case "AD GROUP":
		to.inside.Group, to.names[2] = part.ID, name
		a.group = part
	default:
		a.notice = smallest(s.made)
		return nil
	}
	if src := a.sourceNamed(part.Source); src == nil || !src.Drills {
		a.notice = part.Source + " tells nothing below campaigns"
		return nil
	}
	a.goTo(to)
	return a.fetch(to.inside)
}

// smallest says why what has this title cannot be opened, "" where it can.
func smallest(made string) string {
	switch made {
	case "ACCOUNT", "CAMPAIGN", "AD GROUP":
		return ""
	case "AD":
		return "an ad is not made of anything smaller"
	}
	return "a part by " + strings.ToLower(made) + " is not made of anything smaller"
}

// splittable is the campaign that is opened or selected, without a source where
// there is none, and its name where that is not on the way here already.
func (a *app) splittable() (in snapshot.Inside, name string) {
	if at := a.place.inside; at.Campaign != "" {
		return snapshot.Inside{Source: at.Source, Account: at.Account, Campaign: at.Campaign}, a.place.names[1]
	}
	s := a.subject()
	if part := partWith(s.rows, a.campaigns.selected()); part != nil && s.made == "CAMPAIGN" && !part.Unlisted {
		return snapshot.Inside{Source: part.Source, Account: part.Account, Campaign: part.ID}, cmp.Or(part.Name, part.ID)
	}
	return snapshot.Inside{}, ""
}

// cannotSplit says why there is nothing to split.
func (a *app) cannotSplit() string {
	in, _ := a.splittable()
	switch src := a.sourceNamed(in.Source); {
	case in.Campaign == "":
		return "select or open a campaign to split it"
	case src == nil || len(src.Breakdowns) == 0:
		return in.Source + " tells no parts of campaigns"
	}
	return ""
}

// chooseSplit asks by what the campaign is split.
func (a *app) chooseSplit() tea.Cmd {
	in, name := a.splittable()
	var choices []choice
	for _, by := range a.sourceNamed(in.Source).Breakdowns {
		choices = append(choices, choice{label: by, key: by[:1], do: func() tea.Cmd {
			to := a.place
			to.inside, to.account = in, accountID{in.Source, in.Account}
			to.inside.Breakdown, to.names[1], to.names[2] = by, name, "by "+by
			a.goTo(to)
			return a.fetch(to.inside)
		}})
	}
	a.ask(newMenu("Split "+name+" by", choices, 0))
	return nil
}

func partWith(all []snapshot.Campaign, id string) *snapshot.Campaign {
	for i := range all {
		if campaignID(&all[i]) == id {
			return &all[i]
		}
	}
	return nil
}

// fetch asks for ad groups or ads; in the past, what is known has to do.
func (a *app) fetch(inside snapshot.Inside) tea.Cmd {
	if !a.wanted.AsOf.IsZero() {
		return nil
	}
	return a.send("", snapshot.Command{Verb: "fetch", Inside: inside, By: a.o.User})
}

func (a *app) sourceNamed(name string) *snapshot.Source {
	if a.snap == nil {
		return nil
	}
	for i := range a.snap.Sources {
		if a.snap.Sources[i].Name == name {
			return &a.snap.Sources[i]
		}
	}
	return nil
}
