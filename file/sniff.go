package file

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

const (
	headSize = 512 // bytes that tell the type
	unknown  = "application/octet-stream"
)

// Sniff returns the type of content that begins with head, of which 512 bytes
// are enough. What the bytes do not tell the extension of name may, but never
// more than they allow: text may be CSV and an archive a document, and nothing
// becomes HTML by its name.
func Sniff(head []byte, name string) string {
	if len(head) > headSize {
		head = head[:headSize]
	}
	found := http.DetectContentType(head)
	if found == unknown {
		found = sniffMore(head)
	}
	base, _, _ := strings.Cut(found, ";")
	ext := strings.ToLower(path.Ext(name))
	if finer, ok := finerTypes[base][ext]; ok {
		return finer
	}
	if base == "text/plain" || base == "text/xml" {
		// A vector image needs neither a prologue nor a name of its own.
		if i := bytes.Index(head, []byte("<svg")); i >= 0 && i < len(head)-4 {
			return "image/svg+xml"
		}
	}
	return found
}

// sniffMore knows formats that net/http does not.
func sniffMore(head []byte) string {
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		switch string(head[8:12]) {
		case "avif", "avis":
			return "image/avif"
		case "heic", "heix", "hevc", "heim", "heis":
			return "image/heic"
		case "mif1", "msf1":
			return "image/heif"
		case "qt  ":
			return "video/quicktime"
		case "M4A ", "M4B ":
			return "audio/mp4"
		}
	}
	for magic, typ := range map[string]string{
		"fLaC": "audio/flac", "II*\x00": "image/tiff", "MM\x00*": "image/tiff", "7z\xbc\xaf'\x1c": "application/x-7z-compressed",
		"\xfd7zXZ\x00": "application/x-xz", "(\xb5/\xfd": "application/zstd", "SQLite format 3\x00": "application/vnd.sqlite3",
	} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return typ
		}
	}
	return unknown
}

const openXML = "application/vnd.openxmlformats-officedocument."

// finerTypes are what an extension may make of what the bytes look like. None
// of them is run by a browser unless the bytes alone would be.
var finerTypes = map[string]map[string]string{
	"text/plain": {
		".csv": "text/csv; charset=utf-8", ".tsv": "text/tab-separated-values; charset=utf-8", ".json": "application/json",
		".ndjson": "application/x-ndjson", ".md": "text/markdown; charset=utf-8", ".yaml": "application/yaml", ".yml": "application/yaml",
		".ics": "text/calendar; charset=utf-8", ".vcf": "text/vcard; charset=utf-8", ".rtf": "application/rtf", ".toml": "application/toml",
	},
	"application/zip": {
		".docx": openXML + "wordprocessingml.document", ".xlsx": openXML + "spreadsheetml.sheet", ".pptx": openXML + "presentationml.presentation",
		".odt": "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
		".odp": "application/vnd.oasis.opendocument.presentation", ".epub": "application/epub+zip",
	},
	unknown: {
		".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint", ".parquet": "application/vnd.apache.parquet",
	},
	"application/ogg": {".oga": "audio/ogg", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".ogv": "video/ogg"},
}

// baseType returns a type without its parameters, in lower case.
func baseType(t string) string {
	base, _, err := mime.ParseMediaType(t)
	if err != nil {
		base, _, _ = strings.Cut(t, ";")
		base = strings.ToLower(strings.TrimSpace(base))
	}
	return base
}

// matches reports whether a type is one of patterns: image/png, image/*, */*.
func matches(t string, patterns []string) bool {
	base := baseType(t)
	kind, _, _ := strings.Cut(base, "/")
	return slices.ContainsFunc(patterns, func(p string) bool {
		p = baseType(p)
		return p == base || p == kind+"/*" || p == "*/*"
	})
}

// shown are the types that a browser may show in the page's place: none of them
// can hold a script that it would run.
func shown(t string) bool {
	switch base := baseType(t); base {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "text/plain", "text/csv", "application/pdf",
		"application/json":
		return true
	default:
		return strings.HasPrefix(base, "audio/") || strings.HasPrefix(base, "video/")
	}
}
