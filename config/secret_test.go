package config

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const hidden = "hunter2-hunter2"

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestSecretIsReadFromWhereItsReferenceSays(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ADTOP_TEST_SECRET", hidden)
	write(t, filepath.Join(dir, "token"), hidden+"\r\n", 0o600)
	write(t, filepath.Join(dir, "group"), hidden, 0o640)
	lookup := Secrets(t.Context(), dir)
	for _, ref := range []string{"env:ADTOP_TEST_SECRET", "file:token", "file:group", "file:" + filepath.Join(dir, "token"), "cmd:cat token", "cmd:printf '%s\\n' " + hidden} {
		if value, err := lookup(ref); err != nil || value != hidden {
			t.Errorf("%s gives %q, %v", ref, value, err)
		}
	}
	t.Setenv("HOME", dir)
	if value, err := lookup("file:~/token"); err != nil || value != hidden {
		t.Errorf("the home folder's file gives %q, %v", value, err)
	}
}

func TestSecretThatCannotBeHadSaysWhyAndNeverItself(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ADTOP_TEST_EMPTY", "")
	write(t, filepath.Join(dir, "open"), hidden, 0o644)
	write(t, filepath.Join(dir, "empty"), "\n", 0o600)
	write(t, filepath.Join(dir, "binary"), hidden+"\x00", 0o600)
	write(t, filepath.Join(dir, "large"), strings.Repeat(hidden, maxSecret), 0o600)
	lookup := Secrets(t.Context(), dir)
	for ref, want := range map[string]string{
		"env:ADTOP_TEST_ABSENT":                "the environment variable ADTOP_TEST_ABSENT is not set: set it before starting adtop",
		"env:ADTOP_TEST_EMPTY":                 "env:ADTOP_TEST_EMPTY is empty: put the secret there",
		"file:absent":                          "there is no file " + dir + "/absent: write the secret into it",
		"file:.":                               dir + " is not a file",
		"file:open":                            "every user of this machine can read " + dir + "/open: run chmod 600 " + dir + "/open",
		"file:empty":                           "file:empty is empty: put the secret there",
		"file:binary":                          "file:binary is not text",
		"file:large":                           dir + "/large is larger than 64 KiB: it is no secret",
		"cmd:cat token; echo locked >&2":       "cmd:cat token; echo locked >&2 is empty: put the secret there",
		"cmd:cat open; echo no key >&2; false": "cmd:cat open; echo no key >&2; false failed (exit status 1): no key",
		"cmd:cat large":                        "cmd:cat large printed more than 64 KiB: that is no secret",
		hidden:                                 "not a reference to a secret: expected env:NAME, file:PATH or cmd:COMMAND",
	} {
		value, err := lookup(ref)
		if value != "" || err == nil || err.Error() != want {
			t.Errorf("%.40s gives %.40q and\n%v\nwant\n%s", ref, value, err, want)
		}
		if err != nil && strings.Contains(err.Error(), hidden) {
			t.Errorf("%.40s: the error repeats the secret", ref)
		}
	}
}

func TestCommandEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Secrets(ctx, t.TempDir())("cmd:sleep 60"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
