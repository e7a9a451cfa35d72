//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package pgtest

import (
	"context"
	"errors"
)

func (i installation) join(context.Context) (use, error) {
	return use{}, errors.New("pgtest starts servers on Unix only; set MANOR_TEST_POSTGRES_URL to one that runs")
}
