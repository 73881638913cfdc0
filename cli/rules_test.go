package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adtop/config"
)

// withRules is a config with some alert rules, as they stand below rules:.
func withRules(t *testing.T, yaml string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("adtop.yaml", []byte(`currency: EUR
timezone: Europe/Berlin
sources: [{name: home, type: csv}]
alerts:
  rules:
`+yaml))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestAMistakeInARuleIsShownAtItsPlaceInTheFile(t *testing.T) {
	for name, c := range map[string]struct{ yaml, place, message string }{
		"plain":         {"    - name: x\n      expr: channel.roaz < 1\n", "adtop.yaml:7:21:", "unknown field roaz"},
		"quoted":        {"    - name: x\n      expr: \"channel.roaz < 1\"\n", "adtop.yaml:7:22:", "unknown field roaz"},
		"in braces":     {"    - {name: x, expr: channel.roaz < 1}\n", "adtop.yaml:6:31:", "unknown field roaz"},
		"several lines": {"    - name: x\n      expr: |\n        channel.roas < 1 &&\n          channel.coost > 3\n", "adtop.yaml:9:19:", "unknown field coost"},
		"folded":        {"    - name: x\n      expr: >\n        channel.roas < 1 &&\n        channel.coost > 3\n", "adtop.yaml:7:", "unknown field coost"},
		"in a summary":  {"    - name: x\n      expr: channel.roas < 1\n      summary: \"ROAS {channel.roaz}\"\n", "adtop.yaml:8:31:", "unknown field roaz"},
		"another key":   {"    - name: x\n      expr: channel.roas < 1\n      sevrity: info\n", "adtop.yaml:8:7:", `did you mean "severity"`},
		"severity":      {"    - name: x\n      expr: channel.roas < 1\n      severity: page\n", "adtop.yaml:8:17:", "expected info, warning or critical"},
		"for":           {"    - name: x\n      expr: channel.roas < 1\n      for: 2 hours\n", "adtop.yaml:8:12:", "3 polls"},
		"a name twice":  {"    - {name: x, expr: channel.roas < 1}\n    - {name: x, expr: channel.roas < 2}\n", "adtop.yaml:7:14:", "two rules"},
		"a built-in":    {"    - {name: spend spike, expr: channel.roas < 1}\n", "adtop.yaml:6:14:", "built in"},
	} {
		_, err := compileRules(withRules(t, c.yaml).Alerts.Rules)
		if err == nil || !strings.Contains(err.Error(), c.place) || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: want %s %s, got %v", name, c.place, c.message, err)
		}
	}
}

func TestRulesOfTheExampleConfigAreValid(t *testing.T) {
	cfg, err := config.Load("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if compiled, err := compileRules(cfg.Alerts.Rules); err != nil || len(compiled) == 0 {
		t.Errorf("%d rules, %v", len(compiled), err)
	}
}

func TestRulesTestRunsTheExampleAndFailsWhereARuleDoesNotFireAsExpected(t *testing.T) {
	code, stdout, stderr := adtop(t, "rules", "test", "../rules.example.yaml")
	if code != 0 || !strings.Contains(stdout, "ok") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	content, err := os.ReadFile("../rules.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(strings.Replace(string(content), "state: firing", "state: none", 1), "config: config.example.yaml", "config: "+absolute, 1)
	path := filepath.Join(t.TempDir(), "tests.yaml")
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := adtop(t, "rules", "test", path); code != exitError || !strings.Contains(stdout, "is firing, expected none") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := adtop(t, "rules", "test"); code != exitUsage || !strings.Contains(stderr, "name a test file") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
