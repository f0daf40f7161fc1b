package machine

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"lflab/lf/thread"
)

// schedIdle is SCHED_IDLE of sched(7): a thread that runs where nothing else
// wants to.
const schedIdle = 5

// SpinIdle keeps every CPU that this process may use from being idle, by a
// thread of the lowest class (SCHED_IDLE) on each: a virtual CPU that is never
// idle is never given back to its host, nor does a real one sleep. started is
// called when they run. It does not return without an error, and uses the whole
// process: the runtime's collector is off.
func SpinIdle(started func()) error {
	debug.SetGCPercent(-1) // it would wait for threads that get no CPU
	cpus := thread.CPUs()
	runtime.GOMAXPROCS(len(cpus) + 2)
	ready := make(chan error, len(cpus))
	for _, cpu := range cpus {
		go func() {
			runtime.LockOSThread()
			err := becomeIdle(cpu)
			ready <- err
			for err == nil {
				pause()
			}
		}()
	}
	for range cap(ready) {
		if err := <-ready; err != nil {
			return err
		}
	}
	started()
	select {}
}

// becomeIdle puts the calling thread on a CPU, in the lowest class.
func becomeIdle(cpu int) error {
	if err := thread.Pin(cpu); err != nil {
		return err
	}
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: schedIdle}
	if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
		return fmt.Errorf("put a thread into the class SCHED_IDLE: %w", err)
	}
	return nil
}

// pause is some work that ends, so that the runtime can stop the thread.
//
//go:noinline
func pause() {
	for range 1 << 12 {
	}
}
