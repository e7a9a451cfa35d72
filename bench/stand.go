package main

import (
	"fmt"
	"os"
	"testing"
)

// A stand stands in for a test, which is what package pgtest serves.
type stand struct {
	testing.TB
	ends []func()
}

// A failure ends what asked for it.
type failure string

func (f failure) Error() string { return string(f) }

// Helper does nothing.
func (*stand) Helper() {}

// Cleanup has fn run at the end.
func (s *stand) Cleanup(fn func()) { s.ends = append(s.ends, fn) }

// Errorf reports what goes wrong at the end.
func (*stand) Errorf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Fatalf panics with a failure.
func (*stand) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }

// Skipf panics with a failure.
func (s *stand) Skipf(format string, args ...any) { s.Fatalf(format, args...) }

func (s *stand) finish() {
	for i := len(s.ends) - 1; i >= 0; i-- {
		s.ends[i]()
	}
}
