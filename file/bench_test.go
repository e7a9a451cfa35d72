package file_test

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/local"
)

const gib = 1 << 30

// BenchmarkLocalPutAndGet stores and reads one GiB in a folder, and tells by how
// much the process has grown, as the kernel sees it.
func BenchmarkLocalPutAndGet(b *testing.B) {
	bucket := local.New(filepath.Join(b.TempDir(), "files"))
	defer bucket.Close()
	start := peak(b)
	b.SetBytes(2 * gib)
	for b.Loop() {
		if _, err := bucket.Put(b.Context(), "large", io.LimitReader(zeros{}, gib), driver.PutOptions{Size: -1}); err != nil {
			b.Fatal(err)
		}
		r, err := bucket.Open(b.Context(), "large", 0, -1)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); n != gib || err != nil {
			b.Fatal(n, err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(peak(b)-start)/(1<<20), "MiB-RSS")
}

// peak returns the most memory in bytes that the process has had so far, or
// skips where the kernel does not tell.
func peak(b *testing.B) int64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("this system does not tell the size of a process")
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib << 10
}
