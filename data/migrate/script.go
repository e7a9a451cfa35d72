package migrate

import (
	"context"
	"fmt"
	"strings"
)

// UpgradeScript returns the SQL that does what UpgradeTo would do now, for
// people who run it with the database's own shell. It changes nothing.
func (m *Migrator) UpgradeScript(ctx context.Context, to Target) (string, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return "", err
	}
	files, err := m.ahead(records, to)
	if err != nil {
		return "", err
	}
	w := m.script()
	for i, f := range files {
		w.begin("upgrade " + f.String())
		w.add(m.createTable())
		if i == 0 {
			for j, f := range m.match(records) {
				if r := records[j]; f.number != r.Number || f.name != r.Name {
					w.exec(moveRecord, -f.number, f.name, r.Source, r.Number)
				}
			}
			w.add(settleRecord)
		}
		w.add(f.up)
		w.insert(record{Source: f.source, Number: f.number, Name: f.name, Checksum: f.checksum, Position: after(records) + i})
		w.commit()
	}
	return w.String(), nil
}

// DowngradeScript returns the SQL that does what DowngradeTo would do now. It
// changes nothing.
func (m *Migrator) DowngradeScript(ctx context.Context, to Target) (string, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return "", err
	}
	files, err := m.back(records, to)
	if err != nil {
		return "", err
	}
	w := m.script()
	for i, f := range files {
		r := records[len(records)-1-i]
		w.begin("downgrade " + f.String())
		w.add(f.down)
		w.exec(deleteRecord, r.Source, r.Number)
		w.commit()
	}
	return w.String(), nil
}

// StampScript returns the SQL that does what Stamp would do now. It changes
// nothing.
func (m *Migrator) StampScript(ctx context.Context, revision string, purge bool) (string, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return "", err
	}
	s, err := m.stamping(records, revision, purge)
	if err != nil || len(s.remove)+len(s.add) == 0 {
		return "", err
	}
	w := m.script()
	w.begin("stamp " + revision)
	w.add(m.createTable())
	for _, r := range s.remove {
		w.exec(deleteRecord, r.Source, r.Number)
	}
	for _, r := range s.add {
		w.insert(r)
	}
	w.commit()
	return w.String(), nil
}

func (m *Migrator) script() *scriptWriter { return &scriptWriter{dialect: m.db.Dialect()} }

// A scriptWriter writes transactions for the shell of a database.
type scriptWriter struct {
	strings.Builder
	dialect string
}

func (w *scriptWriter) begin(what string) {
	if w.Len() == 0 { // or what follows a failure would run all the same
		w.WriteString("-- run by: " + map[string]string{sqlite: "sqlite3 -bail FILE", postgres: "psql -v ON_ERROR_STOP=1"}[w.dialect] + "\n\n")
	}
	fmt.Fprintf(w, "-- %s\n", what)
	if w.dialect == sqlite {
		w.add("PRAGMA foreign_keys = off")
		w.add("BEGIN IMMEDIATE")
		return
	}
	w.add("BEGIN")
	w.add("SELECT pg_advisory_xact_lock(" + lockKey + ")")
}

func (w *scriptWriter) commit() {
	w.add("COMMIT")
	if w.dialect == sqlite {
		w.add("PRAGMA foreign_key_check")
		w.add("PRAGMA foreign_keys = on")
	}
	w.WriteString("\n")
}

// add writes statements, the last of which may lack its semicolon or end in a
// comment.
func (w *scriptWriter) add(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	w.WriteString(text)
	switch last := text[strings.LastIndex(text, "\n")+1:]; {
	case strings.Contains(last, "--"):
		w.WriteString("\n;")
	case !strings.HasSuffix(text, ";"):
		w.WriteString(";")
	}
	w.WriteString("\n")
}

// exec writes a statement with its parameters.
func (w *scriptWriter) exec(text string, args ...any) {
	for i, a := range args {
		value := fmt.Sprint(a)
		if s, ok := a.(string); ok {
			value = literal(s)
		}
		text = strings.ReplaceAll(text, fmt.Sprintf("?%d", i+1), value)
	}
	w.add(text)
}

type rawSQL string

func (w *scriptWriter) insert(r record) {
	now := rawSQL("now()")
	if w.dialect == sqlite {
		now = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
	}
	if !r.AppliedAt.IsZero() {
		now = rawSQL(literal(r.AppliedAt.UTC().Format("2006-01-02 15:04:05.999999Z07:00")))
		if w.dialect == sqlite {
			now = rawSQL(fmt.Sprint(r.AppliedAt.UnixMicro()))
		}
	}
	w.exec(insertRecord, r.Source, r.Number, r.Name, r.Checksum, now, r.Position)
}
