//go:build unix

package secret

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives f the owner of another file: who changes a key file may be
// root, who reads it is not.
func keepOwner(f *os.File, other fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	was, ok := other.Sys().(*syscall.Stat_t)
	now, known := info.Sys().(*syscall.Stat_t)
	if !ok || !known || was.Uid == now.Uid && was.Gid == now.Gid {
		return nil
	}
	return f.Chown(int(was.Uid), int(was.Gid))
}
