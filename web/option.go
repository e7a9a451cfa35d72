package web

import (
	"context"
	"net/http"
	"reflect"

	"github.com/manorgo/manor/data"
)

// An Option says more about a route.
type Option func(*options)

type options struct {
	status      int
	summary     string
	description string
	tags        []string
	operationID string
	codes       []string
	also        []answer
	without     []string
	list, one   any // a listView[T], a rowView[T]
	filters     []any
	tree        bool
	related     []any             // treeRelation[T]
	restricted  map[string]string // permission by parameter
	fields      map[string]string // permission by column, as JSON calls it
	queue       [2]string         // a parameter and its value
	stranger    bool
	primary     bool
	person      bool
	sensitive   bool

	tier         Tier // zero unless it was said
	onlyFailures bool
}

func gather(opts []Option) *options {
	o := &options{restricted: map[string]string{}, fields: map[string]string{}}
	for _, opt := range opts {
		opt(o)
	}
	return o
}

// Status is the status of success. Unless it is said, that is 200 with a body
// and 204 without.
func Status(code int) Option { return func(o *options) { o.status = code } }

// Summary describes the route in a few words. Mount's routes have their own.
func Summary(s string) Option { return func(o *options) { o.summary = s } }

// Describe explains the route, in Markdown.
func Describe(s string) Option { return func(o *options) { o.description = s } }

// Tag groups the route with others. Unless it is said, the group is the first
// part of the path.
func Tag(s string) Option { return func(o *options) { o.tags = append(o.tags, s) } }

// OperationID names the route for programs made from the OpenAPI document. On
// Mount it is the noun that follows list, get, create, update and delete.
func OperationID(s string) Option { return func(o *options) { o.operationID = s } }

// Errors documents codes of fault.Coded errors that the route returns.
func Errors(codes ...string) Option {
	return func(o *options) { o.codes = append(o.codes, codes...) }
}

// Stranger leaves the request's credential unlooked at, so that an expired one
// does not keep people from signing in. Every caller is anonymous. The route's
// access must be Anyone.
func Stranger() Option { return func(o *options) { o.stranger = true } }

// ForPeople keeps programs with a credential of their own, such as an API key,
// from a route: only people who have signed in get to it, by cookie or by token.
// Others are 403 with SESSION_REQUIRED. It is for routes whose body brings a
// proof of who is calling.
func ForPeople() Option {
	return func(o *options) {
		o.person = true
		o.codes = append(o.codes, "SESSION_REQUIRED")
	}
}

// Sensitive is ForPeople for routes that somebody at an unlocked screen should
// not use: the caller must have proved who they are within auth.FreshFor, by
// signing in or by POST /auth/step-up. Otherwise it is 403 with
// STEP_UP_REQUIRED.
func Sensitive() Option {
	return func(o *options) {
		ForPeople()(o)
		o.sensitive = true
		o.codes = append(o.codes, "STEP_UP_REQUIRED")
	}
}

// Also documents another status of success, whose body is a Body. With None it
// has no body.
func Also[Body any](status int, description string) Option {
	return func(o *options) {
		o.also = append(o.also, answer{status: status, description: description, body: reflect.TypeFor[Body]()})
	}
}

// Without leaves out those of Mount's routes that have these methods.
func Without(methods ...string) Option {
	return func(o *options) { o.without = append(o.without, methods...) }
}

// A listView turns a page of rows into what the caller sees.
type listView[T any] struct {
	body   reflect.Type
	render func(ctx context.Context, p *data.Page[T], how paging) any
}

// A rowView turns a row into what the caller sees.
type rowView[T any] struct {
	body   reflect.Type
	render func(ctx context.Context, v *T) any
	list   listView[T]
}

// ListAs makes the items of Mount's list, which may be smaller than whole rows.
func ListAs[T, Item any](view func(*T) Item) Option {
	return func(o *options) { o.list = viewList(func(_ context.Context, v *T) Item { return view(v) }) }
}

