package httpkit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keptToken is a file that only its owner can read, with the refresh token in
// force: some platforms issue a new one at each renewal, and the one in the
// config grows old. A token that the user puts into the config later wins over
// what was kept for the one before.
type keptToken struct{ path string }

// kept is the content of the file.
type kept struct {
	For          string `json:"for"` // fingerprint of the token in the config
	RefreshToken string `json:"refresh_token"`
}

func fingerprint(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:8])
}

// load returns the token to use in place of the configured one.
func (k keptToken) load(configured string) (string, error) {
	if k.path == "" {
		return configured, nil
	}
	state, err := os.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return configured, nil
	}
	if err != nil {
		return "", err
	}
	if state.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s can be read by others: run chmod 600 on it", k.path)
	}
	content, err := os.ReadFile(k.path)
	if err != nil {
		return "", err
	}
	var found kept
	if json.Unmarshal(content, &found) != nil || found.RefreshToken == "" || found.For != fingerprint(configured) {
		return configured, nil
	}
	return found.RefreshToken, nil
}

// save replaces the file in one step, so that an end in the middle leaves the
// old one. The folder is made where there is none.
func (k keptToken) save(configured, token string) error {
	if k.path == "" {
		return nil
	}
	content, err := json.Marshal(kept{fingerprint(configured), token})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(k.path), filepath.Base(k.path)+".*") // readable by its owner alone
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), k.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
