package vkads

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	listPage = 250 // the most that VK gives
	maxPages = 1000
)

// user is the account of the token. Where its currency stands was recorded by
// independent clients only.
type user struct {
	ID       httpkit.Integer `json:"id"`
	Username string          `json:"username"`
	Currency string          `json:"currency"`
	Account  struct {
		Currency string `json:"currency"`
	} `json:"account"`
}

// Accounts lists the one account that the token belongs to.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	var u user
	if err := s.client.JSON(ctx, &httpkit.Request{Path: "api/v2/user.json"}, &u); err != nil {
		return nil, err
	}
	account, err := s.account(u)
	if err != nil {
		return nil, err
	}
	return []sources.Account{account}, nil
}

func (s *source) account(u user) (sources.Account, error) {
	currency := cmp.Or(u.Account.Currency, u.Currency, string(s.options.Currency))
	if currency == "" {
		refusal := sources.Errorf(sources.Malformed, "%s: the account has no currency", platform)
		refusal.Next = "set currency, to RUB for Russian accounts"
		return sources.Account{}, refusal
	}
	id := ""
	if u.ID.Known {
		id = strconv.FormatInt(u.ID.Value, 10)
	}
	return httpkit.Account(platform, id, u.Username, currency, zone)
}

// campaigns returns the campaigns of the account by id, deleted ones included:
// they have past spend, and statistics are asked for by id.
func (s *source) campaigns(ctx context.Context, account string) (map[string]httpkit.Campaign, error) {
	return s.names.Of(account, s.env.Now(), func() (map[string]httpkit.Campaign, error) {
		campaigns, read := map[string]httpkit.Campaign{}, 0
		query := url.Values{"fields": {"id,name,status"}, "limit": {strconv.Itoa(listPage)}}
		if len(s.options.Statuses) > 0 { // this filter is the one of the lists of myTarget, unconfirmed here
			query.Set("_status__in", strings.Join(s.options.Statuses, ","))
		}
		for page := 0; ; page++ {
			query.Set("offset", strconv.Itoa(read))
			var answer struct {
				Count httpkit.Integer `json:"count"`
				Items *[]struct {
					ID     httpkit.Integer `json:"id"`
					Name   string          `json:"name"`
					Status string          `json:"status"`
				} `json:"items"`
			}
			if err := s.client.JSON(ctx, &httpkit.Request{Path: "api/v2/ad_plans.json", Query: query}, &answer); err != nil {
				return nil, err
			}
			if answer.Items == nil || page >= maxPages {
				return nil, sources.Errorf(sources.Malformed, "%s: page %d of the campaigns holds no items", platform, page)
			}
			for _, c := range *answer.Items {
				if !c.ID.Known || c.ID.Value <= 0 {
					return nil, sources.Errorf(sources.Malformed, "%s: list of campaigns holds one without id", platform)
				}
				campaigns[strconv.FormatInt(c.ID.Value, 10)] = httpkit.Campaign{Name: c.Name, Status: c.Status}
			}
			read += len(*answer.Items)
			if len(*answer.Items) == 0 || int64(read) >= answer.Count.Value {
				return campaigns, nil
			}
		}
	})
}
