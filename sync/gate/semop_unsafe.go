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

// Of linux/sem.h and linux/ipc.h; x/sys does not carry the first.
const semGetVal = 12

// semds begins as the kernel's struct semid64_ds does, and is no shorter.
type semds struct {
	perm unix.SysvIpcPerm
	_    [16]uint64
}

// semseen tells why the process may not use the semaphore.
func semseen(id int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SEMCTL, uintptr(id), 0, semGetVal)
	if errno != 0 {
		return errno
	}
	return nil
}

// semgive makes the semaphore that of another user.
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
