package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// run measures all that is asked for. What fails is told and left out; what was
// measured until somebody interrupts is told, too.
func run(ctx context.Context, args []string, out io.Writer) (missed int, err error) {
	c, err := parse(args)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp(c.dir, "manor-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stop, err := profile(c.profile)
	if err != nil {
		return 0, err
	}
	defer stop()
	c.dir = dir
	j := &judge{out: out, by: c.by, silent: c.short}
	if c.short {
		fmt.Fprint(out, "This tells whether everybody can do the work, not how fast.\n\n")
	}
	began := time.Now()
	for _, db := range c.databases {
		c.onDatabase(ctx, db, j)
	}
	j.conclude(fmt.Sprintf("%d × %d turns of %v; it took %v", c.heats, c.rounds, c.slot, time.Since(began).Round(time.Second)))
	if ctx.Err() != nil {
		return j.missed(), errors.New("interrupted")
	}
	if len(j.failures) > 0 {
		return j.missed(), fmt.Errorf("%d failed", len(j.failures))
	}
	return j.missed(), nil
}

// onDatabase measures on one kind of database.
func (c course) onDatabase(ctx context.Context, db string, j *judge) {
	part := func(name string, wanted bool, do func(at string) error) {
		if !wanted || ctx.Err() != nil {
			return
		}
		at, drop, err := c.place(db, name)
		if err == nil {
			defer drop()
			err = do(at)
		}
		if err != nil && ctx.Err() == nil {
			j.fail(db+" "+name, err)
		}
	}
	part("products", len(c.works) > 0 || c.crowd && db == "sqlite", func(at string) error {
		return c.data(ctx, db, at, c.products, c.works, c.crowd && db == "sqlite", j)
	})
	part("deep", len(c.deepWorks) > 0, func(at string) error { return c.data(ctx, db, at, c.deep, c.deepWorks, false, j) })
	part("file", c.bigFile, func(at string) error { return c.files(ctx, db, at, j) })
	part("site", len(c.routes) > 0, func(at string) error { return c.http(ctx, db, at, j) })
}

// place returns where an empty database may be, and what removes it.
func (c course) place(db, name string) (at string, drop func(), err error) {
	if db == "postgres" {
		return throwAway(c.server)
	}
	at = filepath.Join(c.dir, name+".db")
	return at, func() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(at + suffix) // the folder goes in the end
		}
	}, nil
}

// data measures data layers on a table of n rows.
func (c course) data(ctx context.Context, db, at string, n int, works []string, crowd bool, j *judge) (err error) {
	open := openSQLite
	if db == "postgres" {
		open = openPostgres
	}
	f, err := open(ctx, at, n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	f.entries = slices.DeleteFunc(f.entries, func(e entry) bool { return !c.takesPart(e.name) })
	var measured []result
	if len(works) > 0 && len(f.entries) > 0 {
		fmt.Fprintf(j.out, "%s, %d rows, medians of %d × %d turns of %v\n\n", db, n, c.heats, c.rounds, c.slot)
		j.heading()
	}
	for _, some := range families(works) {
		out, err := f.measure(ctx, some, n, c.plan)
		if err != nil {
			return err
		}
		j.report(out, db, contestants)
		j.compare(out, db)
		measured = append(measured, out...)
	}
	if slices.Contains(works, "stream") {
		f.streamMemory(ctx, db, min(streamed, n), j)
	}
	if crowd && len(f.entries) > 0 {
		if err := f.crowd(ctx, c.plan, c.writes, c.dir, j); err != nil {
			j.fail(db+" crowd", err)
		}
	}
	if c.python != "" && c.takesPart(peerName) && ctx.Err() == nil {
		if err := c.peers(ctx, db, n, measured, j); err != nil {
			j.fail(db+" "+peerName, err)
		}
	}
	return ctx.Err()
}

// families groups works that are compared with each other, which is what those
// are that share the beginning of their names: they are measured in the same
// heats, all else as it comes.
func families(works []string) (out [][]string) {
	last := ""
	for _, work := range works {
		family, _, _ := strings.Cut(work, "-")
		if family != last {
			out = append(out, nil)
		}
		last = family
		out[len(out)-1] = append(out[len(out)-1], work)
	}
	return out
}
