package yandexdirect

import (
	"context"
	"net/http"
	"slices"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	clientsPage = 1000
	maxClients  = 100_000
)

// clientPage is an answer about clients.
type clientPage struct {
	Result *struct {
		Clients   *[]client       `json:"Clients"`
		LimitedBy httpkit.Integer `json:"LimitedBy"` // number of the last client, when there are more
	} `json:"result"`
}

// client is an advertiser. There is no time zone among its fields.
type client struct {
	Login    string `json:"Login"`
	Info     string `json:"ClientInfo"`
	Currency string `json:"Currency"`
	Archived string `json:"Archived"`
}

// Accounts lists the advertiser of the token, or an agency's clients. Archived
// ones are left out unless the options name them.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	path, fields := "json/v5/clients", []string{"Login", "ClientInfo", "Currency", "Archived"}
	if s.options.Agency {
		path = "json/v5/agencyclients"
	}
	var found []sources.Account
	for offset := int64(0); ; {
		var page clientPage
		parameters := map[string]any{"FieldNames": fields}
		if s.options.Agency {
			parameters["SelectionCriteria"] = map[string]any{}
			parameters["Page"] = map[string]int64{"Limit": clientsPage, "Offset": offset}
		}
		request := &httpkit.Request{Method: http.MethodPost, Path: path, Body: map[string]any{"method": "get", "params": parameters}}
		if err := s.client.JSON(ctx, request, &page); err != nil {
			return nil, err
		}
		if page.Result == nil || page.Result.Clients == nil {
			return nil, sources.Errorf(sources.Malformed, "%s: answer holds no clients", platform)
		}
		for _, c := range *page.Result.Clients {
			if named := slices.Contains(s.options.Accounts, c.Login); len(s.options.Accounts) > 0 && !named || !named && c.Archived == "YES" {
				continue
			}
			account, err := s.account(c)
			if err != nil {
				return nil, err
			}
			found = append(found, account)
		}
		next := page.Result.LimitedBy
		if !next.Known || !s.options.Agency {
			break
		}
		if next.Value <= offset || next.Value > maxClients {
			return nil, sources.Errorf(sources.Malformed, "%s: the list of clients goes on after %d at %d", platform, offset, next.Value)
		}
		offset = next.Value
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts; the clients of an agency need agency: true")
}

func (s *source) account(c client) (sources.Account, error) {
	return httpkit.Account(platform, c.Login, c.Info, c.Currency, s.options.Timezone)
}
