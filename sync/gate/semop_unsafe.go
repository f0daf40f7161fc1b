package gate

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// The operations use semtimedop without a time, because every architecture has
// that call; not every one has semop.

func semopWait(id int, op *sembuf) syscall.Errno {
	_, _, errno := block.Syscall6(unix.SYS_SEMTIMEDOP, uintptr(id), uintptr(unsafe.Pointer(op)), 1, 0, 0, 0)
	runtime.KeepAlive(op)
	return errno
}

// semopNow makes operations that cannot block.
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

// A constant of linux/sem.h. x/sys lacks it.
const semGetVal = 12

// semds starts like the kernel's struct semid64_ds and is at least as long.
type semds struct {
	perm unix.SysvIpcPerm
	_    [16]uint64
}

// semseen returns an error if the process may not use the semaphore.
func semseen(id int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SEMCTL, uintptr(id), 0, semGetVal)
	if errno != 0 {
		return errno
	}
	return nil
}

// semgive gives the semaphore to the user and group in opt.
func semgive(id int, opt SharedOptions) error {
	var ds semds
	_, _, errno := unix.RawSyscall6(unix.SYS_SEMCTL, uintptr(id), 0, unix.IPC_STAT, uintptr(unsafe.Pointer(&ds)), 0, 0)
	if errno != 0 {
		return errno
	}
	if opt.UID != 0 {
		ds.perm.Uid = uint32(opt.UID)
	}
	if opt.GID != 0 {
		ds.perm.Gid = uint32(opt.GID)
	}
	_, _, errno = unix.RawSyscall6(unix.SYS_SEMCTL, uintptr(id), 0, unix.IPC_SET, uintptr(unsafe.Pointer(&ds)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func semremove(id int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SEMCTL, uintptr(id), 0, unix.IPC_RMID)
	if errno != 0 {
		return errno
	}
	return nil
}
