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
		case "cmd":
			value, err = commandSecret(ctx, dir, rest)
		default:
			err = errors.New("not a reference to a secret: expected env:NAME, file:PATH or cmd:COMMAND")
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
