package web

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/fault"
)

// An Upload is a file in a form, read as it arrives. It is an io.Reader that is
// valid until the function that got it has returned. Filename and ContentType
// are what the client says: anything.
//
// It must be the last part of its form, so that the fields are known before it
// is read: what follows it makes the last Read fail with fault.Malformed. How
// large it may be is for the reader to say.
type Upload struct {
	Filename    string
	ContentType string

	part *multipart.Part
	form *multipart.Reader
	end  error
}

// Read reads on.
func (u *Upload) Read(p []byte) (int, error) {
	if u.end != nil {
		return 0, u.end
	}
	n, err := u.part.Read(p)
	if err == io.EOF {
		if _, next := u.form.NextPart(); next == nil {
			err = malformedForm("has something after its file, which must come last", nil)
		} else if next != io.EOF {
			err = malformedForm("ended too early", next)
		}
	} else if err != nil {
		err = malformedForm("ended too early", err)
	}
	u.end = err
	return n, err
}

func malformedForm(what string, err error) error {
	return &fault.Error{Kind: fault.Malformed, Msg: "the form " + what, Err: err, Details: []fault.Detail{{Location: "body", Message: what}}}
}

// A form is the plan by which bodies of multipart/form-data are read.
type form struct {
	fields []*param
	index  map[string]int
	file   string // the name of the file's field; "" if there is none
	at     []int  // where it goes
	needed bool   // it may not be left out
	limit  int64  // bytes of all fields
	schema *huma.Schema
}

// formField adds a field with the tag form to the plan.
func (in *input) formField(r *Router, f reflect.StructField, pattern string) {
	if in.form == nil {
		in.form = &form{index: map[string]int{}, limit: r.config.MaxBody, schema: &huma.Schema{
			Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false,
		}}
	}
	fm, name := in.form, f.Tag.Get("form")
	if fm.schema.Properties[name] != nil {
		panic(fmt.Sprintf("web: %s: the form has two fields %s", pattern, name))
	}
	if f.Type == reflect.TypeFor[*Upload]() {
		if fm.file != "" {
			panic(fmt.Sprintf("web: %s: a form has one file, not %s and %s", pattern, fm.file, name))
		}
		fm.file, fm.at, fm.needed = name, f.Index, f.Tag.Get("required") == "true"
		doc := strings.TrimSpace(f.Tag.Get("doc") + " The file is the last part of the form.")
		fm.schema.Properties[name] = &huma.Schema{Type: huma.TypeString, Format: "binary", Description: doc}
	} else {
		p, doc := r.param(f, pattern)
		fm.index[name] = len(fm.fields)
		fm.fields = append(fm.fields, p)
		fm.schema.Properties[name] = doc.Schema
	}
	if f.Tag.Get("required") == "true" {
		fm.schema.Required = append(fm.schema.Required, name)
	}
}

// checkMedia refuses bodies that are not a form before any is read.
func (fm *form) checkMedia(r *http.Request) error {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if enc := r.Header.Get("Content-Encoding"); err != nil || media != "multipart/form-data" || params["boundary"] == "" || enc != "" && enc != "identity" {
		return refuse(http.StatusUnsupportedMediaType, codeMediaType, "send the body as multipart/form-data")
	}
	return nil
}

// decode reads the fields of a form into v, up to the file, which it leaves to
// be read.
func (fm *form) decode(w http.ResponseWriter, r *http.Request, v reflect.Value) error {
	if fm.file != "" {
		Pace(w, r)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return malformedForm("cannot be read", err)
	}
	var wrong []fault.Detail
	note := func(name, msg string) { wrong = append(wrong, fault.Detail{Location: "body." + name, Message: msg}) }
	given, left := uint64(0), fm.limit
	for len(wrong) < maxDetails {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return malformedForm("cannot be read", err)
		}
		name := part.FormName()
		i, known := fm.index[name]
		switch {
		case name == fm.file && fm.file != "":
			if part.FileName() == "" { // so does a browser say that none was chosen
				if n, _ := io.ReadFull(part, make([]byte, 1)); n > 0 {
					note(name, "is not a file, or has no filename")
				}
				continue
			}
			up := &Upload{Filename: part.FileName(), ContentType: part.Header.Get("Content-Type"), part: part, form: parts}
			v.FieldByIndex(fm.at).Set(reflect.ValueOf(up))
			return fm.finish(wrong, given, true)
		case !known:
			note(cut(name), unknownParam)
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, left+1))
		if err != nil {
			return malformedForm("ended too early", err)
		}
		if left -= int64(len(text)); left < 0 {
			return &http.MaxBytesError{Limit: fm.limit}
		}
		p := fm.fields[i]
		if given&(1<<i) != 0 && !p.repeated {
			note(name, "is given twice")
			continue
		}
		given |= 1 << i
		if err := fm.set(p, v, string(text), note); err != nil {
			return err
		}
	}
	return fm.finish(wrong, given, false)
}

func (fm *form) set(p *param, v reflect.Value, text string, note func(name, msg string)) error {
	msg, err := p.set(v.FieldByIndex(p.index), text)
	if msg != "" {
		note(p.name, msg)
	}
	return err
}

// finish tells what is wrong with the fields, those that are missing included.
func (fm *form) finish(wrong []fault.Detail, given uint64, file bool) error {
	for i, p := range fm.fields {
		if p.required && given&(1<<i) == 0 {
			wrong = append(wrong, fault.Detail{Location: "body." + p.name, Message: "is required"})
		}
	}
	if fm.needed && !file {
		wrong = append(wrong, fault.Detail{Location: "body." + fm.file, Message: "is required"})
	}
	if len(wrong) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Msg: "some fields are not valid", Details: wrong}
}

// media returns the type and the schema of what a route takes.
func (ep *endpoint) media() (content map[string]*huma.MediaType, required bool) {
	if ep.form != nil {
		return map[string]*huma.MediaType{"multipart/form-data": {Schema: ep.form.schema}}, true
	}
	return map[string]*huma.MediaType{"application/json": {Schema: ep.body.schema}}, ep.body.required
}

// takesBody reports whether a route takes a body of any kind.
func (ep *endpoint) takesBody() bool { return ep.body != nil || ep.form != nil }

// checkMedia refuses bodies of the wrong type before any is read.
func (ep *endpoint) checkMedia(r *http.Request) error {
	if ep.form != nil {
		return ep.form.checkMedia(r)
	}
	return ep.body.checkMedia(r)
}
