package cli

import (
	"context"
	"io"

	"github.com/parquet-go/parquet-go"

	"adtop/kpi"
	"adtop/store"
)

// parquetRows is how many rows are held before they are written.
const parquetRows = 50_000

func exportParquet(ctx context.Context, cache *store.SQLite, days kpi.DateRange, out io.Writer) error {
	w := parquet.NewGenericWriter[exportRow](out, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(parquetRows))
	for o, err := range cache.Observations(ctx, days) {
		if err == nil {
			_, err = w.Write([]exportRow{exportRowOf(o)})
		}
		if err != nil {
			return err
		}
	}
	return w.Close()
}
