package exec

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"adtop/sources"
)

// renewed is a config that the source has made of the configured one.
type renewed struct {
	Terms  string         `json:"terms"`
	Config map[string]any `json:"config"`
}

// configTerms says what a renewed config belongs to.
func (r *run) configTerms() (string, error) {
	secrets := map[string]string{}
	for key, secret := range r.options.ConfigSecret {
		secrets[key] = secret.Reveal()
	}
	text, err := json.Marshal([]any{r.options.Config, secrets, r.query.Account.ID})
	return digest(text), err
}

// keptConfig is the config that the source renewed last, nil without one.
func (r *run) keptConfig() (map[string]any, error) {
	if r.options.ConfigKeep == "" {
		return nil, nil
	}
	content, err := os.ReadFile(r.keepPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var kept renewed
	if err == nil {
		err = json.Unmarshal(content, &kept)
	}
	if err != nil {
		refusal := sources.Errorf(sources.Auth, "config_keep cannot be read: %w", err)
		refusal.Next = "mend the file or delete it"
		return nil, refusal
	}
	if terms, err := r.configTerms(); err != nil || terms != kept.Terms {
		return nil, err
	}
	return kept.Config, nil
}

func (r *run) keepPath() string {
	name := r.env.Path(r.options.ConfigKeep)
	if len(r.accounts) > 1 {
		name += "." + digest([]byte(r.query.Account.ID))
	}
	return name
}

// keepConfig keeps a renewed config at once, whatever becomes of the run: the
// tokens of the old one may be void.
func (t *reading) keepConfig(config map[string]any) error {
	known := map[string]bool{}
	if before, err := t.settings(); err == nil { // it was read at the beginning of the run
		leaves(before, func(text string) { known[text] = true })
	}
	leaves(config, func(text string) {
		if !known[text] {
			t.hide(text)
		}
	})
	if t.options.ConfigKeep == "" {
		t.warnings = append(t.warnings, "the source renewed its credentials, which are lost at the end of the run: name a file in config_keep")
		return nil
	}
	terms, err := t.configTerms()
	if err != nil {
		return err
	}
	content, err := json.Marshal(renewed{terms, config})
	if err != nil {
		return err
	}
	name := t.keepPath()
	fresh, err := os.CreateTemp(filepath.Dir(name), ".adtop-") // 0600
	if err != nil {
		return sources.Errorf(sources.Unavailable, "config_keep cannot be written: %w", err)
	}
	_, err = fresh.Write(content)
	err = errors.Join(err, fresh.Sync(), fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), name)
	}
	if err != nil {
		_ = os.Remove(fresh.Name()) // the failure before it is the one to tell
		return sources.Errorf(sources.Unavailable, "config_keep cannot be written: %w", err)
	}
	return nil
}
