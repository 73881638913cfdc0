package monitor

import (
	"slices"

	"adtop/sources"
)

// link is the page of a campaign on its platform, "" where none is known.
func (b *builder) link(e claimed) string {
	i := slices.IndexFunc(b.o.Sources, func(s Source) bool { return s.Name == e.Source })
	if i < 0 || e.Level != sources.LevelCampaign || b.o.Sources[i].Definition.Link == nil {
		return ""
	}
	return b.o.Sources[i].Definition.Link(e.Account, e.Entity.Entity.ID)
}
