package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Config says what a Router needs to know. The zero Config works.
type Config struct {
	Title         string // of the OpenAPI document; "API" if empty
	Version       string // of the API; "0" if empty
	Description   string // in Markdown
	Prefix        string // before every path: "/api/v1"
	SessionCookie string // the cookie that a session scheme of Gate reads, for the document; "" if there is none
	Gate          auth.Gate
	MaxBody       int64            // bytes of a request's body; 1 MiB if 0
	Keys          *secret.Keyring  // signs the cursors of lists, which have no pages by cursor if nil
	Now           func() time.Time // the clock by which cursors and proofs get old; time.Now if nil
	Limiter       Limiter          // counts requests; nil means that nobody is held back
	Replicas      bool             // GET and HEAD may read replicas, but for routes with Primary
	Refused       Refused          // told of callers who may not change what they ask for; nil for nobody
	Log           *slog.Logger     // for errors that callers do not see; that of Frame, or slog.Default, if nil
}

// Refused is told of each request, other than GET and HEAD, that a route has
// answered with an error of the kinds Unauthenticated, Forbidden or Limited. The
// caller, if there is one, is that of ctx. It must not take long.
type Refused func(ctx context.Context, r Route, err error)

const defaultMaxBody = 1 << 20

// A Router is an http.Handler that serves typed functions and knows what it
// serves. Give it its routes first, then serve it: it is safe for concurrent
// use from then on.
type Router struct {
	config    Config
	routes    tree
	endpoints []*endpoint
	schemas   *registry
	problem   *shape
	document  func() *huma.OpenAPI
}

// NewRouter returns a Router without routes.
func NewRouter(c Config) *Router {
	if c.MaxBody <= 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	r := &Router{config: c, schemas: newRegistry()}
	r.problem = r.problemShape()
	r.document = sync.OnceValue(r.describe)
	return r
}

// SetGate sets what authenticates requests. It is for gates that are made of
// parts which need the router first, and must not be called while serving.
func (r *Router) SetGate(g auth.Gate) { r.config.Gate = g }

// A Route is what a Router serves at one method and path.
type Route struct {
	Method      string
	Path        string // with the prefix: /api/v1/products/{id}
	OperationID string
	Summary     string
	Description string
	Tags        []string
	Access      Access
	Stranger    bool     // a credential is not looked at
	ForPeople   bool     // programs with a credential of their own are refused
	Sensitive   bool     // and so is who has not proved lately who they are
	Codes       []string // of errors, beside the general ones
	Tier        Tier     // how often it may be called
}

// Marks are words for what sets the route apart, beside who may call it:
// "stranger", "for people", "sensitive".
func (r Route) Marks() (out []string) {
	if r.Stranger {
		out = append(out, "stranger")
	}
	if r.ForPeople {
		out = append(out, "for people")
	}
	if r.Sensitive {
		out = append(out, "sensitive")
	}
	return out
}

// Routes returns what r serves, in the order it was registered.
func (r *Router) Routes() []Route {
	out := make([]Route, len(r.endpoints))
	for i, ep := range r.endpoints {
		out[i] = ep.Route
	}
	return out
}

// An endpoint is a route and what answers it.
type endpoint struct {
	Route
	pattern string
	wild    []string // the names of the wildcards, in order
	params  []*huma.Param
	body    *body // nil if it takes none
	form    *form // nil if it takes none
	answers []answer
	openers map[reflect.Type]*opener // of bodies of answers; nil if none has members
	primary bool                     // replicas are not read

	onlyFailures bool // requests that succeed do not count
	run          func(ctx context.Context, w http.ResponseWriter, r *http.Request) (reply, error)
}

// newEndpoint returns an endpoint that still has to be filled and added.
func (r *Router) newEndpoint(pattern string, access Access, o *options) *endpoint {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok || method == "" || !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") {
		panic(fmt.Sprintf("web: the pattern %q is not METHOD /path", pattern))
	}
	if access.rule == nil {
		panic(fmt.Sprintf("web: nobody may call %q: say Anyone, SignedIn, Require or another Access", pattern))
	}
	if o.stranger && !access.Public() {
		panic(fmt.Sprintf("web: %q is for strangers, and asks who they are", pattern))
	}
	if o.person && access.Public() {
		panic(fmt.Sprintf("web: %q is for anyone, and for people who have signed in alone", pattern))
	}
	ep := &endpoint{pattern: method + " " + r.config.Prefix + path, primary: o.primary, onlyFailures: o.onlyFailures}
	ep.Route = Route{
		Method: method, Path: r.config.Prefix + path, OperationID: o.operationID, Summary: o.summary,
		Description: o.description, Tags: o.tags, Access: access, Stranger: o.stranger,
		ForPeople: o.person, Sensitive: o.sensitive, Codes: slices.Clone(o.codes), Tier: o.tierOf(method),
	}
	if ep.OperationID == "" {
		ep.OperationID = operationID(method, path)
	}
	if ep.Summary == "" {
		ep.Summary = sentence(ep.OperationID)
	}
	if len(ep.Tags) == 0 {
		first, _, _ := strings.Cut(path[1:], "/")
		ep.Tags = []string{first}
	}
	return ep
}

