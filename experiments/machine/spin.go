package machine

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"lflab/lf/thread"
)

// schedIdle is SCHED_IDLE of sched(7): the thread runs only where no other
// thread wants to.
const schedIdle = 5

// SpinIdle keeps every CPU that this process may use busy with a thread of the
// lowest class (SCHED_IDLE). A virtual CPU that is never idle is never given
// back to its host, and a real one never sleeps. SpinIdle calls started when
// the threads run. It returns only with an error. It needs the whole process,
// because it turns the garbage collector off.
func SpinIdle(started func()) error {
	debug.SetGCPercent(-1) // the collector would wait for threads that get no CPU
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

// becomeIdle binds the calling thread to a CPU and puts it into the lowest
// class.
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

// pause computes for a short time. It is a call so that the runtime can stop
// the thread there.
//
//go:noinline
func pause() {
	for range 1 << 12 {
	}
}
