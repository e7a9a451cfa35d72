package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"
)

// fileGoal is how much more memory a process may need to put and get a GiB, and
// fileTurns how many take place at most.
const (
	fileGoal  = 64 << 20
	fileTurns = 3
)

// bareFile is what one would write by hand: a file that is copied to, hashed on
// the way and synced.
type bareFile struct {
	name   string
	digest hash.Hash
}

func (b *bareFile) put(r io.Reader) error {
	f, err := os.OpenFile(b.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	b.digest = sha256.New()
	_, err = io.Copy(f, io.TeeReader(r, b.digest))
	return errors.Join(err, f.Sync(), f.Close())
}

func (b *bareFile) get(w io.Writer) error {
	f, err := os.Open(b.name)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// measureFile puts so many bytes and gets them. It is an error if others come
// back.
//
// The kernel keeps the most memory that was resident. What it kept before is
// forgotten first; where that cannot be told to it, the figure is too high
// rather than too low.
func measureFile(k keeping, size int64) (cost fileCost, err error) {
	cost.Grown = -1
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // see above
	before, err := statusOf("VmRSS:")
	if err != nil {
		return cost, err
	}
	used, err := processTime()
	if err != nil {
		return cost, err
	}
	start := time.Now()
	if err := k.put(&stream{size: size}); err != nil {
		return cost, fmt.Errorf("put: %w", err)
	}
	cost.Put = float64(time.Since(start))
	digest := sha256.New()
	start = time.Now()
	if err := k.get(digest); err != nil {
		return cost, fmt.Errorf("get: %w", err)
	}
	cost.Get = float64(time.Since(start))
	after, err := processTime()
	if err != nil {
		return cost, err
	}
	cost.CPU = float64(after - used)
	most, err := statusOf("VmHWM:")
	if err != nil {
		return cost, err
	}
	if before > 0 {
		cost.Grown = most - before
	}
	want := sha256.New()
	if _, err := io.Copy(want, &stream{size: size}); err != nil {
		return cost, err
	}
	cost.SHA256 = hex.EncodeToString(digest.Sum(nil))
	if wanted := hex.EncodeToString(want.Sum(nil)); cost.SHA256 != wanted {
		return cost, fmt.Errorf("what was put has the digest %s, what came back %s", wanted, cost.SHA256)
	}
	return cost, nil
}

// A stream is so many bytes, the same in every run, which do not repeat
// themselves and take no time to make.
type stream struct {
	size, at int64
	block    []byte
}

// Read makes bytes: blocks of noise that begin with their number.
func (s *stream) Read(p []byte) (n int, err error) {
	const length = 64 << 10
	if s.block == nil {
		s.block = make([]byte, length)
		_, _ = rand.NewChaCha8([32]byte{}).Read(s.block) // never fails
	}
	for n < len(p) && s.at < s.size {
		in := int(s.at % length)
		if in == 0 {
			binary.BigEndian.PutUint64(s.block, uint64(s.at))
		}
		k := copy(p[n:], s.block[in:min(length, int64(in)+s.size-s.at)])
		n, s.at = n+k, s.at+int64(k)
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// files has the bare file and Manor's put and get one large file in turns, each
// in a process of its own.
func (c course) files(ctx context.Context, db, at string, j *judge) error {
	if err := makeDocuments(ctx, at); err != nil {
		return err
	}
	var names []string
	for _, name := range contestants[:2] {
		if c.takesPart(name) {
			names = append(names, name)
		}
	}
	put, get := newResult("file-put", 1), newResult("file-get", 1)
	grown := make(map[string]int64)
	for turn := range min(c.heats, fileTurns) {
		for k := range names {
			name := names[(k+turn)%len(names)]
			if put.failed[name] != nil {
				continue
			}
			cost, err := fileProcess(ctx, name, at, filepath.Join(c.dir, "files"), c.sizes.file)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				put.fail(name, err)
				get.fail(name, err)
				j.fail(db+" file: "+name, err)
				continue
			}
			put.add(name, sample{heat: turn, wall: cost.Put, cpu: cost.CPU})
			get.add(name, sample{heat: turn, wall: cost.Get})
			grown[name] = max(grown[name], cost.Grown)
		}
	}
	return c.tellFiles(db, names, put, get, grown, j)
}

// fileProcess runs this program again for one turn, in a folder that it makes
// and removes.
func fileProcess(ctx context.Context, kind, at, dir string, size int64) (cost fileCost, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return cost, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, err := os.Executable()
	if err != nil {
		return cost, err
	}
	cmd := exec.CommandContext(ctx, program, "file", "-kind", kind, "-at", at, "-dir", dir, "-size", strconv.FormatInt(size, 10))
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return cost, err
	}
	return cost, json.Unmarshal(text, &cost)
}

func (c course) tellFiles(db string, names []string, put, get result, grown map[string]int64, j *judge) error {
	mib := float64(c.sizes.file) / (1 << 20)
	what := fmt.Sprintf("%s, a file of %s in a folder", db, sizeText(c.sizes.file))
	fmt.Fprintf(j.out, "\n%s, %d turns\n\n", what, len(put.samples[put.first(names)]))
	table := newTable(j.out)
	head := []string{"put, MiB/s", "time ÷ first", "get, MiB/s", "time ÷ first", "cpu of both", "memory"}
	text := cells(append([]string{what}, head...)...) + rule(len(head)+1)
	fmt.Fprint(table, "with\t")
	for _, cell := range head {
		fmt.Fprint(table, cell, "\t")
	}
	fmt.Fprintln(table)
	for _, name := range names {
		p, g := put.samples[name], get.samples[name]
		if p == nil {
			continue
		}
		putBy, getBy := "1", "1"
		if first := put.first(names); name != first {
			putBy, getBy = compare(p, put.samples[first], wall).String(), compare(g, get.samples[first], wall).String()
		}
		line := []string{name, fmt.Sprintf("%.0f", mib/median(p, wall)*1e9), putBy, fmt.Sprintf("%.0f", mib/median(g, wall)*1e9), getBy,
			duration(median(p, cpu)), memoryText(grown[name])}
		for _, cell := range line {
			fmt.Fprint(table, cell, "\t")
		}
		fmt.Fprintln(table)
		text += cells(line...)
	}
	fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		return err
	}
	j.sections = append(j.sections, text)
	if most, did := grown["manor"]; did && most >= 0 {
		j.say(verdict{most <= fileGoal, what + ": memory for put and get", mebibytes(most) + " more resident", sizeText(fileGoal), false})
	} else if did {
		j.fail(what+": memory", errors.New("this system does not tell the size of a process"))
	}
	return nil
}

func sizeText(n int64) string {
	if n%(1<<30) == 0 {
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

func memoryText(n int64) string {
	if n < 0 {
		return "unknown"
	}
	return "+" + mebibytes(n)
}
