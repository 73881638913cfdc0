package shopify

import (
	"context"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Accounts returns the shop of the token.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	var answer struct {
		Shop *shop `json:"shop"`
	}
	if _, _, err := s.ask(ctx, shopQuery, map[string]any{}, &answer); err != nil {
		return nil, err
	}
	if answer.Shop == nil {
		return nil, sources.Errorf(sources.Malformed, "%s: answer has no shop", platform)
	}
	account, err := answer.Shop.account()
	if err != nil {
		return nil, err
	}
	return []sources.Account{account}, nil
}

func (s shop) account() (sources.Account, error) {
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil || s.Timezone == "" || s.Timezone == "Local" {
		return sources.Account{}, sources.Errorf(sources.Malformed, "%s: shop has the unknown time zone %q", platform, sources.Clean(s.Timezone))
	}
	id := sources.Clean(s.Domain)
	if id == "" || len(s.Currency) != 3 {
		return sources.Account{}, sources.Errorf(sources.Malformed, "%s: shop %q has the currency %q: expected a domain and an ISO 4217 code", platform, id, sources.Clean(s.Currency))
	}
	name := sources.Clean(s.Name)
	if name == "" {
		name = id
	}
	return sources.Account{ID: id, Name: name, Currency: kpi.Currency(s.Currency), Zone: zone}, nil
}
