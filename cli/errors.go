package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/manorgo/manor/fault"
)

// A misuse is everything that is wrong with how the command was called or
// configured.
type misuse struct{ complaints []string }

// Error returns the complaints.
func (m *misuse) Error() string { return strings.Join(m.complaints, "; ") }

func misused(format string, args ...any) error {
	return &misuse{[]string{fmt.Sprintf(format, args...)}}
}

// exit reports err, a line for each thing that is wrong, and returns the exit
// code.
func (p *program) exit(err error) int {
	if err == nil {
		return exitDone
	}
	if m, ok := errors.AsType[*misuse](err); ok {
		p.complain(m.complaints...)
		return exitUsage
	}
	p.complain(message(err))
	if !p.entered {
		return exitUsage
	}
	return exitFailed
}

func (p *program) complain(lines ...string) {
	for _, line := range lines {
		fmt.Fprintf(p.Stderr, "%s: %s\n", p.name, strings.Join(strings.Fields(line), " "))
	}
}

// message says what went wrong to an operator, who may see causes.
func message(err error) string {
	f, ok := err.(*fault.Error)
	if !ok {
		return err.Error()
	}
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		return f.Error()
	}
	text := f.Msg
	if text == "" {
		text = string(f.Kind)
	}
	for _, d := range f.Details {
		if !strings.Contains(text, d.Message) {
			text += "; " + strings.TrimPrefix(d.Location, "body.") + ": " + d.Message
		}
	}
	if _, file := errors.AsType[*fs.PathError](f.Err); file && f.Kind == fault.NotFound {
		return text // which the cause would only repeat
	}
	switch f.Err.(type) {
	case *fault.Error, *fs.PathError:
		text += ": " + message(f.Err)
	}
	return text
}
