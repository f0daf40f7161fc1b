package gate

import (
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// board is memory that the processes of a test share.
type board struct {
	there   atomic.Uint32 // threads that are about to begin
	inside  atomic.Uint32 // the process that holds the gate, by its own account
	broken  atomic.Uint32 // times that a process found another one holding the gate too
	doomed  atomic.Uint32 // the process that is killed next, or was killed last
	stay    atomic.Uint32 // 1 makes the next holder keep the gate for good
	staying atomic.Uint32 // the process that keeps it
	stop    atomic.Uint32 // 1 ends the processes that loop

	coming   atomic.Uint32 // the process that is about to wait
	released atomic.Int64  // ns of CLOCK_MONOTONIC
	entered  atomic.Int64

	// Only the holder of the gate writes these, without other synchronisation.
	counter, changes, last uint64
	own                    [16]uint64 // rounds of each thread of each process
	order                  [16]uint32 // processes in the order in which they got the gate
	ordered                uint32
}

const boardSize = unsafe.Sizeof(board{})

// newBoard makes a board and the file that children map.
func newBoard(t testing.TB) (*board, *os.File) {
	t.Helper()
	fd, err := unix.MemfdCreate("gate-test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Skipf("memfd_create: %v", err)
	}
	f := os.NewFile(uintptr(fd), "gate-test")
	t.Cleanup(func() { f.Close() })
	if err := unix.Ftruncate(fd, int64(boardSize)); err != nil {
		t.Fatal(err)
	}
	b, mem, err := boardOn(fd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	return b, f
}

func boardOn(fd int) (*board, []byte, error) {
	mem, err := unix.Mmap(fd, 0, int(boardSize), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	return (*board)(unsafe.Pointer(unsafe.SliceData(mem))), mem, nil
}

// interrupts makes a signal interrupt system calls. Go has installed its
// handler so that the kernel restarts them (SA_RESTART). On 64-bit machines the
// kernel's struct sigaction begins with the handler, then the flags.
func interrupts(t testing.TB, sig syscall.Signal) {
	t.Helper()
	const restart, mask = 0x10000000, 8
	var action [8]uint64
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&action)), mask, 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	action[1] &^= restart
	_, _, errno = syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, mask, 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
}
