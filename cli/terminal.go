package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// terminal returns the terminal that input comes from, or nil.
func (p *program) terminal() *os.File {
	if f, ok := p.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// confirm asks a person to agree.
func (p *program) confirm(ctx context.Context, question string) error {
	if p.terminal() == nil {
		return fault.Errorf(fault.Invalid, "there is no terminal to ask on: say --yes")
	}
	agreed, err := p.ask(ctx, question)
	if err == nil && !agreed {
		err = fault.Errorf(fault.Invalid, "not agreed: nothing was done")
	}
	return err
}

// ask asks a person on the terminal, which must be there. No answer is an error.
func (p *program) ask(ctx context.Context, question string) (bool, error) {
	tty := p.terminal()
	fmt.Fprint(p.Stderr, question, " [y/N] ")
	answer, err := wait(ctx, func() (string, error) { return bufio.NewReader(tty).ReadString('\n') })
	if err != nil && answer == "" {
		fmt.Fprintln(p.Stderr)
		return false, fault.Errorf(fault.Invalid, "nobody agreed: nothing was done")
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}

// wait returns what read does, or the end of ctx, whichever comes first.
func wait[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := read()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}

// maxPasswordInput bounds what is read in search of a password's end.
const maxPasswordInput = secret.MaxPasswordBytes + 2

// password returns the password that the operator chose: from standard input,
// from MANOR_PASSWORD or its file, or typed twice on the terminal.
func (p *program) password(ctx context.Context, fromStdin bool) (secret.Text, error) {
	if fromStdin {
		line, err := bufio.NewReader(io.LimitReader(p.Stdin, maxPasswordInput)).ReadString('\n')
		if err != nil && err != io.EOF {
			return secret.Text{}, fault.Wrap(fault.Internal, err, "the password cannot be read")
		}
		return secret.NewText(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")), nil
	}
	value, from, err := p.lookup(passwordName)
	if err != nil {
		return secret.Text{}, misused("%s %s", from, err)
	}
	if value != "" {
		return secret.NewText(value), nil
	}
	tty := p.terminal()
	if tty == nil {
		return secret.Text{}, misused("a password is needed: say --password-stdin, or set MANOR_PASSWORD or MANOR_PASSWORD_FILE")
	}
	first, err := p.typed(ctx, tty, "Password: ")
	if err != nil {
		return secret.Text{}, err
	}
	second, err := p.typed(ctx, tty, "Once more: ")
	if err == nil && !first.Equal(second) {
		err = fault.Errorf(fault.Invalid, "the passwords differ")
	}
	return first, err
}

// typed reads a line that is not shown.
func (p *program) typed(ctx context.Context, tty *os.File, prompt string) (secret.Text, error) {
	state, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return secret.Text{}, fault.Wrap(fault.Internal, err, "the terminal cannot be used")
	}
	fmt.Fprint(p.Stderr, prompt)
	line, err := wait(ctx, func() ([]byte, error) { return term.ReadPassword(int(tty.Fd())) })
	fmt.Fprintln(p.Stderr)
	if err != nil {
		_ = term.Restore(int(tty.Fd()), state) // an interrupt must not leave it without echo
		return secret.Text{}, fault.Wrap(fault.Invalid, err, "no password was typed")
	}
	return secret.NewText(string(line)), nil
}
