package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/zalando/go-keyring"

	"adtop/sources"
)

const (
	maxSecret     = 64 << 10 // bytes
	secretTimeout = 30 * time.Second
)

// Secrets returns the lookup that sources.ResolveSecrets needs. Relative
// paths start in dir, where commands run too; ctx ends commands.
//
//   - env:NAME is an environment variable.
//   - file:PATH is a file that other users of the machine cannot read; ~/ is
//     the home folder.
//   - keyring:SERVICE/ACCOUNT is what the keyring of the operating system keeps:
//     macOS Keychain, Windows Credential Manager, the Secret Service of a Linux
//     desktop. The service may have slashes in it. It may ask the user to unlock it.
//   - cmd:COMMAND is what a shell command prints, within 30 seconds. It may ask
//     the user on the terminal.
//
// Line breaks at the end are taken off. No error contains a secret.
func Secrets(ctx context.Context, dir string) func(ref string) (string, error) {
	return func(ref string) (string, error) {
		scheme, rest, _ := strings.Cut(ref, ":")
		var value string
		var err error
		switch scheme {
		case "env":
			value, err = envSecret(rest)
		case "file":
			value, err = fileSecret(dir, rest)
		case "keyring":
			value, err = keyringSecret(ctx, rest, keyring.Get)
		case "cmd":
			value, err = commandSecret(ctx, dir, rest)
		default:
			err = errors.New("not a reference to a secret: expected " + sources.SecretForms)
		}
		if err != nil {
			return "", err
		}
		value = strings.TrimRight(value, "\r\n")
		switch {
		case value == "":
			return "", fmt.Errorf("%s is empty: put the secret there", ref)
		case strings.ContainsRune(value, 0):
			return "", fmt.Errorf("%s is not text", ref)
		}
		return value, nil
	}
}

func envSecret(name string) (string, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", fmt.Errorf("the environment variable %s is not set: set it before starting adtop", name)
	}
	return value, nil
}

func fileSecret(dir, path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, rest)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	status, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no file %s: write the secret into it", path)
	case err != nil:
		return "", err
	case !status.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a file", path)
	case runtime.GOOS != "windows" && status.Mode().Perm()&0o007 != 0:
		return "", fmt.Errorf("every user of this machine can read %s: run chmod 600 %s", path, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxSecret {
		return "", fmt.Errorf("%s is larger than %d KiB: it is no secret", path, maxSecret>>10)
	}
	return string(content), nil
}

// keyringSecret asks the keyring, which cannot be interrupted: a question that is
// still open when ctx ends, such as a prompt to unlock, is left behind.
func keyringSecret(ctx context.Context, entry string, get func(service, account string) (string, error)) (string, error) {
	at := strings.LastIndexByte(entry, '/')
	if at < 1 || at == len(entry)-1 {
		return "", fmt.Errorf("keyring:%s names no entry: expected keyring:SERVICE/ACCOUNT", entry)
	}
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	type told struct {
		value string
		err   error
	}
	answer := make(chan told, 1)
	go func() {
		value, err := get(entry[:at], entry[at+1:])
		answer <- told{value, err}
	}()
	var got told
	select {
	case got = <-answer:
	case <-ctx.Done():
		return "", fmt.Errorf("keyring:%s: the keyring did not answer within %s; unlock it: %w", entry, secretTimeout, ctx.Err())
	}
	switch {
	case errors.Is(got.err, keyring.ErrNotFound):
		return "", fmt.Errorf("the keyring has no entry of service %q and account %q: add it there", entry[:at], entry[at+1:])
	case errors.Is(got.err, keyring.ErrUnsupportedPlatform):
		return "", fmt.Errorf("keyring:%s: adtop knows no keyring of %s: use file: or cmd: instead", entry, runtime.GOOS)
	case got.err != nil:
		return "", fmt.Errorf("keyring:%s: no keyring can be asked (%w): unlock it; on a machine without a desktop session, such as a server, use file: or cmd: instead", entry, got.err)
	case len(got.value) > maxSecret:
		return "", fmt.Errorf("keyring:%s is larger than %d KiB: it is no secret", entry, maxSecret>>10)
	}
	return got.value, nil
}

func commandSecret(ctx context.Context, dir, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	run := exec.CommandContext(ctx, "sh", "-c", command)
	run.Dir = dir
	run.Stdin = os.Stdin
	run.WaitDelay = time.Second // for what the command left running
	output, complaint := bounded{left: maxSecret + 1}, bounded{left: 1024}
	run.Stdout, run.Stderr = &output, &complaint
	err := run.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("cmd:%s did not end within %s: %w", command, secretTimeout, ctx.Err())
	case err != nil:
		first, _, _ := strings.Cut(strings.TrimSpace(string(complaint.kept)), "\n")
		return "", fmt.Errorf("cmd:%s failed (%w): %s", command, err, sources.Clean(first))
	case output.left == 0:
		return "", fmt.Errorf("cmd:%s printed more than %d KiB: that is no secret", command, maxSecret>>10)
	}
	return string(output.kept), nil
}

// bounded keeps the beginning of what is written to it and drops the rest.
type bounded struct {
	kept []byte
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	fits := min(len(p), b.left)
	b.left -= fits
	b.kept = append(b.kept, p[:fits]...)
	return len(p), nil
}
