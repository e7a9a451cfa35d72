//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package pgtest

import (
	"errors"
	"testing"
)

func replicate(testing.TB, int) (*Server, []*Server, error) {
	return nil, nil, errors.New("pgtest starts servers on Unix only")
}
