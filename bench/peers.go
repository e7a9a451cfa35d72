package main

import (
	"bytes"
	"context"
	"encoding/json"
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

// peerName is who does the work in another language: the program in peers.
const peerName = "alchemy"

// peerWorks are those that it does.
func peerWorks(wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(w string) bool { return !slices.Contains(works, w) })
}

// peers has the program in the folder peers do the same work on the same rows in
// a database of its own, and adds what it cost to results. It runs after the
// others and not in turns with them.
func (c course) peers(ctx context.Context, db, at, dir string, results []result) error {
	rows := filepath.Join(dir, "peers")
	if err := writeRows(rows, size); err != nil {
		return err
	}
	address, err := peerURL(db, at)
	if err != nil {
		return err
	}
	args := []string{filepath.Join("peers", "measure.py"), address, rows, strconv.FormatFloat(5*c.slot.Seconds(), 'f', -1, 64), strconv.Itoa(c.rounds)}
	cmd := exec.CommandContext(ctx, c.python, append(args, peerWorks(c.works)...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.Path, err)
	}
	var got map[string][]struct{ Wall, CPU float64 }
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&got); err != nil {
		return fmt.Errorf("%s: %w", cmd.Path, err)
	}
	for _, r := range results {
		for _, s := range got[r.work] {
			r.samples[peerName] = append(r.samples[peerName], sample{wall: s.Wall, cpu: s.CPU})
		}
	}
	return nil
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
