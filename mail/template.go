package mail

import (
	"html/template"
	"io"
	"strings"
	texttemplate "text/template"

	"github.com/manorgo/manor/fault"
)

// A Template makes messages of one kind. It is safe for concurrent use.
type Template struct {
	subject, text, html executor
}

type executor interface {
	Execute(w io.Writer, data any) error
}

// ParseTemplate reads the parts of a template in the syntax of text/template,
// and of html/template for html, which escapes what it fills in. text or html
// may be "". A mistake in a template is fault.Internal.
func ParseTemplate(subject, text, html string) (*Template, error) {
	t := &Template{}
	var err error
	if t.subject, err = texttemplate.New("subject").Option("missingkey=error").Parse(subject); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a mail template cannot be read")
	}
	if t.text, err = texttemplate.New("text").Option("missingkey=error").Parse(text); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a mail template cannot be read")
	}
	if t.html, err = template.New("html").Option("missingkey=error").Parse(html); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a mail template cannot be read")
	}
	return t, nil
}

// Message returns the message to one address with data filled in. White space
// around the parts is left out. A part that cannot be made of data is
// fault.Internal.
func (t *Template) Message(to string, data any) (Message, error) {
	var parts [3]string
	for i, part := range []executor{t.subject, t.text, t.html} {
		var b strings.Builder
		if err := part.Execute(&b, data); err != nil {
			return Message{}, fault.Wrap(fault.Internal, err, "a mail cannot be written")
		}
		parts[i] = strings.TrimSpace(b.String())
	}
	return Message{To: to, Subject: parts[0], Text: parts[1], HTML: parts[2]}, nil
}
