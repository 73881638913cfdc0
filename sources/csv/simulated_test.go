package csv

import (
	"testing"

	"adtop/sources"
	"adtop/sources/sourcetest"
)

// TestConformance reads the export of a simulated partner network, with decimal
// commas and cells that its partners leave empty.
func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options: func(string) any {
			o := defaults()
			o.Path = "partners.csv"
			o.Account = Account{ID: "partners", Currency: "EUR", Timezone: "Europe/Berlin"}
			o.Columns = Columns{Date: "date", Campaign: "partner", Clicks: "clicks", Conversions: "orders",
				Revenue: Amount{Column: "revenue"}, Cost: Amount{Column: "commission"}}
			return o
		},
		Files:  true,
		Grains: []sources.Grain{sources.Day},
	})
}
