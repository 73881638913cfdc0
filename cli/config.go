package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"adtop/config"
)

// loadConfig reads the config at path, or at its usual place when path is "".
func loadConfig(path string) (*config.Config, error) {
	if path == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf("no config folder: %w. Name the file with --config FILE", err)
		}
		path = filepath.Join(dir, "adtop", "config.yaml")
	}
	cfg, err := config.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no config at %s. Copy config.example.yaml there and edit it, or try 'adtop demo' first", path)
	}
	return cfg, err
}

// dataDir is where databases live: $XDG_DATA_HOME/adtop or ~/.local/share/adtop.
func dataDir() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "adtop"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home folder to keep the database in: %w. Set XDG_DATA_HOME, or database: in the config", err)
	}
	return filepath.Join(home, ".local", "share", "adtop"), nil
}

// databasePath is where the config's cache is: one database for each config.
func databasePath(cfg *config.Config) (string, error) {
	if cfg.Database != "" {
		return cfg.Database, nil
	}
	dir, err := dataDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, configName(cfg)+".db"), nil
}

// databaseOf reads a config and says where its cache is.
func databaseOf(path string) (*config.Config, string, error) {
	cfg, err := loadConfig(path)
	if err != nil {
		return nil, "", err
	}
	database, err := databasePath(cfg)
	return cfg, database, err
}

// configName is the name of the config file without its ending.
func configName(cfg *config.Config) string {
	return strings.TrimSuffix(filepath.Base(cfg.File), filepath.Ext(cfg.File))
}
