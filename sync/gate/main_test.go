package gate

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain leaves a P for each thread of a test and for the test itself,
// because a thread that spins keeps its P, and so does one in a raw system
// call. It fails the tests if a semaphore or a child is left.
func TestMain(m *testing.M) {
	if job := os.Getenv(childShares); job != "" {
		runJob(job)
	}
	if semaphore := os.Getenv(childHolds); semaphore != "" {
		child(semaphore)
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 12))
	status := m.Run()
	if left := removeSemaphores(); len(left) > 0 {
		fmt.Printf("semaphores are left: %v\n", left)
		status = 1
	}
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		fmt.Printf("a child is left: wait4 %d, %v\n", pid, err)
		status = 1
	}
	os.Exit(status)
}

// made lists the System V semaphores of this process's tests. They stay after
// the end of a process that does not remove them.
var made struct {
	sync.Mutex
	ids []int
}

// note records a semaphore to be removed. It ignores 0.
func note(id int) {
	made.Lock()
	defer made.Unlock()
	if id != 0 {
		made.ids = append(made.ids, id)
	}
}

// removeSemaphores removes those that still exist, and returns them.
func removeSemaphores() (left []int) {
	made.Lock()
	defer made.Unlock()
	for _, id := range made.ids {
		if semremove(id) == nil {
			left = append(left, id)
		}
	}
	return left
}

// hangs prints a message and ends the process, because threads that hang cannot
// be ended, and some of them spin.
func hangs(format string, args ...any) {
	removeSemaphores()
	panic(fmt.Sprintf(format, args...))
}

// full is true during a long test.
var full bool

// scaled returns the number of rounds: quick in ordinary runs, many in long
// tests. On a busy machine a round costs about a turn of the scheduler, and
// with a gate that spins several.
func scaled(quick, many int) int {
	switch {
	case full:
		return many
	case testing.Short():
		return max(quick/4, 1)
	}
	return quick
}
