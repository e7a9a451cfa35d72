package file

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/memory"
)

// Whatever a client calls a file, its name is no path and breaks no header.
func FuzzFilename(f *testing.F) {
	for _, s := range []string{"", "a.txt", "../../etc/passwd", `C:\x\y.pdf`, "ä\x00\r\n\"x\".html", strings.Repeat("😀", 200) + ".jpeg", "%41%zz", "..."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := cleanFilename(s)
		if name == "" || name == "." || name == ".." || len(name) > maxFilename || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\x00\r\n\"") {
			t.Fatalf("%q became %q", s, name)
		}
		if again := cleanFilename(name); again != name {
			t.Errorf("%q becomes %q, and that %q", s, name, again)
		}
		header := disposition(File{Filename: s, ContentType: "text/html"}, true)
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || params["filename"] != name {
			t.Errorf("%q: %q reads as %q %q, %v", name, header, kind, params, err)
		}
	})
}

// Nothing becomes a page or a script by its name.
func FuzzSniff(f *testing.F) {
	f.Add([]byte("plain"), "a.html")
	f.Add([]byte("PK\x03\x04"), "a.docx")
	f.Add([]byte("<svg"), "a.png")
	f.Fuzz(func(t *testing.T, head []byte, name string) {
		found := baseType(Sniff(head, name))
		if !strings.Contains(found, "/") {
			t.Fatalf("%q is no type", found)
		}
		bytes := baseType(http.DetectContentType(head))
		if (found == "text/html" || strings.Contains(found, "javascript")) && bytes != found {
			t.Errorf("%q by the name %q became %s", head, name, found)
		}
	})
}

// A stubborn bucket deletes no key with an x.
type stubborn struct{ driver.Bucket }

func (s stubborn) Delete(ctx context.Context, key string) error {
	switch {
	case strings.HasPrefix(key, "x"):
		return fmt.Errorf("%s stays", key)
	case key == "gone":
		return driver.ErrNotExist
	}
	return s.Bucket.Delete(ctx, key)
}

// One removal that fails keeps none of the others from happening, and each of
// those that fail is named.
func TestDeleteTellsOfAllFailures(t *testing.T) {
	t.Parallel()
	bucket := memory.New(nil)
	for _, key := range []string{"a", "x1", "b", "x2"} {
		if _, err := bucket.Put(t.Context(), key, strings.NewReader("x"), driver.PutOptions{Size: 1}); err != nil {
			t.Fatal(err)
		}
	}
	s := New(Config{Bucket: stubborn{bucket}})
	err := s.delete(t.Context(), []string{"x1", "a", "gone", "x2", "b"})
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Unavailable || !strings.Contains(fmt.Sprint(e.Err), "x1 stays") || !strings.Contains(fmt.Sprint(e.Err), "x2 stays") {
		t.Errorf("the error is %v", err)
	}
	left := ""
	for o, err := range bucket.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		left += o.Key + " "
	}
	if left != "x1 x2 " {
		t.Errorf("left are %s", left)
	}
	if err := s.delete(t.Context(), []string{"gone"}); err != nil {
		t.Errorf("what is not there: %v", err)
	}
}
