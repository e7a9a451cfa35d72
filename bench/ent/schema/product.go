// Package schema describes the benchmark's table to ent.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/manorgo/manor/bench/forms"
)

// Product is a row of products.
type Product struct{ ent.Schema }

// Annotations name the table.
func (Product) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "products"}}
}

// Fields are the columns. Other is ent's word for a type of one's own; the
// table is there already, so what the database calls the types does not matter.
func (Product) Fields() []ent.Field {
	moment := map[string]string{dialect.Postgres: "timestamptz", dialect.SQLite: "integer"}
	id := map[string]string{dialect.Postgres: "uuid", dialect.SQLite: "blob"}
	return []ent.Field{
		field.Other("id", forms.ID{}).SchemaType(id),
		field.Other("owner_id", forms.ID{}).SchemaType(id),
		field.String("name").MaxLen(255),
		field.String("description").Optional().Nillable(),
		field.Other("price", forms.Price{}).SchemaType(map[string]string{dialect.Postgres: "numeric(10,2)", dialect.SQLite: "integer"}),
		field.Bool("is_active"),
		field.Other("created_at", forms.Moment{}).SchemaType(moment),
		field.Other("updated_at", forms.Moment{}).SchemaType(moment),
	}
}
