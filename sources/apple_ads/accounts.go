package appleads

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	listPage = 1000
	maxPages = 1000
)

// account is an ad account. Lists have only its id and name.
type account struct {
	ID       httpkit.Integer `json:"id"`
	Name     string          `json:"name"`
	Timezone string          `json:"timezone"`
	Currency string          `json:"currency"`
}

func (a account) id() string { return strconv.FormatInt(a.ID.Value, 10) }

// Accounts lists the ad accounts that the user of the key has a role in, and
// asks about each.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	var listed struct {
		Result struct {
			ACLs *[]struct {
				Account account `json:"adAccount"`
			} `json:"acls"`
		} `json:"result"`
	}
	if err := s.client.JSON(ctx, &httpkit.Request{Path: "v1/acls"}, &listed); err != nil {
		return nil, err
	}
	if listed.Result.ACLs == nil {
		return nil, sources.Errorf(sources.Malformed, "%s: answer about accounts has no list", platform)
	}
	var found []sources.Account
	for _, entry := range *listed.Result.ACLs {
		id := entry.Account.id()
		if len(s.options.Accounts) > 0 && !slices.Contains(s.options.Accounts, id) || slices.ContainsFunc(found, func(a sources.Account) bool { return a.ID == id }) {
			continue
		}
		account, err := s.account(ctx, id)
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts (ad account ids, not those of the organisation), and the role of the API user in them")
}

// account asks about one account.
func (s *source) account(ctx context.Context, id string) (sources.Account, error) {
	var answer struct {
		Result account `json:"result"`
	}
	if err := s.client.JSON(ctx, &httpkit.Request{Path: "v1/ad-accounts/" + id, Header: inContext(id)}, &answer); err != nil {
		return sources.Account{}, err
	}
	if a := answer.Result; a.id() != id {
		return sources.Account{}, sources.Errorf(sources.Malformed, "%s: asked about account %s, answered about %s", platform, id, a.id())
	}
	return httpkit.Account(platform, id, answer.Result.Name, answer.Result.Currency, answer.Result.Timezone)
}

// inContext is the header that says which account a question is about.
func inContext(account string) http.Header {
	return http.Header{"X-Ap-Context": {"adAccountId=" + account}}
}

// filter narrows a question.
type filter struct {
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
}

// page is which part of the answer is wanted.
type page struct {
	Offset int `json:"offset"`
	Size   int `json:"pageSize"`
}

// campaigns returns the campaigns for apps of an account by id, deleted ones
// included: they have past spend, and reports want campaigns named.
func (s *source) campaigns(ctx context.Context, account string) (map[string]httpkit.Campaign, error) {
	return s.names.Of(account, s.env.Now(), func() (map[string]httpkit.Campaign, error) {
		return s.list(ctx, account)
	})
}

func (s *source) list(ctx context.Context, account string) (map[string]httpkit.Campaign, error) {
	campaigns := map[string]httpkit.Campaign{}
	for at, n := (page{Size: listPage}), 0; ; n++ {
		var answer struct {
			Result *[]struct {
				ID     httpkit.Integer `json:"id"`
				Name   string          `json:"name"`
				Status string          `json:"status"`
				Type   string          `json:"promotedObjectType"` // BUSINESS_BRAND has reports of its own, on Apple Maps
			} `json:"result"`
			Pagination struct {
				Total httpkit.Integer `json:"totalCount"`
			} `json:"pagination"`
		}
		body := struct {
			Filters    []filter `json:"filters"`
			Pagination page     `json:"pagination"`
		}{[]filter{{"deleted", "IN", []bool{true, false}}}, at}
		if err := s.client.JSON(ctx, &httpkit.Request{Method: http.MethodPost, Path: "v1/campaigns/query", Header: inContext(account), Body: body}, &answer); err != nil {
			return nil, err
		}
		if answer.Result == nil || n >= maxPages {
			return nil, sources.Errorf(sources.Malformed, "%s: page %d of the campaigns is none", platform, n)
		}
		for _, c := range *answer.Result {
			if !c.ID.Known || c.ID.Value <= 0 {
				return nil, sources.Errorf(sources.Malformed, "%s: list of campaigns holds one without id", platform)
			}
			if c.Type == "" || c.Type == "APPSTORE_APP" {
				campaigns[strconv.FormatInt(c.ID.Value, 10)] = httpkit.Campaign{Name: c.Name, Status: c.Status}
			}
		}
		at.Offset += len(*answer.Result)
		if len(*answer.Result) == 0 || int64(at.Offset) >= answer.Pagination.Total.Value {
			return campaigns, nil
		}
	}
}
