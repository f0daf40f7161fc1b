package gate

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

var piKind = Kind{
	Name:   "pi",
	Doc:    "futex with priority inheritance: the kernel hands over to the one that waits longest, or has the highest real-time priority, and lends its priority to the holder; hand-off instead of overtaking, and no priority inversion",
	Kernel: "2.6.22",
	New:    newPI,
}

// pi is a futex whose word names its owner. Release hands the gate over inside
// the kernel, so no thread can overtake the chosen one. Therefore each
// contended hand-over costs a wake-up, and the gate is idle until the woken
// thread runs; futexmutex has no such gap. While a real-time thread waits, the
// holder runs at that thread's priority. Threads of ordinary priority lend
// none.
//
// A thread that ends while it holds the gate leaves it to one that waits.
type pi struct {
	_    [cas.CacheLine]byte
	word atomic.Uint32
	_    [cas.CacheLine - 4]byte
	handover
}

func newPI(int) (Gate, error) {
	// Set the bit Waiters, so that the unlock enters the kernel although no
	// thread waits.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p := new(pi)
	if err := futex.LockPI(&p.word); err != nil {
		return nil, err
	}
	p.word.Or(futex.Waiters)
	if err := futex.UnlockPI(&p.word); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pi) Acquire(int) {
	if err := futex.LockPI(&p.word); err != nil {
		panic(fmt.Sprintf("gate pi: %v", err))
	}
	p.in()
}

func (p *pi) Release(int) {
	p.out()
	if err := futex.UnlockPI(&p.word); err != nil {
		panic(fmt.Sprintf("gate pi: %v", err))
	}
}

func (p *pi) Close() error { return nil }
