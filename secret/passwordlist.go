package secret

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	_ "embed" // for common
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"math/bits"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/manorgo/manor/fault"
)

// A PasswordList is a set of passwords that nobody may choose: a Bloom filter in
// a file, of three bytes for each password, of which a look-up reads one block.
// What is in it is found for certain. Of what is not, one in 50,000 is taken for
// one that is. It is safe for use by many goroutines.
type PasswordList struct {
	r      io.ReaderAt
	close  func() error
	blocks uint64
}

// The form of a list: a head, of the magic word, the number of blocks and that
// of passwords, and the blocks. The SHA-1 of a password, which is what lists of
// breached ones have, tells the block, and its SHA-256 the bits in it.
const (
	listMagic = "manorpw1"
	listHead  = 24
	blockSize = 4096
	keyBits   = 24 // of the filter for each password
	keyProbes = 16 // bits of a block that stand for a password
)

// common holds passwords that are chosen often. NOTICE says where it comes from.
// Its source is the file passwords.json of the npm package
// @zxcvbn-ts/language-common, of which jq -r '.[]' makes lines.
//
//go:generate go run ../cmd/manor passwords filter common.txt common.filter
//go:embed common.filter
var common []byte

// commonPasswords returns the list that comes with this package.
func commonPasswords() *PasswordList {
	l, err := newPasswordList(bytes.NewReader(common), int64(len(common)))
	if err != nil {
		panic("secret: the embedded list of passwords: " + err.Error()) // a test shows that it is not
	}
	return l
}

// OpenPasswordList opens a list that [BuildPasswordList] made. A file that is
// not there is fault.NotFound, another kind of file fault.Malformed.
func OpenPasswordList(file string) (*PasswordList, error) {
	f, err := os.Open(file)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fault.Errorf(fault.NotFound, "there is no list of passwords %s", file)
		}
		return nil, fault.Wrap(fault.Internal, err, "the list of passwords %s cannot be opened", file)
	}
	info, err := f.Stat()
	if err == nil {
		var l *PasswordList
		if l, err = newPasswordList(f, info.Size()); err == nil {
			l.close = f.Close
			return l, nil
		}
	}
	return nil, fault.Wrap(fault.Malformed, errors.Join(err, f.Close()), "%s is not a list of passwords: passwords filter makes one", file)
}

func newPasswordList(r io.ReaderAt, size int64) (*PasswordList, error) {
	head := make([]byte, listHead)
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, err
	}
	blocks := binary.LittleEndian.Uint64(head[8:])
	if string(head[:8]) != listMagic || blocks == 0 || blocks > 1<<40 || size != listHead+int64(blocks)*blockSize {
		return nil, errors.New("its beginning or its size is that of something else")
	}
	return &PasswordList{r: r, blocks: blocks}, nil
}

// Close closes the file.
func (l *PasswordList) Close() error {
	if l.close == nil {
		return nil
	}
	return l.close()
}

// Has reports whether the list has the password, exactly as it is. A file that
// cannot be read is fault.Internal.
func (l *PasswordList) Has(password Text) (bool, error) { return l.has(password.Reveal()) }

func (l *PasswordList) has(password string) (bool, error) {
	key := sha1.Sum([]byte(password))
	block := make([]byte, blockSize)
	if _, err := l.r.ReadAt(block, blockOf(key, l.blocks)); err != nil {
		return false, fault.Wrap(fault.Internal, err, "the list of passwords cannot be read")
	}
	for bit := range probes(key) {
		if block[bit/8]&(1<<(bit%8)) == 0 {
			return false, nil
		}
	}
	return true, nil
}

// blockOf returns where the block of a key begins. Keys in order have blocks in
// order.
func blockOf(key [sha1.Size]byte, blocks uint64) int64 {
	n, _ := bits.Mul64(binary.BigEndian.Uint64(key[:]), blocks)
	return listHead + int64(n)*blockSize
}

// probes yields the bits of a block that stand for a key.
func probes(key [sha1.Size]byte) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		sum := sha256.Sum256(key[:])
		for i := range keyProbes {
			if !yield(binary.BigEndian.Uint16(sum[2*i:]) % (8 * blockSize)) {
				return
			}
		}
	}
}

