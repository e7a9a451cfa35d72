package file

import (
	"context"
	"fmt"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file/driver"
)

const (
	maxSwept = 10_000 // objects that one run removes; the next goes on
	suspect  = 100    // orphans that are too many if not one object is referred to
)

// Sweep removes what is older than the store's grace and what no row of a
// keeper's table refers to, and returns how many objects these were: bytes of
// uploads that no transaction followed, and those whose row went without a
// task, as by a cascade. It touches nothing but objects with keys of this
// package, and nothing at all as long as there is no keeper. Several runs at
// once do no harm. The store's schedule calls it.
//
// A bucket of which the database knows not a single object, while there are more
// than a hundred, is taken for that of another database: fault.Conflict, and
// nothing is removed.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	s.mu.RLock()
	columns := append([]column(nil), s.columns...)
	s.mu.RUnlock()
	if len(columns) == 0 {
		return 0, nil
	}
	before := s.c.DB.Now().Add(-s.c.Grace)
	if c, ok := s.c.Bucket.(driver.Cleaner); ok {
		if _, err := c.Clean(ctx, before); err != nil {
			return 0, told(err)
		}
	}
	known := 0
	orphans := map[string][]string{} // by the first digit of their keys
	total := 0
	// A sixteenth at a time, so that the keys of all rows need not be in memory.
	for _, digit := range strings.Split("0123456789abcdef", "") {
		marked, err := s.marked(ctx, columns, digit)
		if err != nil {
			return 0, err
		}
		for o, err := range s.c.Bucket.List(ctx, digit) {
			if err != nil {
				return 0, told(err)
			}
			switch {
			case marked[o.Key]:
				known++
			case keySyntax.MatchString(o.Key) && o.Modified.Before(before) && total < maxSwept:
				orphans[digit] = append(orphans[digit], o.Key)
				total++
			}
		}
	}
	if known == 0 && total > suspect {
		return 0, fault.Errorf(fault.Conflict, "the database refers to none of more than %d files in the bucket: it is another database's, so nothing is removed", suspect)
	}
	swept := 0
	for digit, keys := range orphans {
		n, err := s.sweepKeys(ctx, columns, digit, keys)
		swept += n
		if err != nil {
			return swept, err
		}
	}
	n, err := s.sweepIncoming(ctx)
	if swept += n; swept > 0 {
		s.c.Log.InfoContext(ctx, "files that nothing refers to are removed", "count", swept)
	}
	return swept, err
}

// sweepKeys asks once more, now that some time has passed, and removes.
func (s *Store) sweepKeys(ctx context.Context, columns []column, digit string, keys []string) (int, error) {
	marked, err := s.marked(ctx, columns, digit)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, key := range keys {
		if marked[key] {
			continue
		}
		if err := s.delete(ctx, []string{key}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// sweepIncoming removes what was uploaded and not claimed in time.
func (s *Store) sweepIncoming(ctx context.Context) (n int, err error) {
	before := s.c.DB.Now().Add(-s.c.Grace)
	var old []string
	for o, err := range s.c.Bucket.List(ctx, incoming) {
		if err != nil {
			return n, told(err)
		}
		if incomingSyntax.MatchString(o.Key) && o.Modified.Before(before) && len(old) < maxSwept {
			old = append(old, o.Key)
		}
	}
	for _, key := range old {
		if err := s.delete(ctx, []string{key}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// marked returns the keys with a first digit that rows refer to, whoever may see
// these rows.
func (s *Store) marked(ctx context.Context, columns []column, digit string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, c := range columns {
		rows, err := c.query().All(ctx, s.c.DB, digit)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.Key] = true
		}
	}
	return out, nil
}

// A mark is a key that a row refers to.
type mark struct {
	Key string `db:"k"`
}

// query returns what reads the keys with some first digit in a column.
func (c column) query() *data.Select[mark] {
	name, table := quote(c.name), quote(c.table)
	if c.list {
		return data.NewSelect[mark](
			fmt.Sprintf(`SELECT json_extract(e.value, '$.key') AS k FROM %s, json_each(%s.%s) AS e WHERE substr(json_extract(e.value, '$.key'), 1, 1) = ?`, table, table, name),
			fmt.Sprintf(`SELECT e->>'key' AS k FROM %s, jsonb_array_elements(CASE jsonb_typeof(%s) WHEN 'array' THEN %s ELSE '[]' END) AS e WHERE left(e->>'key', 1) = ?`, table, name, name),
		)
	}
	return data.NewSelect[mark](
		fmt.Sprintf(`SELECT json_extract(%s, '$.key') AS k FROM %s WHERE substr(json_extract(%s, '$.key'), 1, 1) = ?`, name, table, name),
		fmt.Sprintf(`SELECT %s->>'key' AS k FROM %s WHERE left(%s->>'key', 1) = ?`, name, table, name),
	)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
