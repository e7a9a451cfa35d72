package task

import (
	"context"
	"encoding/json"
	"runtime"
	"time"
	"weak"

	"github.com/riverqueue/river"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// Enqueue asks for a task that runs if, and only if, tx commits. All tasks of a
// transaction are stored by one statement, just before the commit, and those of
// each of its savepoints by another, unless the savepoint is undone. A kind
// without a worker, arguments that are no JSON and the transaction of another
// database are fault.Internal.
func (q *Queue) Enqueue(ctx context.Context, tx *data.Tx, a Args) error {
	return q.EnqueueAt(ctx, tx, a, time.Time{})
}

// EnqueueAt is Enqueue for a task that does not run before a time, give or take
// a few seconds. The zero time is now.
func (q *Queue) EnqueueAt(ctx context.Context, tx *data.Tx, a Args, at time.Time) error {
	q.mu.Lock()
	w, ok := q.workers[a.Kind()]
	q.mu.Unlock()
	if !ok {
		return q.unknown(a.Kind())
	}
	if tx.DB() != q.db {
		return fault.Errorf(fault.Internal, "task: %s is asked for in a transaction of another database", a.Kind())
	}
	job, err := newJob(w, a)
	if err != nil {
		return err
	}
	job.InsertOpts.ScheduledAt = at
	b := q.batchOf(tx.Inner())
	b.jobs = append(b.jobs, job)
	return nil
}

// newJob encodes the arguments at once, so that later changes to what they
// point to do not matter.
func newJob(w Worker, a Args) (river.InsertManyParams, error) {
	args, err := json.Marshal(a)
	if err != nil {
		return river.InsertManyParams{}, fault.Wrap(fault.Internal, err, "task: the arguments of a %s cannot be stored", w.kind)
	}
	return river.InsertManyParams{
		Args:       payload{kind: w.kind, json: args},
		InsertOpts: &river.InsertOpts{MaxAttempts: w.options.MaxAttempts},
	}, nil
}

// A batch holds what one transaction, or one savepoint, has asked for.
type batch struct{ jobs []river.InsertManyParams }

// batchOf returns the batch that tx will store before it commits. A transaction
// that is rolled back says nothing, so its batch goes when the transaction is
// no longer reachable; the map therefore holds transactions weakly.
func (q *Queue) batchOf(tx *data.Tx) *batch {
	key := weak.Make(tx)
	q.mu.Lock()
	defer q.mu.Unlock()
	if b := q.batches[key]; b != nil {
		return b
	}
	b := &batch{}
	q.batches[key] = b
	runtime.AddCleanup(tx, q.forget, key)
	tx.BeforeCommit(func(ctx context.Context) error {
		q.forget(key) // whoever enqueues from here on starts another batch
		err := q.eng.insert(ctx, tx, b.jobs)
		return fault.Wrap(fault.Internal, err, "the tasks of a change cannot be stored")
	})
	tx.AfterCommit(q.eng.wake)
	return b
}

func (q *Queue) forget(tx weak.Pointer[data.Tx]) {
	q.mu.Lock()
	delete(q.batches, tx)
	q.mu.Unlock()
}
