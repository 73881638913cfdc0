package monitor

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"adtop/alert"
	"adtop/snapshot"
	"adtop/sources"
	metaads "adtop/sources/meta_ads"
	pinterestads "adtop/sources/pinterest_ads"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// signedIn opens a source of the simulator as it is opened after a sign-in.
func (r *rig) signedIn(name string, d sources.Definition, options any) Source {
	r.Helper()
	secrets := map[string]string{"env:META": simulator.MetaToken, "env:PIN_SECRET": simulator.PinterestClientSecret, "env:PIN_TOKEN": simulator.PinterestRefreshToken}
	if err := sources.ResolveSecrets(options, func(ref string) (string, error) { return secrets[ref], nil }); err != nil {
		r.Fatal(err)
	}
	opened, err := d.Open(options, sources.Env{Name: name, Now: r.clock.now, Log: slog.New(slog.DiscardHandler), Dir: r.dir,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		r.Fatal(err)
	}
	return Source{Name: name, Definition: d, Source: opened, Every: time.Hour}
}

// TestASignInThatEndsIsToldInTimeAndSettledByAnother: a sign-in that ends in five
// days is told; a restart and a viewer know of it; signing in again settles it.
func TestASignInThatEndsIsToldInTimeAndSettledByAnother(t *testing.T) {
	now := instant(t, "2026-11-16T09:00:00Z")
	sign := map[string]func(r *rig, url string) Source{
		"meta_ads": func(r *rig, url string) Source {
			d := metaads.Definition()
			o := d.Options().(*metaads.Options)
			o.Token, o.BaseURL = sources.Secret{Ref: "env:META"}, url+"/meta_ads"
			return r.signedIn("ads", d, o)
		},
		"pinterest_ads": func(r *rig, url string) Source {
			d := pinterestads.Definition()
			o := d.Options().(*pinterestads.Options)
			o.ClientID, o.ClientSecret, o.RefreshToken = simulator.PinterestClientID, sources.Secret{Ref: "env:PIN_SECRET"}, sources.Secret{Ref: "env:PIN_TOKEN"}
			o.BaseURL, o.TokenURL = url+"/pinterest_ads", url+"/pinterest_ads/oauth/token"
			return r.signedIn("ads", d, o)
		},
	}
	for platform, open := range sign {
		t.Run(platform, func(t *testing.T) {
			var sim *simulator.Simulator
			var url string
			r := newRig(t, now, func(r *rig, o *Options) {
				sim = simulator.New(world.ConformanceFor(platform), r.clock.now)
				server := httptest.NewServer(sim)
				t.Cleanup(server.Close)
				url = server.URL
				sim.SignInEnds(platform, now.AddDate(0, 0, 5))
				o.Sources = []Source{open(r, url)}
			})
			poll := func() *snapshot.Snapshot {
				t.Helper()
				w := r.weigh()
				r.poll()
				r.judge(w)
				return r.show("today", time.Time{})
			}
			s := poll()
			if a, fired := of(s.Alerts, alert.RuleTokenExpiring, "ads"); !fired || !s.Sources[0].Expires.Equal(now.AddDate(0, 0, 5)) {
				t.Fatalf("ends %s: %+v", s.Sources[0].Expires, a)
			}

			o := r.o
			r.clock.set(now.Add(2 * time.Hour))
			r.start(o) // before any poll of the new process
			if s := r.show("today", time.Time{}); !s.Sources[0].Expires.Equal(now.AddDate(0, 0, 5)) {
				t.Errorf("after a restart it ends %s", s.Sources[0].Expires)
			}

			sim.SignInEnds(platform, now.AddDate(0, 0, 60))
			o.Sources = []Source{open(r, url)} // with the new token
			r.start(o)
			for range 3 {
				r.clock.set(r.clock.now().Add(2 * time.Hour))
				s = poll()
			}
			if a, _ := of(s.Alerts, alert.RuleTokenExpiring, "ads"); a.Open() || a.State != snapshot.Resolved {
				t.Errorf("after signing in again, which ends %s: %+v", s.Sources[0].Expires, a)
			}
		})
	}
}
