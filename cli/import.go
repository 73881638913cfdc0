package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"adtop/store"
)

const importLong = `Make the database of a config from what 'adtop export' wrote, "-" meaning stdin.
There must be none yet, or an empty one that nobody has open. Every line is
checked; after a mistake nothing remains. All sums are made anew.`

func (a *app) importing() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Make a new database from an export", Long: importLong, Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, database, err := databaseOf(config)
			if err != nil {
				return err
			}
			in, name := a.in, "stdin"
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer file.Close()
				in, name = file, args[0]
			}
			lines, err := store.Import(cmd.Context(), database, time.Now(), in, a.progress("adding up day"))
			if err != nil {
				return fmt.Errorf("import %s: %w. Nothing was imported", name, unfinished(err))
			}
			fmt.Fprintf(a.out, "imported %d lines of %s into %s\n", lines, name, database)
			return nil
		},
	}
	configFlag(cmd, &config)
	return cmd
}
