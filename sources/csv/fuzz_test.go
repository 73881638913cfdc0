package csv

import (
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// FuzzExport feeds any bytes through the whole reading of a file: it must
// either fail or give sums whose missing fields are blank.
func FuzzExport(f *testing.F) {
	const row = "2026-11-19,7,n,on,1,1,1.5,1,1\n"
	for _, text := range []string{header + row, "\ufeff" + header + row, "\xff\xfed\x00", header + "\"", header + ",,,,,,,,", "a;b\n1;2\n"} {
		for _, encoding := range []string{"auto", "utf-16", "windows-1251", "iso-8859-15"} {
			f.Add([]byte(text), encoding)
		}
	}
	s := &source{options: *defaults(), env: sources.Env{Now: time.Now}, account: sources.Account{ID: "a", Currency: "EUR", Zone: time.UTC}}
	s.options.Columns = Columns{Date: "date", CampaignID: "id", Campaign: "name", Status: "status", Impressions: "imps",
		Clicks: "clicks", Cost: Amount{Column: "spend"}, Conversions: "conv", Revenue: Amount{Column: "value"}}
	var err error
	if s.layout, err = parseLayout(s.options.DateFormat); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte, encoding string) {
		if encoding != "auto" && !isEncoding(encoding) {
			return
		}
		text, err := decode(raw, encoding)
		if err != nil || len(text) == 0 {
			return
		}
		book, broken, err := s.fold(t.Context(), text, everyDay)
		if err != nil || len(broken.lines) > 0 {
			return
		}
		rows, err := book.rows(sources.Query{Account: s.account, Level: sources.LevelCampaign, Grain: sources.Day})
		if err != nil {
			return
		}
		for _, r := range rows {
			if r.Metrics != r.Metrics.Only(kpi.AllFields) {
				t.Errorf("%+v has figures in missing fields", r)
			}
			if r.Entity.ID == "" || r.Entity.Name != sources.Clean(r.Entity.Name) {
				t.Errorf("entity %+v", r.Entity)
			}
			if r.Metrics.Impressions < 0 || r.Metrics.Clicks < 0 {
				t.Errorf("%+v has negative counts", r)
			}
		}
	})
}
