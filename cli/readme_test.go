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
	"adtop/kpi"
	"adtop/sources"
	"adtop/ui"
)

var rewrite = flag.Bool("readme", false, "write the generated tables into README.md")

// sourceTable is the README's table of source types, from their Definitions.
func sourceTable() string {
	var b strings.Builder
	b.WriteString("| type | reads | finest grain | results are dated | values change for | lowest tier |\n|---|---|---|---|---|---|\n")
	types := registry()
	for _, name := range types.Names() {
		d, err := types.Lookup(name)
		if err != nil {
			panic(err)
		}
		grain := d.Grain.String()
		if d.Events {
			grain = "order"
		}
		tier := "not limited by day"
		if d.DailyCalls > 0 {
			tier = fmt.Sprintf("%d calls a day, %d a poll", d.DailyCalls, d.Calls)
		}
		dating := map[sources.Dating]string{sources.ByClick: "by click", sources.ByEvent: "by event", sources.Mixed: "either way"}[d.Dating]
		if d.Gives&kpi.Conversions == 0 {
			dating = "—"
		}
		fmt.Fprintf(&b, "| [`%s`](%s) | %s | %s | %s | %d days | %s |\n", d.Type, d.Docs, d.Summary, grain, dating, d.Restates, tier)
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
	for name, table := range map[string]string{"sources": sourceTable(), "keys": ui.KeyTable(), "fields": fieldTable()} {
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
