package sqlite_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/manorgo/manor/data/sqlite"
)

// A new file is made by all who open it at the same time.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	for range 20 {
		path := filepath.Join(t.TempDir(), "new.db")
		var all sync.WaitGroup
		ready := make(chan struct{})
		for range 8 {
			all.Go(func() {
				<-ready
				db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		close(ready)
		all.Wait()
	}
}