func (r *Router) add(ep *endpoint) {
	for _, other := range r.endpoints {
		if other.OperationID == ep.OperationID {
			panic(fmt.Sprintf("web: %s and %s are both called %s: say OperationID", other.pattern, ep.pattern, ep.OperationID))
		}
	}
	for i := range ep.answers {
		r.prepare(ep, &ep.answers[i])
	}
	r.routes.add(ep)
	r.endpoints = append(r.endpoints, ep)
}

// ServeHTTP answers a request by its route.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	x := exchangeFrom(req.Context())
	if x == nil { // nobody has framed us
		x = newExchange(req, nil, r.config.Log)
		req = req.WithContext(context.WithValue(req.Context(), exchangeKey{}, x))
		w.Header()["X-Request-Id"] = []string{x.client.RequestID}
	}
	if r.config.Log != nil {
		x.log = r.config.Log
	}
	x.request = req
	ep, wild := r.routes.find(req.Method, req.URL.EscapedPath())
	if ep == nil {
		r.notFound(w, req)
		return
	}
	for i, name := range ep.wild {
		req.SetPathValue(name, wild[i])
	}
	req.Pattern = ep.pattern
	r.serve(ep, w, req)
}

// serve answers one request.
func (r *Router) serve(ep *endpoint, w http.ResponseWriter, req *http.Request) {
	if x := exchangeFrom(req.Context()); x != nil {
		x.pattern = ep.pattern
	}
	caller := &auth.Principal{}
	rep, err := r.answer(ep, caller, w, req)
	if err == nil {
		err = rep.write(w, req)
	}
	if err != nil {
		r.refused(ep, auth.NewContext(req.Context(), caller), err)
		WriteError(w, req, err)
	}
}

// refused tells of a caller who may not do what was asked for.
func (r *Router) refused(ep *endpoint, ctx context.Context, err error) {
	if r.config.Refused == nil || ep.Method == http.MethodGet || ep.Method == http.MethodHead {
		return
	}
	switch fault.KindOf(err) {
	case fault.Unauthenticated, fault.Forbidden, fault.Limited:
		r.config.Refused(ctx, ep.Route, err)
	}
}

// answer takes a request through the steps that no handler has to remember. It
// sets who the caller is.
func (r *Router) answer(ep *endpoint, caller *auth.Principal, w http.ResponseWriter, req *http.Request) (reply, error) {
	if !ep.Stranger {
		p, err := r.config.Gate.Authenticate(req)
		if err != nil {
			r.dropCookie(w, req, err)
			return reply{}, r.limitRefused(req.Context(), ep, err)
		}
		if p.Renewed != nil {
			http.SetCookie(w, p.Renewed)
		}
		*caller = *p
	}
	ctx := auth.NewContext(req.Context(), caller)
	if err := r.limit(ctx, ep, caller); err != nil { // before the body is read
		return reply{}, err
	}
	rep, err := r.perform(ctx, ep, w, req)
	r.forgive(ctx, ep, caller, err)
	return rep, err
}

// perform takes a request through the steps for which it must be known whose it
// is.
func (r *Router) perform(ctx context.Context, ep *endpoint, w http.ResponseWriter, req *http.Request) (reply, error) {
	if err := ep.Access.check(ctx); err != nil {
		return reply{}, err
	}
	if err := r.checkPerson(ctx, ep); err != nil {
		return reply{}, err
	}
	if err := ep.checkMedia(req); err != nil {
		return reply{}, err
	}
	rep, err := ep.run(r.onReplicas(ctx, ep), w, req)
	rep.body = ep.opened(rep.body)
	return rep, err
}

// checkPerson returns nil if the caller is as much of a person as the route
// wants.
func (r *Router) checkPerson(ctx context.Context, ep *endpoint) error {
	switch {
	case ep.Sensitive:
		return auth.CheckFresh(ctx, r.config.Now())
	case ep.ForPeople:
		return auth.CheckPerson(ctx)
	}
	return nil
}

// dropCookie makes a browser forget a session that has ended, so that its next
// request is a stranger's and not refused again.
func (r *Router) dropCookie(w http.ResponseWriter, req *http.Request, err error) {
	name := r.config.SessionCookie
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == auth.CodeRenewed {
		return // it would be the new one
	}
	if _, missing := req.Cookie(name); name == "" || missing != nil || !errors.Is(err, fault.Unauthenticated) ||
		req.Header.Get("Authorization") != "" || req.Header.Get("X-API-Key") != "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: strings.HasPrefix(name, "__Host-"), SameSite: http.SameSiteLaxMode,
	})
}

const nothingHere = "there is nothing at this path"

// notFound answers what no route matched: another method might.
func (r *Router) notFound(w http.ResponseWriter, req *http.Request) {
	allowed := r.routes.methods(req.URL.EscapedPath())
	if len(allowed) == 0 {
		WriteError(w, req, fault.Errorf(fault.NotFound, nothingHere))
		return
	}
	WriteError(w, req, &refusal{
		failure: failure{http.StatusMethodNotAllowed, codeMethod, "this path does not answer " + cut(req.Method)},
		allow:   strings.Join(allowed, ", "),
	})
}
