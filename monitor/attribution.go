package monitor

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"adtop/kpi"
	"adtop/snapshot"
)

// attributions say of each source of results to what they are credited, as in "meta:
// results are counted by the setting of each ad set, as Meta reports them: 7-day click,
// 1-day view". The settings are those of the campaigns that have results.
func (o *Options) attributions(counted []string, campaigns []snapshot.Campaign) (all []string) {
	for _, name := range counted {
		how := "as it reports them; it does not say how they are credited"
		for _, src := range o.Sources {
			if src.Name == name {
				how = cmp.Or(src.Attribution, how)
			}
		}
		var settings []string
		for _, c := range campaigns {
			if m := c.Now.Metrics; c.Source == name && c.Attribution != "" && m.Knows(kpi.Conversions) && m.Conversions != 0 && !slices.Contains(settings, c.Attribution) {
				settings = append(settings, c.Attribution)
			}
		}
		slices.Sort(settings)
		if len(settings) > 0 {
			how += ": " + strings.Join(settings[:min(len(settings), 4)], "; ")
		}
		all = append(all, name+": results are counted "+how)
	}
	return all
}

var (
	windowDays = regexp.MustCompile(`(?i)\b(\d+)[ _]?(d|day|h|hour)[ _]`)
	nextWindow = regexp.MustCompile(`_(\d+[dh]_)`)
)

// settingInWords turns a platform's attribution setting into words: "7d_click_1d_view"
// into "7-day click, 1-day view". What it does not know stays as it is.
func settingInWords(setting string) string {
	setting = nextWindow.ReplaceAllString(setting, ", $1")
	setting = windowDays.ReplaceAllStringFunc(setting, func(window string) string {
		found := windowDays.FindStringSubmatch(window)
		unit := "-day "
		if strings.HasPrefix(strings.ToLower(found[2]), "h") {
			unit = "-hour "
		}
		return found[1] + unit
	})
	return strings.ReplaceAll(strings.ReplaceAll(setting, "none view", "no view"), "_", " ")
}
