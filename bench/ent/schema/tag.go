package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/manorgo/manor/bench/forms"
)

// Tag is a row of tags.
type Tag struct{ ent.Schema }

// Annotations name the table.
func (Tag) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "tags"}}
}

// Fields are the columns.
func (Tag) Fields() []ent.Field {
	moment := map[string]string{dialect.Postgres: "timestamptz", dialect.SQLite: "integer"}
	return []ent.Field{
		field.Other("id", forms.ID{}).SchemaType(identity()),
		field.String("name").MaxLen(255).Unique(),
		field.String("note").Optional().Nillable(),
		field.Int("uses"),
		field.Other("created_at", forms.Moment{}).SchemaType(moment),
		field.Other("updated_at", forms.Moment{}).SchemaType(moment),
	}
}
