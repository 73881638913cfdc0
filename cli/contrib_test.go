package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestTheUnitsOfSystemdAreValidAndLocked asks systemd itself, where it is.
func TestTheUnitsOfSystemdAreValidAndLocked(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("systemd-analyze is not installed: .ci/run does that")
		}
		t.Skip("systemd-analyze is not installed")
	}
	units, err := filepath.Glob("../contrib/adtop*")
	if err != nil || len(units) != 3 {
		t.Fatalf("units: %q, %v", units, err)
	}
	dir := t.TempDir()
	for _, unit := range units {
		content, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(content), "/usr/local/bin/adtop", os.Args[0]) // it has to be there
		text = strings.ReplaceAll(text, "Documentation=man:adtop(1)\n", "")
		write(t, filepath.Join(dir, filepath.Base(unit)), text)
	}
	for _, unit := range units {
		said, err := exec.Command(analyze, "verify", filepath.Join(dir, filepath.Base(unit))).CombinedOutput()
		if text := string(said); err != nil || strings.Contains(text, filepath.Base(unit)) {
			t.Errorf("%s: %v: %s", unit, err, text)
		}
	}
	said, err := exec.Command(analyze, "security", "--offline=true", "--threshold=15", filepath.Join(dir, "adtop.service")).CombinedOutput()
	if err != nil {
		t.Errorf("adtop.service is more exposed than 1.5 of 10: %s", said[max(0, len(said)-200):])
	}
}

// TestTheUnitsCallAdtopAsItIs: a flag that goes would break services.
func TestTheUnitsCallAdtopAsItIs(t *testing.T) {
	units, err := filepath.Glob("../contrib/*.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range units {
		content, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		_, line, found := strings.Cut(string(content), "\nExecStart=/usr/local/bin/adtop ")
		if !found {
			t.Fatalf("%s starts no adtop", unit)
		}
		line, _, _ = strings.Cut(line, "\n")
		cmd, args, err := (&app{}).root().Find(strings.Fields(line))
		if err != nil || !cmd.HasParent() {
			t.Fatalf("%s: %v", unit, err)
		}
		if err := cmd.ParseFlags(args); err != nil {
			t.Errorf("%s: %v", unit, err)
		}
		set := 0
		cmd.Flags().Visit(func(*pflag.Flag) { set++ })
		if set == 0 {
			t.Errorf("%s: no flag was read of %q", unit, args)
		}
	}
}
