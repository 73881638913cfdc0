package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	gossh "golang.org/x/crypto/ssh"

	"adtop/config"
	"adtop/snapshot"
	"adtop/ui"
	"adtop/ui/ssh"
)

const serveLong = `Poll and judge as collect does, and show the dashboard to everybody who logs in
over SSH with one of the keys that serve: in the config names.

Colleagues need nothing but ssh:  ssh -p 2222 HOST
Without a screen:                 ssh -p 2222 HOST report --format json

Who came and what they did is told among what else happens: on stderr, one line
each, or in the file of --log. SIGHUP reads the config again, and with it who may
do what, and opens that file anew. While another process collects, this one shows what that one wrote.`

func (a *app) serve() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use: "serve", Short: "Poll, judge and show the dashboard over SSH", Long: serveLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runCollector(cmd.Context(), o, func(c *collector) (err error) {
				c.screens, err = a.screens(c)
				return err
			})
		},
	}
	a.collectorFlags(cmd, &o)
	return cmd
}

// screens opens what shows the dashboard over SSH until its context ends. Roles
// are those of the config in force; all else of serve: is as it was at the start.
func (a *app) screens(c *collector) (func(context.Context) error, error) {
	o := c.config.Serve
	if o == nil {
		return nil, noServe(c.config)
	}
	path, err := hostKeyPath(c.config)
	if err != nil {
		return nil, err
	}
	key, err := ssh.HostKey(path)
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(o, c.log)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	debug.SetGCPercent(25) // most of what a screen holds lives as long as it does: looking for the rest often costs little
	fmt.Fprintf(a.out, "adtop serves at %s. Its host key is %s.\n", listener.Addr(), gossh.FingerprintSHA256(key.PublicKey()))
	look, remembered := c.config.Display, screens{config: configName(c.config)}
	server := ssh.New(ssh.Options{
		Monitor: c.monitor, HostKey: key, Keys: keys, PerUser: o.SessionsPerUser, Idle: o.Idle, Log: c.log,
		Role:  func(person string) ssh.Role { return ssh.Role(roleOf(c.inForce.Load().config, person)) },
		Theme: cmp.Or(a.theme, look.Theme), Numbers: look.Numbers, Mouse: look.Mouse,
		Restore: remembered.restore, Save: remembered.save,
		Run: func(ctx context.Context, asked ssh.Command) int {
			over := &app{in: asked.In, out: asked.Out, err: asked.Err, serving: c.monitor, columns: asked.Width}
			return over.runOver(ctx, asked, look)
		},
	})
	return func(ctx context.Context) error { return server.Serve(ctx, listener) }, nil
}

// serves refuses a config by which a running server cannot go on: it must not
// look as if other keys were in force.
func (c *collector) serves(cfg *config.Config) error {
	if c.screens == nil {
		return nil
	}
	if cfg.Serve == nil {
		return noServe(cfg)
	}
	before, now := *c.config.Serve, *cfg.Serve
	before.Roles, now.Roles = nil, nil
	if !reflect.DeepEqual(before, now) {
		return fmt.Errorf("%s: serve: only roles can change while it serves: anything else there needs another start", cfg.File)
	}
	return nil
}

// noServe is a config that says nothing of who may log in.
func noServe(cfg *config.Config) error {
	return fmt.Errorf("%s has no serve: section: add one that names authorized_keys, as config.example.yaml shows", cfg.File)
}

// hostKeyPath is the one that the config names, or lies beside the database.
func hostKeyPath(cfg *config.Config) (string, error) {
	if cfg.Serve.HostKey != "" {
		return cfg.Serve.HostKey, nil
	}
	database, err := databasePath(cfg)
	return strings.TrimSuffix(database, filepath.Ext(database)) + ".host-key", err
}

// roleOf is what a person may do.
func roleOf(cfg *config.Config, person string) string {
	return cmp.Or(cfg.Serve.Roles[person], string(ssh.Viewer))
}

// nobodys are the names of roles that no key has.
func nobodys(roles map[string]string, keys *ssh.Keys) []string {
	names := keys.Names()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(roles)), func(name string) bool { return names[name] })
}

