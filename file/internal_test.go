package file

import (
	"mime"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
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
