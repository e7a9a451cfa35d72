// Package data stores Go structs in the tables of an SQL database.
//
// A [Table] binds a struct to a table once. Its columns are typed values, from
// which filters, orders and changes are made; a filter on one table does not
// compile on another. [Table.On] gives the table's [Repository] over a [DB] or,
// inside [DB.Tx], over a [Tx]; [Tx.Nested] is a part of a transaction that may
// fail alone. A [Service] is a repository with rules: who may see and change
// which rows, what a valid row is, and what else happens when one changes.
//
// [HasMany], [BelongsTo], [HasOne] and [ManyToMany] make relations of two
// tables, by which rows of one are loaded into rows of the other, when they are
// asked for, and filters reach across tables. A field that holds what a
// relation loads has no db tag.
//
// Filters, orders and pages can be data, too, held to what a table allows: see
// [TreeReader].
//
// The struct is the schema. Its `db` tag names the column and says the rest:
//
//	db:"owner_id,references=users,ondelete=cascade"
//	db:"name,size=255,search,sort"
//	db:"price,numeric=10.2,sort,filter,check=price > 0"
//
// What names a row is its [Key]: an [ID] from [Identified] or [Audited], of the
// version that [IDs] says; a [Serial] from [Numbered]; a [NanoID] from
// [NanoIdentified]; or a struct of one's own with [Composite]. Several columns
// marked primary are one key together.
//
// The options are: primary; size=N (code points); numeric=P.S; default=SQL;
// unique; index; references=TABLE with ondelete=cascade, restrict or null;
// enum=a|b|c; json; type=NAME and null, for types with Scan and Value;
// sealed=TABLE.COLUMN, an older name of an encrypted column; quiet, a column
// whose changes do not move updated_at; for=FIELD, the field of a request that the column is made
// from, which errors then speak of; search, sort and filter, which let a
// request name the column; and check=SQL, which takes the rest of the tag. A
// pointer field may be NULL. A field of type secret.Text is stored encrypted,
// see [DB.SetKeys]; *[OneTimeCode] and lists of texts have columns of their own,
// [CodeColumn] and [List]. A column without search, sort or filter cannot be
// named by a request at all.
//
// An app adds columns of its own to a table of somebody else's by [Extend], if
// its struct has a field of type [Extra].
//
// Errors are of package fault: NotFound, Conflict, Invalid, Stale, Unavailable
// or Internal, whatever the database.
package data
