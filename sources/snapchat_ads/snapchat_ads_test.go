package snapchatads

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

var noon = world.ConformanceAutumn

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.ClientID, o.ClientSecret, o.RefreshToken = simulator.SnapchatClientID, sources.NewSecret(simulator.SnapchatClientSecret), sources.NewSecret(simulator.SnapchatRefreshToken)
	o.BaseURL, o.TokenURL = place, place+"/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		RealHours:  true,
		Path:       "/stats",
		Secrets:    []string{simulator.SnapchatClientSecret, simulator.SnapchatRefreshToken, "eyJsimulatedSnapAccess"},
		Refreshes:  true,
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) sources.Source {
	t.Helper()
	s, _ := sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
	return s
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.Snapchat), func() time.Time { return noon })
}

func query(zone string, grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "8adc3db7-8148-4fbf-999c-8d2266369d71", Zone: sourcetest.Zone(zone), Currency: "EUR"}, grain, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestBoundsAreTheAccountsMidnightsWithTheOffsetOfTheDay(t *testing.T) {
	sim := platformServer()
	s := opened(t, sim)
	q := query("Europe/Berlin", sources.Day, kpi.NewDate(2026, 10, 24), kpi.NewDate(2026, 10, 25)) // summer time ends on the latter
	if _, _, err := sourcetest.Fetch(t, s, q); err != nil {
		t.Fatal(err)
	}
	requests := sim.Requests(world.Snapchat)
	sent, err := url.ParseQuery(requests[len(requests)-1].Query)
	if err != nil || sent.Get("start_time") != "2026-10-24T00:00:00.000+02:00" || sent.Get("end_time") != "2026-10-26T00:00:00.000+01:00" || sent.Get("action_report_time") != "impression" {
		t.Errorf("sent %v", sent)
	}
}

func TestBothHoursOfOneNameAreReported(t *testing.T) {
	rows, receipt, err := sourcetest.Fetch(t, opened(t, platformServer()), query("Europe/Berlin", sources.Hour, kpi.NewDate(2026, 10, 25)))
	hours := map[int]bool{}
	for _, r := range rows {
		hours[r.Slot.Hour] = true
	}
	if err != nil || len(hours) != 25 || len(receipt.Warnings) != 0 {
		t.Errorf("%d hours of 25, %+v, %v", len(hours), receipt, err)
	}
}

func TestHoursRefusedWithConversionsAreAskedForWithoutThem(t *testing.T) {
	sim, asked := platformServer(), 0
	s := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("granularity") == "HOUR" {
			asked++
			if strings.Contains(q.Get("fields"), "conversion_") {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`{"request_status":"ERROR","debug_message":"Unsupported Stats Query: conversion fields","error_code":"E1001"}`))
				return
			}
		}
		sim.ServeHTTP(w, r)
	}))
	for i, want := range []int{4, 7} { // three pages, and the refusal once
		rows, receipt, err := sourcetest.Fetch(t, s, query("Europe/Berlin", sources.Hour, today))
		if err != nil || len(rows) == 0 || rows[0].Metrics.Has != kpi.Impressions|kpi.Clicks|kpi.Cost || len(receipt.Warnings) != 1 || asked != want {
			t.Errorf("fetch %d: %d rows, %+v, asked %d times, %v", i, len(rows), receipt, asked, err)
		}
	}
	if rows, _, err := sourcetest.Fetch(t, s, query("Europe/Berlin", sources.Day, today)); err != nil || rows[0].Metrics.Has != kpi.AllFields {
		t.Errorf("days: %+v, %v", rows, err)
	}
}

func TestPartThatFailedFailsTheFetch(t *testing.T) {
	sim := platformServer()
	s := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: world.Snapchat, Path: "/stats"})
	if _, _, err := sourcetest.Fetch(t, s, query("Europe/Berlin", sources.Day, today)); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "Unable to retrieve") {
		t.Errorf("got %v", err)
	}
	sim.Faults().Clear()
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.Snapchat})
	var e *sources.Error
	if _, _, err := sourcetest.Fetch(t, s, query("Europe/Berlin", sources.Day, today)); !errors.As(err, &e) || e.Kind != sources.Permission || e.Next == "" {
		t.Errorf("got %v", err)
	}
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	s := opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"8adc3db7-8148-4fbf-999c-8d2266369d74"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Zone.String() != "Asia/Kolkata" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s = opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"00000000-0000-0000-0000-000000000000"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"client_id":     func(o *Options) { o.ClientID = "" },
		"client_secret": func(o *Options) { o.ClientSecret = sources.Secret{} },
		"refresh_token": func(o *Options) { o.RefreshToken = sources.Secret{} },
		"result":        func(o *Options) { o.Result = "sales" },
		"swipe_window":  func(o *Options) { o.SwipeWindow = "30_DAY" },
		"view_window":   func(o *Options) { o.ViewWindow = "28_DAY" },
		"accounts":      func(o *Options) { o.Accounts = []string{"mine"} },
		"base_url":      func(o *Options) { o.BaseURL = "x" },
		"token_url":     func(o *Options) { o.TokenURL = "x" },
	})
}
