package tiktokads

import (
	"context"
	"encoding/json"
	"net/url"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// infoIDs is how many accounts one request may ask about.
const infoIDs = 100

// Accounts lists the advertisers of the options, or all that authorised the app.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	ids := s.options.Accounts
	if len(ids) == 0 {
		var err error
		if ids, err = s.authorised(ctx); err != nil {
			return nil, err
		}
	}
	var found []sources.Account
	for from := 0; from < len(ids); from += infoIDs {
		some, err := s.info(ctx, ids[from:min(from+infoIDs, len(ids))])
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, httpkit.Unreached(platform, found, s.options.Accounts, "check accounts, and that these advertisers have authorised the app")
}

// advertisers is the answer of both endpoints about accounts.
type advertisers struct {
	Data struct {
		List *[]advertiser `json:"list"`
	} `json:"data"`
}

// advertiser is an account. Its id has been seen as a string and as a number.
type advertiser struct {
	ID       json.RawMessage `json:"advertiser_id"`
	Name     string          `json:"name"`
	Currency string          `json:"currency"`
	Timezone string          `json:"timezone"`         // "Etc/GMT+8", see zone
	Display  string          `json:"display_timezone"` // "America/Los_Angeles"; may be missing
}

func (s *source) list(ctx context.Context, path string, query url.Values) ([]advertiser, error) {
	var answer advertisers
	if err := s.client.JSON(ctx, s.request(path, query), &answer); err != nil {
		return nil, err
	}
	if answer.Data.List == nil {
		return nil, sources.Errorf(sources.Malformed, "%s: answer about accounts has no list", platform)
	}
	return *answer.Data.List, nil
}

func (s *source) authorised(ctx context.Context) ([]string, error) {
	listed, err := s.list(ctx, "/oauth2/advertiser/get/", url.Values{"app_id": {s.options.AppID}, "secret": {s.options.AppSecret.Reveal()}})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(listed))
	for i, a := range listed {
		if ids[i] = a.id(); !accountPattern.MatchString(ids[i]) {
			return nil, sources.Errorf(sources.Malformed, "%s: list of accounts holds %q: expected an id of digits", platform, sources.Clean(ids[i]))
		}
	}
	return ids, nil
}

func (s *source) info(ctx context.Context, ids []string) ([]sources.Account, error) {
	asked, err := json.Marshal(ids)
	if err != nil {
		panic(err) // strings always marshal
	}
	listed, err := s.list(ctx, "/advertiser/info/", url.Values{
		"advertiser_ids": {string(asked)},
		"fields":         {`["advertiser_id","name","currency","timezone","display_timezone"]`},
	})
	if err != nil {
		return nil, err
	}
	accounts := make([]sources.Account, len(listed))
	for i, a := range listed {
		if accounts[i], err = a.account(); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

func (a advertiser) account() (sources.Account, error) {
	return httpkit.Account(platform, a.id(), a.Name, a.Currency, a.zone())
}

func (a advertiser) id() string {
	var text string
	if json.Unmarshal(a.ID, &text) == nil {
		return text
	}
	return string(a.ID)
}

// zone prefers the zone with a city. The other one is right in winter only,
// and its sign is that of POSIX: Etc/GMT+8 lies eight hours behind Greenwich.
// The zone database means the same by that name, so it is looked up, never
// worked out.
func (a advertiser) zone() string {
	if a.Display != "" {
		return a.Display
	}
	return a.Timezone
}
