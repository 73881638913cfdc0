package httpkit

import (
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Account makes an account of what a platform says of it. Currency has to be a
// code of three letters and zone an IANA name: adtop guesses neither.
func Account(platform, id, name, currency, zone string) (sources.Account, error) {
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" || len(currency) != 3 || id == "" {
		return sources.Account{}, sources.Errorf(sources.Malformed, "%s: account %q has the currency %q and the time zone %q: expected an id, an ISO 4217 code and an IANA name",
			platform, sources.Clean(id), sources.Clean(currency), sources.Clean(zone))
	}
	id = sources.Clean(id)
	if name = strings.TrimSpace(sources.Clean(name)); name == "" {
		name = id
	}
	return sources.Account{ID: id, Name: name, Currency: kpi.Currency(sources.Clean(currency)), Zone: location}, nil
}

// Unreached is the error of the first wanted account that is not among the
// found ones, or nil.
func Unreached(platform string, found []sources.Account, wanted []string, next string) error {
	for _, id := range wanted {
		if !slices.ContainsFunc(found, func(a sources.Account) bool { return a.ID == id }) {
			refusal := sources.Errorf(sources.Permission, "%s: account %s is not among those that these credentials reach", platform, sources.Clean(id))
			refusal.Next = next
			return refusal
		}
	}
	return nil
}
