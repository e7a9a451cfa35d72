package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/manorgo/manor/fault"
)

const (
	keyLinePrefix = "manor-key-1:"
	maxKeyFile    = 64 << 10
)

// OpenKeyFile reads a keyring from a file that is there already. Each line is
// one version of the master key, the current one first: "manor-key-1:" and the
// base64 of 32 random bytes. Empty lines are skipped.
//
// There is no keyring to fall back on. A file that is missing is
// fault.NotFound and fs.ErrNotExist. One that is not a regular file, that
// others than its owner may read or write (on systems with such permissions),
// that holds anything else, or a key that is plainly no random one, is
// fault.Invalid; a symbolic link is followed.
// Messages name the file and never quote it.
func OpenKeyFile(path string) (*Keyring, error) {
	// Asked before opening, which on a named pipe would wait for a writer.
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Wrap(fault.NotFound, err, "the key file %s is missing", path)
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the key file %s cannot be read", path)
	case !info.Mode().IsRegular():
		return nil, fault.Errorf(fault.Invalid, "the key file %s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the key file %s cannot be read", path)
	}
	defer f.Close()
	return readKeyFile(f)
}

func readKeyFile(f *os.File) (*Keyring, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the key file %s cannot be read", f.Name())
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fault.Errorf(fault.Invalid, "the key file %s has permissions %04o, which let others at it: make them 0600", f.Name(), perm)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the key file %s cannot be read", f.Name())
	}
	k, err := parseKeyFile(b)
	return k, fault.Wrap(fault.Invalid, err, "the key file %s is not usable", f.Name())
}

func parseKeyFile(b []byte) (*Keyring, error) {
	if len(b) > maxKeyFile {
		return nil, fault.Errorf(fault.Invalid, "it is larger than %d bytes", maxKeyFile)
	}
	var masters [][]byte
	var lines []int
	for n, line := range bytes.Split(b, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		text, ok := strings.CutPrefix(string(line), keyLinePrefix)
		key, err := base64.StdEncoding.Strict().DecodeString(text)
		if !ok || err != nil {
			return nil, fault.Errorf(fault.Invalid, "line %d is not %q and base64", n+1, keyLinePrefix)
		}
		masters, lines = append(masters, key), append(lines, n+1)
	}
	k, err := NewKeyring(masters...)
	if err != nil {
		return nil, err
	}
	for i, key := range masters {
		if placeholder(key) {
			return nil, fault.Errorf(fault.Invalid, "line %d was typed or copied from an example: a key must be random", lines[i])
		}
	}
	return k, nil
}

// placeholder reports whether a key is text, counts, or repeats a piece of itself.
// One random key in 10¹³ does.
func placeholder(key []byte) bool {
	letters, steps := 0, 0
	for i, c := range key {
		if c >= ' ' && c <= '~' {
			letters++
		}
		if i > 0 && (c == key[i-1]+1 || c == key[i-1] || c == key[i-1]-1) {
			steps++
		}
	}
	for piece := 1; piece <= len(key)/2; piece++ {
		if bytes.Equal(key[piece:], key[:len(key)-piece]) {
			return true
		}
	}
	return letters == len(key) || 2*steps >= len(key)
}

// CreateKeyFile makes a new master key and the file that holds it, readable by
// its owner only, and returns when both the file and its name are on disk. A
// file that is there already is left alone: fault.Conflict and fs.ErrExist. Who
// reads meanwhile sees no file, or all of it, if the file system has hard links.
// The folder must exist.
func CreateKeyFile(path string) (*Keyring, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the key file %s cannot be made", path)
	}
	defer os.Remove(f.Name()) // what stays there is a key that nobody uses
	master := make([]byte, KeySize)
	_, _ = rand.Read(master) // never fails
	text := keyLinePrefix + base64.StdEncoding.EncodeToString(master) + "\n"
	if err := writeKeys(f, text); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the key file %s cannot be written", path)
	}
	err = nameOnce(os.Link, f.Name(), path, text)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fault.Wrap(fault.Conflict, err, "the key file %s is there already", path)
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the key file %s cannot be made", path)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the key file %s cannot be written", path)
	}
	return NewKeyring(master)
}

// nameOnce gives a file with text the name path, and unlike a rename replaces
// nothing. Where link does not work, the text is written once more.
func nameOnce(link func(file, name string) error, file, path, text string) error {
	err := link(file, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = writeKeys(f, text); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// writeKeys writes and closes a file, and returns when it is on disk.
func writeKeys(f *os.File, text string) error {
	_, err := f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncFolder makes the names in a folder durable; Windows has no such call.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
