package ga4

import (
	"strings"

	"adtop/sources"
)

// origin makes the key of what was read.
func (d *decoder) origin() *origin {
	var key sources.Key
	found := &origin{}
	for i, field := range []*string{&key.Source, &key.Medium, &key.Campaign} {
		if i+1 >= len(d.ends) {
			break
		}
		text := string(d.values[d.ends[i]+1 : d.ends[i+1]])
		found.other = found.other || text == "(other)"
		found.unset = found.unset || text == "(not set)" && i < 2
		if !isNone(text) {
			*field = strings.TrimSpace(sources.Clean(text))
		}
	}
	id := key.ID()
	if found.tally = d.byID[id]; found.tally == nil {
		found.tally = &tally{id: []byte(id), name: []byte(key.Name())}
		d.byID[id] = found.tally
	}
	return found
}

// isNone says whether a value is one of Google's words for none.
func isNone(text string) bool {
	switch text {
	case "(not set)", "(none)", "(direct)", "(organic)", "(referral)", "(data not available)":
		return true
	}
	return false
}
