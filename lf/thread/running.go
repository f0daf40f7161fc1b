package thread

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// loadFile is /proc/loadavg, opened once.
var loadFile = sync.OnceValues(func() (*os.File, error) { return os.Open("/proc/loadavg") })

// Running is how many threads of the machine run or want to at this moment,
// the caller included: the fourth field of /proc/loadavg, which takes the
// kernel about a microsecond. Where that cannot be read it is more than any
// number of processors. It does not block, nor allocate.
func Running() int {
	file, err := loadFile()
	if err != nil {
		return math.MaxInt
	}
	var line [64]byte
	n, err := unix.Pread(int(file.Fd()), line[:], 0)
	if err != nil {
		return math.MaxInt
	}
	rest := line[:n]
	for range 3 { // averages
		_, rest, _ = bytes.Cut(rest, []byte(" "))
	}
	running, _, _ := bytes.Cut(rest, []byte("/"))
	count, err := strconv.Atoi(string(running))
	if err != nil {
		return math.MaxInt
	}
	return count
}
