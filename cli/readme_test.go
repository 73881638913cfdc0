package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"adtop/alert"
	"adtop/ui"
)

var rewrite = flag.Bool("readme", false, "write the generated tables into README.md")

// sourceTable is the README's table of source types, from their Definitions.
func sourceTable() string {
	var b strings.Builder
	for i, d := range definitions() {
		head, rule, line := "| type |", "|---|", fmt.Sprintf("| [`%s`](%s) |", d.Type, d.Docs)
		for _, f := range facets(d) {
			head, rule, line = head+" "+f.name+" |", rule+"---|", line+" "+f.value+" |"
		}
		if i == 0 {
			b.WriteString(head + "\n" + rule + "\n")
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// credentialSteps are the README's words on how to get credentials.
func credentialSteps() string {
	var b strings.Builder
	for _, d := range definitions() {
		fmt.Fprintf(&b, "- **`%s`**\n", d.Type)
		for i, step := range d.Credentials {
			fmt.Fprintf(&b, "  %d. %s\n", i+1, step)
		}
	}
	return b.String()
}

// fieldTable lists what expressions may use, figures once for all subjects.
func fieldTable() string {
	var b strings.Builder
	b.WriteString("| field | is |\n|---|---|\n")
	for _, f := range alert.Fields() {
		figure, ofAccount := strings.CutPrefix(f.Path, "account.")
		switch {
		case ofAccount && !strings.Contains(figure, "."):
			fmt.Fprintf(&b, "| *figure* `%s` | %s |\n", figure, f.Doc)
		case f.Own:
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.Path, f.Doc)
		}
	}
	return b.String()
}

func TestTheReadmesTablesAreFresh(t *testing.T) {
	path := filepath.Join("..", "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fresh := string(content)
	for name, table := range map[string]string{"sources": sourceTable(), "credentials": credentialSteps(), "keys": ui.KeyTable(), "fields": fieldTable()} {
		block := regexp.MustCompile(`(?s)(<!-- ` + name + ` -->\n).*?(<!-- /` + name + ` -->)`)
		if !block.MatchString(fresh) {
			t.Fatalf("README.md has no block %q", name)
		}
		fresh = block.ReplaceAllString(fresh, "${1}"+strings.ReplaceAll(table, "$", "$$")+"${2}")
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if fresh != string(content) {
		t.Error("README.md is stale: run go test ./cli -run Readme -readme")
	}
}
