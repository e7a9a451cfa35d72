// Package file stores files that rows refer to.
//
// A [File] is what a row says of a file, in a column of JSON; a [List] is
// several. The bytes are in a bucket: a folder, S3, memory, or a backend of your
// own, see file/driver. A [Store] is a bucket with what an app needs around it,
// and the [Keeper] of a table is the only way to put files into it:
//
//	keeper := file.Keep(env.Files, documents, file.Limits{MaxSize: 10 << 20, Types: []string{"image/*"}})
//	err := keeper.Save(ctx, upload, file.Put{Filename: upload.Filename}, func(f file.File) error {
//		return documents.On(db).Add(ctx, &Document{Name: name, File: f})
//	})
//
// Bytes are durable, under a key that nobody chose, before the row is stored. If
// it is not stored they are removed; if the process dies in between, the store's
// sweeper finds them. What a row no longer refers to is removed by a task of the
// transaction that changed it, and what no task was asked for, again, by the
// sweeper. So no row ever refers to bytes that are not there.
//
// [Store.URL] gives people the address of a file for a while, whatever the
// backend, and [Store.UploadURL] one to upload to.
package file

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A File is what a row says of a stored file. Give a struct a field of type
// File, *File (which may be NULL) or List and the tag option json:
//
//	Photo file.File `db:"photo,json"`
//
// A File belongs to one row, and its bytes go with it: to give another row the
// same content, Save it again.
type File struct {
	Key         string         `json:"key" doc:"where its bytes are"`
	Filename    string         `json:"filename" doc:"as whoever uploaded it calls it; any text"`
	ContentType string         `json:"content_type" doc:"what its bytes look like"`
	Size        int64          `json:"size" doc:"in bytes"`
	SHA256      string         `json:"sha256" doc:"of its bytes, in hexadecimal"`
	ETag        string         `json:"etag" doc:"that the backend gave it"`
	ModifiedAt  time.Time      `json:"modified_at"`
	Metadata    map[string]any `json:"metadata,omitempty" doc:"whatever the program adds"`
}

// IsZero reports whether f is no file.
func (f File) IsZero() bool { return f.Key == "" }

// A List is several files in one column, in order. It is compared as a whole
// when it is stored: whatever changed in it is stored, and what it lost is
// removed.
type List []File

// MarshalJSON writes a list, also if it is nil.
func (l List) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]File(l))
}

// Without returns the list without the file of that key.
func (l List) Without(key string) List {
	return slices.DeleteFunc(slices.Clone(l), func(f File) bool { return f.Key == key })
}

const (
	maxFilename = 200 // bytes
	unnamed     = "file"
)

// cleanFilename returns what a client calls a file as a name that shows and is
// no path on any system.
func cleanFilename(s string) string {
	s = path.Base(strings.ReplaceAll(strings.ToValidUTF8(s, ""), `\`, "/"))
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1 // direction marks among them, which disguise extensions
		case strings.ContainsRune(`/\<>:"|?*`, r):
			return '_'
		}
		return r
	}, s)
	s = strings.Trim(s, " .")
	if len(s) > maxFilename {
		ext := path.Ext(s)
		if len(ext) > 20 {
			ext = ""
		}
		s = s[:maxFilename-len(ext)]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
		s = strings.TrimRight(s, " .") + ext
	}
	if s == "" || s == "_" {
		return unnamed
	}
	return s
}

// Keys of this package: two digits to spread folders, and 128 random bits.
var (
	keySyntax      = regexp.MustCompile(`^([0-9a-f]{2})/[0-9a-f]{32}$`)
	incomingSyntax = regexp.MustCompile(`^incoming/[0-9a-f]{32}$`)
)

const incoming = "incoming/" // before the keys of what was uploaded by a UploadURL and not claimed
