package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"adtop/ui"
)

// manual is what 'adtop man' prints, and the commands that it is about.
func manual(t *testing.T) (roff string, root *cobra.Command) {
	t.Helper()
	var out bytes.Buffer
	a := &app{out: &out, err: &out}
	root = a.root()
	root.SetArgs([]string{"man"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	return out.String(), root
}

// TestTheManualPageReadsAsMeant renders the page as man(1) does and looks for
// everything that a person may look for.
func TestTheManualPageReadsAsMeant(t *testing.T) {
	roff, root := manual(t)
	groff, err := exec.LookPath("groff")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("groff is not installed, and .ci/run installs it")
	}
	if err != nil {
		t.Skip("groff is not installed: the page is checked as roff only, by the other test")
	}
	cmd := exec.Command(groff, "-man", "-Tutf8", "-Kutf8", "-rLL=200n", "-P-cbou", "-ww")
	var warnings bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(roff), &warnings
	rendered, err := cmd.Output()
	if err != nil || warnings.Len() > 0 {
		t.Fatalf("groff: %v\n%s", err, warnings.String())
	}
	text := strings.Join(strings.Fields(string(rendered)), " ")
	has := func(what string) {
		t.Helper()
		if !strings.Contains(text, strings.Join(strings.Fields(what), " ")) {
			t.Errorf("the page does not say %q", what)
		}
	}
	count := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		has(strings.TrimSuffix(cmd.UseLine(), " [flags]"))
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			count++
			value, does := pflag.UnquoteUsage(f)
			has(strings.TrimSpace("--"+f.Name+" "+value) + " " + does)
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for _, group := range ui.Keys() {
		for _, key := range group.Keys {
			count++
			has(key.Label + " " + key.Does)
		}
	}
	for _, c := range ui.TypedCommands() {
		has(c[0] + " " + c[1])
	}
	if count < 60 {
		t.Errorf("only %d flags and keys", count)
	}
	for _, list := range [][]described{files, environment} {
		for _, d := range list {
			has(d.name)
		}
	}
	for _, e := range exitCodes {
		has(fmt.Sprintf("%d %s", e.code, e.when))
	}
	if strings.Contains(text, `\`) {
		t.Error("something is escaped twice")
	}
}

func TestTheManualPageIsTheSameWheneverItIsPrinted(t *testing.T) {
	first, _ := manual(t)
	if again, _ := manual(t); again != first {
		t.Error("two pages differ")
	}
	if !strings.HasPrefix(strings.TrimPrefix(first, ".nh\n"), ".TH ADTOP 1 ") {
		t.Errorf("it begins %q", first[:40])
	}
}

// TestTheManualNamesTheWholeEnvironment reads the sources of the rooms that
// talk to the user's machine.
func TestTheManualNamesTheWholeEnvironment(t *testing.T) {
	asked := regexp.MustCompile(`(?i)getenv\("(\w+)"\)`)
	var named strings.Builder
	for _, e := range environment {
		named.WriteString(e.name + " ")
	}
	found := 0
	for _, room := range []string{".", "../ui", "../config", "../monitor", "../store"} {
		err := filepath.WalkDir(room, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			for _, match := range asked.FindAllStringSubmatch(string(content), -1) {
				found++
				if !strings.Contains(named.String(), match[1]) {
					t.Errorf("%s reads %s, which the manual does not name", path, match[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 8 {
		t.Errorf("found only %d", found)
	}
}

func TestTheHelpNamesTheMostUsedKeys(t *testing.T) {
	_, help, _ := adtop(t, "--help")
	for _, part := range []string{"↵ open", "/ filter", "t range", "a ack", "? help", "? in the dashboard"} {
		if !strings.Contains(help, part) {
			t.Errorf("--help does not name %q:\n%s", part, help)
		}
	}
	if _, help, _ := adtop(t, "report", "--help"); strings.Contains(help, "↵") {
		t.Error("the help of a command that has no screen names keys")
	}
}
