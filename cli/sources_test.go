package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestTheCatalogueTellsEveryTypeAndHowToConnectIt(t *testing.T) {
	code, all, errs := adtop(t, "sources")
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, d := range definitions() {
		if !strings.Contains(all, "\n"+d.Type+" ") {
			t.Errorf("%s is not in the catalogue:\n%s", d.Type, all)
		}
		code, one, _ := adtop(t, "sources", d.Type)
		if code != exitOK || !strings.Contains(one, d.Summary) || !strings.Contains(one, d.Docs) || len(d.Credentials) == 0 {
			t.Errorf("%s: exit %d\n%s", d.Type, code, one)
		}
		for _, step := range d.Credentials {
			if !strings.Contains(one, step) {
				t.Errorf("%s: %q is missing", d.Type, step)
			}
		}
	}
}

func TestAnUnknownTypeIsWrongUsageThatNamesTheOthers(t *testing.T) {
	for _, args := range [][]string{{"sources", "yahoo"}, {"sources", "csv", "shopify"}} {
		if code, _, errs := adtop(t, args...); code != exitUsage || args[1] == "yahoo" && !strings.Contains(errs, "google_ads") {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
}

func TestTheUsualIntervalIsTheOneOfTheConfig(t *testing.T) {
	path := filepath.Join(home(t), "config.yaml")
	write(t, path, "currency: EUR\ntimezone: Europe/Berlin\nsources:\n  - {name: a, type: csv, path: a.csv}\n")
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if every := cfg.Sources[0].Every; every != usualEvery {
		t.Errorf("a source without every: is polled every %s, the catalogue counts with %s", every, usualEvery)
	}
}
