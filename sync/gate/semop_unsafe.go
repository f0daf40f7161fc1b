package gate

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// The operations are made by semtimedop without a time: unlike semop, every
// architecture has that one.

func semopWait(id int, op *sembuf) syscall.Errno {
	_, _, errno := block.Syscall6(unix.SYS_SEMTIMEDOP, uintptr(id), uintptr(unsafe.Pointer(op)), 1, 0, 0, 0)
	runtime.KeepAlive(op)
	return errno
}

// semopNow is for operations that cannot block.
func semopNow(id int, op *sembuf) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_SEMTIMEDOP, uintptr(id), uintptr(unsafe.Pointer(op)), 1, 0, 0, 0)
	runtime.KeepAlive(op)
	return errno
}

func semget() (int, error) {
	id, _, errno := unix.RawSyscall(unix.SYS_SEMGET, unix.IPC_PRIVATE, 1, 0o600)
	if errno != 0 {
		return 0, errno
	}
	return int(id), nil
}

func semremove(id int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SEMCTL, uintptr(id), 0, unix.IPC_RMID)
	if errno != 0 {
		return errno
	}
	return nil
}
