package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/internal/pgtest"
)

// The bare file and Manor's hold the same, and Manor's row says what it is.
func TestFileIsTheSame(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { sameFile(t, filepath.Join(t.TempDir(), "files.db")) })
	t.Run("postgres", func(t *testing.T) { sameFile(t, pgtest.Database(t)) })
}

func sameFile(t *testing.T, at string) {
	if err := makeDocuments(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	const size = 3<<20 + 17
	var costs [2]fileCost
	for i, kind := range []string{"bare", "manor"} {
		var out bytes.Buffer
		args := []string{"-kind", kind, "-at", at, "-dir", t.TempDir(), "-size", strconv.Itoa(size)}
		if err := fileTurn(t.Context(), args, &out); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if err := json.Unmarshal(out.Bytes(), &costs[i]); err != nil {
			t.Fatal(err)
		}
		if c := costs[i]; c.Put <= 0 || c.Get <= 0 || c.CPU <= 0 {
			t.Errorf("%s cost %+v", kind, c)
		}
	}
	db, err := openDB(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	page, err := documents.On(db).List(t.Context(), data.Query[document]{Limit: 2})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("rows: %+v, %v", page.Items, err)
	}
	if f := page.Items[0].File; f.Size != size || f.SHA256 != costs[0].SHA256 || costs[1].SHA256 != costs[0].SHA256 {
		t.Errorf("the row says %+v, the costs are %+v", f, costs)
	}
}

// A hoard keeps a file in memory.
type hoard struct{ all []byte }

func (h *hoard) put(r io.Reader) (err error) {
	h.all, err = io.ReadAll(r)
	return err
}

func (h *hoard) get(w io.Writer) error {
	_, err := w.Write(h.all)
	return err
}

// A thief gives back a little less.
type thief struct{ hoard }

func (h *thief) get(w io.Writer) error {
	_, err := w.Write(h.all[1:])
	return err
}

func TestFileCostsAreSeen(t *testing.T) {
	const size = 64 << 20
	cost, err := measureFile(new(hoard), size)
	if err != nil {
		t.Fatal(err)
	}
	if cost.Grown >= 0 && cost.Grown < size { // where the system tells
		t.Errorf("keeping %d bytes in memory takes %d more", size, cost.Grown)
	}
	// What was kept before does not count.
	again, err := measureFile(&bareFile{name: filepath.Join(t.TempDir(), "file")}, size)
	if err != nil {
		t.Fatal(err)
	}
	if again.Grown > size/4 {
		t.Errorf("copying %d bytes takes %d more", size, again.Grown)
	}
	if _, err := measureFile(new(thief), 1000); err == nil {
		t.Error("a byte was lost, and nobody noticed")
	}
}

func TestStream(t *testing.T) {
	const size = 200_001
	whole, err := io.ReadAll(&stream{size: size})
	if err != nil || len(whole) != size {
		t.Fatalf("%d bytes, %v", len(whole), err)
	}
	pieces, s := []byte{}, &stream{size: size}
	for {
		p := make([]byte, 7777)
		n, err := s.Read(p)
		pieces = append(pieces, p[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(whole, pieces) {
		t.Error("what it has depends on how it is read")
	}
	if bytes.Equal(whole[:1<<16], whole[1<<16:2<<16]) {
		t.Error("it repeats itself")
	}
}
