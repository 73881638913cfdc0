package postback

import (
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"adtop/sources"
)

const (
	leftOut  = "[left out]"
	maxRaw   = 4 << 10 // bytes of a message that are kept
	maxValue = 200     // of one of its values
)

var address = regexp.MustCompile(`[0-9]{1,3}(\.[0-9]{1,3}){3}`)

// raw is a message as it is kept for disputes, encoded like a query: what adtop reads
// of it, and of the rest the names alone, since that may be about a person. Secrets,
// e-mail and network addresses are left out wherever they stand.
func (s *source) raw(parameters url.Values) sources.Message {
	var kept, named []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		for _, value := range parameters[name] {
			if lower := strings.ToLower(name); s.reads[lower] && !s.private(value) {
				kept = append(kept, url.QueryEscape(name)+"="+url.QueryEscape(value))
			} else if !s.private(name) {
				named = append(named, url.QueryEscape(name)+"="+url.QueryEscape(leftOut))
			}
		}
	}
	text, room := "", maxRaw
	for _, part := range append(kept, named...) {
		if room -= len(part) + 1; room < 0 {
			break
		}
		text += "&" + part
	}
	return sources.Message{Text: strings.TrimPrefix(text, "&")}
}

// private says whether a text is nothing to keep.
func (s *source) private(text string) bool {
	if _, err := netip.ParseAddr(strings.TrimSpace(text)); err == nil || len(text) > maxValue || strings.Contains(text, "@") || address.MatchString(text) {
		return true
	}
	for _, secret := range []sources.Secret{s.options.Secret, s.options.Sign.Secret} {
		if secret.IsSet() && strings.Contains(text, secret.Reveal()) {
			return true
		}
	}
	return false
}

// readNames are the names of the parameters that the options have read, in small
// letters.
func (o *Options) readNames() map[string]bool {
	names := map[string]bool{}
	for field, usual := range fields {
		if own := o.Parameters[field]; own != "" {
			usual = []string{own}
		}
		for _, name := range usual {
			names[strings.ToLower(name)] = true
		}
	}
	for _, name := range []string{o.UTM.Source, o.UTM.Medium, o.UTM.Campaign, o.UTM.Promo} {
		names[strings.ToLower(name)] = true
	}
	return names
}
