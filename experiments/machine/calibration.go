package machine

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/thread"
	"lflab/sync/futex"
)

// Calibration says how fast the machine is in what the lab's results rest on.
// Two runs whose calibrations differ were measured at different speeds, whatever
// their machines are called. A value of 0 could not be measured.
type Calibration struct {
	At time.Time `json:"at"`

	// Two threads pass a turn to and fro by a futex: half of a round trip, the
	// median. CrossNs needs two CPUs.
	SameNs  float64 `json:"pingpong_same_ns"`
	CrossNs float64 `json:"pingpong_cross_ns,omitempty"`

	SyscallNs    float64 `json:"syscall_ns"`        // an empty system call, getppid
	ClockCallNs  float64 `json:"clock_syscall_ns"`  // clock_gettime as a system call
	ClockNs      float64 `json:"clock_ns"`          // the same through the vDSO, as Go's time does it
	CopyGBPerS   float64 `json:"copy_gb_per_s"`     // memory copied, of 64 MiB
	SleepLateNs  float64 `json:"sleep_late_ns"`     // by which a sleep of 0.5 ms ends late, the median: the least send lag of a generator that sleeps
	SleepLateP99 float64 `json:"sleep_late_p99_ns"` // its p99
}

// These numbers make Calibrate take about a second.
const (
	calibrationRounds  = 4000 // of a ping-pong
	calibrationBatches = 101  // of calls
	calibrationCalls   = 1000 // in a batch
	calibrationCopy    = 64 << 20
	calibrationCopies  = 7
	calibrationSleeps  = 1000
	calibrationSleep   = 500 * time.Microsecond
)

// Calibrate measures the machine's speed. It blocks for about a second, and
// loads up to two CPUs meanwhile.
func Calibrate() Calibration {
	c := Calibration{At: time.Now()}
	cpus := thread.CPUs()
	c.SameNs = pingPong(cpus[0], cpus[0], calibrationRounds)
	if len(cpus) > 1 {
		c.CrossNs = pingPong(cpus[0], cpus[1], calibrationRounds)
	}
	c.SyscallNs = perCall(func() { unix.Getppid() })
	c.ClockCallNs = perCall(func() { monotonic() })
	c.ClockNs = perCall(func() { _ = time.Now() })
	c.CopyGBPerS = copyRate()
	c.SleepLateNs, c.SleepLateP99 = sleepLateness()
	return c
}

// pingPong returns the median time in ns of a hand-off between two threads on
// these CPUs, or 0 if they may not run there.
func pingPong(one, other, rounds int) float64 {
	const warmup = 200
	var turn atomic.Uint32 // 0: the first thread's
	await := func(mine uint32) {
		for now := turn.Load(); now != mine; now = turn.Load() {
			_ = futex.Wait(&turn, now) // the loop checks the word, whatever the result
		}
	}
	pass := func(to uint32) {
		turn.Store(to)
		futex.Wake(&turn, 1)
	}
	defer thread.Reserve(2)()
	times := make([]float64, 0, rounds)
	var refused [2]error
	second := thread.Start(thread.Options{Name: "pong", CPU: thread.AnyCPU}, func(*thread.Thread) {
		refused[1] = thread.Pin(other)
		for range warmup + rounds {
			await(1)
			pass(0)
		}
	})
	first := thread.Start(thread.Options{Name: "ping", CPU: thread.AnyCPU}, func(*thread.Thread) {
		refused[0] = thread.Pin(one)
		for i := range warmup + rounds {
			began := time.Now()
			pass(1)
			await(0)
			if i >= warmup {
				times = append(times, float64(time.Since(began))/2)
			}
		}
	})
	if err := errors.Join(first.Join(), second.Join(), refused[0], refused[1]); err != nil {
		return 0
	}
	return median(times)
}

// perCall returns the time in ns of one call, the median over batches.
func perCall(call func()) float64 {
	batches := make([]float64, calibrationBatches)
	for i := range batches {
		began := time.Now()
		for range calibrationCalls {
			call()
		}
		batches[i] = float64(time.Since(began)) / calibrationCalls
	}
	return median(batches)
}

// copyRate returns how fast memory is copied, in GB/s. It takes the memory from
// the kernel and gives it back, so that the heap does not grow.
func copyRate() float64 {
	memory, err := unix.Mmap(-1, 0, 2*calibrationCopy, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE)
	if err != nil {
		return 0
	}
	from, to := memory[:calibrationCopy], memory[calibrationCopy:]
	for i := 0; i < len(from); i += 4096 { // untouched pages may all be the same one
		from[i], to[i] = 1, 1
	}
	rates := make([]float64, calibrationCopies)
	for i := range rates {
		began := time.Now()
		copy(to, from)
		rates[i] = calibrationCopy / float64(time.Since(began)) // bytes per ns are GB per s
	}
	_ = unix.Munmap(memory) // it was mapped
	return median(rates)
}

// sleepLateness returns by how many ns a short sleep ends late, the median and
// the p99. The thread sets its timer slack as the load generator's threads do.
func sleepLateness() (p50, p99 float64) {
	late := make([]float64, 0, calibrationSleeps)
	sleeper := thread.Start(thread.Options{Name: "sleeper", CPU: thread.AnyCPU}, func(*thread.Thread) {
		if unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) != nil {
			return
		}
		for range calibrationSleeps {
			pause := unix.NsecToTimespec(int64(calibrationSleep))
			began := time.Now()
			if unix.Nanosleep(&pause, nil) == nil { // a signal would cut it short
				late = append(late, float64(time.Since(began)-calibrationSleep))
			}
		}
	})
	if sleeper.Join() != nil || len(late) == 0 {
		return 0, 0
	}
	slices.Sort(late)
	return late[len(late)/2], late[len(late)*99/100]
}

func median(xs []float64) float64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}

// Fact is one value of a calibration, for readers.
type Fact struct{ Name, Value string }

// Facts returns the values for readers, those that were measured.
func (c *Calibration) Facts() []Fact {
	if c == nil {
		return nil
	}
	var facts []Fact
	add := func(name string, x float64, format string, scale float64) {
		if x > 0 {
			facts = append(facts, Fact{name, fmt.Sprintf(format, x/scale)})
		}
	}
	add("ping-pong by a futex on one CPU, one way", c.SameNs, "%.2f µs", 1e3)
	add("ping-pong by a futex between two CPUs, one way", c.CrossNs, "%.2f µs", 1e3)
	add("empty system call", c.SyscallNs, "%.0f ns", 1)
	add("reading the clock by a system call", c.ClockCallNs, "%.0f ns", 1)
	add("reading the clock without one", c.ClockNs, "%.0f ns", 1)
	add("memory copied", c.CopyGBPerS, "%.1f GB/s", 1)
	add("a sleep of 0.5 ms ends late by, median", c.SleepLateNs, "%.1f µs", 1e3)
	add("a sleep of 0.5 ms ends late by, p99", c.SleepLateP99, "%.1f µs", 1e3)
	return facts
}
