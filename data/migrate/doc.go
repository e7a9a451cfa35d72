// Package migrate brings a database's tables to the revisions that a program
// carries, and says where they differ from its structs.
//
// Each domain embeds its revisions, one file for each dialect:
//
//	migrations/0001_products.sqlite.sql
//	migrations/0001_products.postgres.sql
//
// A file has a section that starts with the line "-- up" and, if it can be
// undone, one that starts with "-- down". A section may hold any number of
// statements, or none. It runs in one transaction together with the note that
// it ran, so that a revision which fails leaves no trace; it must not begin or
// end a transaction itself.
//
// On SQLite foreign keys are off while a revision runs and are checked as a
// whole before it is committed. A table can therefore be rebuilt, which means
// dropped under its children, without ON DELETE CASCADE deleting them.
//
// A file is known by its number, name and text. One that was edited after it ran
// is refused; one that got another number is still known, so that revisions of
// two branches can be brought into one order. Package revise does that, and
// writes revisions.
//
// [Drift] compares structs and live tables, and [DDL] and [Draft] write the
// statements that a struct asks for.
package migrate
