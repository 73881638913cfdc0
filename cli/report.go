package cli

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"adtop/monitor"
	"adtop/snapshot"
	"adtop/ui"
)

func (a *app) report() *cobra.Command {
	var path, span, format string
	var campaigns bool
	cmd := &cobra.Command{
		Use: "report", Short: "Print one picture from the cache, without asking any API", Args: noArgs,
		Long: "Print the figures of a range from the cache. It asks no API and works while a dashboard runs.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := snapshot.ParseRange(span)
			if err != nil {
				return usageError{err}
			}
			if err := oneOf("format", format, "table", "json"); err != nil {
				return err
			}
			m, release, err := a.openToRead(cmd.Context(), path)
			if err != nil {
				return err
			}
			defer release()
			view := snapshot.View{Range: r}
			if campaigns {
				view.Campaigns = snapshot.AllCampaigns
			}
			return a.print(cmd, m, view, format)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().StringVar(&span, "range", "today", "`RANGE`: today, yesterday, 24h, 7d, 14d, 30d, mtd, lastmonth or FROM..TO")
	cmd.Flags().StringVar(&format, "format", "table", "`FORMAT`: table or json")
	cmd.Flags().BoolVar(&campaigns, "campaigns", false, "list the campaigns of every channel too, in JSON")
	return cmd
}

func (a *app) print(cmd *cobra.Command, m *monitor.Monitor, view snapshot.View, format string) error {
	s, err := m.Snapshot(cmd.Context(), view)
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(a.out, s)
	}
	if err := ui.Plain(a.out, s, a.width()); err != nil {
		return err
	}
	return printNotes(a.out, s)
}

// printNotes adds the notes of the range to the table, a line each.
func printNotes(w io.Writer, s *snapshot.Snapshot) error {
	lines := ""
	for _, n := range notesOf(s) {
		about := cmp.Or(n.Channel, "all channels")
		if n.By != "" {
			about += ", " + n.By
		}
		lines += fmt.Sprintf("✎ %s %s (%s)\n", n.Date, n.Text, about)
	}
	_, err := io.WriteString(w, lines)
	return err
}
