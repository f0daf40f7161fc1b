package futex

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// owner is a locked thread of a test. It ends with its function.
type owner struct {
	tid  int
	done chan struct{}
}

func own(fn func()) *owner {
	o := &owner{done: make(chan struct{})}
	tid := make(chan int)
	go func() {
		defer close(o.done)
		runtime.LockOSThread()
		tid <- unix.Gettid()
		fn()
	}()
	o.tid = <-tid
	return o
}

// waits returns when the thread sleeps on the word.
func (o *owner) waits(t *testing.T, word *atomic.Uint32) {
	t.Helper()
	want := fmt.Sprintf("%d %#x ", unix.SYS_FUTEX, address(word))
	eventually(t, "a thread waits for the lock", func() bool {
		call, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", o.tid))
		return err == nil && strings.HasPrefix(string(call), want)
	})
}

// ends waits until the function has returned and the thread has ended. The main
// thread never ends.
func (o *owner) ends(t *testing.T) {
	t.Helper()
	select {
	case <-o.done:
	case <-time.After(time.Minute):
		t.Fatal("a thread hangs")
	}
	if o.tid != unix.Getpid() {
		eventually(t, "a thread ends", func() bool { return unix.Tgkill(unix.Getpid(), o.tid, 0) == unix.ESRCH })
	}
}

// dies runs fn on a thread other than the main one, and waits for the end of
// the thread.
func dies(t *testing.T, fn func()) {
	t.Helper()
	for {
		ran := false
		again := make(chan struct{})
		o := own(func() {
			if unix.Gettid() == unix.Getpid() {
				<-again // keeps the main thread until another goroutine has a thread of its own
				return
			}
			ran = true
			fn()
		})
		if o.tid != unix.Getpid() {
			close(again)
			o.ends(t)
			if !ran {
				t.Fatal("the thread did not run")
			}
			return
		}
		defer o.ends(t)
		defer close(again)
	}
}

// priority returns the thread's priority as /proc shows it: 20 is ordinary, -2
// is SCHED_FIFO 1.
func (o *owner) priority(t *testing.T) (priority int) {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", o.tid))
	if err != nil {
		t.Fatal(err)
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if _, err := fmt.Sscan(string(fields[15]), &priority); err != nil {
		t.Fatal(err)
	}
	return priority
}
