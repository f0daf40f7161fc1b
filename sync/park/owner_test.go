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

// patience is how long what must happen may take on a busy machine.
const patience = time.Minute

// poll waits until ok, and reports whether that came to pass.
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
	t      *testing.T
	parker Parker
	door   door
	tid    int // 0 for a goroutine
	done   chan struct{}
}

// own runs fn on a thread of its own, which ends with fn, or on a goroutine
// where that is what the kind is for.
func own(t *testing.T, p Parker, d door, fn func()) *owner {
	t.Helper()
	o := &owner{t: t, parker: p, door: d, done: make(chan struct{})}
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

// asleep waits until the owner has said that it sleeps and its thread does.
func (o *owner) asleep() {
	o.t.Helper()
	if !poll(func() bool { return o.door.asleep(o.parker) && o.state() == 'S' }) {
		o.t.Fatalf("the owner does not sleep: asleep %v, thread state %c", o.door.asleep(o.parker), o.state())
	}
}

// state is the kernel's letter for what the owner's thread does, and X once fn
// has returned: the first thread of the process does not end with it. A
// goroutine sleeps once it says so, or is about to.
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

// stray ends the owner's sleep without a permit, and sees that it slept on.
func (o *owner) stray() {
	o.t.Helper()
	o.asleep()
	if !poll(func() bool { return o.door.stray(o.parker) }) {
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
		o.t.Fatalf("the owner does not return: asleep %v, thread state %c", o.door.asleep(o.parker), o.state())
	}
}
