package park

import (
	"fmt"

	"golang.org/x/sys/unix"
)

var pipeKind = Kind{
	Name:   "pipe",
	Doc:    "read(2) of a pipe of its own: the wake-up of servers that are older than futexes; it passes a buffer and its lock",
	Kernel: "3.2",
	New:    newPipe,
	Files:  2,
}

// newPipe makes a parker whose tokens are bytes in a pipe.
//
// The pipe is never full, so Unpark never blocks. Between two of its sleeps the
// owner sets Asleep once. Each time obliges one waker to write one byte, and
// each sleep begins by reading all bytes. So the pipe holds at most one byte
// more than there are calls of Unpark under way, and even the smallest pipe
// holds a page of bytes. The writing end does not block in any case: if this
// argument were wrong, Unpark would panic and not hang.
func newPipe(Options) (Parker, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	if err := unix.SetNonblock(ends[1], true); err != nil {
		unix.Close(ends[0])
		unix.Close(ends[1])
		return nil, fmt.Errorf("set pipe to not block writers: %w", err)
	}
	return newDescriptor(ends[0], ends[1], []byte{1}, func(read []byte) int { return len(read) }), nil
}
