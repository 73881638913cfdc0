package sourcetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Fixtures returns the folder of recorded answers of the platforms that the
// variable ADTOP_FIXTURES names. They are kept outside the project, since their
// licences differ: without the folder the test is skipped.
func Fixtures(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("ADTOP_FIXTURES")
	if folder == "" {
		t.Skip("ADTOP_FIXTURES names no folder of recorded answers")
	}
	return folder
}

// Recorded reads a recorded answer of a platform.
func Recorded(t *testing.T, platform, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(Fixtures(t), platform, name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}
