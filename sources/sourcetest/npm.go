//go:build schema

package sourcetest

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Package reads files of a package of the npm registry: those whose path
// contains part, by path. It needs npm and the registry; without them the test
// is skipped. What was fetched is kept in the user's cache.
func Package(t *testing.T, name, version, part string) map[string]string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("no folder to keep packages in: %v", err)
	}
	cache = filepath.Join(cache, "adtop-schemas")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Skip(err)
	}
	archive := filepath.Join(cache, strings.NewReplacer("@", "", "/", "-").Replace(name)+"-"+version+".tgz")
	if _, err := os.Stat(archive); err != nil {
		npm := exec.CommandContext(t.Context(), "npm", "pack", "--silent", "--pack-destination", cache, name+"@"+version)
		if out, err := npm.CombinedOutput(); err != nil {
			t.Skipf("%s@%s cannot be fetched: %v: %.200s", name, version, err, out)
		}
	}
	return unpacked(t, archive, part)
}

func unpacked(t *testing.T, archive, part string) map[string]string {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for reader := tar.NewReader(plain); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(header.Name, part) || header.Size > 8<<20 {
			continue
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(text)
	}
	if len(files) == 0 {
		t.Fatalf("%s holds no %s", archive, part)
	}
	return files
}
