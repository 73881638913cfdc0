package csv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"adtop/sources"
)

// listing is what stands in a watched folder, or the one file of the path.
type listing struct {
	files   []file // the one written last at the end
	watched bool   // the path is a folder or a pattern, so that files come and go
}

// list finds the files of the path. A folder's own folders, hidden files and those
// with a temporary name are not exports.
func (s *source) list() (listing, error) {
	paths, watched, err := s.paths()
	if err != nil {
		return listing{}, err
	}
	if watched {
		paths = slices.DeleteFunc(paths, func(path string) bool { return temporary(filepath.Base(path)) })
	}
	if len(paths) > maxFiles {
		return listing{}, sources.Errorf(sources.Invalid, "%d files match %s: expected at most %d; narrow the path", len(paths), s.options.Path, maxFiles)
	}
	found := listing{watched: watched}
	for _, path := range paths {
		stat, err := os.Stat(path)
		switch {
		case watched && errors.Is(err, fs.ErrNotExist):
			continue // it went away since it was listed
		case err != nil:
			return listing{}, refusal(err)
		case !stat.Mode().IsRegular():
			return listing{}, sources.Errorf(sources.Invalid, "%s is not a regular file", path)
		case stat.Size() > maxFile:
			return listing{}, sources.Errorf(sources.Malformed, "%s has %d MiB: expected at most %d; split the export", path, stat.Size()>>20, maxFile>>20)
		}
		found.files = append(found.files, file{path, stat.ModTime(), stat.Size()})
	}
	if len(found.files) == 0 {
		return listing{}, &sources.Error{Kind: sources.Unavailable, Next: "Check path in the config, and that the export runs.",
			Err: fmt.Errorf("no file matches %s in %s", s.options.Path, s.env.Dir)}
	}
	slices.SortStableFunc(found.files, func(a, b file) int { return a.written.Compare(b.written) })
	return found, nil
}

// paths lists the names that the path stands for, and says whether it is a folder
// or a pattern.
func (s *source) paths() ([]string, bool, error) {
	path := s.env.Path(s.options.Path)
	if stat, err := os.Stat(path); err == nil && stat.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, true, refusal(err)
		}
		var paths []string
		for _, entry := range entries {
			if !entry.IsDir() {
				paths = append(paths, filepath.Join(path, entry.Name()))
			}
		}
		return paths, true, nil
	}
	pattern := s.options.Path
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(literal(s.env.Dir), pattern)
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, false, sources.Errorf(sources.Invalid, "path %s: %w", s.options.Path, err)
	}
	return paths, strings.ContainsAny(s.options.Path, "*?["), nil
}

// unfinished are the endings under which browsers, editors, rsync and copying
// programs keep what is not whole yet.
var unfinished = []string{".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", ".lock", "~"}

// temporary says whether a file is hidden or named as one that is being written.
func temporary(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") ||
		slices.ContainsFunc(unfinished, func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// restless says whether a file of a watched folder changed within the last seconds.
func (s *source) restless(f file) bool { return s.env.Now().Sub(f.written).Abs() < settle }

// growing is said of an export that has not ended yet.
type growing struct {
	path, why string
}

func (g *growing) Error() string { return fmt.Sprintf("%s is still being written: %s", g.path, g.why) }

// growing says that the export has not ended yet.
func (f file) growing(why string) error {
	return &sources.Error{Kind: sources.Unavailable, RetryAfter: settle,
		Next: "Nothing to do if this passes; have the export written under another name and renamed at its end.",
		Err:  &growing{f.path, why}}
}
