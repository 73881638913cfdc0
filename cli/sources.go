package cli

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"adtop/kpi"
	"adtop/monitor"
	"adtop/sources"
)

const sourcesLong = `Show the source types that adtop knows: what each reads, how exactly and how
late, what a day of polling costs of the platform's quota, and, of the TYPE that
is named, how to get credentials. No platform is asked.
`

//go:generate go test -run TestTheRegistryHasEveryAdapter . -registry

// usualEvery is the wished interval where a config says nothing.
const usualEvery = 5 * time.Minute

// facet is one thing to know of a source type.
type facet struct{ name, value string }

// facets are what the catalogue tells of a type, in the order of the README's
// columns.
func facets(d sources.Definition) []facet {
	return []facet{
		{"reads", d.Summary},
		{"grain", grainOf(d)},
		{"fresh", freshness(d)},
		{"values change for", fmt.Sprintf("%d days", d.Restates)},
		{"calls a day", callsOf(d)},
		{"results are dated", datingOf(d)},
	}
}

func grainOf(d sources.Definition) string {
	if d.Events {
		return "order"
	}
	return d.Grain.String()
}

// freshness says how often there is something new, and how late it is.
func freshness(d sources.Definition) string {
	text := "at once"
	if d.MinInterval > 0 {
		text = "every " + shortSpan(d.MinInterval)
	}
	if d.Lag > 0 {
		text += ", complete after " + shortSpan(d.Lag)
	}
	return text
}

// shortSpan renders whole minutes or hours.
func shortSpan(d time.Duration) string {
	if d%time.Hour == 0 {
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return strconv.Itoa(int(d.Minutes())) + " min"
}

// callsOf sets a day of polling one account, as often as usual or as the
// platform has something new, against the lowest access tier.
func callsOf(d sources.Definition) string {
	if d.Calls == 0 {
		return "none"
	}
	text := strconv.Itoa(monitor.Source{Definition: d, Every: usualEvery}.CallsADay(1))
	if d.DailyCalls > 0 {
		return text + " of " + strconv.Itoa(d.DailyCalls)
	}
	return text + ", not limited by day"
}

func datingOf(d sources.Definition) string {
	if d.Gives&kpi.Conversions == 0 {
		return "—"
	}
	return map[sources.Dating]string{sources.ByClick: "by click", sources.ByEvent: "by event", sources.Mixed: "either way"}[d.Dating]
}

// definitions are those of all types, in their order.
func definitions() (all []sources.Definition) {
	types := registry()
	for _, name := range types.Names() {
		d, err := types.Lookup(name)
		if err != nil {
			panic(err) // it has just been named
		}
		all = append(all, d)
	}
	return all
}

func (a *app) sources() *cobra.Command {
	return &cobra.Command{
		Use: "sources [TYPE]", Short: "Show the source types, or how to connect one", Long: sourcesLong,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("expected one type, got %s", strings.Join(args, " "))}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.printCatalogue()
			}
			d, err := registry().Lookup(args[0])
			if err != nil {
				return usageError{err}
			}
			return a.printType(d)
		},
	}
}

// printCatalogue prints a line for each type.
func (a *app) printCatalogue() error {
	out := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "TYPE\tGRAIN\tFRESH\tCHANGE FOR\tCALLS A DAY\tDATED")
	for _, d := range definitions() {
		fmt.Fprint(out, d.Type)
		for _, f := range facets(d)[1:] {
			fmt.Fprint(out, "\t"+f.value)
		}
		fmt.Fprintln(out)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.out, "\nadtop sources TYPE tells more of one, and how to get credentials.")
	return err
}

// printType prints all that there is to know of one type.
func (a *app) printType(d sources.Definition) error {
	out := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "type\t%s\n", d.Type)
	for _, f := range facets(d) {
		fmt.Fprintf(out, "%s\t%s\n", f.name, f.value)
	}
	if len(d.Breakdowns) > 0 {
		fmt.Fprintf(out, "splits by\t%s\n", strings.Join(d.Breakdowns, ", "))
	}
	fmt.Fprintf(out, "platform's pages\t%s\n", d.Docs)
	if err := out.Flush(); err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString("\nCredentials:\n")
	for i, step := range d.Credentials {
		fmt.Fprintf(&text, "%2d. %s\n", i+1, step)
	}
	_, err := fmt.Fprint(a.out, text.String())
	return err
}
