package thread

import (
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// AnyCPU, as Options.CPU, leaves the thread to the kernel's scheduler.
const AnyCPU = -1

// Options are a thread's properties in the kernel.
type Options struct {
	Name string // as ps -L, top -H and /proc show it: the first 15 bytes; empty keeps the process's name
	CPU  int    // the one CPU it may run on, of CPUs(); AnyCPU for all of them

	// Unlocked runs fn on a goroutine that is not locked to an OS thread, for
	// comparison with those that are. What belongs to a thread it cannot have:
	// CPU must be AnyCPU, Name has no effect, and TID is 0.
	Unlocked bool
}

// Thread is a goroutine with an OS thread to itself, unless it was asked to be
// without.
type Thread struct {
	opt  Options
	tid  int
	err  error
	done chan struct{}
}

// Start starts a thread that calls fn, and returns once it is named and
// pinned. When it cannot be pinned, fn is not called and Join tells why.
//
// The thread ends when fn returns or calls runtime.Goexit. A panic in fn ends
// the process, as in any goroutine. fn must not unlock the thread.
func Start(opt Options, fn func(*Thread)) *Thread {
	t := &Thread{opt: opt, done: make(chan struct{})}
	ready := make(chan struct{})
	go t.run(fn, ready)
	<-ready
	return t
}

// TID is the kernel's number of the thread, 0 if it is unlocked. After Done it
// may be another's.
func (t *Thread) TID() int { return t.tid }

// Done is closed when fn has returned. The kernel removes the thread a moment
// later.
func (t *Thread) Done() <-chan struct{} { return t.done }

// Join blocks until Done. It returns the error that kept fn from being called.
// It blocks in the Go scheduler: it is not for use on a Thread.
func (t *Thread) Join() error {
	<-t.done
	return t.err
}

func (t *Thread) run(fn func(*Thread), ready chan<- struct{}) {
	if t.opt.Unlocked {
		if t.opt.CPU != AnyCPU {
			t.err = fmt.Errorf("pin an unlocked goroutine to CPU %d (want CPU %d for any, or a locked thread)", t.opt.CPU, AnyCPU)
		}
		t.call(fn, ready)
		return
	}
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		// The first thread is occupied for as long as this goroutine is
		// locked to it, so another goroutine gets another thread.
		again := make(chan struct{})
		go t.run(fn, again)
		<-again
		runtime.UnlockOSThread()
		close(ready)
		return
	}
	t.tid = unix.Gettid()
	t.err = t.opt.apply()
	t.call(fn, ready)
}

// call calls fn unless there is an error, and says when it begins and when it
// has returned.
func (t *Thread) call(fn func(*Thread), ready chan<- struct{}) {
	close(ready)
	ended := t.err != nil
	defer func() {
		if !ended {
			if r := recover(); r != nil {
				panic(r) // nobody is told that the thread is done: the process ends
			}
		}
		close(t.done)
	}()
	if ended {
		return
	}
	fn(t)
	ended = true
}

// apply gives the calling thread its name and its CPU.
func (o Options) apply() error {
	if o.Name != "" {
		if err := setName(o.Name); err != nil {
			return fmt.Errorf("name thread %q: %w", o.Name, err)
		}
	}
	if o.CPU == AnyCPU {
		return nil
	}
	return Pin(o.CPU)
}

// Pin has the calling thread run on that CPU alone, one of CPUs(). The caller's
// goroutine must be locked to it: affinity belongs to the thread. It does not
// block. See sched_setaffinity(2).
func Pin(cpu int) error {
	if cpus := CPUs(); !slices.Contains(cpus, cpu) {
		return fmt.Errorf("pin thread to CPU %d (want one of %v)", cpu, cpus)
	}
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pin thread to CPU %d: %w", cpu, err)
	}
	return nil
}

// Unpin lets the calling thread run on all of CPUs() again. It does not move it.
func Unpin() error {
	if err := unix.SchedSetaffinity(0, &allowed); err != nil {
		return fmt.Errorf("let thread run on any CPU: %w", err)
	}
	return nil
}
