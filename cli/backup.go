package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"adtop/store"
)

const backupLong = `Copy the database to FILE, as it stands now, while a dashboard or collector
goes on. The copy is checked before it gets its name, and only you can read it.
To restore it, end every adtop and put it in the database's place.`

func (a *app) backup() *cobra.Command {
	var config string
	var force bool
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Copy the database while it is in use", Long: backupLong, Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCache(cmd.Context(), config, func(cache *store.SQLite, database string) error {
				err := place(args[0], database, force, func(file *os.File) error { return cache.Backup(cmd.Context(), file.Name()) })
				if err == nil {
					fmt.Fprintf(a.out, "copied %s to %s\n", database, args[0])
				}
				return err
			})
		},
	}
	configFlag(cmd, &config)
	cmd.Flags().BoolVar(&force, "force", false, "replace FILE when it is there already")
	return cmd
}

// oneFile wants one argument, the name of a file.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return usageError{fmt.Errorf("%s: name one file", cmd.CommandPath())}
	}
	return nil
}

// withCache calls use with the database of a config, opened for reading.
// All of what it does has to be done.
func withCache(ctx context.Context, config string, use func(cache *store.SQLite, path string) error) error {
	_, path, err := databaseOf(config)
	if err != nil {
		return err
	}
	cache, err := store.Open(ctx, path, store.Options{ReadOnly: true})
	if err != nil {
		return unfinished(err)
	}
	return unfinished(errors.Join(use(cache, path), cache.Close()))
}
