package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"adtop/sources"
)

// Bounds of what is read.
const (
	maxFile  = 64 << 20 // bytes of one file
	maxLine  = 1 << 20  // bytes of one record
	maxFiles = 1000     // files that match the path
)

// settle is how long a file without a final line break must have been left
// alone before its last line is believed.
const settle = 10 * time.Second

// abandoned is how long a file must have been left alone before a broken last
// line is a fault of the export rather than one that is still being written.
const abandoned = 10 * time.Minute

// file is one export on disk.
type file struct {
	path    string
	written time.Time // its modification time
	size    int64
}

// files lists what the path matches, the one written last at the end.
func (s *source) files() ([]file, error) {
	pattern := s.options.Path
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(literal(s.env.Dir), pattern)
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, sources.Errorf(sources.Invalid, "path %s: %w", s.options.Path, err)
	}
	if len(paths) == 0 {
		return nil, &sources.Error{Kind: sources.Unavailable, Next: "Check path in the config, and that the export runs.",
			Err: fmt.Errorf("no file matches %s in %s", s.options.Path, s.env.Dir)}
	}
	if len(paths) > maxFiles {
		return nil, sources.Errorf(sources.Invalid, "%d files match %s: expected at most %d; narrow the path", len(paths), s.options.Path, maxFiles)
	}
	files := make([]file, 0, len(paths))
	for _, path := range paths {
		stat, err := os.Stat(path)
		if err != nil {
			return nil, refusal(err)
		}
		if !stat.Mode().IsRegular() {
			return nil, sources.Errorf(sources.Invalid, "%s is not a regular file", path)
		}
		if stat.Size() > maxFile {
			return nil, sources.Errorf(sources.Malformed, "%s has %d MiB: expected at most %d; split the export", path, stat.Size()>>20, maxFile>>20)
		}
		files = append(files, file{path, stat.ModTime(), stat.Size()})
	}
	slices.SortStableFunc(files, func(a, b file) int { return a.written.Compare(b.written) })
	return files, nil
}

// literal protects a folder's name from being read as a pattern.
func literal(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

func refusal(err error) error {
	kind := sources.Unavailable
	if errors.Is(err, fs.ErrPermission) {
		kind = sources.Permission
	}
	return sources.Errorf(kind, "%w", err)
}

// growing says that the export has not ended yet.
func (f file) growing(why string) error {
	return &sources.Error{Kind: sources.Unavailable, RetryAfter: settle,
		Next: "Nothing to do if this passes; have the export written under another name and renamed at its end.",
		Err:  fmt.Errorf("%s is still being written: %s", f.path, why)}
}

// text reads the whole file as UTF-8 and makes sure that it stood still
// meanwhile.
func (f file) text() ([]byte, error) {
	handle, err := os.Open(f.path)
	if err != nil {
		return nil, refusal(err)
	}
	defer handle.Close()
	raw, err := io.ReadAll(io.LimitReader(handle, f.size+1))
	if err != nil {
		return nil, refusal(err)
	}
	after, err := handle.Stat()
	if err != nil {
		return nil, refusal(err)
	}
	if after.Size() != f.size || int64(len(raw)) != f.size || !after.ModTime().Equal(f.written) {
		return nil, f.growing("it changed while it was read")
	}
	if len(raw) == 0 {
		return nil, f.growing("it is empty")
	}
	text, err := decode(raw)
	if err != nil {
		return nil, sources.Errorf(sources.Malformed, "%s: %w", f.path, err)
	}
	return text, nil
}

// decode removes a byte-order mark, and turns UTF-16 with one into UTF-8.
func decode(raw []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xef, 0xbb, 0xbf}):
		raw = raw[3:]
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		return fromUTF16(raw[2:], binary.LittleEndian)
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return fromUTF16(raw[2:], binary.BigEndian)
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return nil, errors.New("not a text file: expected UTF-8, or UTF-16 with a byte-order mark")
	}
	for line, rest := 1, raw; ; line++ {
		one, after, more := bytes.Cut(rest, []byte("\n"))
		if !utf8.Valid(one) {
			return nil, fmt.Errorf("line %d is not UTF-8: save the export as UTF-8", line)
		}
		if !more {
			return raw, nil
		}
		rest = after
	}
}

func fromUTF16(raw []byte, order binary.ByteOrder) ([]byte, error) {
	if len(raw)%2 != 0 {
		return nil, errors.New("UTF-16 text with half a character at its end")
	}
	text := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i += 2 {
		r := rune(order.Uint16(raw[i:]))
		if utf16.IsSurrogate(r) && i+3 < len(raw) {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(raw[i+2:]))); pair != utf8.RuneError {
				r, i = pair, i+2
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return text, nil
}
