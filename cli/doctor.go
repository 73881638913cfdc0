package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"adtop/config"
	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

const doctorLong = `Check the database and say in words how it is: whether the file is whole, how
large it is, who collects into it, when every source last answered and how
exactly the past is known. Then check what leads outside, as far as the config
has it: whether every target of notifications has its options and secrets and what
arrived there, the token of feeds, and who may log in over SSH, as whom. It asks no
API and sends nothing.

With --rebuild it also adds up all sums anew from the observations and says how
many of them differed. No other process may collect meanwhile.`

// errUnwell ends a command whose findings have been printed already.
var errUnwell = errors.New("something is wrong: see above")

func (a *app) doctor() *cobra.Command {
	var path string
	var rebuild bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check the database, and who is told and let in", Long: doctorLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, database, err := databaseOf(path)
			if err != nil {
				return err
			}
			cache, err := store.Open(cmd.Context(), database, store.Options{ReadOnly: !rebuild})
			if err != nil {
				return err
			}
			defer cache.Close()
			e := &examination{app: a, cache: cache, now: time.Now(), zone: cfg.Zone}
			if rebuild {
				if err := e.rebuild(cmd.Context()); err != nil {
					return unfinished(err)
				}
			}
			if err := e.run(cmd.Context(), database, cfg); err != nil {
				return unfinished(err)
			}
			if e.unwell {
				return errUnwell
			}
			return nil
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "add up all sums anew and say how many differed")
	return cmd
}

// examination prints what it finds and remembers whether any of it is wrong.
type examination struct {
	*app
	cache  *store.SQLite
	now    time.Time
	zone   *time.Location
	unwell bool

	collector string // "" where nobody collects
}

// say prints one finding; with a next step, it is wrong.
func (e *examination) say(about, finding, next string) {
	mark := "ok"
	if next != "" {
		mark, finding, e.unwell = "!!", finding+". "+next, true
	}
	fmt.Fprintf(e.out, "%s  %-11s  %s\n", mark, about, finding)
}

func (e *examination) run(ctx context.Context, path string, cfg *config.Config) error {
	c, err := e.cache.Examine(ctx)
	if err != nil {
		return err
	}
	e.say("database", fmt.Sprintf("%s, version %d, %s, of which %s are free", path, c.Version, size(c.Bytes), size(c.Free)), "")
	if len(c.Problems) == 0 {
		e.say("integrity", "the file is whole", "")
	} else {
		e.say("integrity", fmt.Sprintf("the file is damaged, first: %s", sources.Clean(c.Problems[0])), "Restore a backup, or export what is readable and import it into a new database")
	}
	sums := "all are made"
	if c.Unsummed > 0 {
		sums = fmt.Sprintf("those of %d days wait for the next collector; until then their figures are added up when asked for", c.Unsummed)
	}
	e.say("sums", sums, "")
	if err := e.lease(); err != nil {
		return err
	}
	e.past(c.Past)
	if err := e.sources(ctx, cfg); err != nil {
		return err
	}
	return e.reach(ctx, cfg)
}

func (e *examination) lease() error {
	holder, err := e.cache.Holder()
	if err != nil {
		return err
	}
	if e.collector = holder; holder == "" {
		holder = "nobody: figures get no newer until a dashboard or 'adtop collect' runs"
	}
	e.say("collecting", holder, "")
	return nil
}

// sources tells of every source of the config when it last answered.
func (e *examination) sources(ctx context.Context, cfg *config.Config) error {
	healths, err := e.cache.Health(ctx, e.now)
	if err != nil {
		return err
	}
	types := registry()
	for _, s := range cfg.Sources {
		if d, err := types.Lookup(s.Type); err == nil && d.RatesOnly() {
			if err := e.rates(ctx, s.Name, cfg); err != nil {
				return err
			}
			continue
		}
		polled := false
		for _, h := range healths {
			if h.Last.Source == s.Name {
				polled = true
				e.source(s.Name, h)
			}
		}
		if !polled {
			e.say("source", s.Name+" was never asked", "Start adtop, or 'adtop collect --once'")
		}
	}
	return nil
}

// rates tells how new the exchange rates of a source are.
func (e *examination) rates(ctx context.Context, source string, cfg *config.Config) error {
	stored, err := e.cache.Rates(ctx, e.now)
	if err != nil {
		return err
	}
	newest, currencies := kpi.Date(0), map[kpi.Currency]bool{}
	for _, r := range stored {
		if r.Origin == source && r.To == cfg.Currency {
			newest, currencies[r.From] = max(newest, r.Date), true
		}
	}
	if newest == 0 {
		e.say("rates", source+" has no rates stored: no account has foreign money that it publishes, or it was never asked", "")
		return nil
	}
	e.say("rates", fmt.Sprintf("%s has those of %d currencies, the newest of %s", source, len(currencies), newest), "")
	return nil
}

func (e *examination) source(name string, h store.Health) {
	if h.Last.Account != "" {
		name += " " + h.Last.Account
	}
	good := "has never answered"
	if !h.Good.At.IsZero() {
		good = fmt.Sprintf("answered %s, complete through %s", e.date(h.Good.At), e.date(h.Good.CompleteThrough))
	}
	next := ""
	if h.Last.Kind != 0 {
		good = fmt.Sprintf("%s; %s: %s (%s)", good, e.date(h.Last.At), h.Last.Kind, h.Last.Message)
		if next = h.Last.Next; next == "" {
			next = "Start adtop and look under Sources (3)"
		}
	}
	e.say("source", name+" "+good, next)
}

// past says how exactly the history is known.
func (e *examination) past(resolutions []store.Resolution) {
	known, end := "every observation is kept", ""
	for _, r := range resolutions {
		if r.Width == 0 {
			end = fmt.Sprintf("; before %s only the totals of days", e.date(r.Until))
		} else {
			known += fmt.Sprintf("; before %s what was known every %.0f h", e.date(r.Until), r.Width.Hours())
		}
	}
	e.say("past", known+end, "")
}

// rebuild makes all sums anew, under the lease.
func (e *examination) rebuild(ctx context.Context) (err error) {
	lease, err := e.cache.Lease(e.now)
	if errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("sums can't be rebuilt while they change: end the other adtop first: %w", err)
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Release()) }()
	changed, err := e.cache.Rebuild(ctx, e.progress("adding up day"))
	if err != nil {
		return err
	}
	if changed == 0 {
		e.say("rebuild", "no sum differed", "")
	} else {
		e.say("rebuild", fmt.Sprintf("%d sums differed and are right now", changed), "Please report it, with your version of adtop")
	}
	return nil
}

// progress draws one line on stderr where that is a terminal.
func (a *app) progress(doing string) func(done, total int) {
	screen, ok := a.err.(*os.File)
	if !ok || !term.IsTerminal(screen.Fd()) {
		return nil
	}
	return func(done, total int) {
		fmt.Fprintf(screen, "\r%s %d of %d\x1b[K", doing, done+1, total)
		if done+1 >= total {
			fmt.Fprint(screen, "\r\x1b[K")
		}
	}
}

func (e *examination) date(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.In(e.zone).Format("2006-01-02 15:04")
}

// size renders a size for people.
func size(n int64) string {
	for _, unit := range []string{"B", "kB", "MB"} {
		if n < 1000 {
			return fmt.Sprintf("%d %s", n, unit)
		}
		n = (n + 500) / 1000
	}
	return fmt.Sprintf("%d GB", n)
}
