// Package forms makes gorm, bun and ent read and write the one table of the
// benchmark: its values choose the stored form by the database they are for.
package forms

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// A Form says for which database a value is.
type Form bool

// The forms.
const (
	Postgres Form = false // uuid, numeric and timestamptz
	SQLite   Form = true  // 16 bytes, hundredths and microseconds
)

// An ID is a UUID.
type ID struct {
	UUID uuid.UUID
	Form Form
}

// Value returns 16 bytes for SQLite, text for PostgreSQL.
func (id ID) Value() (driver.Value, error) {
	if id.Form == SQLite {
		return id.UUID[:], nil
	}
	return id.UUID.String(), nil
}

// Scan reads either form.
func (id *ID) Scan(src any) error {
	if b, ok := src.([]byte); ok && len(b) == len(id.UUID) {
		id.Form = SQLite
		copy(id.UUID[:], b)
		return nil
	}
	id.Form = Postgres
	return id.UUID.Scan(src)
}

// A Price is a decimal of two places.
type Price struct {
	Decimal decimal.Decimal
	Form    Form
}

// Value returns hundredths for SQLite, text for PostgreSQL.
func (p Price) Value() (driver.Value, error) {
	if p.Form == SQLite {
		return p.Decimal.Shift(2).IntPart(), nil
	}
	return p.Decimal.Value()
}

// Scan reads either form.
func (p *Price) Scan(src any) error {
	if n, ok := src.(int64); ok {
		p.Decimal, p.Form = decimal.New(n, -2), SQLite
		return nil
	}
	p.Form = Postgres
	return p.Decimal.Scan(src)
}

// A Moment is a time in whole microseconds.
type Moment struct {
	Time time.Time
	Form Form
}

// Value returns microseconds for SQLite, a time for PostgreSQL.
func (m Moment) Value() (driver.Value, error) {
	if m.Form == SQLite {
		return m.Time.UnixMicro(), nil
	}
	return m.Time, nil
}

// Scan reads either form.
func (m *Moment) Scan(src any) error {
	switch v := src.(type) {
	case int64:
		m.Time, m.Form = time.UnixMicro(v).UTC(), SQLite
	case time.Time:
		m.Time, m.Form = v.UTC(), Postgres
	default:
		return fmt.Errorf("a time is a %T", src)
	}
	return nil
}
