// Package revise writes the revisions that package migrate runs: it finds what
// changed in the structs of a domain since its last revision, and says it in
// the SQL of both databases, up and down.
//
// Beside the revisions lies schema.json, which records the tables as the last
// of them leaves them. The difference between it and the structs is the next
// revision. So no PostgreSQL is needed to write SQL for it, types that SQLite
// stores alike are told apart, and two branches that both changed tables meet
// in that file before they meet in a database.
//
// Nothing is believed: a planned revision is run up, down and up again in a
// scratch database, where the tables are inspected after each step, before a
// file is written. What may be a renamed column or table is never guessed, and
// a change of type is planned only if no value changes its meaning.
package revise

// The dialects, each of which every revision has a file for.
const (
	sqlite   = "sqlite"
	postgres = "postgres"
)
