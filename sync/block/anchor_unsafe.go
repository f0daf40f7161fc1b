package block

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// AnchorPs is the number of Ps that Anchor occupies. GOMAXPROCS must be larger.
const AnchorPs = 1

const (
	// anchored is how long the anchor stays in the kernel each time. Where the
	// runtime cannot interrupt it (GODEBUG=asyncpreemptoff=1), it delays a stop
	// of the world by up to this.
	anchored = 10 * time.Millisecond
	// patience is the number of such intervals without a blocking call after
	// which the anchor sleeps and gives up its P.
	patience = 10

	// Constants of linux/futex.h for words private to the process. x/sys lacks
	// them.
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// anchors counts the calls of Anchor that have not been released.
var anchors struct {
	sync.Mutex
	n     int
	ended *atomic.Bool // true makes the current anchor goroutine return
}

var (
	stirred atomic.Bool   // a blocking call has returned since the anchor looked
	adrift  atomic.Uint32 // 1: the anchor sleeps until a blocking call returns
)

// Anchor keeps one P from becoming idle while blocking calls return now and
// then. It starts a goroutine that sleeps in the kernel while the scheduler
// takes it to be running. The goroutine wakes 100 times a second and costs
// about 0.1 % of one CPU. When no call has returned for a while, it gives up
// its P and sleeps, so an idle process causes no wake-ups. The next call that
// returns wakes it. However often Anchor is called, there is one such
// goroutine.
//
// The goroutine ends when every caller has called its release. A second call of
// the same release does nothing. The P is free within 10 ms after that. A
// program that has no P to spare must release, because blocking calls would
// keep waking the goroutine.
//
// While all other threads block, the scheduler never finds all Ps idle. So
// sysmon keeps polling every 10 ms and needs no waking, and the scheduler
// starts no thread to watch the network.
func Anchor() (release func()) {
	if !Direct {
		return func() {}
	}
	anchors.Lock()
	defer anchors.Unlock()
	if anchors.n++; anchors.n == 1 {
		anchors.ended = new(atomic.Bool)
		go hold(anchors.ended)
	}
	return sync.OnceFunc(func() {
		anchors.Lock()
		defer anchors.Unlock()
		if anchors.n--; anchors.n == 0 {
			anchors.ended.Store(true)
			stir() // it may be adrift
		}
	})
}

func hold(ended *atomic.Bool) {
	pause := unix.NsecToTimespec(int64(anchored))
	for quiet := 0; !ended.Load(); quiet++ {
		nap(&pause)
		if stirred.Load() {
			stirred.Store(false)
			quiet = 0
		}
		if quiet < patience {
			continue
		}
		// Either the anchor sees a return that comes now, or the returning
		// thread sees that it must wake the anchor.
		adrift.Store(1)
		for !stirred.Load() && adrift.Load() == 1 {
			_, _, _ = enter(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&adrift)), futexWait, 1, 0, 0, 0)
		}
		adrift.Store(0)
		quiet = 0
	}
}

// stir tells the anchor that a blocking call has returned.
func stir() {
	stirred.Store(true)
	if adrift.Load() == 1 && adrift.CompareAndSwap(1, 0) {
		_, _, _ = syscall.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&adrift)), futexWake, 1, 0, 0, 0)
	}
}

// nap is a function of its own and not inlined, because the scheduler stops a
// goroutine in a function's prologue.
//
//go:noinline
func nap(pause *unix.Timespec) {
	// The raw call keeps the P. The scheduler ends it early by a signal when it
	// needs the P.
	_, _, _ = syscall.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(pause)), 0, 0)
	runtime.KeepAlive(pause)
}