// openKeys reads who may log in, and tells what nobody may have meant.
func openKeys(o *config.Serve, log *slog.Logger) (*ssh.Keys, error) {
	keys, err := ssh.OpenKeys(o.AuthorizedKeys, log)
	if err != nil {
		return nil, err
	}
	if len(keys.Names()) == 0 {
		log.Warn("nobody can log in yet", "why", o.AuthorizedKeys+" has no key that can be used")
	}
	for _, name := range nobodys(o.Roles, keys) {
		log.Warn("a role is nobody's", "name", name, "why", "no authorized key has this name behind it")
	}
	return keys, nil
}

// screens are what people's screens are remembered by. No name has an @ in it.
type screens struct {
	config string
	mu     sync.Mutex // one person may have several
}

func (s *screens) restore(person string) ui.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return restoreState(s.config + "@" + person)
}

func (s *screens) save(person string, state ui.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	saveState(s.config+"@"+person, state)
}

// overSSH are the commands that a server runs for a client. They read, and have
// there only the flags that reach no file and no other config: a line here opens
// another command.
var overSSH = []struct {
	command func(*app) *cobra.Command
	flags   []string
}{
	{(*app).report, []string{"range", "format", "campaigns", "unclaimed", "digest"}},
	{(*app).check, []string{"channel", "max-age"}},
}

// runOver runs a command line that came over SSH and returns its exit code.
func (a *app) runOver(ctx context.Context, c ssh.Command, look config.Display) int {
	root := a.rootOver(c, look)
	flagAlone := len(c.Args) == 1 && strings.HasPrefix(c.Args[0], "-")
	if len(c.Args) > 0 && !flagAlone && !slices.ContainsFunc(root.Commands(), func(cmd *cobra.Command) bool { return cmd.Name() == c.Args[0] }) {
		return a.exitCode(ctx, root, usageError{fmt.Errorf("unknown command %q: there is no shell here", c.Args[0])})
	}
	root.SetArgs(append([]string{}, c.Args...)) // without any, cobra would take those of the process
	root.SetIn(c.In)
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	cmd, err := root.ExecuteContextC(ctx)
	return a.exitCode(ctx, cmd, err)
}

// rootOver is the command line as it is over SSH.
func (a *app) rootOver(c ssh.Command, look config.Display) *cobra.Command {
	root := &cobra.Command{
		Use: "adtop", Short: "Print today's table, or with a terminal show the dashboard", Version: version(), Args: noArgs,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.printOnce(cmd.Context(), a.serving) },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetHelpCommand(&cobra.Command{
		Use: "help [command]", Short: "Say what there is", RunE: func(cmd *cobra.Command, args []string) error {
			of, _, err := root.Find(args)
			return errors.Join(err, of.Help())
		},
	})
	root.AddCommand(a.textOver(c, look))
	for _, allowed := range overSSH {
		cmd := allowed.command(a)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !slices.Contains(allowed.flags, f.Name) {
				f.Value, f.Hidden = refusedFlag{f.Value}, true
			}
		})
		root.AddCommand(cmd)
	}
	root.InitDefaultHelpCmd()
	return root
}

// textOver is the text mode, for a screen reader.
func (a *app) textOver(c ssh.Command, look config.Display) *cobra.Command {
	var o textOptions
	cmd := &cobra.Command{
		Use: "text", Short: "Tell what changes in plain sentences; commands are typed, one a line", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			first, err := a.serving.Snapshot(cmd.Context(), snapshot.View{Range: snapshot.Ranges[0]})
			if err != nil {
				return err
			}
			return ui.Live(cmd.Context(), ui.LiveOptions{
				Monitor: c.Monitor, First: first, User: c.Name, Numbers: look.Numbers, Every: o.every, Input: a.in, Output: a.out,
			})
		},
	}
	o.pace(cmd)
	return cmd
}

// refusedFlag is one that cannot be given over SSH.
type refusedFlag struct{ pflag.Value }

func (refusedFlag) Set(string) error { return errors.New("not over SSH") }
