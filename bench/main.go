// Command bench compares Manor with what one would write by hand and with other
// libraries, doing the same work on the same tables.
//
//	go run . -db sqlite -only get,list
//
// All contestants take turns within one run, so a busy machine slows all of
// them down. It exits with 1 if a goal was missed, and with 2 if somebody could
// not do the work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	missed := 0
	switch {
	case len(os.Args) > 1 && os.Args[1] == "serve":
		err = serve(context.WithoutCancel(ctx), os.Args[2:], os.Stdin, os.Stdout)
	case len(os.Args) > 1 && os.Args[1] == "file":
		err = fileTurn(ctx, os.Args[2:], os.Stdout)
	default:
		missed, err = run(ctx, os.Args[1:], os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if missed > 0 {
		os.Exit(1)
	}
}

// A course is what is to be measured.
type course struct {
	plan
	sizes
	databases []string
	works     []string // through data layers
	deepWorks []string // likewise, on a large table
	crowd     bool     // many who write at the same time
	bigFile   bool     // put and got
	routes    []route  // over HTTP
	with      []string // contestants; nil means all
	by        func(sample) float64
	short     bool   // whether all works, not how fast
	python    string // with what peers needs, or ""
	server    string // PostgreSQL's URL, or ""
	dir       string
	profile   string
}

// sizes say how much there is to work on.
type sizes struct {
	products, deep int   // rows in the table that most works are done on, and in that of the deep ones
	people         int   // of the site, which has as many products
	file           int64 // bytes
	writes         int   // of each of those who write at the same time
}

var (
	fullSizes  = sizes{products: 200_000, deep: 1_000_100, people: 100_000, file: 1 << 30, writes: 40}
	shortSizes = sizes{products: 2_000, deep: 5_000, people: 1_000, file: 8 << 20, writes: 2}
)

func parse(args []string) (c course, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	known := slices.Concat(works, []string{"crowd"}, deepWorks, []string{"file"})
	for _, r := range routes {
		known = append(known, r.name)
	}
	db := flags.String("db", "both", "sqlite, postgres or both")
	only := flags.String("only", strings.Join(known, ","), "kinds of work")
	with := flags.String("with", "", "contestants, as bare,manor; all if empty. Over HTTP bare is hand")
	by := flags.String("by", "cpu", "what the verdicts go by: cpu or time")
	flags.IntVar(&c.heats, "heats", 5, "how often everybody starts anew")
	flags.IntVar(&c.rounds, "rounds", 3, "how often everybody has a turn in each heat")
	flags.DurationVar(&c.slot, "slot", 100*time.Millisecond, "how long a turn takes")
	flags.BoolVar(&c.short, "short", false, "small tables and one turn of a few runs each: whether everybody can do the work. No goals, so no exit with 1")
	flags.StringVar(&c.server, "postgres", "", "URL of a PostgreSQL server whose role may create databases; a private one is started if empty")
	flags.StringVar(&c.python, "peers", "", "Python for the programs in the folder peers, which take part then; see peers/setup.sh")
	flags.StringVar(&c.dir, "dir", "", "folder for the SQLite files; that for temporary files if empty")
	flags.StringVar(&c.profile, "profile", "", "file for a profile of the processor time; servers add their kind to its name")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	c.sizes = fullSizes
	if c.short {
		c.sizes, c.plan = shortSizes, plan{heats: 1, rounds: 1, slot: time.Millisecond, hurry: true}
	}
	if c.heats < 1 || c.rounds < 1 || c.slot <= 0 {
		return c, errors.New("heats, rounds and slot must be positive")
	}
	if c.databases = []string{*db}; *db == "both" {
		c.databases = []string{"sqlite", "postgres"}
	} else if *db != "sqlite" && *db != "postgres" {
		return c, fmt.Errorf("no database is called %q", *db)
	}
	if *with != "" {
		c.with = strings.Split(*with, ",")
	}
	for _, name := range c.with {
		if !slices.Contains(contestants, name) && !slices.Contains(servers, name) {
			return c, fmt.Errorf("nobody is called %q; there are %s, and over HTTP %s", name, strings.Join(contestants, ", "), strings.Join(servers, ", "))
		}
	}
	switch *by {
	case "cpu":
		c.by = cpu
	case "time":
		c.by = wall
	default:
		return c, fmt.Errorf("verdicts go by cpu or time, not by %q", *by)
	}
	return c, c.choose(strings.Split(*only, ","), known)
}

// choose notes the kinds of work that are wanted. upsert means all that begin
// so.
func (c *course) choose(wanted, known []string) error {
	called := func(work string) bool {
		return slices.ContainsFunc(wanted, func(name string) bool { return work == name || strings.HasPrefix(work, name+"-") })
	}
	for _, name := range wanted {
		if !slices.ContainsFunc(known, func(work string) bool { return work == name || strings.HasPrefix(work, name+"-") }) {
			return fmt.Errorf("no kind of work is called %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	pick := func(all []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(work string) bool { return !called(work) })
	}
	c.works, c.deepWorks, c.crowd, c.bigFile = pick(works), pick(deepWorks), called("crowd"), called("file")
	c.routes = slices.DeleteFunc(slices.Clone(routes), func(r route) bool { return !called(r.name) })
	return nil
}

// takesPart reports whether a contestant is wanted. Over HTTP what is written
// by hand has another name, and Manor has a second server.
func (c course) takesPart(name string) bool {
	as := map[string]string{"hand": "bare", "manor+log": "manor"}[name]
	return c.with == nil || slices.Contains(c.with, name) || as != "" && slices.Contains(c.with, as)
}

// profile begins to write a profile of the processor time, if a file is named.
func profile(name string) (stop func(), err error) {
	if name == "" {
		return func() {}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}, nil
}
