// Package roistat reads the deals of Roistat projects as events: what a CRM, a form or
// a call brought, with the visit that it came of.
//
// What to know about the figures: a deal is dated by its creation, and counts by the
// group of its status: unused, progress, paid or canceled. Without an option only what
// is paid counts, as in Roistat's own sales and revenue; a deal in progress counts as
// pending where the options say so, with its amount. A deal is handed over again when
// it changes, which goes on for weeks. Amounts are in the project's currency.
//
// A deal is known by the UTM parameters of its visit. Visits without any (search,
// referrals) are known by Roistat's marker where the options ask for it. Of the visit's
// page nothing but the click is kept; client, phone, address and custom fields are
// not read.
//
// Questions: the days that are asked for, by creation, and since the last poll what was
// updated, of any age. Errors come with HTTP 200 unless Use-Http-Code asks for others,
// and are recognised either way.
//
// Sources of the facts: help-en.roistat.com/API, answers in the tests of
// github.com/Dangetsu/roistat-sdk, and what was seen live by
// github.com/zenland-dev/n8n-nodes-roistat: errors, and that a filter with one
// condition has to stand without "and". Unconfirmed: that every change of a deal moves
// its update_date; how late deals are, which is up to the CRM's own connection; how a
// refusal by address looks, if there is one: it is told by its words. A deal that is
// deleted stays as it was last read. Costs by marker are not read: those of advertising
// platforms come from their own adapters, others from an export.
package roistat

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "Roistat"

// Options are what the config says of a source of type roistat.
type Options struct {
	Key      sources.Secret `yaml:"api_key"`  // of a user; it reaches all of the user's projects
	Projects []string       `yaml:"projects"` // numbers; all of the user's when empty
	Timezone string         `yaml:"timezone"` // IANA name: in which days are counted
	Counts   []string       `yaml:"counts"`   // groups of statuses that count: paid, or progress too
	Origins  string         `yaml:"origins"`  // utm, or all: visits without UTM parameters by their marker
	BaseURL  string         `yaml:"base_url"`
}

// Definition describes the type roistat. Lag, Delay and History are assumed: a deal
// counts on the day of its creation and is mostly paid later, so that the curve is a
// slow one. Calls are the last two days and what was updated; Window is for 10,000 deals
// in 60 days.
func Definition() sources.Definition {
	return sources.Definition{
		Type:    "roistat",
		Summary: "Roistat deals of the CRM with their statuses, by the UTM parameters or the marker of their visits",
		Docs:    "https://help-en.roistat.com/API/methods/orders/",
		Credentials: []string{
			"In Roistat, under Profile > Settings, copy the API key of a user who sees nothing but the projects in question: a key reaches all that its user may, and cannot be limited to reading. It does not end.",
			"Roistat tells a project's currency and no time zone: name yours in `timezone`.",
			"Have the visit's number (`roistat`) passed to the CRM: without it a deal has no origin.",
		},
		Gives:       kpi.Conversions | kpi.Revenue,
		Events:      true,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Reported,
		Restates:    60,
		History:     1000,
		MinInterval: 10 * time.Minute,
		Lag:         lag,
		Calls:       2,
		Window:      11,
		Delay:       []sources.DelayPoint{{Age: time.Hour, Share: 0.1}, {Age: 24 * time.Hour, Share: 0.4}, {Age: 7 * 24 * time.Hour, Share: 0.8}, {Age: 30 * 24 * time.Hour, Share: 1}},
		Attribution: func(any) string { return "for the visit that Roistat gives the deal" },
		Options:     func() any { return &Options{Counts: []string{paid}, Origins: "utm"} },
		Open:        open,
	}
}

// source is the projects of one key.
type source struct {
	options Options
	env     sources.Env
	client  *httpkit.Client
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := httpkit.ParseBase(o.BaseURL, "https://cloud.roistat.com/api/v1")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{Env: env, Platform: platform, Base: base, Private: true, Classify: classify,
		Header: http.Header{"Api-Key": {o.Key.Reveal()}, "Use-Http-Code": {"1"}}, Redact: []string{o.Key.Reveal()}})
	if err != nil {
		return nil, err
	}
	return &source{options: o, env: env, client: client}, nil
}

var projectPattern = httpkit.NewPattern(`^[1-9][0-9]{0,17}$`)

// check names the option at fault.
func (o *Options) check() error {
	if err := sources.Require(o, "api_key", "timezone"); err != nil {
		return err
	}
	if _, err := time.LoadLocation(o.Timezone); err != nil || o.Timezone == "Local" {
		return fmt.Errorf("timezone %q: expected an IANA name such as Europe/Moscow", sources.Clean(o.Timezone))
	}
	for _, id := range o.Projects {
		if !projectPattern.MatchString(id) {
			return fmt.Errorf("projects: %q: expected the number of a project, such as 12345", sources.Clean(id))
		}
	}
	for _, group := range o.Counts {
		if group != paid && group != progress {
			return fmt.Errorf("counts: %q: expected paid or progress", sources.Clean(group))
		}
	}
	switch {
	case !slices.Contains(o.Counts, paid):
		return fmt.Errorf("counts: expected paid, and progress too where deals in progress count")
	case o.Origins != "utm" && o.Origins != "all":
		return fmt.Errorf("origins %q: expected utm or all", sources.Clean(o.Origins))
	}
	return nil
}

// Accounts lists the projects of the key, in the zone that the options name.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	response, err := s.client.Do(ctx, &httpkit.Request{Path: "user/projects"})
	if err != nil {
		return nil, err
	}
	scan := s.client.Scan(response)
	var accounts []sources.Account
	listed := false
	for key := range scan.Object() {
		if string(key) != "projects" {
			continue
		}
		listed = scan.Peek() == '['
		for range scan.Array() {
			id, name, currency := readProject(scan)
			if scan.Err() != nil || len(s.options.Projects) > 0 && !slices.Contains(s.options.Projects, id) {
				continue
			}
			account, err := httpkit.Account(platform, id, name, currency, s.options.Timezone)
			if err != nil {
				return nil, err
			}
			accounts = append(accounts, account)
		}
	}
	if err := scan.End(); err != nil {
		return nil, err
	}
	if !listed {
		return nil, sources.Errorf(sources.Malformed, "%s: answer has no list of projects", platform)
	}
	return accounts, httpkit.Unreached(platform, accounts, s.options.Projects, "check projects, and that the key's user sees them")
}

func readProject(scan *httpkit.Scanner) (id, name, currency string) {
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			id = string(scan.Text())
		case "name":
			name = string(scan.Text())
		case "currency":
			currency = string(scan.Text())
		}
	}
	return id, name, currency
}
