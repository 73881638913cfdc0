package sourcetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheTableOfWireFormatsKnowsEveryAdapter demands a row for each adapter, and
// a published package named there and in its schema test alike.
func TestTheTableOfWireFormatsKnowsEveryAdapter(t *testing.T) {
	table, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|.*$").FindAllStringSubmatch(string(table), -1) {
		rows[row[1]] = row[0]
	}
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		name := folder.Name()
		if !folder.IsDir() || name == "httpkit" || name == "simulator" || name == "sourcetest" {
			continue
		}
		row, known := rows[name]
		if !known {
			t.Errorf("%s has no row", name)
			continue
		}
		delete(rows, name)
		schema, err := os.ReadFile(filepath.Join("..", name, "schema_test.go"))
		if errors.Is(err, fs.ErrNotExist) {
			if regexp.MustCompile("`[\\w-]+` \\d").MatchString(row) {
				t.Errorf("%s has no schema test, but its row names a package", name)
			}
			continue
		}
		for _, constant := range regexp.MustCompile(`(?m)^\t\w+(?:Package|Version)\s+= "([^"]+)"`).FindAllStringSubmatch(string(schema), -1) {
			if !strings.Contains(row, constant[1]) {
				t.Errorf("%s: its schema test names %s, its row does not", name, constant[1])
			}
		}
	}
	for name := range rows {
		t.Errorf("there is no adapter %s", name)
	}
}
