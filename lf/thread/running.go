package thread

import (
	"bytes"
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// Census counts the runnable threads of the machine. One thread at a time may
// use it.
type Census struct {
	fd   int
	line [64]byte
}

// NewCensus opens what Running reads, /proc/loadavg.
func NewCensus() (*Census, error) {
	fd, err := unix.Open("/proc/loadavg", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /proc/loadavg: %w", err)
	}
	return &Census{fd: fd}, nil
}

// Running returns how many threads of the machine run or are runnable now,
// including the caller. It reads the fourth field of /proc/loadavg, which takes
// the kernel about 1 µs. If it cannot read it, it returns a number larger than
// any number of processors. It does not block or allocate.
func (c *Census) Running() int {
	n, err := unix.Pread(c.fd, c.line[:], 0)
	if err != nil {
		return math.MaxInt
	}
	rest := c.line[:n]
	for range 3 { // skip the three load averages
		_, rest, _ = bytes.Cut(rest, []byte(" "))
	}
	running, _, _ := bytes.Cut(rest, []byte("/"))
	count := 0
	for _, digit := range running {
		if digit < '0' || digit > '9' {
			return math.MaxInt
		}
		count = 10*count + int(digit-'0')
	}
	return count
}

// Close closes the descriptor.
func (c *Census) Close() error { return unix.Close(c.fd) }
