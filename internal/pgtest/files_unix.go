//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is an unprivileged user, for a server that refuses to run as root. Its methods do nothing on nil.
type account struct{ uid, gid int }

// serverAccount returns nil unless we are root.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(found.Uid)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.Atoi(found.Gid)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &account{uid: uid, gid: gid}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")
}

func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// own gives the account what we made for it.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// admit lets the account read (a file) or enter (a folder) what stays ours.
func (a *account) admit(path string, mode os.FileMode) error {
	if a == nil {
		return nil
	}
	if err := os.Chown(path, os.Geteuid(), a.gid); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// makeFolder makes the cluster's folder, or makes sure that the one standing there is ours: the temporary folder is everybody's.
func (c cluster) makeFolder() error {
	if err := os.Mkdir(c.dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(c.dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s is not a folder that only we can write to; remove it", c.dir)
	}
	return c.owner.admit(c.dir, 0o710)
}

func (c cluster) openLock(name string) (*os.File, error) {
	file, err := os.OpenFile(c.path(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return file, c.owner.admit(c.path(name), 0o640)
}

func lockShared(file *os.File) error    { return flock(file, syscall.LOCK_SH) }
func lockExclusive(file *os.File) error { return flock(file, syscall.LOCK_EX) }

// tryLockExclusive reports false if somebody else holds the lock.
func tryLockExclusive(file *os.File) (bool, error) {
	err := flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("flock", err)
		}
	}
}
