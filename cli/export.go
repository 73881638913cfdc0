package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/store"
)

const exportLong = `Write what the database holds, as of one moment, while a dashboard or collector
goes on.

jsonl    all that cannot be fetched again: accounts, campaigns and their names
         over time, polls, every observation with the time of it, orders, rates,
         evaluations, alerts, silences. 'adtop import' makes the same database
         of it.
csv      the observations alone, a row for each, for a spreadsheet
parquet  the same columns, for a warehouse

With --days, only the observations and orders of these days are written.`

// exportFormats write to out.
var exportFormats = map[string]func(ctx context.Context, cache *store.SQLite, days kpi.DateRange, out io.Writer) error{
	"jsonl": func(ctx context.Context, cache *store.SQLite, days kpi.DateRange, out io.Writer) error {
		return cache.Export(ctx, out, days)
	},
	"csv":     exportCSV,
	"parquet": exportParquet,
}

func (a *app) export() *cobra.Command {
	var config, format, span, path string
	cmd := &cobra.Command{
		Use: "export", Short: "Write what the database holds, to keep, move or analyse", Long: exportLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("format", format, "jsonl", "csv", "parquet"); err != nil {
				return err
			}
			days, err := exportDays(span)
			if err != nil {
				return err
			}
			return withCache(cmd.Context(), config, func(cache *store.SQLite, database string) error {
				write := func(out io.Writer) error {
					buffered := bufio.NewWriterSize(out, 1<<16)
					if err := exportFormats[format](cmd.Context(), cache, days, buffered); err != nil {
						return err
					}
					return buffered.Flush()
				}
				if path == "" || path == "-" {
					return write(a.out)
				}
				return place(path, database, true, func(file *os.File) error { return write(file) })
			})
		},
	}
	configFlag(cmd, &config)
	cmd.Flags().StringVar(&format, "format", "jsonl", "`FORMAT`: jsonl, csv or parquet")
	cmd.Flags().StringVar(&span, "days", "", "only the days `FROM..TO`, in each account's own zone")
	cmd.Flags().StringVarP(&path, "output", "o", "", "write to `FILE`, replacing it when all is written (default stdout)")
	return cmd
}

// exportDays reads --days; without it all days are meant.
func exportDays(span string) (kpi.DateRange, error) {
	if span == "" {
		return kpi.DateRange{To: math.MaxInt32}, nil
	}
	r, err := snapshot.ParseRange(span)
	if err != nil || r.Name != "" {
		return kpi.DateRange{}, usageError{fmt.Errorf("--days %q: expected FROM..TO as in 2026-11-01..2026-11-20", span)}
	}
	return r.Fixed, nil
}
