package klaviyo

import (
	"context"
	"net/url"
	"sync"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const maxPages = 1000

// Accounts returns the account of the key.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	var listed struct {
		Data []struct {
			ID         string `json:"id"`
			Attributes struct {
				Contact struct {
					Name string `json:"organization_name"`
				} `json:"contact_information"`
				Zone     string `json:"timezone"`
				Currency string `json:"preferred_currency"`
			} `json:"attributes"`
		} `json:"data"`
	}
	if err := s.client.JSON(ctx, &httpkit.Request{Path: "accounts"}, &listed); err != nil {
		return nil, err
	}
	if len(listed.Data) != 1 {
		return nil, sources.Errorf(sources.Malformed, "%s: answer holds %d accounts: expected the one of the key", platform, len(listed.Data))
	}
	a := listed.Data[0]
	account, err := httpkit.Account(platform, a.ID, a.Attributes.Contact.Name, a.Attributes.Currency, a.Attributes.Zone)
	if err != nil {
		return nil, err
	}
	return []sources.Account{account}, nil
}

// entry is an element of a list.
type entry struct {
	ID         string `json:"id"`
	Attributes struct {
		Name        string `json:"name"`
		Status      string `json:"status"`
		Integration struct {
			Name string `json:"name"`
		} `json:"integration"`
	} `json:"attributes"`
	Relationships struct {
		Messages struct {
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
		} `json:"campaign-messages"`
	} `json:"relationships"`
}

// list goes through all pages of a list.
func (s *source) list(ctx context.Context, path string, query url.Values, take func(entry)) error {
	for range maxPages {
		var page struct {
			Data  *[]entry `json:"data"`
			Links struct {
				Next string `json:"next"`
			} `json:"links"`
		}
		if err := s.client.JSON(ctx, &httpkit.Request{Path: path, Query: query}, &page); err != nil {
			return err
		}
		if page.Data == nil {
			return sources.Errorf(sources.Malformed, "%s: answer about %s has no list", platform, path)
		}
		for _, e := range *page.Data {
			if e.ID == "" {
				return sources.Errorf(sources.Malformed, "%s: list of %s holds one without id", platform, path)
			}
			take(e)
		}
		if page.Links.Next == "" {
			return nil
		}
		next, err := cursor(page.Links.Next)
		if err != nil {
			return err
		}
		query.Set("page[cursor]", next)
	}
	return sources.Errorf(sources.Malformed, "%s: more than %d pages of %s", platform, maxPages, path)
}

// cursor reads where the next page begins from the link to it, or from the cursor
// itself. The link is not followed.
func cursor(link string) (string, error) {
	if u, err := url.Parse(link); err == nil {
		for _, name := range []string{"page[cursor]", "page_cursor"} {
			if found := u.Query().Get(name); found != "" {
				return found, nil
			}
		}
	}
	if len(link) <= 1000 && cursorPattern.MatchString(link) {
		return link, nil
	}
	return "", sources.Errorf(sources.Malformed, "%s: link to the next page has no cursor", platform)
}

var cursorPattern = httpkit.NewPattern(`^[A-Za-z0-9_=+-]+$`)

// metric finds the id of a metric by its name. Klaviyo's own are preferred where no
// integration is named.
func (s *source) metric(ctx context.Context, account, name, integration string) (string, error) {
	all, err := s.metrics.Of(account, s.env.Now(), func() (map[string]httpkit.Campaign, error) {
		found := map[string]httpkit.Campaign{}
		err := s.list(ctx, "metrics", url.Values{}, func(e entry) {
			found[e.ID] = httpkit.Campaign{Name: e.Attributes.Name, Status: e.Attributes.Integration.Name}
		})
		return found, err
	})
	if err != nil {
		return "", err
	}
	var ids []string
	for id, m := range all {
		if m.Name == name && (integration == "" || m.Status == integration) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 1 {
		return ids[0], nil
	}
	refusal := sources.Errorf(sources.Invalid, "%s: %d metrics are named %q (integration %q): expected one", platform, len(ids), sources.Clean(name), sources.Clean(integration))
	refusal.Next = "check conversion and integration against Analytics > Metrics in Klaviyo"
	return "", refusal
}

// campaign is what a message belongs to.
type campaign struct{ id, name, status string }

// book remembers the campaigns by their messages for an hour.
type book struct {
	mu       sync.Mutex
	messages map[string]campaign
	asked    time.Time
}

// campaigns returns the campaigns by the ids of their messages.
func (s *source) campaigns(ctx context.Context) (map[string]campaign, error) {
	now := s.env.Now()
	s.book.mu.Lock()
	known, asked := s.book.messages, s.book.asked
	s.book.mu.Unlock()
	if known != nil && now.Sub(asked) < time.Hour {
		return known, nil
	}
	messages := map[string]campaign{}
	query := url.Values{"filter": {"equals(messages.channel,'email')"}, "include": {"campaign-messages"}}
	if err := s.list(ctx, "campaigns", query, func(e entry) {
		c := campaign{e.ID, e.Attributes.Name, e.Attributes.Status}
		messages[e.ID] = c
		for _, m := range e.Relationships.Messages.Data {
			messages[m.ID] = c
		}
	}); err != nil {
		return nil, err
	}
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.book.messages, s.book.asked = messages, now
	return messages, nil
}
