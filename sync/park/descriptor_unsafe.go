package park

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// issue writes one token. It makes a raw system call, because it cannot block:
// newPipe and newEventfd say why there is always room.
func (d *descriptor) issue() {
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(d.write),
		uintptr(unsafe.Pointer(unsafe.SliceData(d.token))), uintptr(len(d.token)))
	if errno != 0 {
		panic(fmt.Sprintf("park: write token to descriptor %d: %v", d.write, errno))
	}
}
