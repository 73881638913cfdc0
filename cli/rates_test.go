package cli

import (
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// TestForeignMoneyIsReportedAtPublishedRates collects once from an export in
// dollars and a simulated bank, and reports in euros.
func TestForeignMoneyIsReportedAtPublishedRates(t *testing.T) {
	bank := httptest.NewServer(simulator.New(world.Conformance(), time.Now))
	defer bank.Close()
	dir := home(t)
	day := kpi.DateOf(time.Now(), time.UTC).String()
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n"+day+",A,10,100.00,2,300.00\n")
	text := strings.Replace(shopConfig, "EXPORT", export, 1)
	text = strings.Replace(text, "currency: EUR, timezone", "currency: USD, timezone", 1)
	cfg := write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(text, "channels:", "  - {name: rates, type: ecb, base_url: "+bank.URL+"/ecb}\nchannels:", 1))
	if code, _, stderr := adtop(t, "collect", "--once", "--config", cfg); code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, stderr := adtop(t, "report", "--format", "json", "--range", day+".."+day, "--config", cfg)
	var r struct {
		Total struct{ Cost *json.Number }
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 0 || r.Total.Cost == nil {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stderr, stdout)
	}
	if cost, err := r.Total.Cost.Float64(); err != nil || cost < 86 || cost > 89 { // the bank quotes 1.1367 dollars and up to a sixtieth more
		t.Errorf("a hundred dollars are %v euros", cost)
	}
	if !strings.Contains(stdout, `"ecb"`) {
		t.Errorf("the source is not among the sources: %s", stdout)
	}
	if code, stdout, _ := adtop(t, "doctor", "--config", cfg); code != 0 || !strings.Contains(stdout, "rates has those of 1 currencies") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
}

func TestChannelThatTakesFiguresFromRatesIsRefusedAtItsPlace(t *testing.T) {
	dir := home(t)
	text := strings.Replace(shopConfig, "EXPORT", filepath.Join(dir, "x.csv"), 1)
	text = strings.Replace(text, "channels:", "  - name: rates\n    type: ecb\nchannels:", 1)
	cfg := write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(text, "spend: {source: partners}", "spend: {source: rates}", 1))
	code, _, stderr := adtop(t, "collect", "--once", "--config", cfg)
	if code == 0 || !strings.Contains(stderr, "shop.yaml:11:") || !strings.Contains(stderr, "channel Partners takes figures from rates") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