// View makes what the caller sees of a row. Without ListAs, lists have it too.
func View[T, Item any](view func(context.Context, *T) Item) Option {
	return func(o *options) {
		o.one = rowView[T]{
			body:   reflect.TypeFor[Item](),
			render: func(ctx context.Context, v *T) any { return view(ctx, v) },
			list:   viewList(view),
		}
	}
}

func viewList[T, Item any](view func(context.Context, *T) Item) listView[T] {
	return listView[T]{
		body: reflect.TypeFor[Page[Item]](),
		render: func(ctx context.Context, p *data.Page[T], how paging) any {
			items := make([]Item, len(p.Items))
			for i := range p.Items {
				items[i] = view(ctx, &p.Items[i])
			}
			return newPage(items, p.Total, p.Limit, p.Offset, how)
		},
	}
}

// wholeRows lists rows as they are.
func wholeRows[T any]() listView[T] {
	return listView[T]{
		body: reflect.TypeFor[Page[T]](),
		render: func(_ context.Context, p *data.Page[T], how paging) any {
			return newPage(p.Items, p.Total, p.Limit, p.Offset, how)
		},
	}
}

type extraFilter[T any] struct {
	name, permission string
	parse            func(values []string) (data.Filter[T], error)
}

// FilterBy adds a parameter to a list. It may be repeated, parse gets all its
// values, and an error from it is the caller's. Only callers with the
// permission may use it, all if that is ""; to others it is unknown.
func FilterBy[T any](name, permission string, parse func(values []string) (data.Filter[T], error)) Option {
	if permission != "" {
		mustBePermission(permission, "FilterBy")
	}
	return func(o *options) { o.filters = append(o.filters, extraFilter[T]{name, permission, parse}) }
}

// Restrict lets only callers with the permission use these parameters of a
// list; to others they are unknown. The name of a field stands for its In and
// NotIn as well; orderBy=name stands for sorting by that field alone.
func Restrict(permission string, names ...string) Option {
	mustBePermission(permission, "Restrict")
	return func(o *options) {
		for _, n := range names {
			o.restricted[n] = permission
		}
	}
}

// RestrictField is Restrict for all that a list can be asked for by the column
// that JSON calls so, which may be nothing.
func RestrictField(permission, name string) Option {
	mustBePermission(permission, "RestrictField")
	return func(o *options) { o.fields[name] = permission }
}

// Queue makes the oldest rows of a list come first, unless the request says an
// order, when the parameter of this name has this value and no other: what
// waits longest for a decision is what is wanted then. The list must have the
// parameter, one that may be repeated, and rows with created_at.
func Queue(name, value string) Option {
	return func(o *options) { o.queue = [2]string{name, value} }
}

// None is what has no fields: a request without parameters and body, or an
// answer without body.
type None struct{}

// A Page is the body of a list.
type Page[T any] struct {
	Items     []T    `json:"items"`
	Total     *int   `json:"total,omitempty" doc:"rows on all pages; left out if they were not counted"`
	Estimated bool   `json:"total_estimated,omitempty" doc:"whether total is a guess, which total=estimated allows"`
	Limit     int    `json:"limit" doc:"the most items that a page has"`
	Offset    *int   `json:"offset,omitempty" doc:"rows before this page; left out of pages by cursor"`
	Next      string `json:"next_cursor,omitempty" doc:"the cursor of the next page, of pages by cursor; left out of the last one"`
}

// A paging is how a page was asked for, and the cursor of the next one.
type paging struct {
	counted, guessed, keyset bool
	next                     string
}

func newPage[T any](items []T, total, limit, offset int, how paging) *Page[T] {
	p := &Page[T]{Items: items, Limit: limit, Estimated: how.guessed, Next: how.next}
	if items == nil {
		p.Items = []T{}
	}
	if how.counted {
		p.Total = &total
	}
	if !how.keyset {
		p.Offset = &offset
	}
	return p
}

func isWrite(method string) bool { return method != http.MethodGet && method != http.MethodHead }
