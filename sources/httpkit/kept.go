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
	"time"
)

// keptToken is a file that only its owner can read, with the tokens in force:
// some platforms issue a new refresh token at each renewal, and the one in the
// config grows old; others allow few access tokens at a time. What the user
// puts into the config later wins over what was kept for the config before.
type keptToken struct{ path string }

// kept is the content of the file.
type kept struct {
	For          string    `json:"for"` // fingerprint of what the config says
	RefreshToken string    `json:"refresh_token,omitempty"`
	AccessToken  string    `json:"access_token,omitempty"`
	Expiry       time.Time `json:"expiry,omitzero"` // of the access token
}

func fingerprint(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:8])
}

// load returns what was kept for a config, nothing when there is none.
func (k keptToken) load(configured string) (kept, error) {
	if k.path == "" {
		return kept{}, nil
	}
	state, err := os.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return kept{}, nil
	}
	if err != nil {
		return kept{}, err
	}
	if state.Mode().Perm()&0o077 != 0 {
		return kept{}, fmt.Errorf("%s can be read by others: run chmod 600 on it", k.path)
	}
	content, err := os.ReadFile(k.path)
	if err != nil {
		return kept{}, err
	}
	var found kept
	if json.Unmarshal(content, &found) != nil || found.For != fingerprint(configured) {
		return kept{}, nil
	}
	return found, nil
}

// save replaces the file in one step, so that an end in the middle leaves the
// old one. The folder is made where there is none.
func (k keptToken) save(configured string, issued kept) error {
	if k.path == "" {
		return nil
	}
	issued.For = fingerprint(configured)
	content, err := json.Marshal(issued)
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
