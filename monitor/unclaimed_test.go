package monitor

import (
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
)

// TestUnclaimedIsListedAsItWasKnown: and only where somebody asks for it.
func TestUnclaimedIsListedAsItWasKnown(t *testing.T) {
	at := instant(t, "2026-11-20T00:00:00Z")
	p := &told{through: at}
	r := newRig(t, at, func(r *rig, o *Options) {
		o.Sources = []Source{p.platform(r, "ads", "Europe/Berlin", sources.Hour)}
		o.Claim = func(_, _ string, e sources.Entity) Claim {
			if e.ID == "mine" {
				return Claim{Channel: 0, Fields: kpi.AllFields}
			}
			return Claim{Channel: -1, Fields: kpi.AllFields &^ (kpi.Conversions | kpi.Revenue)}
		}
	})
	p.tell("mine", at.AddDate(0, 0, -3), at)
	p.tell("other", at.AddDate(0, 0, -3), at)
	r.poll()
	show := func(view snapshot.View) []snapshot.Unclaimed {
		t.Helper()
		s, err := r.Snapshot(t.Context(), view)
		if err != nil {
			t.Fatal(err)
		}
		return s.Unclaimed
	}
	yesterday := snapshot.View{Range: snapshot.Range{Name: "yesterday"}}
	if got := show(yesterday); got != nil {
		t.Errorf("unasked, there is %+v", got)
	}
	yesterday.Unclaimed = true
	got := show(yesterday)
	if len(got) != 1 || got[0].Name != "Campaign other" || got[0].Account != "1" || !got[0].Spend || !got[0].Counts {
		t.Fatalf("unclaimed are %+v", got)
	}
	euros(t, "its spend", got[0].Metrics.Cost, "24.00")
	if got[0].Metrics.Has&kpi.Conversions == 0 {
		t.Error("results that do not count are not shown")
	}
	if byHour := show(snapshot.View{Range: snapshot.Range{Name: "24h"}, Unclaimed: true}); len(byHour) != 1 {
		t.Errorf("by the hour: %+v", byHour)
	}
	yesterday.AsOf = at.Add(-time.Hour)
	if got := show(yesterday); len(got) != 0 {
		t.Errorf("before it was polled, there is %+v", got)
	}
}

// FuzzLinesForTheConfigAreReadAsTheyAreMeant: whatever platforms and visitors call
// themselves.
func FuzzLinesForTheConfigAreReadAsTheyAreMeant(f *testing.F) {
	f.Add("shop", "bing", "cpc", "Brand")
	f.Add("a: b", "{x}, [y] #z", "true", "/^brand/")
	f.Add("0x1F", "1e3", "- ?", "~\u00ad\u2066 '\"\\")
	f.Add("shop", "b*", "*", "50% off*")
	f.Fuzz(func(t *testing.T, source, utmSource, utmMedium, campaign string) {
		o := &Options{Channels: []Channel{{Name: "bing / cpc", Results: "other"}}}
		for _, text := range []*string{&source, &utmSource, &utmMedium, &campaign} {
			*text = strings.TrimSpace(sources.Clean(*text))
		}
		if source == "" || campaign == "" {
			return
		}
		key := snapshot.Unclaimed{Source: source, Name: sources.Key{Source: utmSource, Medium: utmMedium}.Name(), Origin: snapshot.Origin{UTMSource: utmSource, UTMMedium: utmMedium}}
		ad := snapshot.Unclaimed{Source: source, Name: campaign, Account: "7", Campaign: campaign, Spend: true}
		var read []struct {
			Name           string
			Spend, Results map[string]string
		}
		if err := yaml.Unmarshal([]byte(o.binding(key, false)+o.binding(ad, true)), &read); err != nil || len(read) != 2 {
			t.Fatalf("%v: %q", err, o.binding(key, false)+o.binding(ad, true))
		}
		means := func(written, name string) bool {
			if strings.HasPrefix(name, "/") {
				name = "?" + name[1:]
			}
			return written == strings.ReplaceAll(name, "*", "?")
		}
		if r := read[0].Results; r["source"] != source || !means(r["utm_source"], utmSource) || !means(r["utm_medium"], utmMedium) {
			t.Errorf("%+v is bound by %q", key, r)
		}
		if r := read[1]; r.Spend["source"] != source || r.Spend["account"] != "7" || !means(r.Spend["campaign"], campaign) ||
			source != "other" && (r.Results["source"] != "other" || r.Results["utm_campaign"] != r.Spend["campaign"]) {
			t.Errorf("%+v is bound by %+v", ad, r)
		}
		for _, r := range read {
			if n := len([]rune(r.Name)); n == 0 || n > 60 || r.Name != strings.TrimSpace(r.Name) || r.Name == "bing / cpc" {
				t.Errorf("a channel is called %q", r.Name)
			}
		}
	})
}
