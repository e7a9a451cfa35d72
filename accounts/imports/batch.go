package imports

import (
	"context"
	"errors"
	"slices"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
)

// A batch is some rows of the file, as they were read.
type batch struct {
	rows    int64 // of all kinds
	skipped int64
	people  []person
	refused []Refusal
	place   transfer.Place // where it ends; not in a dry run
	share   float64        // of the file that was read
	err     error          // what ended the reading, after these rows
}

// read reads the file into batches, until it ends or ctx does. It touches no
// database, so that it runs while a batch is being stored.
func (r *run) read(ctx context.Context, batches chan<- *batch) {
	defer close(batches)
	b := &batch{}
	send := func() bool {
		if b.share = r.f.Share(); r.mark != nil {
			b.place = r.mark.Here()
		}
		next := &batch{people: make([]person, 0, len(b.people))}
		select {
		case batches <- b:
			b = next
			return true
		case <-ctx.Done():
			return false
		}
	}
	for rec, err := range r.f.Records() {
		if err == nil {
			err = r.take(b, rec)
		}
		if b.err = err; err != nil {
			send()
			return
		}
		if b.rows == int64(r.o.Batch) && !send() {
			return
		}
	}
	send()
}

// take reads one row into the batch, unless an earlier run did it.
func (r *run) take(b *batch, rec transfer.Record) error {
	b.rows++
	if r.mark != nil {
		if done, err := r.mark.Read(rec); done || err != nil {
			return err
		}
	}
	p, err := r.person(rec)
	switch {
	case errors.Is(err, errSkip):
		b.skipped++
	case fault.KindOf(err) == fault.Invalid:
		b.refused = append(b.refused, Refusal{Line: rec.Line, Email: p.Email, Reason: reason(err)})
	case err != nil:
		return err
	default:
		p.line, p.EmailKey = rec.Line, users.EmailKey(p.Email)
		b.people = append(b.people, p)
	}
	return nil
}

// settle refuses those of the batch whose roles do not exist, and tells who is
// refused, in the order of the file.
func (r *run) settle(ctx context.Context, b *batch) error {
	kept := b.people[:0]
	for _, p := range b.people {
		err := r.rolesExist(ctx, p)
		switch {
		case err == nil:
			kept = append(kept, p)
		case fault.KindOf(err) == fault.Invalid:
			b.refused = append(b.refused, Refusal{Line: p.line, Email: p.Email, Reason: reason(err)})
		default:
			return err
		}
	}
	b.people = kept
	slices.SortStableFunc(b.refused, func(a, b Refusal) int { return a.Line - b.Line })
	return r.refuse(b.refused)
}

// refuse tells who is not imported.
func (r *run) refuse(refused []Refusal) error {
	for _, x := range refused {
		r.sum.Refused++
		if r.o.Refused != nil {
			if err := r.o.Refused(x); err != nil {
				return err
			}
		}
	}
	return nil
}
