package config

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"
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
		hidden:                                 "not a reference to a secret: expected env:NAME, file:PATH, keyring:SERVICE/ACCOUNT or cmd:COMMAND",
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

func TestKeyringIsAskedByServiceAndAccount(t *testing.T) {
	keyring.MockInit()
	for _, service := range []string{"adtop", "https://shop.example/admin"} {
		if err := keyring.Set(service, "me@acme.example", hidden+"\n"); err != nil {
			t.Fatal(err)
		}
		if value, err := Secrets(t.Context(), t.TempDir())("keyring:" + service + "/me@acme.example"); err != nil || value != hidden {
			t.Errorf("%s gives %q, %v", service, value, err)
		}
	}
}

func TestKeyringThatCannotAnswerSaysWhatToDo(t *testing.T) {
	lookup := Secrets(t.Context(), t.TempDir())
	for name, c := range map[string]struct {
		broken    error
		ref, want string
	}{
		"no entry":   {nil, "keyring:adtop/nobody", `the keyring has no entry of service "adtop" and account "nobody": add it there`},
		"empty":      {nil, "keyring:adtop/empty", "keyring:adtop/empty is empty: put the secret there"},
		"large":      {nil, "keyring:adtop/large", "keyring:adtop/large is larger than 64 KiB: it is no secret"},
		"no account": {nil, "keyring:adtop/", "keyring:adtop/ names no entry: expected keyring:SERVICE/ACCOUNT"},
		"no service": {nil, "keyring:adtop", "keyring:adtop names no entry: expected keyring:SERVICE/ACCOUNT"},
		"no session": {errors.New("dbus: no session bus"), "keyring:adtop/me", "keyring:adtop/me: no keyring can be asked (dbus: no session bus): unlock it; on a machine without a desktop session, such as a server, use file: or cmd: instead"},
		"no keyring": {keyring.ErrUnsupportedPlatform, "keyring:adtop/me", "keyring:adtop/me: adtop knows no keyring of " + runtime.GOOS + ": use file: or cmd: instead"},
	} {
		keyring.MockInitWithError(c.broken)
		if c.broken == nil {
			keyring.MockInit()
			for account, value := range map[string]string{"empty": "", "large": strings.Repeat(hidden, maxSecret)} {
				if err := keyring.Set("adtop", account, value); err != nil {
					t.Fatal(err)
				}
			}
		}
		if value, err := lookup(c.ref); value != "" || err == nil || err.Error() != c.want {
			t.Errorf("%s: %.40q and\n%v\nwant\n%s", name, value, err, c.want)
		}
	}
}

func TestKeyringIsNotWaitedForLongerThanItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	locked := make(chan struct{})
	defer close(locked)
	_, err := keyringSecret(ctx, "adtop/me", func(string, string) (string, error) {
		cancel()
		<-locked
		return hidden, nil
	})
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), hidden) {
		t.Errorf("got %v", err)
	}
}
