package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"

	filedriver "github.com/manorgo/manor/file/driver"
)

// checkFiles stores a small file, reads it and removes it. A folder that is not
// there yet is made by the first file, not by looking.
func (e *examination) checkFiles(ctx context.Context) {
	c := &e.config
	where := "the bucket"
	if c.folder != "" {
		where = "file:" + c.folder
		if _, err := os.Stat(c.folder); errors.Is(err, os.ErrNotExist) {
			e.note("files", fine, "%s is not there yet: the first file makes it", where)
			return
		}
	}
	if err := probe(ctx, c.files); err != nil {
		e.note("files", failed, "%s: %s", where, err)
		return
	}
	e.note("files", fine, "%s stores, gives back and removes a file", where)
}

// probe uses all that a bucket is needed for.
func probe(ctx context.Context, b filedriver.Bucket) (err error) {
	key, text := "manor-doctor/"+strings.ToLower(rand.Text()), "manor doctor was here"
	step := func(what string, err error) error {
		if err == nil {
			return nil
		}
		return errors.New("a file cannot be " + what + ": " + err.Error())
	}
	if _, err := b.Put(ctx, key, strings.NewReader(text), filedriver.PutOptions{Size: int64(len(text)), ContentType: "text/plain"}); err != nil {
		return step("stored", err)
	}
	defer func() { // also after an interrupt
		gone := b.Delete(context.WithoutCancel(ctx), key)
		if err == nil {
			err = step("removed", gone)
		}
	}()
	r, err := b.Open(ctx, key, 0, -1)
	if err != nil {
		return step("read", err)
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err == nil && string(got) != text {
		err = errors.New("something else comes back")
	}
	return step("read", err)
}

// checkSeals asks whether the key file is the one that encrypted columns need.
func (e *examination) checkSeals(ctx context.Context, open *estate) {
	if e.keys == nil {
		return // which the check of the key file has told
	}
	counts, err := sealCounts(ctx, open, e.keys)
	check := checkOf("encrypted", open.name)
	if ctx.Err() != nil {
		e.note(check, doubt, "counting what is under which key takes longer than %v: %s secrets status does it", examineTimeout, e.name)
		return
	}
	if e.fails(check, err) || len(counts) == 0 {
		return
	}
	older := 0
	for _, c := range counts {
		switch {
		case !c.Known:
			e.note(check, failed, "%s of %s.%s cannot be opened: they are under the key %s, which is not in the key file", plural(c.Values, "value"), c.Table, c.Column, c.Key)
			return
		case !c.Current:
			older += c.Values
		}
	}
	if older > 0 {
		e.note(check, doubt, "%s under an older key: %s secrets reencrypt moves them", plural(older, "value"), e.name)
		return
	}
	e.note(check, fine, "all values are under the current key")
}

// A sealCount says how many values of a column are under a key.
type sealCount struct {
	Database string `json:"database"`
	Table    string `json:"table"`
	Column   string `json:"column"`
	Key      string `json:"key"`
	Current  bool   `json:"current"`
	Known    bool   `json:"known"` // the key is in the key file
	Values   int    `json:"values"`
}
