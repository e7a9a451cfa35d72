package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"github.com/manorgo/manor/bench/forms"
)

// identity is the type of a UUID.
func identity() map[string]string {
	return map[string]string{dialect.Postgres: "uuid", dialect.SQLite: "blob"}
}

// Author is a row of authors.
type Author struct{ ent.Schema }

// Annotations name the table.
func (Author) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "authors"}}
}

// Fields are the columns.
func (Author) Fields() []ent.Field {
	return []ent.Field{field.Other("id", forms.ID{}).SchemaType(identity()), field.String("name")}
}

// Edges lead to the books.
func (Author) Edges() []ent.Edge { return []ent.Edge{edge.To("books", Book.Type)} }

// Book is a row of books.
type Book struct{ ent.Schema }

// Annotations name the table.
func (Book) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "books"}}
}

// Fields are the columns.
func (Book) Fields() []ent.Field {
	return []ent.Field{
		field.Other("id", forms.ID{}).SchemaType(identity()),
		field.Other("author_id", forms.ID{}).SchemaType(identity()),
		field.String("title"),
		field.String("note").Optional().Nillable(),
		field.Int("pages"),
	}
}

// Edges lead to the author.
func (Book) Edges() []ent.Edge {
	return []ent.Edge{edge.From("author", Author.Type).Ref("books").Field("author_id").Unique().Required()}
}
