package transfer_test

import (
	"crypto/rand"
	"os"
	"testing"

	"github.com/manorgo/manor/data"
)

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	ok(t, err)
	return string(b)
}

func anID[T any]() (id data.ID[T]) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
