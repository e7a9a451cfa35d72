package web

import (
	"cmp"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/auth"
)

// An answer is one way in which a route succeeds.
type answer struct {
	status      int
	description string
	body        reflect.Type // nil means none
	headers     []string
	etag        bool
	schema      *huma.Schema
	shape       *shape
}

// prepare makes the schema and the shape of an answer of ep.
func (r *Router) prepare(ep *endpoint, a *answer) {
	if a.body == nil || a.body == reflect.TypeFor[None]() {
		a.body = nil
		return
	}
	t := a.body
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	ep.open(r.schemas, t)
	a.schema = r.schemas.Schema(t, true, title(ep.OperationID)+"Answer")
	a.shape = r.schemas.compile(a.schema)
}

func (r *Router) problemShape() *shape {
	return r.schemas.compile(r.schemas.Schema(reflect.TypeFor[Problem](), true, ""))
}

// OpenAPI returns the document of all routes, in version 3.1. It is made once,
// at the first call: give the router its routes before.
func (r *Router) OpenAPI() *huma.OpenAPI { return r.document() }

func (r *Router) describe() *huma.OpenAPI {
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: cmp.Or(r.config.Title, "API"), Version: cmp.Or(r.config.Version, "0"), Description: r.config.Description,
		},
		Paths: map[string]*huma.PathItem{},
		Components: &huma.Components{
			Schemas: r.schemas, SecuritySchemes: r.securitySchemes(),
			Responses: r.problems(), Headers: commonHeaders(),
		},
	}
	tags := map[string]bool{}
	for _, ep := range r.endpoints {
		doc.AddOperation(r.operation(ep))
		for _, t := range ep.Tags {
			if !tags[t] {
				tags[t] = true
				doc.Tags = append(doc.Tags, &huma.Tag{Name: t})
			}
		}
	}
	r.openAnswers()
	var codes []any
	for _, c := range r.codes() {
		codes = append(codes, c)
	}
	r.schemas.schemas["Problem"].Properties["code"].Enum = codes
	return doc
}

// openAnswers lets what we only send have more fields one day; what we take
// stays closed.
func (r *Router) openAnswers() {
	taken := map[string]bool{}
	for _, ep := range r.endpoints {
		if ep.body != nil {
			r.schemas.reachable(ep.body.schema, taken)
		}
	}
	for name, s := range r.schemas.schemas {
		if s.AdditionalProperties == false && !taken[name] {
			s.AdditionalProperties = nil
		}
	}
}

// generalCodes are those that any route may answer with.
func (r *Router) generalCodes() []string {
	out := []string{auth.CodeRenewed, codeMethod, codeTooLarge, codeMediaType, codeMisdirected, codeReference}
	for _, f := range failures {
		out = append(out, f.code)
	}
	for _, s := range r.config.Gate {
		out = append(out, s.Codes...)
	}
	return out
}

// codes returns the catalogue of all codes, sorted.
func (r *Router) codes() []string {
	out := r.generalCodes()
	for _, ep := range r.endpoints {
		out = append(out, ep.Codes...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *Router) securitySchemes() map[string]*huma.SecurityScheme {
	out := map[string]*huma.SecurityScheme{"bearer": {Type: "http", Scheme: "bearer"}}
	if r.config.SessionCookie != "" {
		out["session"] = &huma.SecurityScheme{Type: "apiKey", In: "cookie", Name: r.config.SessionCookie}
	}
	for _, s := range r.config.Gate {
		if program := programSchemes[s.Name]; program != nil {
			out[s.Name] = program()
		}
	}
	return out
}

// programSchemes describe the schemes of programs, by their names.
var programSchemes = map[string]func() *huma.SecurityScheme{
	"apikey": func() *huma.SecurityScheme {
		return &huma.SecurityScheme{Type: "apiKey", In: "header", Name: "X-API-Key", Description: "A key may also be sent as a bearer token."}
	},
	"signature": func() *huma.SecurityScheme {
		return &huma.SecurityScheme{Type: "apiKey", In: "header", Name: "Signature",
			Description: "Requests signed with a key, by RFC 9421 or LSA1-HMAC-SHA256, whose signature is in the header Authorization."}
	},
}

// security returns the credentials of which a route takes any one.
func (r *Router) security(ep *endpoint) (out []map[string][]string) {
	if ep.Access.Public() {
		out = append(out, map[string][]string{})
	}
	for _, name := range slices.Sorted(maps.Keys(r.securitySchemes())) {
		if programSchemes[name] != nil && ep.ForPeople {
			continue
		}
		out = append(out, map[string][]string{name: {}})
	}
	return out
}

func commonHeaders() map[string]*huma.Header {
	text := &huma.Schema{Type: huma.TypeString}
	return map[string]*huma.Header{
		"ETag":             {Description: "Names this state of the row, for If-Match and If-None-Match.", Schema: text},
		"Location":         {Description: "Where the new row is.", Schema: text},
		"Retry-After":      {Description: "Seconds to wait before trying again.", Schema: &huma.Schema{Type: huma.TypeInteger}},
		"RateLimit":        {Description: "How much of the limit is left, and in how many seconds there is more.", Schema: text},
		"RateLimit-Policy": {Description: "How many requests (q) may be sent in how many seconds (w).", Schema: text},
		"WWW-Authenticate": {Description: "How to sign in.", Schema: text},
		"X-Request-Id":     {Description: "Finds the request in the server's log.", Schema: text},
	}
}

func headerRefs(names ...string) map[string]*huma.Param {
	out := map[string]*huma.Param{}
	for _, name := range append(names, "X-Request-Id") {
		out[name] = &huma.Param{Ref: "#/components/headers/" + name}
	}
	return out
}

func problemName(status int) string { return "Problem" + strconv.Itoa(status) }

// problems returns the answers that are errors, by the names of components.
func (r *Router) problems() map[string]*huma.Response {
	statuses := []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusMisdirectedRequest}
	for _, f := range failures {
		statuses = append(statuses, f.status)
	}
	out := map[string]*huma.Response{}
	for _, status := range statuses {
		var headers []string
		switch status {
		case http.StatusUnauthorized:
			headers = []string{"WWW-Authenticate"}
		case http.StatusTooManyRequests:
			headers = []string{"Retry-After", "RateLimit", "RateLimit-Policy"}
		case http.StatusServiceUnavailable:
			headers = []string{"Retry-After"}
		}
		out[problemName(status)] = &huma.Response{
			Description: http.StatusText(status),
			Headers:     headerRefs(headers...),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Ref: schemaPrefix + "Problem"}}},
		}
	}
	return out
}

