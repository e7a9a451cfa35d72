package web

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// cursorLife is how long a cursor is good for.
const cursorLife = 24 * time.Hour

// maxCursor is the length of the longest cursor: what secret.MaxSigned bytes
// and their signature take in base64.
const maxCursor = (secret.MaxSigned + 16 + 2) / 3 * 4

const (
	cursorTime = 8  // bytes: until when it is good, in Unix seconds
	cursorBind = 16 // bytes of the hash of what it belongs to
)

// addCursor offers pages by cursor, if there is a key to sign cursors with and
// rows have an id that makes their order certain.
func (l *listing[T]) addCursor(r *Router) {
	identified := slices.ContainsFunc(l.table.Schema().Columns, func(c data.ColumnSchema) bool { return c.Primary })
	if r.config.Keys == nil || !identified {
		return
	}
	most := maxCursor
	l.add(r, listParam[T]{name: "cursor", set: func(s *selection[T], v string) string {
		s.keyset, s.cursor = true, v
		return ""
	}}, "Asks for pages that rows which come and go do not move, and that cost the same however far the list goes: "+
		"empty for the first page, then next_cursor of the page before, with everything but pageSize the same. "+
		"Such pages have no total and no offset. A cursor is good for 24 hours.",
		&huma.Schema{Type: huma.TypeString, MaxLength: &most})
}

// paging completes q for a page by cursor.
func (l *listing[T]) paging(s *selection[T], req *http.Request, q *data.Query[T]) {
	if !s.keyset {
		return
	}
	q.Keyset, q.Count, q.Estimate, q.Offset = true, false, false, 0
	if s.paged {
		s.refuse("currentPage", "cannot be combined with cursor", "", false)
	}
	if s.exact {
		s.refuse("total", "cannot be combined with cursor", "", false)
	}
	if s.cursor == "" {
		return
	}
	payload, err := l.config.Keys.Open(secret.LabelCursor, s.cursor)
	if err != nil || len(payload) <= cursorTime+cursorBind {
		s.refuse("cursor", badCursor, "", false)
		return
	}
	bind := boundTo(req)
	switch {
	case int64(binary.BigEndian.Uint64(payload)) <= l.config.Now().Unix():
		s.refuse("cursor", "is too old: begin again without it", "", false)
	case string(payload[cursorTime:cursorTime+cursorBind]) != string(bind[:]):
		s.refuse("cursor", badCursor, "", false)
	default:
		q.After = data.Cursor(payload[cursorTime+cursorBind:])
	}
}

const badCursor = "is not a cursor of this list with these filters and this order"

// next returns the cursor of the page after this one, "" if there is none.
func (l *listing[T]) next(req *http.Request, c data.Cursor) (string, error) {
	if c == "" {
		return "", nil
	}
	bind := boundTo(req)
	payload := binary.BigEndian.AppendUint64(nil, uint64(l.config.Now().Add(cursorLife).Unix()))
	payload = append(append(payload, bind[:]...), c...)
	if len(payload) > secret.MaxSigned {
		return "", badParams(badParam("query.cursor", "cannot go on in this order, whose values are too long", ""))
	}
	return l.config.Keys.Sign(secret.LabelCursor, payload), nil
}

// boundTo returns a hash of the route and of all parameters that pick and sort
// its rows, in whatever order they were given.
func boundTo(req *http.Request) (out [cursorBind]byte) {
	parts := [][2]string{{"", req.URL.Path}} // before all names
	var orders [2][]string                   // which mean something else in another order
	for q := (query{req.URL.RawQuery}); ; {
		name, value, _, ok := q.next()
		if !ok {
			break
		}
		switch name {
		case "cursor", "pageSize", "total":
		case "orderBy":
			orders[0] = append(orders[0], value)
		case "sortOrder":
			orders[1] = append(orders[1], value)
		default:
			parts = append(parts, [2]string{name, value})
		}
	}
	for i, name := range []string{"orderBy", "sortOrder"} {
		if orders[i] != nil {
			parts = append(parts, [2]string{name, strings.Join(orders[i], ",")})
		}
	}
	slices.SortFunc(parts[1:], func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	h := sha256.New()
	var buf []byte
	for _, p := range parts {
		for _, s := range p {
			buf = binary.AppendUvarint(buf[:0], uint64(len(s)))
			h.Write(append(buf, s...))
		}
	}
	copy(out[:], h.Sum(nil))
	return out
}

// listFailed names the parameter if the list did not know its cursor, which can
// be of another version of the program.
func listFailed(err error, c data.Cursor) error {
	if c != "" && fault.KindOf(err) == fault.Malformed {
		return badParams(badParam("query.cursor", badCursor, ""))
	}
	return err
}
