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

const reportLong = `Print the figures of a range from the cache. It asks no API and works while a
dashboard runs.

With --digest day or --digest week it tells what yesterday, or the seven days up
to it, brought, as far as it is known now: what changed against the period
before, by channel and campaign, which alerts fired and ended and how right the
rules were, what was lost while a channel was unprofitable, which sources failed,
and whose results are still coming in.`

// digestArgs takes the period of a digest also where it stands apart from the flag.
func digestArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && cmd.Flags().Changed("digest") {
		return nil
	}
	return noArgs(cmd, args)
}

func (a *app) report() *cobra.Command {
	var path, span, format, digest string
	var campaigns, unclaimed bool
	cmd := &cobra.Command{
		Use: "report", Short: "Print one picture from the cache, without asking any API", Args: digestArgs,
		Long: reportLong,
		RunE: func(cmd *cobra.Command, args []string) error {
			if digest != "" {
				if err := oneOf("format", format, "table", "markdown", "json"); err != nil {
					return err
				}
				if len(args) > 0 {
					digest = args[0]
				}
				if err := oneOf("digest", digest, snapshot.DigestDay, snapshot.DigestWeek); err != nil {
					return err
				}
				return a.digest(cmd, path, digest, format)
			}
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
			view := snapshot.View{Range: r, Unclaimed: unclaimed}
			if campaigns {
				view.Campaigns = snapshot.AllCampaigns
			}
			return a.print(cmd, m, view, format)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().StringVar(&span, "range", "today", "`RANGE`: today, yesterday, 24h, 7d, 14d, 30d, mtd, lastmonth or FROM..TO")
	cmd.Flags().StringVar(&format, "format", "table", "`FORMAT`: table or json; of a digest, markdown too")
	cmd.Flags().StringVar(&digest, "digest", "", "tell what a `PERIOD` brought, against the one before: day is yesterday, week the seven days up to it")
	cmd.Flags().Lookup("digest").NoOptDefVal = snapshot.DigestDay
	cmd.Flags().BoolVar(&unclaimed, "unclaimed", false, "list what no channel claims, with the lines that bind it to one")
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
	if view.Unclaimed {
		return ui.PlainUnclaimed(a.out, s, a.width())
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
