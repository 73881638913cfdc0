package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"adtop/alert"
	"adtop/config"
	"adtop/snapshot"
)

const rulesTestLong = `Test the alert rules of a config on figures that you make up. A test file names
the config, and for each test the figures poll by poll and the alerts that are
expected at some moments:

    config: config.yaml          # relative to this file
    tests:
      - name: a low ROAS pages at the third poll
        subject: Google Search   # channel.name
        every: 15m               # between two polls
        series:                  # 3x5: the same five times; 3+0.5x5 grows; _ is missing
          channel.today.roas: 3 1.1x4
          channel.today.cost: 150+10x5
        expect:                  # none, pending, firing or recovering
          - {at: 15m, rule: low ROAS, state: pending}
          - {at: 45m, rule: low ROAS, state: firing, summary: "Google Search earns 1.10 for each euro"}
`

func (a *app) rules() *cobra.Command {
	cmd := &cobra.Command{Use: "rules", Short: "Test the alert rules of a config", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(&cobra.Command{
		Use: "test FILE...", Short: "Run unit tests of alert rules", Long: rulesTestLong,
		RunE: func(_ *cobra.Command, files []string) error {
			if len(files) == 0 {
				return usageError{errors.New("name a test file: adtop rules test FILE")}
			}
			failed := 0
			for _, file := range files {
				n, err := a.testRules(file)
				if err != nil {
					return err
				}
				failed += n
			}
			if failed > 0 {
				return fmt.Errorf("%d of the expectations failed", failed)
			}
			return nil
		},
	})
	return cmd
}

// testFile are the keys of a test file.
type testFile struct {
	Config string        `yaml:"config"`
	Tests  []alert.Trial `yaml:"tests"`
}

// testRules runs the tests of a file and returns how many expectations failed.
func (a *app) testRules(path string) (failed int, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read the tests: %w", err)
	}
	var tests testFile
	if err := config.Decode(path, content, &tests); err != nil {
		return 0, err
	}
	if tests.Config == "" || len(tests.Tests) == 0 {
		return 0, fmt.Errorf("%s: expected config: FILE and tests:, see adtop rules test --help", path)
	}
	if !filepath.IsAbs(tests.Config) {
		tests.Config = filepath.Join(filepath.Dir(path), tests.Config)
	}
	cfg, err := config.Load(tests.Config)
	if err != nil {
		return 0, err
	}
	compiled, err := compileRules(cfg.Alerts.Rules)
	if err != nil {
		return 0, err
	}
	for _, test := range tests.Tests {
		failures, err := test.Run(compiled)
		if err != nil {
			return failed, fmt.Errorf("%s: test %q: %w", path, test.Name, err)
		}
		verdict := "ok  "
		if len(failures) > 0 {
			verdict = "FAIL"
		}
		fmt.Fprintf(a.out, "%s  %s\n", verdict, test.Name)
		for _, failure := range failures {
			fmt.Fprintf(a.out, "      %s\n", failure)
		}
		failed += len(failures)
	}
	return failed, nil
}

// compileRules decodes and checks the alert rules of a config.
func compileRules(list []config.Rule) (compiled []*alert.Rule, err error) {
	var problems []error
	taken := map[string]bool{}
	for _, r := range list {
		o := alert.Options{Severity: alert.Severity{Severity: snapshot.Warning}}
		if err := r.Decode(&o); err != nil {
			problems = append(problems, err)
			continue
		}
		rule, err := alert.Compile(o)
		var key *alert.KeyError
		var at *alert.ExprError
		switch errors.As(err, &key); {
		case errors.As(err, &at):
			problems = append(problems, r.Locate(key.Key, at.Line, at.Column, at))
		case err != nil:
			problems = append(problems, r.Locate(key.Key, 0, 0, key.Err))
		case taken[o.Name]:
			problems = append(problems, r.Locate("name", 0, 0, fmt.Errorf("two rules are named %q: rename one", o.Name)))
		}
		taken[o.Name] = true
		compiled = append(compiled, rule)
	}
	return compiled, errors.Join(problems...)
}
