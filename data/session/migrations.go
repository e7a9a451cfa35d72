package session

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"github.com/manorgo/manor/data"
)

//go:embed migrations/*.sql
var revisions embed.FS

// Schema returns what the table must be, to compare with the database.
func (st *Store) Schema() data.Schema { return st.table.Schema() }

// Migrations returns the revisions of the table, under the names that
// Config.Table and Config.Columns gave it, as the files of a migrate.Source
// whose Name is session or, if a program has several tables of sessions, any
// other that stays the same.
func (st *Store) Migrations() fs.FS {
	names := st.cfg.Columns.byTag()
	table := st.cfg.Table
	var pairs []string
	quoted := func(from, to string) { pairs = append(pairs, `"`+from+`"`, `"`+to+`"`) }
	for from, to := range names {
		quoted(from, to)
		quoted("ck_"+defaultTable+"_"+from, "ck_"+table+"_"+to)
		quoted("ix_"+defaultTable+"_"+from, "ix_"+table+"_"+to)
		quoted(data.UniqueName(defaultTable, from), data.UniqueName(table, to))
	}
	quoted(defaultTable, table)
	quoted(defaultTable+"_pkey", table+"_pkey")
	return renamedFS{revisions, strings.NewReplacer(pairs...)}
}

// A renamedFS is a folder of revisions in which other names stand.
type renamedFS struct {
	embed.FS
	names *strings.Replacer
}

// ReadFile returns a file with the names replaced.
func (f renamedFS) ReadFile(name string) ([]byte, error) {
	b, err := f.FS.ReadFile(name)
	return []byte(f.names.Replace(string(b))), err
}

// Open opens a file with the names replaced, or a folder.
func (f renamedFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return file, err
	}
	b, err := f.ReadFile(name)
	return &renamedFile{File: file, text: strings.NewReader(string(b))}, err
}

type renamedFile struct {
	fs.File
	text *strings.Reader
}

// Read reads the text with the names replaced.
func (f *renamedFile) Read(b []byte) (int, error) { return f.text.Read(b) }