// problemStatuses returns the statuses with which a route may fail.
func (ep *endpoint) problemStatuses() []int {
	out := []int{400, 401, 403, 421, 429, 500, 503}
	if isWrite(ep.Method) {
		out = append(out, 404, 409, 422)
	} else if len(wildcards(ep.Path)) > 0 || len(ep.Codes) > 0 {
		out = append(out, 404)
	}
	if ep.takesBody() {
		out = append(out, 413, 415)
	}
	if slices.ContainsFunc(ep.params, func(p *huma.Param) bool { return p.Name == "If-Match" }) {
		out = append(out, 412)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *Router) operation(ep *endpoint) *huma.Operation {
	op := &huma.Operation{
		Method: ep.Method, Path: ep.Path, OperationID: ep.OperationID, Summary: ep.Summary, Description: ep.Description,
		Tags: ep.Tags, Parameters: ep.params, Security: r.security(ep),
		Responses: map[string]*huma.Response{}, Extensions: map[string]any{},
	}
	if p := ep.Access.Permission(); p != "" {
		op.Extensions["x-permission"] = p
	} else if !ep.Access.Public() && ep.Access != SignedIn {
		op.Extensions["x-access"] = ep.Access.String()
	}
	if ep.Sensitive {
		op.Extensions["x-step-up"] = true
	}
	if len(ep.Codes) > 0 {
		op.Extensions["x-codes"] = ep.Codes
	}
	op.Extensions["x-rate-limit"] = map[string]any{"tier": ep.Tier.Name, "per_minute": ep.Tier.PerMinute}
	if ep.takesBody() {
		content, required := ep.media()
		op.RequestBody = &huma.RequestBody{Required: required, Content: content}
	}
	for _, a := range ep.answers {
		headers := slices.Clone(a.headers)
		if a.etag {
			headers = append(headers, "ETag")
		}
		res := &huma.Response{Description: cmp.Or(a.description, http.StatusText(a.status)), Headers: a.headerDocs(headers)}
		if a.schema != nil {
			res.Content = map[string]*huma.MediaType{"application/json": {Schema: a.schema}}
		}
		op.Responses[strconv.Itoa(a.status)] = res
		if a.etag && ep.Method == http.MethodGet {
			op.Responses["304"] = &huma.Response{Description: "Not changed since the state in If-None-Match", Headers: headerRefs("ETag")}
			op.Parameters = append(op.Parameters[:len(op.Parameters):len(op.Parameters)], &huma.Param{
				Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
				Description: "ETags of known states. If the row is in one of them, the answer is 304.",
			})
		}
	}
	for _, status := range ep.problemStatuses() {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + problemName(status)}
	}
	return op
}

// headerDocs describes an answer's headers, those by our own names by
// reference.
func (a *answer) headerDocs(names []string) map[string]*huma.Param {
	out := headerRefs()
	known := commonHeaders()
	for _, name := range names {
		if known[name] != nil {
			out[name] = &huma.Param{Ref: "#/components/headers/" + name}
		} else {
			out[name] = &huma.Param{Schema: &huma.Schema{Type: huma.TypeString}}
		}
	}
	return out
}
