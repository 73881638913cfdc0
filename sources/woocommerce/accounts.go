package woocommerce

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// ask sends a question to a route of the API.
func (s *source) ask(ctx context.Context, route string, query url.Values) (*httpkit.Response, error) {
	asked := url.Values{}
	for name, values := range query {
		asked[name] = values
	}
	if s.options.Auth == "query" {
		asked.Set("consumer_key", s.options.Key.Reveal())
		asked.Set("consumer_secret", s.options.Secret.Reveal())
	}
	request := &httpkit.Request{Path: "wp-json" + route, Query: asked}
	if s.options.Permalinks == "plain" {
		request.Path = "/"
		asked.Set("rest_route", route)
	}
	return s.client.Do(ctx, request)
}

// Accounts returns the shop. What the site tells of itself is public; the
// currency takes a key that may read the settings, unless the options name it.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	currency := string(s.options.Currency)
	if currency == "" {
		response, err := s.ask(ctx, "/wc/v3/settings/general/woocommerce_currency", url.Values{"_fields": {"value"}})
		if err != nil {
			return nil, err
		}
		scan := s.client.Scan(response)
		for key := range scan.Object() {
			if string(key) == "value" {
				currency = string(scan.Text())
			}
		}
		if err := scan.End(); err != nil {
			return nil, err
		}
	}
	response, err := s.ask(ctx, "/", url.Values{"_fields": {"name,url,home,gmt_offset,timezone_string"}})
	if err != nil {
		return nil, err
	}
	site, err := readSite(s.client.Scan(response))
	if err != nil {
		return nil, err
	}
	if s.options.Timezone != "" {
		site.zone = s.options.Timezone
	}
	account, err := httpkit.Account(platform, site.id(), site.name, currency, site.zoneName())
	if err != nil {
		return nil, err
	}
	return []sources.Account{account}, nil
}

// site is what a WordPress says of itself.
type site struct {
	name, home, url, zone string
	offset                string // hours from UTC, where the owner chose no city
}

func readSite(scan *httpkit.Scanner) (w site, err error) {
	for key := range scan.Object() {
		switch string(key) {
		case "name":
			w.name = string(scan.Text())
		case "home":
			w.home = string(scan.Text())
		case "url":
			w.url = string(scan.Text())
		case "timezone_string":
			w.zone = string(scan.Text())
		case "gmt_offset":
			w.offset = string(scan.Text())
		}
	}
	return w, scan.End()
}

// id is the address of the shop without its scheme.
func (w site) id() string {
	address, err := url.Parse(w.home)
	if err != nil || address.Host == "" {
		if address, err = url.Parse(w.url); err != nil {
			return ""
		}
	}
	return strings.TrimSuffix(address.Host+address.Path, "/")
}

// zoneName is the shop's zone. For an offset of whole hours there is one without a
// city; its sign is the other way round.
func (w site) zoneName() string {
	if w.zone != "" {
		return w.zone
	}
	hours, err := strconv.ParseFloat(w.offset, 64)
	if err != nil || hours != math.Trunc(hours) || hours < -12 || hours > 14 {
		return "an offset of " + w.offset + " hours: name the zone in timezone"
	}
	return fmt.Sprintf("Etc/GMT%+d", -int(hours))
}
