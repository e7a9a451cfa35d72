package audit

import (
	"context"
	"encoding/hex"
	"iter"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// A Filter picks entries. What is zero picks all.
type Filter struct {
	Actor      string
	Action     string // "users.updated", or "users.*"
	ObjectType string
	ObjectID   string
	Outcome    Outcome
	Since      time.Time // not before
	Until      time.Time // before
}

// Where returns the filter for a query.
func (f Filter) Where() data.Filter[Entry] {
	where := []data.Filter[Entry]{data.Everything[Entry]()}
	for _, x := range []struct {
		column data.Text[Entry]
		value  string
	}{{actor, f.Actor}, {objType, f.ObjectType}, {objID, f.ObjectID}} {
		if x.value != "" {
			where = append(where, x.column.Eq(x.value))
		}
	}
	if group, ok := strings.CutSuffix(f.Action, "*"); ok {
		where = append(where, action.HasPrefix(group))
	} else if f.Action != "" {
		where = append(where, action.Eq(f.Action))
	}
	if f.Outcome != "" {
		where = append(where, outcome.Eq(f.Outcome))
	}
	if !f.Since.IsZero() {
		where = append(where, createdAt.Ge(f.Since))
	}
	if !f.Until.IsZero() {
		where = append(where, createdAt.Lt(f.Until))
	}
	return data.All(where...)
}

// Newest sorts entries, the newest first.
func Newest() []data.Order[Entry] { return data.By(createdAt.Desc()) }

// List returns the entries that q picks.
func (l *Log) List(ctx context.Context, q data.Query[Entry]) (data.Page[Entry], error) {
	return table.On(l.c.DB).List(ctx, q)
}

// Each returns all entries that where picks, the newest first, read a page at a
// time. An error ends them.
func (l *Log) Each(ctx context.Context, where data.Filter[Entry]) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		q := data.Query[Entry]{Where: where, Order: Newest(), Limit: 500, Keyset: true}
		for {
			page, err := l.List(ctx, q)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page.Items {
				if !yield(e, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.After = page.Next
		}
	}
}

// PublicKeys returns the Ed25519 keys that check the signatures of checkpoints,
// in hexadecimal, the current one first.
func (l *Log) PublicKeys() (out []string) {
	for _, k := range l.c.Keys.PublicKeys(secret.LabelCheckpoint) {
		out = append(out, hex.EncodeToString(k))
	}
	return out
}
