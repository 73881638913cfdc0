// Command adtop is a terminal dashboard for live campaign monitoring.
package main

import (
	"os"
	_ "time/tzdata" // accounts live in zones that the machine may not know

	"adtop/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
