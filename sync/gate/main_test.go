package gate

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain leaves a P for each thread of a test and for the test itself: a
// thread that spins keeps its P, and so does one that makes a raw call. The
// tests fail if a semaphore or a child of theirs is left.
func TestMain(m *testing.M) {
	if errand := os.Getenv(childShares); errand != "" {
		runErrand(errand)
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

// made are the System V semaphores of this process's tests. They outlive a
// process that does not remove them.
var made struct {
	sync.Mutex
	ids []int
}

// note remembers a semaphore, if it is one.
func note(id int) {
	made.Lock()
	defer made.Unlock()
	if id != 0 {
		made.ids = append(made.ids, id)
	}
}

// removeSemaphores removes those that are still there, and returns them.
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

// hangs ends the process: threads that hang cannot be got rid of, and some of
// them spin.
func hangs(format string, args ...any) {
	removeSemaphores()
	panic(fmt.Sprintf(format, args...))
}

// full is set while a long test runs.
var full bool

// scaled is a number of rounds: quick in every run, many in the long tests.
// Beside a busy neighbour a round costs about a turn of the scheduler, and of a
// gate that spins several.
func scaled(quick, many int) int {
	switch {
	case full:
		return many
	case testing.Short():
		return max(quick/4, 1)
	}
	return quick
}
