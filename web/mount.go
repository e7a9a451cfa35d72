package web

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A Resource is what Mount serves: a *data.Service, or one that embeds it.
type Resource[T, C, U any] interface {
	Model() *data.Table[T]
	List(context.Context, data.Query[T]) (data.Page[T], error)
	Get(context.Context, data.Key[T]) (T, error)
	Create(context.Context, C) (T, error)
	Update(context.Context, data.Key[T], U, ...data.Version) (T, error)
	Delete(context.Context, data.Key[T], ...data.Version) error
}

// Mount serves a resource at path by five routes:
//
//	GET path          a page of rows, picked by the columns' own parameters
//	GET path/{id}     a row
//	POST path         a new row, 201 with Location
//	PATCH path/{id}   a changed row
//	DELETE path/{id}  204
//
// The id is the row's key as data.Table.KeyText writes it: a UUID, a number or a
// text. A row with a Version has an ETag, which If-None-Match and If-Match are
// held to; If-None-Match is not where Get loads relations, since the ETag names
// the row alone. Who may see and change which rows is for the service to say. Options
// apply to all routes, those about lists to the list. Mount panics if path, T
// or an option makes no sense, and if the rows have a key of several columns,
// which no one id can name: serve those by Handle and HandleList.
func Mount[T, C, U any](r *Router, path string, s Resource[T, C, U], read, write Access, opts ...Option) {
	m := &mount[T, C, U]{r: r, path: path, s: s, o: gather(opts)}
	m.nameIt()
	if s.Model().KeyType() == nil {
		panic(fmt.Sprintf("web: %s: rows of %s have no key that one {id} can name: use Handle, with a field for each column of the key, and HandleList", path, s.Model().Name()))
	}
	if rows, ok := m.o.one.(rowView[T]); ok {
		m.view = rows
	} else if m.o.one != nil {
		panic(fmt.Sprintf("web: %s: View is for other rows", path))
	} else {
		m.view = rowView[T]{body: reflect.TypeFor[T](), render: func(_ context.Context, v *T) any { return v }, list: wholeRows[T]()}
	}
	rows := m.view.list
	if l, ok := m.o.list.(listView[T]); ok {
		rows = l
	} else if m.o.list != nil {
		panic(fmt.Sprintf("web: %s: ListAs is for other rows", path))
	}
	if m.has(http.MethodGet) {
		ep := m.endpoint("GET "+path, "list", m.plural, read)
		handleList(r, ep, s.Model(), s.List, rows, m.o)
		m.get(read)
	}
	if m.has(http.MethodPost) {
		m.create(write)
	}
	if m.has(http.MethodPatch) {
		m.update(write)
	}
	if m.has(http.MethodDelete) {
		m.delete(write)
	}
}

