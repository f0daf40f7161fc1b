package machine

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
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
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return fmt.Errorf("read this process's CPUs: %w", err)
	}
	debug.SetGCPercent(-1) // it would wait for threads that get no CPU
	n := set.Count()
	runtime.GOMAXPROCS(n + 2)
	ready := make(chan error, n)
	for cpu := 0; n > 0; cpu++ {
		if !set.IsSet(cpu) {
			continue
		}
		n--
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
	var one unix.CPUSet
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("bind a thread to CPU %d: %w", cpu, err)
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
