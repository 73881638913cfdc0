package config

import (
	"errors"
	"strings"
	"testing"
)

func TestAPlaceWithinAValueIsFoundWhereverItStands(t *testing.T) {
	const head = "currency: EUR\ntimezone: Europe/Berlin\nsources: [{name: a, type: csv}]\nalerts:\n  rules:\n"
	for _, c := range []struct {
		yaml         string
		line, column int // within the value
		want         string
	}{
		{"    - expr: abc def\n", 1, 5, ":6:17:"},
		{"    - expr: 'abc def'\n", 1, 5, ":6:18:"},
		{"    - {expr: abc def}\n", 1, 5, ":6:18:"},
		{"    - expr: |\n        abc\n          def\n", 2, 3, ":8:11:"},
		{"    - expr: >-\n        abc\n        def\n", 1, 5, ":6:13:"}, // folded: its beginning
		{"    - expr: abc\n        def\n", 1, 5, ":6:13:"},
		{"    - expr: abc\n", 0, 0, ":6:13:"},
		{"    - other: abc\n", 1, 2, ":6:7:"}, // no such key: the rule
	} {
		cfg, err := Parse("x.yaml", []byte(head+c.yaml))
		if err != nil {
			t.Fatal(err)
		}
		err = cfg.Alerts.Rules[0].Locate("expr", c.line, c.column, errors.New("wrong"))
		if err == nil || !strings.Contains(err.Error(), "x.yaml"+c.want+" expr: wrong") {
			t.Errorf("%q: want %s, got %v", c.yaml, c.want, err)
		}
	}
}

func TestAFileOfAnotherKindIsReadAsStrictly(t *testing.T) {
	var v struct {
		Config string `yaml:"config"`
	}
	if err := Decode("t.yaml", []byte("config: a.yaml\n"), &v); err != nil || v.Config != "a.yaml" {
		t.Errorf("%+v, %v", v, err)
	}
	for _, text := range []string{"confg: a.yaml\n", "- a\n", "config: [a\n", ""} {
		if err := Decode("t.yaml", []byte(text), &v); err == nil || !strings.HasPrefix(err.Error(), "t.yaml:") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