// HandleList serves a page of rows at pattern, "GET /path", picked by the same
// parameters as Mount's list. Each row is shown as view makes it. A wildcard of
// the pattern is had by PathValue. If the router has keys, list has to hold to
// Keyset and After of its query, as a repository does. HandleList panics if an
// argument makes no sense.
func HandleList[T, Item any](r *Router, pattern string, table *data.Table[T], list func(context.Context, data.Query[T]) (data.Page[T], error), view func(context.Context, *T) Item, access Access, opts ...Option) {
	o := gather(opts)
	ep := r.newEndpoint(pattern, access, o)
	for _, name := range wildcards(pattern) {
		ep.params = append(ep.params, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	handleList(r, ep, table, list, viewList(view), o)
}

func handleList[T any](r *Router, ep *endpoint, table *data.Table[T], list func(context.Context, data.Query[T]) (data.Page[T], error), view listView[T], o *options) {
	plan := newListing(r, ep.OperationID, table, o)
	ep.params = append(ep.params, plan.docs()...)
	ep.answers = append([]answer{{status: http.StatusOK, body: view.body}}, o.also...)
	ep.run = func(ctx context.Context, _ http.ResponseWriter, req *http.Request) (reply, error) {
		q, err := plan.query(ctx, req)
		if err != nil {
			return reply{}, err
		}
		page, err := list(ctx, q)
		if err != nil {
			return reply{}, listFailed(err, q.After)
		}
		next, err := plan.next(req, page.Next)
		if err != nil {
			return reply{}, err
		}
		page.Limit, page.Offset = q.Limit, q.Offset
		return reply{status: http.StatusOK, body: view.render(ctx, &page, paging{q.Count, page.Estimated, q.Keyset, next})}, nil
	}
	r.add(ep)
}

type mount[T, C, U any] struct {
	r                *Router
	path             string
	s                Resource[T, C, U]
	o                *options
	view             rowView[T]
	plural, singular string
	tagged           bool // rows have versions
}

func (m *mount[T, C, U]) nameIt() {
	m.plural = title(camel(slug(path.Base(m.path))))
	m.singular = singular(m.plural)
	m.tagged = reflect.TypeFor[*T]().Implements(reflect.TypeFor[versioned]())
}

// related reports whether rows are shown with rows of other tables, whose
// changes no version of theirs tells.
func (m *mount[T, C, U]) related() bool {
	s, ok := m.s.(interface{ Related() bool })
	return ok && s.Related()
}

func (m *mount[T, C, U]) has(method string) bool { return !slices.Contains(m.o.without, method) }

func (m *mount[T, C, U]) endpoint(pattern, verb, noun string, access Access) *endpoint {
	o := *m.o
	o.summary = ""
	if o.operationID == "" {
		o.operationID = verb + noun
	} else {
		o.operationID = verb + title(o.operationID)
	}
	return m.r.newEndpoint(pattern, access, &o)
}

func (m *mount[T, C, U]) params(withMatch bool) []*huma.Param {
	out := []*huma.Param{{Name: "id", In: "path", Required: true, Schema: m.r.schemas.Schema(m.s.Model().KeyType(), false, "")}}
	if withMatch && m.tagged {
		out = append(out, &huma.Param{Name: "If-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "The ETag of the state that is to be changed. Any other answers 412."})
	}
	return out
}

func (m *mount[T, C, U]) get(access Access) {
	ep := m.endpoint("GET "+m.path+"/{id}", "get", m.singular, access)
	ep.params = m.params(false)
	ep.answers = []answer{{status: http.StatusOK, body: m.view.body, etag: m.tagged}}
	ep.run = func(ctx context.Context, _ http.ResponseWriter, req *http.Request) (reply, error) {
		key, _, err := m.target(req, false)
		if err != nil {
			return reply{}, err
		}
		v, err := m.s.Get(ctx, key)
		rep := m.reply(ctx, http.StatusOK, &v)
		rep.more = m.related()
		return rep, err
	}
	m.r.add(ep)
}

func (m *mount[T, C, U]) create(access Access) {
	ep := m.endpoint("POST "+m.path, "create", m.singular, access)
	ep.body = m.r.body(reflect.TypeFor[C](), title(ep.OperationID))
	ep.answers = []answer{{status: http.StatusCreated, body: m.view.body, etag: m.tagged, headers: []string{"Location"}}}
	ep.run = func(ctx context.Context, w http.ResponseWriter, req *http.Request) (reply, error) {
		var in C
		if err := noQuery(req); err != nil {
			return reply{}, err
		}
		if err := ep.body.decode(w, req, &in); err != nil {
			return reply{}, err
		}
		v, err := m.s.Create(ctx, in)
		if err != nil {
			return reply{}, err
		}
		rep := m.reply(ctx, http.StatusCreated, &v)
		rep.header = [][2]string{{"Location", LocationOf(ctx, m.s.Model().KeyText(&v))}}
		return rep, nil
	}
	m.r.add(ep)
}

func (m *mount[T, C, U]) update(access Access) {
	ep := m.endpoint("PATCH "+m.path+"/{id}", "update", m.singular, access)
	ep.params = m.params(true)
	ep.body = m.r.body(reflect.TypeFor[U](), title(ep.OperationID))
	ep.answers = []answer{{status: http.StatusOK, body: m.view.body, etag: m.tagged}}
	ep.run = func(ctx context.Context, w http.ResponseWriter, req *http.Request) (reply, error) {
		var in U
		key, version, err := m.target(req, true)
		if err != nil {
			return reply{}, err
		}
		if err := ep.body.decode(w, req, &in); err != nil {
			return reply{}, err
		}
		v, err := m.s.Update(ctx, key, in, version)
		return m.reply(ctx, http.StatusOK, &v), err
	}
	m.r.add(ep)
}

func (m *mount[T, C, U]) delete(access Access) {
	ep := m.endpoint("DELETE "+m.path+"/{id}", "delete", m.singular, access)
	ep.params = m.params(true)
	ep.answers = []answer{{status: http.StatusNoContent}}
	ep.run = func(ctx context.Context, _ http.ResponseWriter, req *http.Request) (reply, error) {
		key, version, err := m.target(req, true)
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusNoContent}, m.s.Delete(ctx, key, version)
	}
	m.r.add(ep)
}

// target reads which row a request is about, and in which state.
func (m *mount[T, C, U]) target(r *http.Request, match bool) (key data.Key[T], v data.Version, err error) {
	var wrong []ProblemDetail
	text := r.PathValue("id")
	if key, err = m.s.Model().ParseKey(text); err != nil {
		wrong = append(wrong, badParam("path.id", err.Error(), text))
	}
	if match && m.tagged && r.Header.Get("If-Match") != "" {
		var im IfMatch
		err := im.UnmarshalText([]byte(r.Header.Get("If-Match")))
		switch fault.KindOf(err) {
		case fault.Malformed:
			wrong = append(wrong, badParam("header.If-Match", err.Error(), ""))
		case fault.Stale:
			return key, v, err
		}
		v = im.Version()
	}
	if err := noQuery(r); err != nil {
		wrong = append(wrong, err.(*badRequest).details...)
	}
	if len(wrong) > 0 {
		return key, v, badParams(wrong...)
	}
	return key, v, nil
}

// noQuery refuses every query parameter.
func noQuery(r *http.Request) error {
	q := query{r.URL.RawQuery}
	if name, _, problem, ok := q.next(); ok {
		if problem == "" {
			problem = unknownParam
		}
		return badParams(badParam(queryLocation(name), problem, ""))
	}
	return nil
}

func (m *mount[T, C, U]) reply(ctx context.Context, status int, v *T) reply {
	return reply{status: status, body: m.view.render(ctx, v), etag: etagOf(v)}
}
