package transfer_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
)

// TestBackup restores each kind of database from the archive of each.
func TestBackup(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, from, to string) {
		a, b := open(t, from), open(t, to)
		fillAll(t, a)
		if from == "sqlite" { // the null of JSON is not NULL
			run(t, a, "UPDATE samples SET null_json = 'null' WHERE text = 'NULL'")
		} else {
			run(t, a, "UPDATE samples SET null_json = 'null'::jsonb WHERE text = 'NULL'")
		}
		file := filepath.Join(t.TempDir(), "backup.zip")
		wrote := false
		m, err := transfer.Backup(t.Context(), a, file, transfer.BackupOptions{
			Schemas: schemas, Program: "test 1", Revisions: []string{"trees/0001_trees"},
			Progress: func(transfer.Step) {
				if !wrote { // nobody waits
					wrote = true
					ok(t, trees.On(a).Add(t.Context(), &tree{Name: "late"}))
				}
			},
		})
		ok(t, err)
		run(t, a, "DELETE FROM trees WHERE name = 'late'")
		info, err := os.Stat(file)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the mode is %s", info.Mode())
		}
		_, err = transfer.Backup(t.Context(), a, file, transfer.BackupOptions{})
		says(t, err, fault.Conflict, "exists already")

		archive, err := transfer.OpenArchive(file)
		ok(t, err)
		defer archive.Close()
		same(t, "manifest", archive.Manifest, *m)
		counts, err := archive.Restore(t.Context(), b, transfer.CopyOptions{Schemas: schemas})
		ok(t, err)
		same(t, "contents", contents(t, b), contents(t, a))
		for i, c := range counts {
			for _, there := range m.Tables {
				if there.Table == c.Table && there.Count != c {
					t.Errorf("%+v became %+v", there.Count, counts[i])
				}
			}
		}
		_, err = archive.Restore(t.Context(), b, transfer.CopyOptions{Schemas: schemas})
		says(t, err, fault.Conflict, "in use")
		run(t, b, "CREATE TABLE more (id integer PRIMARY KEY)")
		_, err = archive.Restore(t.Context(), b, transfer.CopyOptions{Schemas: schemas, Replace: true})
		says(t, err, fault.Conflict, "more is not in the archive")
	})
}

// TestDamagedArchives are refused whatever is wrong with them.
func TestDamagedArchives(t *testing.T) {
	t.Parallel()
	db, dir := open(t, "sqlite"), t.TempDir()
	fillAll(t, db)
	file := filepath.Join(dir, "good.zip")
	_, err := transfer.Backup(t.Context(), db, file, transfer.BackupOptions{Schemas: schemas})
	ok(t, err)
	good := []byte(read(t, file))
	refused := func(what string, b []byte) {
		t.Helper()
		bad := filepath.Join(dir, "bad.zip")
		ok(t, os.WriteFile(bad, b, 0o600))
		a, err := transfer.OpenArchive(bad)
		if fault.KindOf(err) != fault.Malformed {
			t.Errorf("%s: %v", what, err)
			if a != nil {
				a.Close()
			}
		}
	}
	for n := 0; n < len(good); n += 1 + len(good)/40 {
		refused("cut off", good[:n])
	}
	refused("one byte short", good[:len(good)-1])
	refused("with a tail", append(bytes.Clone(good), 'x'))
	middle := bytes.Clone(good)
	middle[100] ^= 1
	refused("one bit of a table", middle)

	edit := func(name string, change func(text string) string, drop bool, more string) []byte {
		r, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
		ok(t, err)
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, m := range r.File {
			in, err := m.Open()
			ok(t, err)
			text, err := io.ReadAll(in)
			ok(t, err)
			if m.Name == name {
				if drop {
					continue
				}
				text = []byte(change(string(text)))
			}
			w, err := z.Create(m.Name)
			ok(t, err)
			_, err = w.Write(text)
			ok(t, err)
		}
		if more != "" {
			_, err := z.Create(more)
			ok(t, err)
		}
		ok(t, z.SetComment(r.Comment))
		ok(t, z.Close())
		return b.Bytes()
	}
	keep := func(s string) string { return s }
	refused("another name", edit("tables/0001.ndjson", func(s string) string { return strings.Replace(s, "1", "2", 1) }, false, ""))
	refused("a row more", edit("tables/0002.ndjson", func(s string) string { return s + s }, false, ""))
	refused("a manifest that was edited", edit("manifest.json", func(s string) string { return strings.Replace(s, "manor", "minor", 1) }, false, ""))
	refused("no manifest", edit("manifest.json", keep, true, ""))
	refused("no table", edit("tables/0001.ndjson", keep, true, ""))
	refused("a file more", edit("", keep, false, "more"))
	refused("a file twice", edit("", keep, false, "tables/0001.ndjson"))
	_, err = transfer.OpenArchive(filepath.Join(dir, "none.zip"))
	says(t, err, fault.NotFound, "none.zip")
}

// TestKilledBackup leaves no file that looks like one.
func TestKilledBackup(t *testing.T) {
	t.Parallel()
	const variable = "MANOR_TEST_BACKUP"
	if at := os.Getenv(variable); at != "" { // in the other process
		db, err := sqlite.Open(t.Context(), filepath.Join(at, "test.db"), sqlite.Options{})
		ok(t, err)
		_, err = transfer.Backup(t.Context(), db, filepath.Join(at, "backup.zip"), transfer.BackupOptions{Progress: func(s transfer.Step) {
			if s.Rows == 3000 {
				os.Stdout.WriteString("\nhalfway\n")
				select {} // until it is killed
			}
		}})
		t.Fatal("it ended: ", err)
	}
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "test.db"), sqlite.Options{})
	ok(t, err)
	defer db.Close()
	run(t, db, `CREATE TABLE numbers (n integer PRIMARY KEY, text text);
INSERT INTO numbers WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) SELECT n, hex(randomblob(20)) FROM c`)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledBackup$")
	cmd.Env = append(os.Environ(), variable+"="+dir)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "halfway" {
	}
	ok(t, cmd.Process.Kill())
	_ = cmd.Wait()
	entries, err := os.ReadDir(dir)
	ok(t, err)
	partial := 0
	for _, e := range entries {
		switch {
		case strings.HasSuffix(e.Name(), ".partial"):
			partial++
			_, err := transfer.OpenArchive(filepath.Join(dir, e.Name()))
			says(t, err, fault.Malformed, "not a whole backup")
		case !strings.HasPrefix(e.Name(), "test.db"):
			t.Errorf("%s was left", e.Name())
		}
	}
	if partial != 1 {
		t.Errorf("%d unfinished files: it was not killed halfway", partial)
	}
}
