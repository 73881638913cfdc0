package ssh

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	gossh "golang.org/x/crypto/ssh"
)

// Keys are the public keys that may log in: a file with one a line, in the form
// of OpenSSH's authorized_keys, and the person's name behind each. The file is
// read at every log-in, so that a change counts at once.
type Keys struct {
	path string
	log  *slog.Logger

	mu      sync.Mutex
	content []byte            // as it was read last
	names   map[string]string // by key, in its wire format
	unused  []lineProblem
}

// maxKeys bounds the file, in bytes.
const maxKeys = 1 << 20

// OpenKeys reads the file at path. A line that it cannot use is told in the log
// and lets nobody in; the error is for a file that cannot be used at all.
func OpenKeys(path string, log *slog.Logger) (*Keys, error) {
	k := &Keys{path: path, log: log}
	if err := k.read(); err != nil {
		return nil, err
	}
	return k, nil
}

// Names lists the people whose keys may log in.
func (k *Keys) Names() map[string]bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	names := map[string]bool{}
	for _, name := range k.names {
		names[name] = true
	}
	return names
}

// Problems are the lines that let nobody in: where each is, and why.
func (k *Keys) Problems() (problems []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.unused {
		problems = append(problems, fmt.Sprintf("%s:%d: %s", k.path, p.line, p.why))
	}
	return problems
}

// name says whose key it is, "" when it may not log in.
func (k *Keys) name(key gossh.PublicKey) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil {
		k.log.Error("nobody can log in", "err", err)
		return ""
	}
	return k.names[string(key.Marshal())]
}

// read takes in the file as it is now.
func (k *Keys) read() error {
	content, err := readKeys(k.path)
	if err != nil {
		k.content, k.names, k.unused = nil, nil, nil
		return err
	}
	if k.names != nil && bytes.Equal(content, k.content) {
		return nil
	}
	names, problems := parseKeys(content)
	for _, problem := range problems {
		k.log.Warn("a key is not used", "at", fmt.Sprintf("%s:%d", k.path, problem.line), "why", problem.why)
	}
	k.content, k.names, k.unused = content, names, problems
	return nil
}

// readKeys reads the file, unless others than its owner can write it: they could
// let in whom they like.
func readKeys(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no authorized keys at %s: make the file and write a public key on each line, with the person's name behind it: %w", path, os.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("open the authorized keys: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the authorized keys: %w", err)
	}
	if !stat.Mode().IsRegular() {
		return nil, fmt.Errorf("authorized keys %s: expected a file", path)
	}
	if runtime.GOOS != "windows" && stat.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("authorized keys %s: others can write the file, and let in whom they like: chmod 644 %s", path, path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxKeys+1))
	if err != nil {
		return nil, fmt.Errorf("read the authorized keys %s: %w", path, err)
	}
	if len(content) > maxKeys {
		return nil, fmt.Errorf("authorized keys %s: expected at most %d bytes", path, maxKeys)
	}
	return content, nil
}

// lineProblem is why a line of the file lets nobody in.
type lineProblem struct {
	line int // from 1
	why  string
}

// parseKeys reads the lines of an authorized_keys file: whose key each is, by
// the key's wire format. A line that cannot be used is left out.
func parseKeys(content []byte) (names map[string]string, problems []lineProblem) {
	names = map[string]string{}
	lines := map[string]int{}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		name, key, why := parseKey(line)
		if why == "" && lines[key] > 0 {
			why = fmt.Sprintf("the same key stands on line %d: remove one", lines[key])
		}
		if why != "" {
			problems = append(problems, lineProblem{number, why})
			continue
		}
		names[key], lines[key] = name, number
	}
	return names, problems
}

// minRSA is the shortest RSA key that may log in, in bits.
const minRSA = 2048

// parseKey reads one line.
func parseKey(line []byte) (name, wire, why string) {
	key, comment, options, _, err := gossh.ParseAuthorizedKey(line)
	if err != nil {
		return "", "", "this is no public key: expected a line like that of a .pub file, such as ssh-ed25519 AAAA… anna@laptop"
	}
	if len(options) > 0 {
		return "", "", "options in front of a key, such as from= or command=, would not be kept: remove them"
	}
	if _, certificate := key.(*gossh.Certificate); certificate {
		return "", "", "certificates are not used: write the public key"
	}
	if holder, ok := key.(gossh.CryptoPublicKey); ok {
		if public, ok := holder.CryptoPublicKey().(*rsa.PublicKey); ok && public.N.BitLen() < minRSA {
			return "", "", fmt.Sprintf("an RSA key of %d bits is too weak: make another with ssh-keygen -t ed25519", public.N.BitLen())
		}
	}
	name, why = nameOf(comment)
	return name, string(key.Marshal()), why
}

// maxName bounds a name, in characters.
const maxName = 32

// nameOf reads the person's name from what stands behind a key: its first word,
// without the machine that ssh-keygen adds.
func nameOf(comment string) (name, why string) {
	words := strings.Fields(comment)
	if len(words) == 0 {
		return "", "the key has no name: write whose it is behind it"
	}
	name, _, _ = strings.Cut(words[0], "@")
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
	}
	if name == "" || strings.ContainsAny(name[:1], ".-") || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, odd) {
		return "", fmt.Sprintf("%q is no name: expected at most %d letters and digits, with . _ or - between them", name, maxName)
	}
	return name, ""
}
