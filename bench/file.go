package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/file/local"
	"github.com/manorgo/manor/secret"
	tasks "github.com/manorgo/manor/task"
)

// A fileCost is what putting a file and getting it cost one process.
type fileCost struct {
	Put, Get float64 // nanoseconds
	CPU      float64 // of both
	Grown    int64   // bytes of memory that were resident at most, beyond those before the put; -1 if nobody knows
	SHA256   string  // of what was got
}

// A document is a row with a column for a file.
type document struct {
	data.Identified[document]
	Name string    `db:"name,size=100"`
	File file.File `db:"file,json"`
}

var documents = data.NewTable[document]("documents")

// fileTurn is a process that puts one file and gets it, so that nothing else is
// in the memory which it measures. It prints what that cost.
func fileTurn(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("file", flag.ContinueOnError)
	kind := flags.String("kind", "", "bare or manor")
	at := flags.String("at", "", "the database")
	dir := flags.String("dir", "", "an empty folder for the file")
	size := flags.Int64("size", 1<<30, "bytes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var cost fileCost
	var err error
	if *kind == "bare" {
		cost, err = measureFile(&bareFile{name: filepath.Join(*dir, "file")}, *size)
	} else {
		cost, err = fileInManor(ctx, *at, *dir, *size)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(cost)
}

// A keeping puts what a reader has, and gets all of it.
type keeping interface {
	put(r io.Reader) error
	get(w io.Writer) error
}

// fileInManor is measureFile of a table with a column for a file, whose bytes
// are in a folder. The table is there.
func fileInManor(ctx context.Context, at, dir string, size int64) (cost fileCost, err error) {
	db, err := openDB(ctx, at)
	if err != nil {
		return cost, err
	}
	bucket := local.New(filepath.Join(dir, "files"))
	defer func() { err = errors.Join(err, bucket.Close(), db.Close()) }()
	keys, err := secret.CreateKeyFile(filepath.Join(dir, "key"))
	if err != nil {
		return cost, err
	}
	log := slog.New(slog.DiscardHandler)
	store := file.New(file.Config{DB: db, Bucket: bucket, Tasks: tasks.New(db, tasks.Config{Log: log}), Keys: keys, Log: log})
	keeper := file.Keep(store, documents, file.Limits{MaxSize: -1})
	return measureFile(&manorFile{ctx: ctx, db: db, store: store, keeper: keeper}, size)
}

// makeDocuments makes the table.
func makeDocuments(ctx context.Context, at string) (err error) {
	db, err := openDB(ctx, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, text := range migrate.DDL(db.Dialect(), documents.Schema()) {
		if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: text}}); err != nil {
			return err
		}
	}
	return nil
}

type manorFile struct {
	ctx    context.Context
	db     *data.DB
	store  *file.Store
	keeper *file.Keeper[document]
	id     data.ID[document]
}

func (m *manorFile) put(r io.Reader) error {
	return m.keeper.Save(m.ctx, r, file.Put{Filename: "large.bin"}, func(f file.File) error {
		d := document{Name: "large", File: f}
		err := documents.On(m.db).Add(m.ctx, &d)
		m.id = d.ID
		return err
	})
}

func (m *manorFile) get(w io.Writer) error {
	d, err := documents.On(m.db).Get(m.ctx, m.id)
	if err != nil {
		return err
	}
	r, err := m.store.Open(m.ctx, d.File)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, r.Close())
}
