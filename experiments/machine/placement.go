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

// Placement tells where the kernel puts a thread that another one wakes without
// making way for it, when the woken one ran on the waker's CPU last and another
// CPU is idle: what befalls a follower whose promoter goes on to handle a
// connection.
type Placement struct {
	Wakes      int     `json:"wakes"`
	OnWakers   float64 `json:"on_wakers_cpu"` // share of the woken that ran on the waker's CPU
	DelayP50Ns int64   `json:"delay_p50_ns"`  // from before the wake-up until the woken thread ran
}

// Of one measurement. The waker computes for as long as a short handler and
// then leaves the machine idle for as long, so that there is room for both
// threads on one CPU as well as on two.
const (
	placementWakes = 100
	placementWork  = 100 * time.Microsecond
)

// ReadPlacement measures it with a hundred wake-ups by futex of one thread by
// another. It blocks for about 30 ms. With one CPU, or where threads may not
// choose theirs, there is nothing to measure, and ok is false.
func ReadPlacement() (p Placement, ok bool) {
	cpus := thread.CPUs()
	if len(cpus) < 2 {
		return p, false
	}
	var (
		word         atomic.Uint32
		ran          atomic.Uint32 // rounds that the woken thread has seen
		woken, where atomic.Int64
	)
	delays := make([]int64, 0, placementWakes)
	same := 0
	home := cpus[0] // the waker's
	defer thread.Reserve(2)()
	var refused [2]error // of the sleeper, of the waker
	sleeper := thread.Start(thread.Options{Name: "placed", CPU: thread.AnyCPU}, func(*thread.Thread) {
		for round := uint32(0); round < placementWakes; round++ {
			// It has run at home, and may run anywhere.
			refused[0] = errors.Join(refused[0], thread.Pin(home), thread.Unpin())
			for word.Load() == round {
				_ = futex.Wait(&word, round) // the loop looks again, whatever it was
			}
			woken.Store(monotonic())
			where.Store(int64(currentCPU()))
			ran.Store(round + 1)
		}
	})
	waker := thread.Start(thread.Options{Name: "placing", CPU: thread.AnyCPU}, func(*thread.Thread) {
		refused[1] = thread.Pin(home)
		for round := uint32(1); round <= placementWakes; round++ {
			pause := unix.NsecToTimespec(int64(placementWork))
			_ = unix.Nanosleep(&pause, nil) // cut short, the pause is only shorter
			began := monotonic()
			word.Store(round)
			futex.Wake(&word, 1)
			for monotonic()-began < int64(placementWork) {
			}
			for ran.Load() != round {
				pause := unix.NsecToTimespec(int64(10 * time.Microsecond))
				_ = unix.Nanosleep(&pause, nil)
			}
			delays = append(delays, woken.Load()-began)
			if where.Load() == int64(home) {
				same++
			}
		}
	})
	if err := errors.Join(waker.Join(), sleeper.Join(), refused[0], refused[1]); err != nil {
		return p, false
	}
	slices.Sort(delays)
	return Placement{
		Wakes: placementWakes, OnWakers: float64(same) / placementWakes, DelayP50Ns: delays[len(delays)/2],
	}, true
}

func (p Placement) String() string {
	return fmt.Sprintf("%.0f %% of %d on the waker's CPU, after %.1f µs", 100*p.OnWakers, p.Wakes, float64(p.DelayP50Ns)/1e3)
}

func monotonic() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // the clock is there, and so is ts
	return ts.Nano()
}