// BuildPasswordList makes a list of the file in, and returns how many passwords
// it has. The file has one password in each line, or its SHA-1 in hexadecimal,
// alone or before a colon, as the download of Have I Been Pwned does; it may be
// packed by gzip, and then its name ends in .gz. It is read twice. A file in
// order of its SHA-1 takes no memory to speak of, and any other as much as the
// system keeps of a file of three bytes for each password. The list appears when
// it is whole.
func BuildPasswordList(ctx context.Context, in, out string) (n int64, err error) {
	if err := eachKey(ctx, in, func([sha1.Size]byte) error { n++; return nil }); err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, fault.Errorf(fault.Invalid, "%s has no passwords", in)
	}
	f, err := os.CreateTemp(filepath.Dir(out), ".passwords-*")
	if err != nil {
		return 0, fault.Wrap(fault.Internal, err, "%s cannot be written", out)
	}
	defer os.Remove(f.Name()) // after the rename there is nothing
	err = fillList(ctx, f, in, n)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), out)
	}
	if _, ok := errors.AsType[*fault.Error](err); err != nil && !ok && ctx.Err() == nil {
		err = fault.Wrap(fault.Internal, err, "%s cannot be written", out)
	}
	return n, err
}

// fillList writes the list of n passwords.
func fillList(ctx context.Context, f *os.File, in string, n int64) error {
	blocks := (uint64(n)*keyBits + 8*blockSize - 1) / (8 * blockSize)
	head := binary.LittleEndian.AppendUint64([]byte(listMagic), blocks)
	head = binary.LittleEndian.AppendUint64(head, uint64(n))
	if err := f.Truncate(listHead + int64(blocks)*blockSize); err != nil {
		return err
	}
	if _, err := f.WriteAt(head, 0); err != nil {
		return err
	}
	block, at := make([]byte, blockSize), int64(-1)
	turn := func(to int64) error { // to another block
		if at >= 0 {
			if _, err := f.WriteAt(block, at); err != nil {
				return err
			}
		}
		at = to
		if to < 0 {
			return nil
		}
		_, err := f.ReadAt(block, to)
		return err
	}
	err := eachKey(ctx, in, func(key [sha1.Size]byte) error {
		if to := blockOf(key, blocks); to != at {
			if err := turn(to); err != nil {
				return err
			}
		}
		for bit := range probes(key) {
			block[bit/8] |= 1 << (bit % 8)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return turn(-1)
}

// eachKey calls fn for each password of a file, in the forms that are looked up.
func eachKey(ctx context.Context, file string, fn func(key [sha1.Size]byte) error) error {
	f, err := os.Open(file)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fault.Errorf(fault.NotFound, "%s does not exist", file)
		}
		return fault.Wrap(fault.Internal, err, "%s cannot be opened", file)
	}
	defer f.Close() // it was only read
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return fault.Wrap(fault.Malformed, err, "%s is not packed by gzip", file)
		}
	}
	lines := bufio.NewScanner(r)
	for n := 0; lines.Scan(); n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for _, key := range keysOf(strings.TrimSuffix(lines.Text(), "\r")) {
			if err := fn(key); err != nil {
				return err
			}
		}
	}
	if lines.Err() != nil {
		return fault.Wrap(fault.Malformed, lines.Err(), "%s cannot be read", file)
	}
	return nil
}

// keysOf returns the keys of a line: of the password as it is and as it is
// folded, or of its SHA-1 that stands there.
func keysOf(line string) (keys [][sha1.Size]byte) {
	if line == "" || len(line) > MaxPasswordBytes {
		return nil
	}
	digest, _, _ := strings.Cut(line, ":")
	if len(digest) == 2*sha1.Size {
		if b, err := hex.DecodeString(digest); err == nil {
			return [][sha1.Size]byte{[sha1.Size]byte(b)}
		}
	}
	keys = append(keys, sha1.Sum([]byte(line)))
	if folded := fold(line); folded != line {
		keys = append(keys, sha1.Sum([]byte(folded)))
	}
	return keys
}

// fold returns text in the form in which passwords are compared that should not
// be chosen: full width or not, in either case.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }
