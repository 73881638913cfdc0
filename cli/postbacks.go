package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"adtop/store"
)

const postbacksLong = `Print the postbacks that have ID as the value of a parameter, such as a transaction
or a click, the newest 1000, newest first: when each was taken (UTC), by which source,
and what it said, encoded like a query. They are kept for 90 days, without secrets, e-mail and
network addresses, and of parameters that adtop does not read without the value.`

// maxPostbacks is how many are printed.
const maxPostbacks = 1000

func (a *app) postbacks() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use: "postbacks ID", Short: "Print the postbacks about a transaction", Long: postbacksLong,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usageError{fmt.Errorf("%s: name one transaction or click", cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCache(cmd.Context(), config, func(cache *store.SQLite, _ string) error { return a.printPostbacks(cmd.Context(), cache, args[0]) })
		},
	}
	configFlag(cmd, &config)
	return cmd
}

func (a *app) printPostbacks(ctx context.Context, cache store.Store, id string) error {
	found, err := cache.Messages(ctx, id, maxPostbacks)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("no postback about %q is kept: they are for 90 days", id)
	}
	for _, m := range found {
		fmt.Fprintf(a.out, "%s  %s  %s\n", m.At.Format(time.DateTime), m.Source, m.Text)
	}
	return nil
}
