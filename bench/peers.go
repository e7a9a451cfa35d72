package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// peerName is who does the work in another language: the programs in peers.
const peerName = "alchemy"

// peers has the program in the folder peers do the works that it can on the same
// rows in a database of its own, and adds what they cost to results. It runs
// after the others and not in turns with them.
func (c course) peers(ctx context.Context, db string, n int, results []result, j *judge) error {
	results = slices.DeleteFunc(slices.Clone(results), func(r result) bool { return !slices.Contains(works, r.work) })
	if len(results) == 0 {
		return nil
	}
	where, drop, err := c.place(db, "peer")
	if err != nil {
		return err
	}
	defer drop()
	address, err := c.fillPeer(ctx, db, where, n)
	if err != nil {
		return err
	}
	args := []string{address, filepath.Join(c.dir, "peers"), strconv.FormatFloat(5*c.slot.Seconds(), 'f', -1, 64), strconv.Itoa(c.rounds)}
	for _, r := range results {
		args = append(args, r.work)
	}
	fmt.Fprintln(j.out)
	// Each work is a line, so that one that takes the program down costs no other.
	told := make(map[string]bool)
	out, failed := c.runPython(ctx, "measure.py", args...)
	for line := range bytes.Lines(out) {
		var got struct {
			Work  string
			Turns []struct{ Wall, CPU float64 }
			Error string
		}
		if err := json.Unmarshal(line, &got); err != nil {
			return errors.Join(err, failed)
		}
		told[got.Work] = true
		for _, r := range results {
			if r.work != got.Work {
				continue
			}
			if got.Error != "" {
				r.fail(peerName, errors.New(got.Error))
				j.fail(db+" "+r.work+": "+peerName, r.failed[peerName])
			}
			for _, s := range got.Turns {
				r.add(peerName, sample{heat: alone, wall: s.Wall, cpu: s.CPU})
			}
			j.line(r, peerName, contestants)
			j.cheaper(r, db, peerName)
		}
	}
	for _, r := range results {
		if failed == nil && !told[r.work] {
			failed = errors.New("it ended before its time")
		}
		if !told[r.work] {
			r.fail(peerName, failed)
		}
	}
	return failed
}

// cleanPython keeps Python from leaving files beside the programs.
const cleanPython = "PYTHONDONTWRITEBYTECODE=1"

// runPython runs a program of the folder peers and returns what it prints.
func (c course) runPython(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.python, append([]string{filepath.Join("peers", program)}, args...)...)
	cmd.Stderr, cmd.Env = os.Stderr, append(os.Environ(), cleanPython)
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w", program, err)
	}
	return out, err
}

// fillPeer makes a database of the peer with n products and returns its URL. It
// runs statements when the rows are there.
func (c course) fillPeer(ctx context.Context, db, at string, n int, statements ...string) (string, error) {
	rows := filepath.Join(c.dir, "peers")
	if err := writeRows(rows, n); err != nil {
		return "", err
	}
	address, err := peerURL(db, at)
	if err != nil {
		return "", err
	}
	_, err = c.runPython(ctx, "rows.py", append([]string{address, rows}, statements...)...)
	return address, err
}

// peerURL names a database as SQLAlchemy does.
func peerURL(db, at string) (string, error) {
	if db == "sqlite" {
		return "sqlite+aiosqlite:///" + at, nil
	}
	config, err := pgx.ParseConfig(at)
	if err != nil {
		return "", err
	}
	// A host may be a folder with a socket, which only fits into the query.
	q := url.Values{"host": {config.Host}, "port": {strconv.Itoa(int(config.Port))}, "user": {config.User}}
	if config.Password != "" {
		q.Set("password", config.Password)
	}
	return "postgresql+asyncpg:///" + url.PathEscape(config.Database) + "?" + q.Encode(), nil
}

// writeRows writes the rows that everybody works on, for whom Go cannot hand
// them over.
func writeRows(dir string, n int) error {
	type item = map[string]any
	products := make([]item, n)
	for i := range products {
		p := seeded(i)
		products[i] = item{
			"id": p.id, "owner_id": p.owner, "name": p.name, "description": p.description, "price": p.price.String(),
			"is_active": p.active, "created_at": p.createdAt.UnixMicro(), "updated_at": p.updatedAt.UnixMicro(),
		}
	}
	var authors, books, tags []item
	people, written := otherRows()
	for _, a := range people {
		authors = append(authors, item{"id": uuid.UUID(a.ID), "name": a.Name})
	}
	for _, b := range written {
		books = append(books, item{"id": uuid.UUID(b.ID), "author_id": uuid.UUID(b.Author), "title": b.Title, "note": b.Note, "pages": b.Pages})
	}
	for i := range tagCount {
		tags = append(tags, item{"id": otherID(3, i), "name": knownTag(i), "note": nil, "uses": 0,
			"created_at": epoch.UnixMicro(), "updated_at": epoch.UnixMicro()})
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, items := range map[string][]item{"products": products, "authors": authors, "books": books, "tags": tags} {
		text, err := json.Marshal(items)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".json"), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
