package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"adtop/ui"
)

const manLong = `Print the manual page of adtop, for man(1): all commands and flags, the keys of the screens, files, environment and exit codes.`

func (a *app) man() *cobra.Command {
	return &cobra.Command{
		Use: "man", Short: "Print the manual page", Long: manLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(a.out, manPage(cmd.Root()))
			return err
		},
	}
}

// described is an entry of a list of the manual page.
type described struct{ name, does string }

// files are those that adtop reads and writes by itself.
var files = []described{
	{"~/.config/adtop/config.yaml", "the config, unless --config names another; on macOS in ~/Library/Application Support/adtop"},
	{"~/.local/share/adtop/CONFIG.db", "the database of a config, unless database: names another; CONFIG is the name of the config's file. Beside it lie -wal and -shm of SQLite while it is open, and the .lock of the one who collects"},
	{"~/.local/share/adtop/CONFIG.screen.json", "what the screens remember: range, columns, order, filter, figure of the chart"},
	{"~/.local/share/adtop/CONFIG@NAME.screen.json", "the same of a colleague's screens over SSH"},
	{"~/.local/share/adtop/CONFIG.host-key", "the key of 'adtop serve', beside the database, unless serve.host_key names another"},
	{"~/.local/share/adtop/demo-SEED.db", "the demo's world"},
}

// environment is what adtop reads of it, besides the names that a config gives
// with env:.
var environment = []described{
	{"XDG_CONFIG_HOME", "stands for ~/.config"},
	{"XDG_DATA_HOME", "stands for ~/.local/share, where the database is"},
	{"TERM", "what the terminal can do; with dumb, changes are told in sentences as by --text"},
	{"COLORTERM", "with truecolor, more colours than TERM tells of"},
	{"NO_COLOR", "when set, no colour is used; --color always uses them all the same"},
	{"SSH_TTY, SSH_CONNECTION", "that the terminal is at the other end of a line: pages are shown as links instead of opened here"},
	{"TMUX", "that text is copied through tmux"},
	{"DISPLAY, WAYLAND_DISPLAY", "that there is a browser to open pages in"},
	{"NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID", "where and how often collect tells systemd that it is ready and alive"},
	{"JOURNAL_STREAM", "that the log goes to the journal, which keeps time and priority of a line itself"},
	{"TERM_PROGRAM, LC_TERMINAL, WT_SESSION, ConEmuANSI", "terminals that show a bar of progress, or announcements on the desktop"},
}

// exitCodes are those of the program.
var exitCodes = []struct {
	code int
	when string
}{
	{exitOK, "all is well; also after quitting and after SIGINT, SIGTERM or SIGHUP, which has collect read its config again instead"},
	{exitError, "an error, told on stderr in one message; backtest: a rule raised more false alarms than --budget allows; rules test: a test failed; notify test: a message did not arrive; check: 1 to 3 say what it found, see there"},
	{exitUsage, "wrong usage: an unknown command, flag or value"},
}

// manPage renders the manual page of a command and all below it. It names no
// date, so that the same program prints the same page.
func manPage(root *cobra.Command) string {
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	p := &page{}
	p.line("ADTOP 1 \"\" \"adtop " + root.Version + "\" \"User commands\"")
	p.line("=====")
	p.section("NAME", root.Name()+" - "+escaped(lowered(root.Short)))
	p.section("SYNOPSIS", "**"+root.Name()+"** [*flags*]", "**"+root.Name()+"** *command* [*flags*]")
	p.section("DESCRIPTION", paragraphs(dashboardLong)...)
	p.section("OPTIONS")
	p.flags(root)
	p.section("COMMANDS", escaped("--help, --log, --theme and --color work with every command."))
	p.commands(root)
	p.section("KEYS", "Keys work on every screen unless others are named.")
	for _, group := range ui.Keys() {
		p.line("### " + group.Name + "\n")
		for _, key := range group.Keys {
			does := key.Does
			if key.Where != "everywhere" {
				does += " (" + key.Where + ")"
			}
			p.entry("**"+escaped(key.Label)+"**", does)
		}
	}
	p.section("TYPED COMMANDS", escaped("With --text, or on a terminal with TERM=dumb, commands are typed, one a line."))
	for _, c := range ui.TypedCommands() {
		p.entry("**"+escaped(c[0])+"**", c[1])
	}
	p.section("FILES")
	p.list(files)
	p.section("ENVIRONMENT")
	p.list(environment)
	p.section("EXIT STATUS")
	for _, e := range exitCodes {
		p.entry(fmt.Sprintf("**%d**", e.code), e.when)
	}
	return typedHyphens(string(md2man.Render([]byte(p.text.String()))))
}

// typedHyphens keeps the hyphens of text as they are typed: roff may print a
// bare one as another character, which nobody finds or can copy.
func typedHyphens(roff string) string {
	lines := strings.Split(roff, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, ".") {
			lines[i] = strings.ReplaceAll(strings.ReplaceAll(line, `\-`, "-"), "-", `\-`)
		}
	}
	return strings.Join(lines, "\n")
}

// page is the manual page as Markdown.
type page struct{ text strings.Builder }

func (p *page) line(text string) { p.text.WriteString(text + "\n") }

// section begins one; its paragraphs are Markdown already.
func (p *page) section(title string, paragraphs ...string) {
	p.line("\n# " + title + "\n\n" + strings.Join(paragraphs, "\n\n") + "\n")
}

// entry is a name, which is Markdown already, and what it does.
func (p *page) entry(name, does string) { p.line(name + "\n: " + escaped(does) + "\n") }

func (p *page) list(all []described) {
	for _, d := range all {
		p.entry("**"+escaped(d.name)+"**", d.does)
	}
}

// flags lists the flags that a command has of its own.
func (p *page) flags(cmd *cobra.Command) {
	cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" && cmd.HasParent() {
			return
		}
		value, does := pflag.UnquoteUsage(f)
		name := "**" + escaped("--"+f.Name) + "**"
		if f.Shorthand != "" {
			name = "**" + escaped("-"+f.Shorthand) + "**, " + name
		}
		if value != "" {
			name += " *" + escaped(value) + "*"
		}
		switch f.DefValue {
		case "", "false", "0", "0s", "[]":
		default:
			if !strings.Contains(does, "default") {
				does += " (default " + f.DefValue + ")"
			}
		}
		p.entry(name, does)
	})
}

// commands describes what is below a command, each with all its flags.
func (p *page) commands(parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if !cmd.IsAvailableCommand() && cmd.Name() != "help" {
			continue
		}
		p.line("### " + escaped(cmd.UseLine()) + "\n")
		text := cmd.Long
		if text == "" || cmd.Name() == "help" || strings.Contains(cmd.CommandPath(), " completion") {
			text = cmd.Short
		}
		p.line(strings.Join(paragraphs(text), "\n\n") + "\n")
		p.flags(cmd)
		p.commands(cmd)
	}
}

// paragraphs splits text into those of Markdown. One whose lines are aligned
// with spaces stays as it is written.
func paragraphs(text string) []string {
	all := strings.Split(strings.Trim(text, "\n"), "\n\n")
	for i, paragraph := range all {
		if strings.Contains(paragraph, "\n ") || strings.Contains(paragraph, "   ") {
			all[i] = "    " + strings.ReplaceAll(paragraph, "\n", "\n    ")
			continue
		}
		all[i] = escaped(paragraph)
	}
	return all
}

// escaped makes text stand in Markdown as it is.
func escaped(text string) string {
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]()#+-.!:|&<>~", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

func lowered(text string) string { return strings.ToLower(text[:1]) + text[1:] }
