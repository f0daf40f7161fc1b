package park

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long something that must happen may take on a busy machine.
const patience = time.Minute

// poll waits until ok returns true, and reports whether it did in time.
func poll(ok func() bool) bool {
	for end := time.Now().Add(patience); !ok(); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// owner is a thread, or an unlocked goroutine, that owns a parker.
type owner struct {
	t         *testing.T
	parker    Parker
	internals internals
	tid       int // 0 for a goroutine
	done      chan struct{}
}

// own runs fn on a thread of its own, which ends with fn, or on a goroutine if
// the kind is for goroutines.
func own(t *testing.T, p Parker, d internals, fn func()) *owner {
	t.Helper()
	o := &owner{t: t, parker: p, internals: d, done: make(chan struct{})}
	tid := make(chan int)
	go func() {
		defer close(o.done)
		if d.unlocked {
			tid <- 0
		} else {
			runtime.LockOSThread()
			tid <- unix.Gettid()
		}
		fn()
	}()
	o.tid = <-tid
	return o
}

// asleep waits until the parker says that its owner sleeps and the thread does.
func (o *owner) asleep() {
	o.t.Helper()
	if !poll(func() bool { return o.internals.asleep(o.parker) && o.state() == 'S' }) {
		o.t.Fatalf("the owner does not sleep: asleep %v, thread state %c", o.internals.asleep(o.parker), o.state())
	}
}

// state is the kernel's letter for the state of the owner's thread. It is X
// once fn has returned, because the process's first thread does not end with
// fn. For a goroutine it is S, because the parker's own word must suffice.
func (o *owner) state() byte {
	select {
	case <-o.done:
		return 'X'
	default:
	}
	if o.tid == 0 {
		return 'S'
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", o.tid))
	if err != nil {
		return 'X' // it has ended
	}
	return stat[bytes.LastIndexByte(stat, ')')+2]
}

// stray ends the owner's sleep without a permit, and checks that the owner
// sleeps again.
func (o *owner) stray() {
	o.t.Helper()
	o.asleep()
	if !poll(func() bool { return o.internals.stray(o.parker) }) {
		o.t.Fatal("the stray wake-up does not arrive")
	}
	o.asleep()
}

// unpark wakes the owner, which must be asleep.
func (o *owner) unpark() {
	o.t.Helper()
	o.asleep()
	if !o.parker.Unpark() {
		o.t.Error("Unpark did not say that it woke the owner, which slept")
	}
}

// ends waits for fn to return.
func (o *owner) ends() {
	o.t.Helper()
	select {
	case <-o.done:
	case <-time.After(patience):
		o.t.Fatalf("the owner does not return: asleep %v, thread state %c", o.internals.asleep(o.parker), o.state())
	}
}
