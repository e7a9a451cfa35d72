package main

import (
	"database/sql"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

// gormSQLite is what gorm must know of SQLite for the work done here. The
// dialects that others publish bring an SQLite library of their own, one of
// which needs cgo and the other of which cannot be in a program with ours.
type gormSQLite struct{ db *sql.DB }

func (gormSQLite) Name() string { return "sqlite" }

func (d gormSQLite) Initialize(g *gorm.DB) error {
	g.ConnPool = d.db
	callbacks.RegisterDefaultCallbacks(g, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE", "RETURNING"},
		LastInsertIDReversed: true,
	})
	return nil
}

func (gormSQLite) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { w.WriteByte('?') }

func (gormSQLite) QuoteTo(w clause.Writer, name string) {
	w.WriteByte('"')
	for i := range len(name) {
		if name[i] == '.' {
			w.WriteString(`"."`)
			continue
		}
		w.WriteByte(name[i])
	}
	w.WriteByte('"')
}

func (gormSQLite) DefaultValueOf(*schema.Field) clause.Expression { return clause.Expr{SQL: "NULL"} }

func (gormSQLite) Explain(text string, vars ...any) string {
	return logger.ExplainSQL(text, nil, `'`, vars...)
}

// DataTypeOf and Migrator are for creating tables, which is not done here.
func (gormSQLite) DataTypeOf(*schema.Field) string { return "" }
func (gormSQLite) Migrator(*gorm.DB) gorm.Migrator { return nil }
