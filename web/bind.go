package web

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/fault"
)

const (
	maxRepeats = 200 // values of one parameter
	maxParams  = 64  // parameters of one route, that a set has room for
)

// An input is the plan by which requests fill a struct. It is made once.
type input struct {
	params []*param
	query  map[string]int // by name
	body   *body          // nil if there is none
	at     []int          // where the body goes
	form   *form          // nil if there is none
	doc    []*huma.Param
}

// A param is one parameter and its place in the struct.
type param struct {
	in, name string
	location string
	index    []int
	required bool
	repeated bool
	quiet    bool // its value is not repeated in errors
	preset   string
	parse    func(v reflect.Value, text string) error
	shape    *shape
}

// input makes the plan for t, whose fields must be those of the pattern. It
// panics if they are not.
func (r *Router) input(t reflect.Type, pattern, hint string) *input {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("web: %s: %v is not a struct", pattern, t))
	}
	in := &input{query: map[string]int{}}
	wild := wildcards(pattern)
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		if f.Name == "Body" {
			in.body, in.at = r.body(f.Type, hint), f.Index
			continue
		}
		if f.Tag.Get("form") != "" {
			in.formField(r, f, pattern)
			continue
		}
		p, doc := r.param(f, pattern)
		if p.in == "query" {
			in.query[p.name] = len(in.params)
		}
		if p.in == "path" {
			i := slices.Index(wild, p.name)
			if i < 0 {
				panic(fmt.Sprintf("web: %s has no {%s}, as %v says", pattern, p.name, t))
			}
			wild = slices.Delete(wild, i, i+1)
		}
		in.params = append(in.params, p)
		in.doc = append(in.doc, doc)
	}
	if in.form != nil && (in.body != nil || len(in.form.fields) > maxParams) {
		panic(fmt.Sprintf("web: %s: %v has a form and a Body, or too many fields", pattern, t))
	}
	if len(wild) > 0 || len(in.params) > maxParams {
		panic(fmt.Sprintf("web: %s: %v has no field for %v, or too many", pattern, t, wild))
	}
	return in
}

// wildcards returns the names in a pattern's path.
func wildcards(pattern string) (names []string) {
	for part := range strings.SplitSeq(pattern, "{") {
		if name, _, ok := strings.Cut(part, "}"); ok {
			names = append(names, strings.TrimSuffix(name, "..."))
		}
	}
	return names
}

func (r *Router) param(f reflect.StructField, pattern string) (*param, *huma.Param) {
	p := &param{index: f.Index}
	for _, in := range []string{"path", "query", "header", "form"} {
		if name := f.Tag.Get(in); name != "" {
			p.in, p.name = in, name
		}
	}
	if p.in == "" {
		panic(fmt.Sprintf("web: %s: field %s has no tag path, query, header or form and is not Body", pattern, f.Name))
	}
	s := huma.SchemaFromField(r.schemas, f, f.Name)
	p.location = p.in + "." + p.name
	p.required = p.in == "path" || f.Tag.Get("required") == "true"
	p.preset = f.Tag.Get("default")
	if s.Format == "date-time-http" { // which huma expects of headers
		s.Format = "date-time"
	}
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t, s.Nullable = t.Elem(), false
	}
	p.shape = r.schemas.compile(s)
	if t.Kind() == reflect.Slice && parserOf(t) == nil {
		p.repeated, t, p.shape = true, t.Elem(), p.shape.items
	}
	if p.repeated && p.preset != "" {
		panic(fmt.Sprintf("web: %s: field %s: a parameter that may be repeated has no default", pattern, f.Name))
	}
	p.quiet = p.in == "header" || s.Format == "password"
	if p.parse = parserOf(t); p.parse == nil {
		panic(fmt.Sprintf("web: %s: field %s: a parameter cannot be %v", pattern, f.Name, f.Type))
	}
	doc := &huma.Param{Name: p.name, In: p.in, Required: p.required, Schema: s, Description: s.Description}
	return p, doc
}

// bind fills v from the request.
func (in *input) bind(w http.ResponseWriter, r *http.Request, v reflect.Value) error {
	var wrong []ProblemDetail
	var given uint64
	note := func(i int, text string) error {
		p := in.params[i]
		again := given&(1<<i) != 0
		given |= 1 << i
		if again && !p.repeated {
			wrong = append(wrong, badParam(p.location, "is given twice", ""))
			return nil
		}
		msg, err := p.set(v.FieldByIndex(p.index), text)
		if msg != "" {
			if p.quiet {
				text = ""
			}
			wrong = append(wrong, badParam(p.location, msg, text))
		}
		return err
	}
	q := query{r.URL.RawQuery}
	for {
		name, value, problem, ok := q.next()
		if !ok {
			break
		}
		i, known := in.query[name]
		switch {
		case problem != "":
			wrong = append(wrong, badParam(queryLocation(name), problem, ""))
		case !known:
			wrong = append(wrong, badParam(queryLocation(name), unknownParam, ""))
		default:
			if err := note(i, value); err != nil {
				return err
			}
		}
		if len(wrong) >= maxDetails {
			return badParams(wrong...)
		}
	}
	for i, p := range in.params {
		text, ok := p.preset, p.preset != ""
		switch p.in {
		case "path":
			text, ok = r.PathValue(p.name), true
		case "header":
			if values := r.Header.Values(p.name); len(values) > 0 {
				text, ok = strings.Join(values, ", "), true
			}
		case "query":
			if given&(1<<i) != 0 {
				continue
			}
		}
		if ok {
			if err := note(i, text); err != nil {
				return err
			}
		} else if p.required {
			wrong = append(wrong, badParam(p.location, "is required", ""))
		}
	}
	if len(wrong) > 0 {
		return badParams(wrong...)
	}
	if in.form != nil {
		return in.form.decode(w, r, v)
	}
	if in.body == nil {
		return nil
	}
	return in.body.decode(w, r, v.FieldByIndex(in.at).Addr().Interface())
}

// set stores one value. It returns what is wrong with it, or an error that
// says more than that.
func (p *param) set(v reflect.Value, text string) (string, error) {
	if p.in != "query" && !isText(text) {
		return "is not valid text", nil
	}
	if msg := p.shape.checkText(text); msg != "" {
		return msg, nil
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	into := v
	if p.repeated {
		if v.Len() == maxRepeats {
			return fmt.Sprintf("has more than %d values", maxRepeats), nil
		}
		v.Grow(1)
		v.SetLen(v.Len() + 1)
		into = v.Index(v.Len() - 1)
	}
	err := p.parse(into, text)
	e, ok := errors.AsType[*fault.Error](err)
	switch {
	case err == nil:
		return "", nil
	case ok && e.Kind == fault.Stale:
		return "", err
	case ok && e.Msg != "":
		return e.Msg, nil
	}
	return "is not valid", nil
}
