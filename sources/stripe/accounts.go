package stripe

import (
	"context"
	"strings"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// Accounts returns the account of the key, or the connected one of the options.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	response, err := s.client.Do(ctx, &httpkit.Request{Path: "v1/account"})
	if err != nil {
		return nil, err
	}
	account, err := readAccount(s.client.Scan(response))
	if err != nil {
		return nil, err
	}
	return []sources.Account{account}, nil
}

func readAccount(scan *httpkit.Scanner) (sources.Account, error) {
	var id, currency, name, zone string
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			id = string(scan.Text())
		case "default_currency":
			currency = string(scan.Text())
		case "settings":
			for key := range scan.Object() {
				if string(key) != "dashboard" {
					continue
				}
				for key := range scan.Object() {
					switch string(key) {
					case "display_name":
						name = string(scan.Text())
					case "timezone":
						zone = string(scan.Text())
					}
				}
			}
		}
	}
	if err := scan.End(); err != nil {
		return sources.Account{}, err
	}
	return httpkit.Account(platform, id, name, strings.ToUpper(currency), zone)
}
