// Command bench compares Manor with what one would write by hand and with other
// libraries, doing the same work on the same tables.
//
//	go run . -db sqlite -only get,list
//
// All contestants take turns within one run, so a busy machine slows all of
// them down. It exits with 1 if a goal was missed.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
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
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		err = serve(context.WithoutCancel(ctx), os.Args[2:], os.Stdin, os.Stdout)
	} else {
		missed, err = run(ctx, os.Args[1:])
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
	databases []string
	works     []string // through data layers
	deep      []string // likewise, on a large table
	crowd     bool     // many who write at the same time
	routes    []route  // over HTTP
	with      []string // contestants; nil means all
	by        func(sample) float64
	python    string // with what peers needs, or ""
	server    string // PostgreSQL's URL, or ""
	dir       string
	profile   string
}

func parse(args []string) (c course, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	known := slices.Concat(works, []string{"crowd"}, deepWorks)
	for _, r := range routes {
		known = append(known, r.name)
	}
	db := flags.String("db", "both", "sqlite, postgres or both")
	only := flags.String("only", strings.Join(known, ","), "kinds of work")
	with := flags.String("with", "", "contestants, as bare,manor; all if empty")
	by := flags.String("by", "cpu", "what the verdicts go by: cpu or time")
	flags.IntVar(&c.heats, "heats", 5, "how often everybody starts anew")
	flags.IntVar(&c.rounds, "rounds", 3, "how often everybody has a turn in each heat")
	flags.DurationVar(&c.slot, "slot", 100*time.Millisecond, "how long a turn takes")
	flags.StringVar(&c.server, "postgres", "", "URL of a PostgreSQL server whose role may create databases; a private one is started if empty")
	flags.StringVar(&c.python, "peers", "", "Python for the program in the folder peers, which takes part then; see peers/setup.sh")
	flags.StringVar(&c.dir, "dir", "", "folder for the SQLite files; that for temporary files if empty")
	flags.StringVar(&c.profile, "profile", "", "file for a profile of the processor time; servers add their kind to its name")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if c.databases = []string{*db}; *db == "both" {
		c.databases = []string{"sqlite", "postgres"}
	}
	if *with != "" {
		c.with = strings.Split(*with, ",")
	}
	c.by = cpu
	if *by == "time" {
		c.by = wall
	}
	for name := range strings.SplitSeq(*only, ",") {
		before := len(c.routes) + len(c.works) + len(c.deep)
		called := func(work string) bool { return work == name || strings.HasPrefix(work, name+"-") }
		for _, r := range routes {
			if called(r.name) {
				c.routes = append(c.routes, r)
			}
		}
		for _, work := range works {
			if called(work) {
				c.works = append(c.works, work)
			}
		}
		for _, work := range deepWorks {
			if called(work) {
				c.deep = append(c.deep, work)
			}
		}
		if name == "crowd" {
			c.crowd = true
		} else if len(c.routes)+len(c.works)+len(c.deep) == before {
			return c, fmt.Errorf("no kind of work is called %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return c, nil
}

func run(ctx context.Context, args []string) (missed int, err error) {
	c, err := parse(args)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp(c.dir, "manor-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, db := range c.databases {
		j := &judge{out: new(bytes.Buffer), by: c.by}
		if err := c.onDatabase(ctx, db, dir, j); err != nil {
			return missed, fmt.Errorf("%s: %w", db, err)
		}
		fmt.Printf("%s\n", j.out)
		missed += j.missed
	}
	return missed, nil
}

// onDatabase measures on one kind of database.
func (c course) onDatabase(ctx context.Context, db, dir string, j *judge) error {
	at := func(name string) (string, func(), error) { return filepath.Join(dir, name+".db"), func() {}, nil }
	open := openSQLite
	if db == "postgres" {
		at = func(string) (string, func(), error) { return throwAway(c.server) }
		open = openPostgres
	}
	for _, part := range []struct {
		name  string
		size  int
		works []string
		crowd bool
	}{{"products", size, c.works, c.crowd && db == "sqlite"}, {"deep", deepSize, c.deep, false}} {
		if len(part.works) == 0 && !part.crowd {
			continue
		}
		fmt.Printf("%s, %d rows, medians of %d × %d turns of %v\n\n", db, part.size, c.heats, c.rounds, c.slot)
		where, drop, err := at(part.name)
		if err != nil {
			return err
		}
		defer drop()
		c.works, c.crowd = part.works, part.crowd
		also := func(results []result) error { return nil }
		if c.python != "" && len(peerWorks(part.works)) > 0 {
			also = func(results []result) error {
				where, drop, err := at("peers")
				if err != nil {
					return err
				}
				defer drop()
				return c.peers(ctx, db, where, dir, results)
			}
		}
		if err := c.data(ctx, db, open, where, dir, part.size, also, j); err != nil {
			return err
		}
	}
	if len(c.routes) == 0 {
		return nil
	}
	where, drop, err := at("site")
	if err != nil {
		return err
	}
	defer drop()
	return c.http(ctx, db, where, dir, j)
}

// data measures data layers on a table of n rows.
func (c course) data(ctx context.Context, db string, open func(context.Context, string, int) (field, error), at, dir string, n int, also func([]result) error, j *judge) (err error) {
	f, err := open(ctx, at, n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	stop, err := profile(c.profile)
	if err != nil {
		return err
	}
	defer stop()
	if len(c.works) > 0 {
		out, order, err := f.measure(ctx, c.works, c.with, c.plan)
		if err != nil {
			return err
		}
		if err := also(out); err != nil {
			return err
		}
		if err := j.report(out, db, append(order, peerName)); err != nil {
			return err
		}
		j.compare(out, db)
	}
	if slices.Contains(c.works, "stream") {
		if err := f.streamMemory(ctx, db, c.with, streamed, j); err != nil {
			return err
		}
	}
	if c.crowd {
		return f.crowd(ctx, c.with, c.heats, dir, j)
	}
	return nil
}

// http measures servers.
func (c course) http(ctx context.Context, db, at, dir string, j *judge) error {
	s, err := build(ctx, db, at, dir)
	if err != nil {
		return err
	}
	s.profile = c.profile
	out, err := overHTTP(ctx, s, c.routes, c.plan)
	if err != nil {
		return err
	}
	fmt.Printf("over HTTP, %d connections: processor time of the server for a request\n\n", connections)
	return j.report(out, db+" http", servers)
}

// report prints a table and notes the verdicts for later.
func (j *judge) report(results []result, on string, order []string) error {
	table := newTable(os.Stdout)
	fmt.Fprintln(table, heading)
	for _, r := range results {
		r.print(table, order)
		j.judge(r, on, order)
	}
	fmt.Fprintln(table)
	return table.Flush()
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
