package data

import (
	"context"
	"slices"
	"unsafe"

	"github.com/manorgo/manor/secret"
)

// A value is sealed for the ID of its row, and an upsert that matches by other
// columns learns the ID of a row that is there only from the statement. So that
// statement leaves the sealed columns of such rows alone, and a second one, in
// the same transaction, in which nobody else can change those rows any more,
// gives them the values that differ.

// sealedLater returns the sealed columns that have to wait, or nil.
func (u *upserting[T]) sealedLater(r Repository[T]) []*field {
	if !r.t.sealed || len(u.match) == 1 && u.match[0] == r.t.id {
		return nil
	}
	var later []*field
	u.set = slices.DeleteFunc(u.set, func(f *field) bool {
		if f.seal != nil {
			later = append(later, f)
		}
		return f.seal != nil
	})
	return later
}

func (u *upserting[T]) runSealed(ctx context.Context, r Repository[T], later []*field) error {
	err := u.runAll(ctx, r)
	if err != nil {
		return err
	}
	var columns []string
	for _, f := range later {
		columns = append(columns, f.column.Name)
	}
	var rows []T
	var places []int
	for i, row := range u.found.rows {
		if u.created[i] || !copySealed(later, &row, &u.vs[i]) {
			continue
		}
		rows, places = append(rows, row), append(places, i)
	}
	if rows, err = r.UpdateAll(ctx, rows, columns...); err != nil {
		return err
	}
	for k, i := range places {
		u.found.rows[i] = rows[k]
	}
	return nil
}

// copySealed gives to the texts of from, and reports whether any differs.
func copySealed[T any](fs []*field, to, from *T) (differs bool) {
	for _, f := range fs {
		was, now := f.value(unsafe.Pointer(to)), f.value(unsafe.Pointer(from))
		a, present := was.(secret.Text)
		b, wanted := now.(secret.Text)
		if present == wanted && a.Equal(b) {
			continue
		}
		differs = true
		if f.seal.null {
			*(**secret.Text)(unsafe.Add(unsafe.Pointer(to), f.offset)) = *(**secret.Text)(unsafe.Add(unsafe.Pointer(from), f.offset))
		} else {
			*(*secret.Text)(unsafe.Add(unsafe.Pointer(to), f.offset)) = b
		}
	}
	return differs
}

// ordered returns f, unless nobody can sort by it.
func (f *field) ordered() *field {
	if f.seal != nil || f.code {
		panic("data: " + f.column.Name + " is stored encrypted, or holds codes: rows cannot be sorted by it")
	}
	return f
}
