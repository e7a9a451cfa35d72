package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// A format is how a command prints what it found: for people or for programs.
// It is the value of a flag.
type format string

const (
	asText format = "text"
	asJSON format = "json"

	asLines format = "ndjson" // each thing on a line: only some lists know it
)

// String returns the name of the format.
func (f *format) String() string { return string(*f) }

// Type returns what help calls the values.
func (f *format) Type() string { return "text|json" }

// Set reads the name of the format.
func (f *format) Set(s string) error {
	switch format(s) {
	case asText, asJSON:
		*f = format(s)
		return nil
	}
	return fmt.Errorf("must be text or json")
}

// withOutput gives a command the flag --output.
func withOutput(c *cobra.Command) (*cobra.Command, *format) {
	f := asText
	c.Flags().VarP(&f, "output", "o", "how to print")
	return c, &f
}

// withLines is withOutput for a list that may also be printed as ndjson.
func withLines(c *cobra.Command) (*cobra.Command, *format) {
	f := lines{asText}
	c.Flags().VarP(&f, "output", "o", "how to print")
	return c, &f.format
}

type lines struct{ format }

// Type returns what help calls the values.
func (f *lines) Type() string { return "text|json|ndjson" }

// Set reads the name of the format.
func (f *lines) Set(s string) error {
	if format(s) == asLines {
		f.format = asLines
		return nil
	}
	if err := f.format.Set(s); err != nil {
		return fmt.Errorf("must be text, json or ndjson")
	}
	return nil
}

// print prints v as JSON, or what text writes, whose cells end in tabs.
func (p *program) print(f *format, v any, text func(w io.Writer)) error {
	if *f == asJSON {
		e := json.NewEncoder(p.Stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// some returns list, which is [] in JSON even if it is empty.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// when prints a time, or - for none.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// plural returns the number with the noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
