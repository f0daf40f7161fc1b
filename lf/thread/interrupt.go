package thread

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// interruption is the signal that Interrupt sends. Neither the kernel nor the
// Go runtime uses it.
const interruption = syscall.Signal(42)

// Interrupt makes thread tid's blocked system call return EINTR. tid is the
// kernel's ID of a thread of this process. A thread that is not in a system
// call notices nothing, so the caller repeats Interrupt until the thread has
// returned.
//
// Go's own signals do not end accept4(2), flock(2) and the like, because Go asks
// the kernel to restart them (SA_RESTART).
func Interrupt(tid int) error {
	if err := interruptible(); err != nil {
		return err
	}
	return interrupt(tid)
}

// InterruptAll interrupts every thread of the process.
func InterruptAll() error {
	if err := interruptible(); err != nil {
		return err
	}
	tasks, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		tid, err := strconv.Atoi(filepath.Base(task))
		if err != nil {
			return fmt.Errorf("interrupt all threads: %w", err)
		}
		if err := interrupt(tid); err != nil {
			return err
		}
	}
	return nil
}

// interrupt sends the signal. It ignores threads that have ended.
func interrupt(tid int) error {
	if err := unix.Tgkill(os.Getpid(), tid, interruption); err != nil && err != unix.ESRCH {
		return fmt.Errorf("interrupt thread %d: %w", tid, err)
	}
	return nil
}

// interruptible installs the runtime's handler, which drops the signal, and
// then clears SA_RESTART.
var interruptible = sync.OnceValue(func() error {
	signal.Notify(make(chan os.Signal, 1), interruption)
	if errno := doNotRestart(interruption); errno != 0 {
		return fmt.Errorf("make signal %d interrupt system calls: %w", int(interruption), errno)
	}
	return nil
})
