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

// AnchorPs is how many Ps Anchor occupies: GOMAXPROCS must be larger.
const AnchorPs = 1

const (
	// anchored is how long the anchor stays in the kernel, and with it the
	// longest that it can make a stop of the world wait where the runtime
	// cannot interrupt it (GODEBUG=asyncpreemptoff=1).
	anchored = 10 * time.Millisecond
	// patience is for how many such times nothing has to happen before the
	// anchor lets go.
	patience = 10

	// Of linux/futex.h, private to the process; x/sys does not carry them.
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// anchors are the calls of Anchor that were not released.
var anchors struct {
	sync.Mutex
	n      int
	weighs *atomic.Bool // has the anchor that holds end
}

var (
	stirred atomic.Bool   // a blocking call has returned since the anchor looked
	adrift  atomic.Uint32 // 1: the anchor sleeps until something happens
)

// Anchor keeps one P from becoming idle for as long as blocking calls return
// now and then, by a goroutine that sleeps while the scheduler takes it to be
// running. It wakes a hundred times a second meanwhile, and costs about 0.1 %
// of one CPU. When no call has returned for a while it lets go, and a process
// in which nothing happens sleeps wholly; the next return takes it up again,
// at the price of a wake-up. There is one anchor, however many ask for it.
//
// release ends it, with the last one who has asked for it; called again it does
// nothing. The P is free within anchored then. A program that has no P to spare
// any more must release: blocking calls would go on keeping its P occupied.
//
// While all other threads block, the scheduler then never finds itself without
// a running P: sysmon goes on looking around every 10 ms and needs no waking,
// and no thread is started to watch the network.
func Anchor() (release func()) {
	if !Direct {
		return func() {}
	}
	anchors.Lock()
	defer anchors.Unlock()
	if anchors.n++; anchors.n == 1 {
		anchors.weighs = new(atomic.Bool)
		go hold(anchors.weighs)
	}
	return sync.OnceFunc(func() {
		anchors.Lock()
		defer anchors.Unlock()
		if anchors.n--; anchors.n == 0 {
			anchors.weighs.Store(true)
			stir() // it may be adrift
		}
	})
}

func hold(weighs *atomic.Bool) {
	pause := unix.NsecToTimespec(int64(anchored))
	for quiet := 0; !weighs.Load(); quiet++ {
		nap(&pause)
		if stirred.Load() {
			stirred.Store(false)
			quiet = 0
		}
		if quiet < patience {
			continue
		}
		// Either a return that comes now is seen, or it sees that there is
		// somebody to wake.
		adrift.Store(1)
		for !stirred.Load() && adrift.Load() == 1 {
			_, _, _ = enter(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&adrift)), futexWait, 1, 0, 0, 0)
		}
		adrift.Store(0)
		quiet = 0
	}
}

// stir tells the anchor that something happens.
func stir() {
	stirred.Store(true)
	if adrift.Load() == 1 && adrift.CompareAndSwap(1, 0) {
		_, _, _ = syscall.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&adrift)), futexWake, 1, 0, 0, 0)
	}
}

// nap is a call of its own, and not inlined, so that its prologue is where the
// scheduler can stop the goroutine.
//
//go:noinline
func nap(pause *unix.Timespec) {
	// A raw call: the P stays. A signal ends it early, and is how the
	// scheduler asks for the P.
	_, _, _ = syscall.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(pause)), 0, 0)
	runtime.KeepAlive(pause)
}
