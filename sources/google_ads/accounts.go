package googleads

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// customer is an account as the resources customer and customer_client have it.
type customer struct {
	ResourceName    string          `json:"resourceName"`
	ID              httpkit.Integer `json:"id"`
	DescriptiveName string          `json:"descriptiveName"`
	CurrencyCode    string          `json:"currencyCode"`
	TimeZone        string          `json:"timeZone"`
	Manager         bool            `json:"manager"`
	Status          string          `json:"status"`
}

// result is one line of an answer about accounts.
type result struct {
	Customer       customer `json:"customer"`
	CustomerClient customer `json:"customerClient"`
}

// reached is a customer and the manager that it is reached through.
type reached struct {
	customer
	login string
}

// Accounts lists the enabled accounts that can carry campaigns; managers are
// replaced by the accounts beneath them.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	found, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range s.options.Accounts {
		if _, ok := found[id]; !ok {
			refusal := sources.Errorf(sources.Permission, "%s: account %s is not among the enabled accounts that these credentials reach", platform, id)
			refusal.Next = "check accounts and login_customer_id, or sign in as a user of that account"
			return nil, refusal
		}
	}
	var accounts []sources.Account
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if len(s.options.Accounts) > 0 && !slices.Contains(s.options.Accounts, id) {
			continue
		}
		account, err := found[id].account(id)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, account)
	}
	return accounts, nil
}

func (c customer) account(id string) (sources.Account, error) {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil || c.TimeZone == "" || c.TimeZone == "Local" || len(c.CurrencyCode) != 3 {
		return sources.Account{}, sources.Errorf(sources.Malformed, "%s: account %s has currency %q and time zone %q: expected an ISO 4217 code and an IANA name",
			platform, id, sources.Clean(c.CurrencyCode), sources.Clean(c.TimeZone))
	}
	return sources.Account{ID: id, Name: named(c.DescriptiveName, id), Currency: kpi.Currency(c.CurrencyCode), Zone: zone}, nil
}

// discover finds every reachable account, and remembers through which manager.
// Direct access wins over a manager's. An account of the list that refuses to
// be read (it was closed, say) is passed over unless all do.
func (s *source) discover(ctx context.Context) (map[string]reached, error) {
	roots, err := s.roots(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]reached{}
	var refused error
	readable := 0
	for _, root := range roots {
		if err := s.expand(ctx, root, found); sources.KindOf(err) == sources.Permission {
			refused = err
			s.env.Log.Warn("account passed over", "source", s.env.Name, "account", root, "error", err)
			continue
		} else if err != nil {
			return nil, err
		}
		readable++
	}
	if readable == 0 && refused != nil {
		return nil, refused
	}
	logins := map[string]string{}
	for id, account := range found {
		logins[id] = account.login
	}
	s.mu.Lock()
	s.logins = logins
	s.mu.Unlock()
	return found, nil
}

func (s *source) roots(ctx context.Context) ([]string, error) {
	if s.options.LoginCustomerID != "" {
		return []string{s.options.LoginCustomerID}, nil
	}
	var listed struct {
		ResourceNames []string `json:"resourceNames"`
	}
	err := s.client.JSON(ctx, &httpkit.Request{Path: s.options.Version + "/customers:listAccessibleCustomers"}, &listed)
	if err != nil {
		return nil, err
	}
	var roots []string
	for _, name := range listed.ResourceNames {
		id := idIn(name, "customers")
		if id == "" {
			return nil, sources.Errorf(sources.Malformed, "%s: list of accounts holds %q: expected customers/ and digits", platform, sources.Clean(name))
		}
		roots = append(roots, id)
	}
	return roots, nil
}

// expand adds the account root, or the accounts beneath it when it is a manager.
func (s *source) expand(ctx context.Context, root string, found map[string]reached) error {
	const fields = "id, %descriptive_name, %currency_code, %time_zone, %manager, %status"
	login := s.options.LoginCustomerID
	self, err := s.customers(ctx, root, login, "SELECT "+selection("customer.", fields)+" FROM customer")
	if err != nil {
		return err
	}
	for _, one := range self {
		if !one.Customer.Manager {
			if one.Customer.Status == "ENABLED" {
				found[root] = reached{one.Customer, login}
			}
			continue
		}
		clients, err := s.customers(ctx, root, root, "SELECT "+selection("customer_client.", fields)+" FROM customer_client")
		if err != nil {
			return err
		}
		for _, client := range clients {
			id := client.CustomerClient.id()
			if id == "" {
				return sources.Errorf(sources.Malformed, "%s: manager %s lists an account without an id", platform, root)
			}
			if _, direct := found[id]; direct && found[id].login == "" || client.CustomerClient.Manager || client.CustomerClient.Status != "ENABLED" {
				continue
			}
			found[id] = reached{client.CustomerClient, root}
		}
	}
	return nil
}

// id prefers the field over the resource name, which in a customer_client
// names the client last.
func (c customer) id() string {
	if c.ID.Known {
		return strconv.FormatInt(c.ID.Value, 10)
	}
	if id := idIn(c.ResourceName, "customerClients"); id != "" {
		return id
	}
	return idIn(c.ResourceName, "customers")
}

func selection(resource, fields string) string {
	return resource + strings.ReplaceAll(fields, "%", resource)
}

// login returns the manager through which an account is reached.
func (s *source) login(ctx context.Context, account string) (string, error) {
	if s.options.LoginCustomerID != "" {
		return s.options.LoginCustomerID, nil
	}
	s.mu.Lock()
	login, known := s.logins[account]
	s.mu.Unlock()
	if known {
		return login, nil
	}
	found, err := s.discover(ctx)
	if err != nil {
		return "", err
	}
	if _, ok := found[account]; !ok {
		return "", sources.Errorf(sources.Permission, "%s: account %s is no longer among the enabled accounts that these credentials reach", platform, account)
	}
	return found[account].login, nil
}

// customers asks one query about accounts of one account.
func (s *source) customers(ctx context.Context, customer, login, query string) ([]result, error) {
	var batches []struct {
		Results []result `json:"results"`
	}
	if err := s.client.JSON(ctx, s.search(customer, login, query, "", true), &batches); err != nil {
		return nil, err
	}
	var all []result
	for _, b := range batches {
		all = append(all, b.Results...)
	}
	return all, nil
}

// search asks one query of one account: for all at once, or for the page that
// a token leads to.
func (s *source) search(customer, login, query, pageToken string, stream bool) *httpkit.Request {
	header := http.Header{}
	if login != "" {
		header.Set("login-customer-id", login)
	}
	method, body := "search", map[string]string{"query": query}
	if stream {
		method = "searchStream"
	}
	if pageToken != "" {
		body["pageToken"] = pageToken
	}
	return &httpkit.Request{
		Method: http.MethodPost,
		Path:   s.options.Version + "/customers/" + customer + "/googleAds:" + method,
		Header: header,
		Body:   body,
	}
}
