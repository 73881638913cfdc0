package monitor

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/shopify"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// shop is a source that reads the orders of a simulator's shop.
func (r *rig) shop(sim *simulator.Simulator, domain string, history int) Source {
	r.Helper()
	server := httptest.NewServer(sim)
	r.Cleanup(server.Close)
	d := shopify.Definition()
	o := d.Options().(*shopify.Options)
	o.Shop, o.Token, o.BaseURL = domain, sources.Secret{Ref: "env:TOKEN"}, server.URL+"/shopify"
	if err := sources.ResolveSecrets(o, func(string) (string, error) { return simulator.ShopifyToken, nil }); err != nil {
		r.Fatal(err)
	}
	opened, err := d.Open(o, sources.Env{Name: "shop", Now: r.clock.now, Log: slog.New(slog.DiscardHandler),
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		r.Fatal(err)
	}
	return Source{Name: "shop", Definition: d, Source: opened, Every: 15 * time.Minute, History: history}
}

// TestATagThatCountsTwiceIsToldUntilItIsMended: Google begins to report each
// conversion twice while the shop's orders go on as before; after eight days the
// tag is mended.
func TestATagThatCountsTwiceIsToldUntilItIsMended(t *testing.T) {
	if testing.Short() {
		t.Skip("watches weeks of a shop")
	}
	began := instant(t, "2026-11-02T06:00:00Z")
	twice, mended := began.AddDate(0, 0, 3), began.AddDate(0, 0, 11)
	r := newRig(t, began, func(r *rig, o *Options) {
		spec := smallWorld(began.AddDate(0, 0, -60), twice).Spec()
		spec.Shop.ID = "shop.myshopify.com"
		for i := range spec.Incidents {
			spec.Incidents[i].Factor, spec.Incidents[i].Claims, spec.Incidents[i].Until = 1, 2, mended
		}
		google, sim := r.google(world.New(spec), 40)
		sim.PageSize = 250
		o.Sources = []Source{google, r.shop(sim, spec.Shop.ID, 40)}
		o.Channels[0].Spend, o.Channels[0].Results = []string{"google"}, "shop"
		o.Claim = func(source, _ string, e sources.Entity) Claim {
			switch {
			case source == "google":
				return Claim{Fields: kpi.Cost | kpi.Clicks}
			case sources.ParseKey(e.ID).Source == "google":
				return Claim{Fields: kpi.Conversions | kpi.Revenue}
			}
			return Claim{Channel: -1}
		}
	})
	r.poll() // with the history
	w := r.weigh()
	var told, ended snapshot.Alert
	for at := began; at.Before(mended.AddDate(0, 0, 14)) && ended.ID == ""; at = at.Add(12 * time.Hour) {
		r.clock.set(at)
		r.poll()
		r.judge(w)
		a, fired := of(r.alertsNow(), alert.RuleClaims, "Shop")
		switch {
		case fired && told.ID == "":
			told = a
		case fired && !a.Open():
			ended = a
		}
	}
	t.Logf("told %s after it began: %s; %s. Over %s after it was mended", told.FiredAt.Sub(twice), told.Summary, told.Reason, ended.EndedAt.Sub(mended))
	if told.FiredAt.Before(twice) || told.FiredAt.After(mended) || !strings.Contains(told.Reason, "times as many") {
		t.Errorf("told at %s: %s; %s", told.FiredAt, told.Summary, told.Reason)
	}
	if ended.State != snapshot.Resolved || ended.EndedAt.Before(mended) {
		t.Errorf("in the end: %s at %s", ended.State, ended.EndedAt)
	}
}
