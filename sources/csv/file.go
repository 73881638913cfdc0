package csv

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

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

// text reads the whole file, turns it into UTF-8 and makes sure that it stood
// still meanwhile.
func (f file) text(encoding string, now time.Time) ([]byte, error) {
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
	text, err := decode(raw, encoding)
	var bad *spoilt
	switch {
	case errors.As(err, &bad) && bad.last && now.Sub(f.written) < abandoned:
		return nil, f.growing("its last line is cut off")
	case err != nil:
		return nil, sources.Errorf(sources.Malformed, "%s: %w", f.path, err)
	case len(text) == 0:
		return nil, f.growing("it is empty")
	}
	return text, nil
}
