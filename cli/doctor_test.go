package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"adtop/config"
	"adtop/store"
)

func TestTheDoctorSaysHowTheDatabaseIs(t *testing.T) {
	cfg, database := collected(t)
	for _, args := range [][]string{{"doctor"}, {"doctor", "--rebuild"}, {"doctor"}} {
		code, stdout, stderr := adtop(t, append(args, "--config", cfg)...)
		if code != 0 || stderr != "" || strings.Contains(stdout, "!!") {
			t.Fatalf("%v: exit code %d:\n%s%s", args, code, stdout, stderr)
		}
		for _, part := range []string{database, "the file is whole", "nobody", "partners p answered", "every observation is kept"} {
			if !strings.Contains(stdout, part) {
				t.Errorf("%v does not say %q:\n%s", args, part, stdout)
			}
		}
		if strings.Contains(stdout, "no sum differed") != (len(args) > 1) {
			t.Errorf("%v:\n%s", args, stdout)
		}
	}
}

func TestTheDoctorSaysWhoCollectsAndRebuildsNothingThen(t *testing.T) {
	cfg, database := collected(t)
	s, err := store.Open(t.Context(), database, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lease, err := s.Lease(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	if code, stdout, _ := adtop(t, "doctor", "--config", cfg); code != 0 || !strings.Contains(stdout, "process ") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
	if code, stdout, stderr := adtop(t, "doctor", "--rebuild", "--config", cfg); code != 1 || stdout != "" || !strings.Contains(stderr, "end the other adtop first") {
		t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
	}
}

func TestTheDoctorFindsWhatIsWrong(t *testing.T) {
	path, database := collected(t)
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cfg.Dir() + "/export.csv"); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := adtop(t, "collect", "--once", "--config", path); code != 0 {
		t.Fatal(stderr)
	}
	if code, stdout, stderr := adtop(t, "doctor", "--config", path); code != 1 || !strings.Contains(stdout, "!!  source       partners p answered") || !strings.Contains(stdout, "export.csv") || stderr == "" {
		t.Errorf("a source that fails: exit code %d:\n%s%s", code, stdout, stderr)
	}
	content, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for i := 5 * page; i < len(content); i++ { // the first pages hold the schema
		content[i] = 0xA5
	}
	write(t, database, string(content))
	if code, stdout, stderr := adtop(t, "doctor", "--config", path); code != 1 || !strings.Contains(stdout+stderr, "damaged") {
		t.Errorf("a damaged database: exit code %d:\n%s%s", code, stdout, stderr)
	}
}
