package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An lsn is a place in the primary's write-ahead log, in bytes.
type lsn uint64

// parseLSN reads PostgreSQL's form: two hexadecimal halves.
func parseLSN(s string) (lsn, error) {
	high, low, ok := strings.Cut(s, "/")
	h, err1 := strconv.ParseUint(high, 16, 32)
	l, err2 := strconv.ParseUint(low, 16, 32)
	if !ok || err1 != nil || err2 != nil {
		return 0, fmt.Errorf("%q is no place in the log", s)
	}
	return lsn(h<<32 | l), nil
}

// A mark is where the primary was at a time by this process's clock. Who has
// come there is not older than that, whatever clocks the servers have.
type mark struct {
	at   lsn
	when time.Time
}

// shortHeader is how many bytes a page of the log begins with before its first
// record goes on.
const shortHeader = 24

// identify asks what all servers of one cluster have in common.
func (r *replicas) identify(ctx context.Context) error {
	var id string
	var block int64
	err := r.primary.QueryRow(ctx, "SELECT system_identifier::text, current_setting('wal_block_size')::bigint FROM pg_control_system()").Scan(&id, &block)
	if err != nil {
		return classify(ctx, err)
	}
	r.block = lsn(block)
	r.cluster, err = strconv.ParseUint(id, 10, 64)
	return err
}

// position returns a place behind the last commit, whether or not it was written
// to the disk.
func (r *replicas) position(ctx context.Context) (string, error) {
	at, err := ask(ctx, r, "SELECT pg_current_wal_insert_lsn()::text")
	if err != nil {
		return "", classify(ctx, err)
	}
	if at%r.block == shortHeader { // nothing stands on the page yet, so replicas will not get there
		at -= shortHeader
	}
	return fmt.Sprintf("%x.%x", r.cluster, uint64(at)), nil
}

func ask(ctx context.Context, r *replicas, sql string) (lsn, error) {
	var text string
	if err := r.primary.QueryRow(ctx, sql).Scan(&text); err != nil {
		return 0, err
	}
	return parseLSN(text)
}

// after returns the latest of positions that is of this cluster, 0 if none is.
func (r *replicas) after(positions string) (latest lsn) {
	for p := range strings.SplitSeq(positions, ",") {
		cluster, at, _ := strings.Cut(p, ".")
		id, err := strconv.ParseUint(cluster, 16, 64)
		if n, aerr := strconv.ParseUint(at, 16, 64); err == nil && aerr == nil && id == r.cluster {
			latest = max(latest, lsn(n))
		}
	}
	return latest
}

// watch checks all servers until ctx ends.
func (r *replicas) watch(ctx context.Context, every time.Duration) {
	defer close(r.ended)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.check(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// checkTimeout bounds one look at one server.
const checkTimeout = 2 * time.Second

// check looks where the primary is, and then at each replica.
func (r *replicas) check(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*checkTimeout)
	defer cancel()
	now := time.Now()
	looking, done := context.WithTimeout(ctx, checkTimeout)
	at, err := ask(looking, r, "SELECT pg_current_wal_lsn()::text")
	done()
	if err == nil {
		r.mu.Lock()
		r.marks = append(r.marks, mark{at, now})
		r.mu.Unlock()
	}
	var looks sync.WaitGroup
	for _, s := range r.all {
		looks.Go(func() { r.look(ctx, s) })
	}
	looks.Wait()
	r.forget()
}

// errForeign is why a server that answers is no replica of ours.
type errForeign string

func (e errForeign) Error() string { return string(e) }

// look finds out whether s is well, and how far it has come.
func (r *replicas) look(ctx context.Context, s *standby) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var id, text string
	var follows bool
	err := s.pool.QueryRow(ctx, "SELECT system_identifier::text, pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn(), '0/0')::text FROM pg_control_system()").
		Scan(&id, &follows, &text)
	var at lsn
	switch {
	case err != nil:
	case id != strconv.FormatUint(r.cluster, 10):
		err = errForeign("it belongs to another database server than the primary")
	case !follows:
		err = errForeign("it follows no primary")
	default:
		at, err = parseLSN(text)
	}
	if err != nil {
		r.setDown(s, err)
		return
	}
	r.setUp(s, at)
}

// catchUp looks how far those that are well have come, and reports whether there
// are any.
func (r *replicas) catchUp(ctx context.Context) bool {
	r.mu.Lock()
	var well []*standby
	for _, s := range r.all {
		if r.fault(s) == "" {
			well = append(well, s)
		}
	}
	r.mu.Unlock()
	var looks sync.WaitGroup
	for _, s := range well {
		looks.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			var text string
			if err := s.pool.QueryRow(ctx, "SELECT coalesce(pg_last_wal_replay_lsn(), '0/0')::text").Scan(&text); err != nil {
				if ctx.Err() == nil {
					r.setDown(s, err)
				}
				return
			}
			if at, err := parseLSN(text); err == nil {
				r.mu.Lock()
				s.at = at
				r.note(s)
				r.mu.Unlock()
			}
		})
	}
	looks.Wait()
	return len(well) > 0 && ctx.Err() == nil
}

// note sees up to which mark s has come. The caller holds mu.
func (r *replicas) note(s *standby) {
	s.seen = time.Time{}
	for _, m := range r.marks {
		if m.at <= s.at {
			s.seen = m.when
		}
	}
}

// maxMarks bounds how far back a replica's age is known.
const maxMarks = 1000

// forget drops the marks that all replicas have passed, but for the last of
// these, and those too many.
func (r *replicas) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.marks) - 1
	for _, s := range r.all {
		for n > 0 && r.marks[n].at > s.at {
			n--
		}
	}
	n = max(n, len(r.marks)-maxMarks)
	if n > 0 {
		r.marks = append(r.marks[:0], r.marks[n:]...)
	}
}

// behind returns how old the state of s is at most. If the primary does not
// answer, it stays what it was. The caller holds mu.
func (r *replicas) behind(s *standby) time.Duration {
	if len(r.marks) == 0 {
		return 0
	}
	from := s.seen
	if from.IsZero() { // it has not come to the oldest mark: it is older than that
		from = r.marks[0].when.Add(-time.Hour)
	}
	return r.marks[len(r.marks)-1].when.Sub(from)
}
