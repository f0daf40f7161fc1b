package gate

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long something that must happen may take on a busy machine.
const patience = 60 * time.Second

// poll waits until ok returns true, and reports whether it did in time.
func poll(ok func() bool) bool {
	for end := time.Now().Add(patience); !ok(); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// make1 makes a gate that is closed at the end of the test. It skips the test
// if the system lacks the gate's mechanism.
func make1(t testing.TB, k Kind, threads int) Gate {
	t.Helper()
	g, err := k.New(threads)
	for _, refusal := range []error{unix.ENOSYS, unix.EPERM, unix.EACCES, unix.ENOSPC} {
		if errors.Is(err, refusal) {
			t.Skipf("gate %s: %v", k.Name, err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := g.(*semop); ok {
		note(s.id)
	}
	t.Cleanup(func() {
		if t.Failed() {
			return // a thread may hold it or wait for it for good
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// member is a thread that uses a gate under a number.
type member struct {
	t    testing.TB
	id   int
	tid  int
	done chan struct{}
}

// start runs fn on a locked thread of its own, which ends with fn.
func start(t testing.TB, id int, fn func()) *member {
	m := &member{t: t, id: id, done: make(chan struct{})}
	tid := make(chan int)
	go func() {
		defer close(m.done)
		runtime.LockOSThread()
		tid <- unix.Gettid()
		fn()
	}()
	m.tid = <-tid
	return m
}

// ends waits for fn to return. If it does not, the process ends.
func (m *member) ends() {
	select {
	case <-m.done:
	case <-time.After(2 * patience):
		hangs("%s: thread %d hangs in state %c, system call %q", m.t.Name(), m.id, m.state(), m.call())
	}
}

// waits returns once the thread is queued for the gate, as far as a test can
// see that.
func (m *member) waits(g Gate, d internals) {
	if !poll(func() bool { return d.queued(g, m) }) {
		hangs("%s: thread %d does not wait: state %c, system call %q", m.t.Name(), m.id, m.state(), m.call())
	}
}

// state is the kernel's letter for the thread's state.
func (m *member) state() byte {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", m.tid))
	if err != nil {
		return 'X' // it has ended
	}
	return stat[bytes.LastIndexByte(stat, ')')+2]
}

// call returns number and arguments of the system call in which the thread
// sleeps, as /proc shows them, or "".
func (m *member) call() string {
	call, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", m.tid))
	if err != nil {
		return ""
	}
	return string(call)
}

// sleepsIn reports whether the thread sleeps in that system call with that
// first argument.
func (m *member) sleepsIn(number, argument uintptr) bool {
	return strings.HasPrefix(m.call(), fmt.Sprintf("%d %#x ", number, argument)) && m.state() == 'S'
}

// signal sends a signal to the thread, unless it has ended.
func (m *member) signal(s unix.Signal) {
	if err := unix.Tgkill(unix.Getpid(), m.tid, s); err != nil && err != unix.ESRCH {
		m.t.Errorf("signal thread %d: %v", m.id, err)
	}
}

// group is a list of threads with the numbers 0, 1, and so on.
type group []*member

// team starts that many threads, which call fn at the same time. They wait for
// each other spinning, because a locked thread takes long to return from a
// channel.
func team(t testing.TB, threads int, fn func(id int)) (g group) {
	var there atomic.Int32
	for id := range threads {
		g = append(g, start(t, id, func() {
			for there.Add(1); there.Load() < int32(threads); {
				unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
			}
			fn(id)
		}))
	}
	return g
}

func (g group) end() {
	for _, m := range g {
		m.ends()
	}
}

// descriptors counts the open descriptors of the process.
func descriptors(t testing.TB) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

// lowest returns the descriptor that the next open will get.
func lowest(t testing.TB) uint64 {
	t.Helper()
	fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	return uint64(fd)
}
