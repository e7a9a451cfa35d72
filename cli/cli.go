// Package cli is the manor command: a whole program around an app, with the
// domains of your choice.
//
//	func main() { cli.Main(products.Domain) }
//
// It is configured by flags, by MANOR_* variables of the environment, and by
// defaults, in this order; manor serve --help lists them all.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/domain"
)

// Version is the version of the command.
const Version = "0.1.0"

// The exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // called or configured wrongly; nothing was done
)

// Main runs the command with the arguments, the environment and the files of
// this process, and exits: with 0 if it is done, 1 if it failed, and 2 if it
// was called or configured wrongly. The first interrupt lets it finish what it
// holds, a second one does not.
func Main(domains ...domain.Func) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(Run(ctx, Process{
		Args: os.Args, Env: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}, domains...))
}

// A Process is what a command gets from whoever starts it. Stdin may be nil if
// the command reads nothing; Args and the writers are required.
type Process struct {
	Args   []string // as os.Args, the program first
	Env    []string // as os.Environ; the last of several values counts
	Stdin  io.Reader
	Stdout io.Writer // what was asked for
	Stderr io.Writer // prompts, errors and the log
}

// Run runs one command until it is done or ctx ends, and returns the exit code.
// It keeps nothing: many may run at once.
func Run(ctx context.Context, process Process, domains ...domain.Func) int {
	p := &program{Process: process, domains: domains, name: "manor", env: map[string]string{}}
	if len(p.Args) > 0 {
		p.name = strings.TrimSuffix(filepath.Base(p.Args[0]), ".exe")
	}
	for _, pair := range p.Env {
		if name, value, ok := strings.Cut(pair, "="); ok {
			p.env[name] = value
		}
	}
	root := p.root()
	root.SetArgs(relative(p.Args[min(1, len(p.Args)):]))
	return p.exit(root.ExecuteContext(ctx))
}

// A program is one run of the command.
type program struct {
	Process
	domains []domain.Func
	name    string // what the program is called where it runs
	env     map[string]string
	flags   map[string]*string // values of settings, by the name of the flag
	given   func(flag string) bool
	entered bool // the command line made sense
	cache   int  // KiB of a database in a file that its writer keeps; 0 means the usual

	all       []setting
	databases []string // beside main, that domains ask for
}

// root returns the command with all others below it.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           p.name,
		Short:         "Accounts, keys and domains: the server and its tools",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       Version,
		Args:          cobra.NoArgs,
		RunE:          help,
	}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	p.addSettings(root)
	root.AddCommand(
		p.serveCommand(), p.databaseCommand(), p.usersCommand(), p.sessionsCommand(), p.keysCommand(), p.rolesCommand(), p.membershipsCommand(),
		p.groupsCommand(), p.importCommand(), p.passwordsCommand(), p.mailCommand(), p.limitsCommand(), p.auditCommand(),
		p.secretsCommand(),
		p.openapiCommand(), p.routesCommand(), p.doctorCommand(), p.versionCommand(),
	)
	return root
}

// group returns a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: help}
	c.AddCommand(commands...)
	return c
}

func help(c *cobra.Command, _ []string) error { return c.Help() }

// does makes a command of fn. What fails before fn is called is wrong usage.
func (p *program) does(fn func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		p.entered = true
		return fn(acting(c.Context(), c), args)
	}
}
