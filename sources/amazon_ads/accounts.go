package amazonads

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// profile is an advertiser in one country: what a report is about.
type profile struct {
	ID       httpkit.Integer `json:"profileId"`
	Country  string          `json:"countryCode"`
	Currency string          `json:"currencyCode"`
	Timezone string          `json:"timezone"`
	Account  struct {
		Name string `json:"name"`
		Type string `json:"type"` // seller, vendor or agency
	} `json:"accountInfo"`
}

func (p profile) id() string { return strconv.FormatInt(p.ID.Value, 10) }

// Accounts lists the profiles of all regions of the options. Those of agencies
// are left out: they buy through Amazon's DSP, which these reports don't cover.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	listed, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	var found []sources.Account
	for _, p := range listed {
		if len(s.options.Accounts) > 0 && !slices.Contains(s.options.Accounts, p.id()) || p.Account.Type == "agency" {
			continue
		}
		account, err := p.account()
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts and regions, and that the signed-in user may view these profiles")
}

// account names the country, since an advertiser has a profile in each.
func (p profile) account() (sources.Account, error) {
	id := ""
	if p.ID.Known && p.ID.Value > 0 {
		id = p.id()
	}
	name := cmp.Or(p.Account.Name, id)
	if p.Country != "" {
		name += " (" + p.Country + ")"
	}
	return httpkit.Account(platform, id, name, p.Currency, p.Timezone)
}

// list asks every region for its profiles, and remembers where they are. A
// region without any answers with an empty list.
func (s *source) list(ctx context.Context) ([]profile, error) {
	var all []profile
	hosts := map[string]*url.URL{}
	for _, region := range s.regions {
		var some *[]profile
		if err := s.client.JSON(ctx, &httpkit.Request{
			Base: region, Path: "v2/profiles", Query: url.Values{"apiProgram": {"report"}, "accessLevel": {"view"}},
		}, &some); err != nil {
			return nil, err
		}
		if some == nil {
			return nil, sources.Errorf(sources.Malformed, "%s: the profiles of %s are no list", platform, region.Host)
		}
		for _, p := range *some {
			hosts[p.id()] = region
		}
		all = append(all, *some...)
	}
	s.mu.Lock()
	s.hosts = hosts
	s.mu.Unlock()
	return all, nil
}

// host is where a profile is, asking if need be.
func (s *source) host(ctx context.Context, id string) (*url.URL, error) {
	s.mu.Lock()
	found := s.hosts[id]
	s.mu.Unlock()
	if found != nil {
		return found, nil
	}
	if _, err := s.list(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found = s.hosts[id]; found == nil {
		return nil, sources.Errorf(sources.Permission, "%s: profile %s is no longer among those that the signed-in user reaches", platform, sources.Clean(id))
	}
	return found, nil
}
