package migrate

import (
	"strings"
	"testing"
)

// FuzzRevision wants any file to be read or refused, line ends not to matter,
// and nothing of a section to be lost.
func FuzzRevision(f *testing.F) {
	for _, text := range []string{
		"", "-- up", "-- up\n-- down\n", "-- after 0001_a\n-- up\nCREATE TABLE a (n int);\n-- down\nDROP TABLE a;\n",
		"SELECT 1;\n-- up\n", "-- up\n-- up\n", "\t-- down \r\nx\r-- up\n'-- up'\n", "-- up\nSELECT '\n-- down\n';",
		"-- up\r\r\n0\r\r\n0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parse(text)
		crlf, crlfErr := parse(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n"))
		if (err == nil) != (crlfErr == nil) || r != crlf {
			t.Errorf("line ends matter: %+v, %v; %+v, %v", r, err, crlf, crlfErr)
		}
		if err != nil {
			return
		}
		if len(r.checksum) != 64 || r.down != "" && !r.downable {
			t.Errorf("%+v", r)
		}
		again := "-- up\n" + r.up + "\n"
		if r.downable {
			again += "-- down\n" + r.down + "\n"
		}
		back, err := parse(again)
		if err != nil || back.up != r.up || back.down != r.down || back.downable != r.downable {
			t.Errorf("%+v became %+v, %v", r, back, err)
		}
	})
}
