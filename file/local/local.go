// Package local keeps bytes in a folder of this machine.
//
// An object is a file whose path below the folder is its key. It is written
// under another name, made durable, and renamed, so that a key never holds a
// part, and it is there after a power failure once Put has returned. No key
// leads out of the folder, symbolic links included: all of it goes through an
// os.Root.
package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/manorgo/manor/file/driver"
)

// A Bucket is a driver.Bucket in a folder. Make one with New.
type Bucket struct {
	folder string
	fsync  func(*os.File) error // (*os.File).Sync, but in tests

	mu   sync.Mutex
	open *os.Root
	made map[string]bool // folders whose names are durable, "" is all of it
}

// New returns the bucket of a folder. The folder, and what it is in, are made
// by the first Put, for this user alone; New touches nothing.
func New(folder string) *Bucket {
	return &Bucket{folder: folder, fsync: (*os.File).Sync, made: map[string]bool{}}
}

var (
	_ driver.Bucket  = (*Bucket)(nil)
	_ driver.Cleaner = (*Bucket)(nil)
)

// Features says that a folder keeps bytes and nothing else.
func (b *Bucket) Features() driver.Features { return driver.Features{} }

// unfinished is the folder of what is being written. No key begins with a dot.
const unfinished = ".unfinished"

// root opens the folder, and makes it if it has to be there.
func (b *Bucket) root(make bool) (*os.Root, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if make && !b.made[""] {
		if err := b.makeAll(); err != nil {
			return nil, err
		}
		b.made[""] = true
	}
	if b.open != nil {
		return b.open, nil
	}
	root, err := os.OpenRoot(b.folder)
	if err == nil {
		b.open = root
	}
	return root, err
}

// makeAll makes the folder with all it is in, and their names durable: those of
// folders that are there, too, since who made them may not have come so far.
func (b *Bucket) makeAll() error {
	folder, err := filepath.Abs(b.folder)
	if err != nil {
		return err
	}
	names := []string{filepath.Dir(folder)} // where a name of ours may be new
	for above := filepath.Dir(folder); filepath.Dir(above) != above; above = filepath.Dir(above) {
		if _, err := os.Stat(above); err == nil {
			break
		}
		names = append(names, filepath.Dir(above))
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, name := range names {
		d, err := os.Open(name)
		if errors.Is(err, fs.ErrPermission) {
			continue // then it was made by somebody else
		}
		if err != nil {
			return err
		}
		if err := b.syncFolder(d); err != nil {
			return err
		}
	}
	return nil
}

// Close lets go of the folder. The bucket may be used again.
func (b *Bucket) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.made)
	if b.open == nil {
		return nil
	}
	root := b.open
	b.open = nil
	return root.Close()
}

// Put stores what r has until its end, by way of a file of another name.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader, o driver.PutOptions) (obj driver.Object, err error) {
	if err := driver.CheckKey(key); err != nil {
		return obj, err
	}
	root, err := b.root(true)
	if err != nil {
		return obj, err
	}
	if err := root.MkdirAll(unfinished, 0o700); err != nil {
		return obj, err
	}
	temp := path.Join(unfinished, rand.Text())
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return obj, err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // a second time after a failed rename, which is harmless
			_ = root.Remove(temp)
		}
	}()
	if _, err = io.Copy(onlyWriter{f}, driver.WithContext(ctx, driver.Sized(r, o.Size))); err != nil {
		return obj, err
	}
	if err = errors.Join(b.fsync(f), f.Close()); err != nil {
		return obj, err
	}
	if err = ctx.Err(); err != nil {
		return obj, err
	}
	if err = b.settle(root, temp, key); err != nil {
		return obj, err
	}
	info, err := root.Stat(key)
	if err != nil {
		return obj, err
	}
	return object(key, info), nil
}

// onlyWriter hides that a file reads from others by itself, since then nobody
// would look at the context on the way.
type onlyWriter struct{ io.Writer }

