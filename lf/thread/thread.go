package thread

import (
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// AnyCPU, as Options.CPU, lets the kernel's scheduler choose the CPU.
const AnyCPU = -1

// Options are a thread's properties in the kernel.
type Options struct {
	Name string // the name in ps -L, top -H and /proc; the kernel uses 15 bytes; empty keeps the process's name
	CPU  int    // the CPU it may run on, one of CPUs(), or AnyCPU

	// Unlocked runs fn on a goroutine that is not locked to an OS thread, for
	// comparison. CPU must then be AnyCPU, Name has no effect, and TID is 0.
	Unlocked bool
}

// Thread is a goroutine with an OS thread of its own, unless Options.Unlocked
// was set.
type Thread struct {
	opt  Options
	tid  int
	err  error
	done chan struct{}
}

// Start starts a thread that calls fn. It returns when the thread is named and
// pinned. If that fails, fn is not called and Join returns the error.
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

// TID returns the kernel's ID of the thread, or 0 if it is unlocked. After Done
// another thread may have that ID.
func (t *Thread) TID() int { return t.tid }

// Done returns a channel that is closed when fn has returned. The kernel
// removes the thread a moment later.
func (t *Thread) Done() <-chan struct{} { return t.done }

// Join blocks until Done. It returns the error that prevented the call of fn.
// It blocks in the Go scheduler, so do not call it on a Thread.
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
		// While this goroutine is locked to the first thread, another goroutine
		// runs on another thread.
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

// call closes ready, then calls fn unless there is an error, then closes done.
func (t *Thread) call(fn func(*Thread), ready chan<- struct{}) {
	close(ready)
	ended := t.err != nil
	defer func() {
		if !ended {
			if r := recover(); r != nil {
				panic(r) // done stays open, because the process ends
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

// apply names and pins the calling thread.
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

// Pin makes the calling thread run only on that CPU, which must be one of
// CPUs(). The caller's goroutine must be locked to the thread, because affinity
// belongs to the thread. It does not block. See sched_setaffinity(2).
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

// Unpin lets the calling thread run on all of CPUs() again. It does not move
// the thread.
func Unpin() error {
	if err := unix.SchedSetaffinity(0, &allowed); err != nil {
		return fmt.Errorf("let thread run on any CPU: %w", err)
	}
	return nil
}
