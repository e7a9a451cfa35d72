package web

import (
	"context"
	"net/http"
	"reflect"
)

// Handle serves fn at pattern, "METHOD /path/{name}" below the router's prefix.
//
// In is a struct that the request fills. A field has the tag path, query or
// header, with the parameter's name, and the type string, bool, a number,
// time.Time, one with UnmarshalText such as data.ID and IfMatch, one of these
// by another name, a pointer to one, or a slice of them for a parameter that
// may be repeated. The tags required, default, enum, minimum, maximum,
// minLength, maxLength, pattern, format and doc say more. A field called Body
// takes the JSON body, whose fields may have the same tags; a pointer may be
// left out. None is a request with nothing in it.
//
// Fields with the tag form, in place of Body, take the fields of a form sent as
// multipart/form-data, by the same types and tags; one of them may be a *Upload,
// the form's file, which is the last of its parts and is read as it arrives.
//
// Out is a struct that becomes the answer. It may have the fields Body (any
// JSON), Status (int, 0 for the usual one), Cookies ([]*http.Cookie) and
// strings with the tag header. A Body with a method Version() data.Version has
// an ETag. None is an answer without a body, 204.
//
// Requests with parameters, fields or a body that In does not name, or that
// break what its tags say, never get to fn. Handle panics if pattern, In, Out
// or access make no sense.
func Handle[In, Out any](r *Router, pattern string, fn func(context.Context, *In) (*Out, error), access Access, opts ...Option) {
	o := gather(opts)
	ep := r.newEndpoint(pattern, access, o)
	in := r.input(reflect.TypeFor[In](), pattern, title(ep.OperationID))
	out := newOutput(reflect.TypeFor[Out](), pattern)
	ep.params, ep.body, ep.form = in.doc, in.body, in.form
	body := reflect.Type(nil)
	if out.body != nil {
		body = reflect.TypeFor[Out]().FieldByIndex(out.body).Type
	}
	status := o.status
	switch {
	case status != 0:
	case body == nil:
		status = http.StatusNoContent
	default:
		status = http.StatusOK
	}
	first := answer{status: status, body: body, etag: out.versioned}
	for _, h := range out.headers {
		first.headers = append(first.headers, h.name)
	}
	ep.answers = append([]answer{first}, o.also...)
	ep.run = func(ctx context.Context, w http.ResponseWriter, req *http.Request) (reply, error) {
		var v In
		if err := in.bind(w, req, reflect.ValueOf(&v).Elem()); err != nil {
			return reply{}, err
		}
		answer, err := fn(ctx, &v)
		if err != nil {
			return reply{}, err
		}
		if answer == nil {
			answer = new(Out)
		}
		return out.reply(reflect.ValueOf(answer).Elem(), status), nil
	}
	r.add(ep)
}
