package block

import (
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// AnchorPs is how many Ps Anchor occupies: GOMAXPROCS must be larger.
const AnchorPs = 1

// anchored is how long the anchor stays in the kernel, and with it the longest
// that it can make a stop of the world wait where the runtime cannot interrupt
// it (GODEBUG=asyncpreemptoff=1).
const anchored = 10 * time.Millisecond

var anchor sync.Once

// Anchor keeps one P from ever becoming idle, for the rest of the process, by
// a goroutine that sleeps while the scheduler takes it to be running. It wakes
// a hundred times a second, and costs about 0.1 % of one CPU. Only the first
// call does anything.
//
// While all other threads block, the scheduler then never finds itself without
// a running P: sysmon goes on looking around every 10 ms and needs no waking,
// and no thread is started to watch the network.
func Anchor() {
	if Direct {
		anchor.Do(func() { go hold() })
	}
}

func hold() {
	pause := unix.NsecToTimespec(int64(anchored))
	for {
		nap(&pause)
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
