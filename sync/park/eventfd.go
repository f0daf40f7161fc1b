package park

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

var eventfdKind = Kind{
	Name:   "eventfd",
	Doc:    "read(2) of an eventfd of its own: shows what the descriptor layer adds to a futex; the owner could poll it with other descriptors",
	Kernel: "3.2",
	New:    newEventfd,
	Files:  1,
}

// newEventfd makes a parker whose tokens are the eventfd's count. A write adds
// 1. It would block only at a count of 2^64-2, which cannot be reached.
func newEventfd(Options) (Parker, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make eventfd: %w", err)
	}
	one := binary.NativeEndian.AppendUint64(nil, 1)
	return newDescriptor(fd, fd, one, func(read []byte) int {
		return int(binary.NativeEndian.Uint64(read))
	}), nil
}