// settle gives a file its name, and makes the name durable.
func (b *Bucket) settle(root *os.Root, temp, key string) error {
	folder := path.Dir(key)
	if err := b.makeFolders(root, folder); err != nil {
		return err
	}
	if err := root.Rename(temp, key); err != nil {
		return err
	}
	if err := b.syncIn(root, folder); err != nil {
		_ = root.Remove(key) // nobody is told that it is there
		return err
	}
	return nil
}

// makeFolders makes a folder with all it is in, and their names durable. That a
// folder is there does not say that its name will be after a power failure: who
// made it may be about to see to that.
func (b *Bucket) makeFolders(root *os.Root, folder string) error {
	if folder == "." {
		return nil
	}
	b.mu.Lock()
	made := b.made[folder]
	b.mu.Unlock()
	if made {
		if _, err := root.Stat(folder); err == nil {
			return nil
		}
	}
	above := path.Dir(folder)
	if err := b.makeFolders(root, above); err != nil {
		return err
	}
	if err := root.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := b.syncIn(root, above); err != nil {
		return err
	}
	b.mu.Lock()
	b.made[folder] = true
	b.mu.Unlock()
	return nil
}

func (b *Bucket) syncIn(root *os.Root, folder string) error {
	d, err := root.Open(folder)
	if err != nil {
		return err
	}
	return b.syncFolder(d)
}

// syncFolder makes the names in a folder durable, and closes it; Windows has no
// such call.
func (b *Bucket) syncFolder(d *os.File) error {
	if runtime.GOOS == "windows" {
		return d.Close()
	}
	return errors.Join(b.fsync(d), d.Close())
}

func object(key string, info fs.FileInfo) driver.Object {
	return driver.Object{Key: key, Size: info.Size(), Modified: info.ModTime()}
}

// existing opens the folder for something that should be in it.
func (b *Bucket) existing(ctx context.Context, key string) (*os.Root, error) {
	if err := driver.CheckKey(key); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return b.root(false)
}

// Open returns a range of what the key holds.
func (b *Bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	root, err := b.existing(ctx, key)
	if err != nil {
		return nil, err
	}
	f, err := root.Open(key)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%s: %w", key, driver.ErrNotExist), err, f.Close())
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	var r io.Reader = f
	if length >= 0 {
		r = io.LimitReader(f, length)
	}
	return &reader{driver.WithContext(ctx, r), f}, nil
}

type reader struct {
	io.Reader
	io.Closer
}

// Stat describes what the key holds.
func (b *Bucket) Stat(ctx context.Context, key string) (driver.Object, error) {
	root, err := b.existing(ctx, key)
	if err != nil {
		return driver.Object{}, err
	}
	info, err := root.Stat(key)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", key, driver.ErrNotExist)
	}
	if err != nil {
		return driver.Object{}, err
	}
	return object(key, info), nil
}

// Delete removes what the key holds. Folders stay: another Put may be about to
// use them.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	root, err := b.existing(ctx, key)
	if err == nil {
		err = root.Remove(key)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// List gives the objects whose keys begin with prefix, sorted.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[driver.Object, error] {
	return func(yield func(driver.Object, error) bool) {
		root, err := b.root(false)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(driver.Object{}, err)
			return
		}
		err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // it went meanwhile
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case name == ".":
				return nil
			case strings.HasPrefix(entry.Name(), "."), entry.IsDir() && !leads(name+"/", prefix):
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case entry.IsDir(), !strings.HasPrefix(name, prefix), !entry.Type().IsRegular():
				return nil
			}
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(object(name, info), nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(driver.Object{}, err)
		}
	}
}

// leads reports whether a folder may hold keys with the prefix.
func leads(folder, prefix string) bool {
	return strings.HasPrefix(folder, prefix) || strings.HasPrefix(prefix, folder)
}

// Clean removes files that were being written when a process died.
func (b *Bucket) Clean(ctx context.Context, before time.Time) (n int, err error) {
	root, err := b.root(false)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	entries, err := fs.ReadDir(root.FS(), unfinished)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, e := range entries {
		info, ierr := e.Info()
		if ierr != nil || !info.ModTime().Before(before) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if rerr := root.Remove(path.Join(unfinished, e.Name())); rerr == nil {
			n++
		}
	}
	return n, err
}
