package linkedinads

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	pageSize = 100
	maxPages = 1000
)

// entity is an account or a campaign. Ids are numbers.
type entity struct {
	ID       httpkit.Integer `json:"id"`
	Name     string          `json:"name"`
	Currency string          `json:"currency"` // of an account
	Status   string          `json:"status"`
}

func (e entity) id() string { return strconv.FormatInt(e.ID.Value, 10) }

// list reads all pages of a search. query is in LinkedIn's notation.
func (s *source) list(ctx context.Context, path, query string) ([]entity, error) {
	var all []entity
	token := ""
	for page := 0; ; page++ {
		var answer struct {
			Elements *[]entity `json:"elements"`
			Metadata struct {
				Next string `json:"nextPageToken"`
			} `json:"metadata"`
		}
		raw := query + "&pageSize=" + strconv.Itoa(pageSize)
		if token != "" {
			raw += "&pageToken=" + url.QueryEscape(token)
		}
		if err := s.client.JSON(ctx, &httpkit.Request{Path: path, Raw: raw}, &answer); err != nil {
			return nil, err
		}
		if answer.Elements == nil || page >= maxPages {
			return nil, sources.Errorf(sources.Malformed, "%s: page %d of %s holds no elements", platform, page, path)
		}
		all = append(all, *answer.Elements...)
		if token = answer.Metadata.Next; token == "" {
			return all, nil
		}
	}
}

// Accounts lists the accounts that the member may see. Cancelled ones are
// listed: they have past spend.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	listed, err := s.list(ctx, "rest/adAccounts", "q=search&search=(type:(values:List(BUSINESS)),status:(values:List(ACTIVE,CANCELED)),test:false)")
	if err != nil {
		return nil, err
	}
	var found []sources.Account
	for _, e := range listed {
		if len(s.options.Accounts) > 0 && !slices.Contains(s.options.Accounts, e.id()) {
			continue
		}
		account, err := httpkit.Account(platform, e.id(), e.Name, e.Currency, "UTC")
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts, and the member's role in them")
}

// readable checks that an account may be read at all: the analytics of one
// that may not are empty, not refused.
func (s *source) readable(ctx context.Context, account string) error {
	var found entity
	err := s.client.JSON(ctx, &httpkit.Request{Path: "rest/adAccounts/" + account}, &found)
	if kind := sources.KindOf(err); kind != sources.Invalid && kind != sources.Permission {
		return err
	}
	refusal := sources.Errorf(sources.Permission, "%s: analytics of account %s are empty because it may not be read: %w", platform, sources.Clean(account), err)
	refusal.Next = "check accounts, the scopes r_ads and r_ads_reporting, and the member's role in the account"
	return refusal
}

// campaigns returns the campaigns of an account by id: analytics have ids only.
func (s *source) campaigns(ctx context.Context, account string) (map[string]httpkit.Campaign, error) {
	return s.names.Of(account, s.env.Now(), func() (map[string]httpkit.Campaign, error) {
		listed, err := s.list(ctx, "rest/adAccounts/"+account+"/adCampaigns", "q=search")
		if err != nil {
			return nil, err
		}
		campaigns := map[string]httpkit.Campaign{}
		for _, e := range listed {
			campaigns[e.id()] = httpkit.Campaign{Name: e.Name, Status: e.Status}
		}
		return campaigns, nil
	})
}
