package sourcetest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/sources"
	"adtop/sources/simulator/world"
)

// brokenFiles spoils an export, some of them in the last line only, and looks
// at what Fetch says: nothing of the good lines may be handed over.
func (a Adapter) brokenFiles(t *testing.T) {
	const lately, longAgo = time.Minute, time.Hour
	cutOff := func(text []byte) []byte { return text[:len(text)-len(lastLine(text))/2] }
	for name, rule := range map[string]struct {
		spoil func(text []byte) []byte
		age   time.Duration // since the file was written
		kind  sources.Kind
		says  string
	}{
		"cut off while being written": {cutOff, lately, sources.Unavailable, "still being written"},
		"cut off for good":            {cutOff, longAgo, sources.Malformed, "line "},
		"empty":                       {func([]byte) []byte { return nil }, longAgo, sources.Unavailable, "empty"},
		"a web page":                  {func([]byte) []byte { return []byte("<!DOCTYPE html>\n<html><title>Sign in</title></html>\n") }, longAgo, sources.Malformed, "column"},
		"not text":                    {func(text []byte) []byte { return append(text, 0) }, longAgo, sources.Malformed, "not a text file"},
		"too large":                   {func(text []byte) []byte { return append(text, bytes.Repeat([]byte("\n"), 64<<20)...) }, longAgo, sources.Malformed, "64"},
		"a word for a number": {func(text []byte) []byte {
			last := lastLine(text)
			spoilt := append([]byte{}, text[:len(text)-len(last)]...)
			return append(append(spoilt, last[:bytes.LastIndexByte(last, ';')+1]...), "many\n"...)
		}, longAgo, sources.Malformed, "many"},
	} {
		t.Run(name, func(t *testing.T) {
			s := a.stand(t, world.ConformanceSpring)
			path := s.spoilExport(rule.spoil, s.now.Add(-rule.age))
			got := s.fetch(t.Context(), s.lately())
			var e *sources.Error
			if !errors.As(got.err, &e) || e.Kind != rule.kind || !strings.Contains(e.Error(), rule.says) || !strings.Contains(e.Error(), filepath.Base(path)) {
				t.Errorf("got %v, want an error of kind %q that names the file and says %q", got.err, rule.kind, rule.says)
			}
			if len(got.records) != 0 {
				t.Errorf("%d records of a broken file were handed over", len(got.records))
			}
		})
	}
}

// missingFile takes the exports away.
func (a Adapter) missingFile(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	if err := os.Remove(s.export()); err != nil {
		t.Fatal(err)
	}
	var e *sources.Error
	if got := s.fetch(t.Context(), s.lately()); !errors.As(got.err, &e) || e.Kind != sources.Unavailable || e.Next == "" {
		t.Errorf("got %v, want a source that is unavailable and a word on what to do", got.err)
	}
}

// export is the path of the first export.
func (s *stand) export() string {
	s.t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.place, "*.csv"))
	if err != nil || len(paths) == 0 {
		s.t.Fatalf("exports %q, error %v", paths, err)
	}
	return paths[0]
}

// spoilExport rewrites the first export and returns its path.
func (s *stand) spoilExport(spoil func([]byte) []byte, written time.Time) string {
	s.t.Helper()
	path := s.export()
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, spoil(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chtimes(path, written, written); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func lastLine(text []byte) []byte {
	return text[bytes.LastIndexByte(text[:len(text)-1], '\n')+1:]
}
