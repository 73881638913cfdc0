package ssh

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	gossh "golang.org/x/crypto/ssh"
)

// HostKey reads the key by which clients know the server again. Where there is
// none it makes one, an ed25519 key that its owner alone can read.
func HostKey(path string) (gossh.Signer, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if content, err = makeHostKey(path); err != nil {
			return nil, fmt.Errorf("make the host key %s: %w", path, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the host key: %w", err)
	}
	stat, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the host key: %w", err)
	}
	if runtime.GOOS != "windows" && stat.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("host key %s: others can read it, and pass for this server: chmod 600 %s", path, path)
	}
	key, err := gossh.ParsePrivateKey(content)
	var locked *gossh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, fmt.Errorf("host key %s: it has a passphrase, which a server cannot type: name one without", path)
	case err != nil:
		return nil, fmt.Errorf("host key %s: this is no private key (%w): name another, or move it away and one is made", path, err)
	}
	return key, nil
}

// makeHostKey writes a new key. The file is there with all of it or not at all.
func makeHostKey(path string) ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := gossh.MarshalPrivateKey(key, "adtop")
	if err != nil {
		return nil, err
	}
	content := pem.EncodeToMemory(block)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".host-key-*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name()) // it is gone when all went well
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return content, os.Rename(file.Name(), path)
}
