package comagic

import (
	"context"
	"encoding/json"
	"net/http"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// question is a call of JSON-RPC. It needs an id, which no other call waits for.
type question struct {
	Version string         `json:"jsonrpc"`
	ID      string         `json:"id"`
	Method  string         `json:"method"`
	Params  map[string]any `json:"params"`
}

// ask calls a method.
func (s *source) ask(ctx context.Context, method string, params map[string]any) (*httpkit.Response, error) {
	params["access_token"] = s.options.Token.Reveal()
	if s.options.User != "" {
		params["user_id"] = json.Number(s.options.User)
	}
	return s.client.Do(ctx, &httpkit.Request{Method: http.MethodPost, Body: question{"2.0", "adtop", method, params}})
}

// Accounts returns the account. Its currency takes a component that not every account
// has, unless the options name it.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	method := "getobj.account"
	if s.options.Currency != "" {
		method = "get.account"
	}
	response, err := s.ask(ctx, method, map[string]any{})
	if err != nil {
		return nil, err
	}
	scan := s.client.Scan(response)
	told, err := readAccount(scan)
	if err != nil {
		return nil, err
	}
	if s.options.Currency != "" {
		told.currency = string(s.options.Currency)
	}
	account, err := httpkit.Account(platform, told.id, told.name, told.currency, told.zone)
	if err != nil {
		return nil, err
	}
	return []sources.Account{account}, nil
}

// described is what an account says of itself.
type described struct{ id, name, currency, zone string }

// readAccount reads an object, or a list that holds one.
func readAccount(scan *httpkit.Scanner) (d described, err error) {
	for key := range scan.Object() {
		if string(key) != "result" {
			continue
		}
		for key := range scan.Object() {
			switch {
			case string(key) != "data":
			case scan.Peek() == '[':
				for range scan.Array() {
					d.read(scan)
				}
			default:
				d.read(scan)
			}
		}
	}
	return d, scan.End()
}

func (d *described) read(scan *httpkit.Scanner) {
	for key := range scan.Object() {
		switch string(key) {
		case "app_id":
			d.id = string(scan.Text())
		case "app_name", "name":
			d.name = string(scan.Text())
		case "report_currency":
			d.currency = string(scan.Text())
		case "timezone":
			d.zone = string(scan.Text())
		}
	}
}
