package secret

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/manorgo/manor/fault"
)

// RotateKeyFile makes a new master key the current one in a key file. Those that
// were there stay, and open what was sealed and signed under them.
//
// It returns the keyring that the file holds then. Like all that change a key
// file, it reads the file as OpenKeyFile does, and has the same errors; it
// replaces the file as a whole, so that whoever reads meanwhile sees the one or
// the other; it keeps owner and permissions, follows a symbolic link, and
// returns when the file is on disk. Programs that run go on with the keys that
// they have read. While PATH.new is there, which is the new file on its way,
// another change is fault.Conflict.
func RotateKeyFile(path string) (*Keyring, error) {
	return changeKeyFile(path, func(k *Keyring) ([]Text, error) { return slices.Insert(slices.Clone(k.masters), 0, newMaster()), nil })
}

// StageKeyFile adds a new master key behind those in a key file, see
// RotateKeyFile: nothing is sealed or signed under it before PromoteKeyFile.
func StageKeyFile(path string) (*Keyring, error) {
	return changeKeyFile(path, func(k *Keyring) ([]Text, error) { return append(slices.Clone(k.masters), newMaster()), nil })
}

// PromoteKeyFile makes a master key of a key file the current one, see
// RotateKeyFile. An id that is not in the file is fault.NotFound.
func PromoteKeyFile(path, id string) (*Keyring, error) {
	return changeKeyFile(path, func(k *Keyring) ([]Text, error) {
		at, err := k.indexOf(path, id)
		if err != nil {
			return nil, err
		}
		return slices.Insert(slices.Delete(slices.Clone(k.masters), at, at+1), 0, k.masters[at]), nil
	})
}

// RetireKeyFile takes a master key out of a key file, see RotateKeyFile. What
// was sealed and signed under it is lost, unless somebody keeps the key. An id
// that is not in the file is fault.NotFound; the current key is fault.Conflict.
func RetireKeyFile(path, id string) (*Keyring, error) {
	return changeKeyFile(path, func(k *Keyring) ([]Text, error) {
		at, err := k.indexOf(path, id)
		switch {
		case err != nil:
			return nil, err
		case at == 0:
			return nil, fault.Errorf(fault.Conflict, "%s is the current key", id)
		}
		return slices.Delete(slices.Clone(k.masters), at, at+1), nil
	})
}

func (k *Keyring) indexOf(path, id string) (int, error) {
	at := slices.IndexFunc(k.KeyIDs(), func(x KeyID) bool { return x.String() == id })
	if at < 0 {
		return 0, fault.Errorf(fault.NotFound, "there is no key %s in %s", id, path)
	}
	return at, nil
}

func newMaster() Text {
	master := make([]byte, KeySize)
	_, _ = rand.Read(master) // never fails
	return NewText(string(master))
}

// changeKeyFile gives a key file the keys that change returns.
func changeKeyFile(path string, change func(*Keyring) ([]Text, error)) (_ *Keyring, err error) {
	if _, err := OpenKeyFile(path); err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the key file %s cannot be read", path)
	}
	fresh := real + ".new"
	// Its name is the lock: of two changes at once, one would lose its key.
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fault.Wrap(fault.Conflict, err, "%s is there: the key file is being changed, or that was cut off; if nobody is at it, remove it", fresh)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the key file %s cannot be changed", path)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(fresh))
			if e, ok := errors.AsType[*fault.Error](err); ok {
				err = e
			}
		}
	}()
	was, err := OpenKeyFile(real)
	if err != nil {
		return nil, err
	}
	masters, err := change(was)
	if err != nil {
		return nil, err
	}
	if err := replaceKeyFile(f, real, masters); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the key file %s cannot be changed", path)
	}
	return OpenKeyFile(path)
}

// replaceKeyFile fills f and gives it the name of the file at path.
func replaceKeyFile(f *os.File, path string, masters []Text) error {
	var text strings.Builder
	for _, m := range masters {
		text.WriteString(keyLinePrefix + base64.StdEncoding.EncodeToString([]byte(m.Reveal())) + "\n")
	}
	if text.Len() > maxKeyFile {
		return errors.New("it would hold too many keys")
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(info.Mode().Perm()), keepOwner(f, info)); err != nil {
		return err
	}
	_, err = f.WriteString(text.String())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
