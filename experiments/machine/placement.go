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

// Placement says where the kernel puts a woken thread if its waker goes on
// computing, the woken thread last ran on the waker's CPU, and another CPU is
// idle. A follower is in this situation when its promoter goes on to handle a
// connection.
type Placement struct {
	Wakes      int     `json:"wakes"`
	OnWakers   float64 `json:"on_wakers_cpu"` // share of wake-ups after which the woken thread ran on the waker's CPU
	DelayP50Ns int64   `json:"delay_p50_ns"`  // from before the wake-up until the woken thread ran
}

// The waker computes for as long as a short handler, and then sleeps for as
// long, so both threads also fit on one CPU.
const (
	placementWakes = 100
	placementWork  = 100 * time.Microsecond
)

// readPlacement measures the placement with 100 wake-ups of one thread by
// another through a futex. It blocks for about 30 ms. ok is false if there is
// only one CPU, or if threads may not choose their CPU.
func readPlacement() (p Placement, ok bool) {
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
	home := cpus[0] // the waker's CPU
	defer thread.Reserve(2)()
	var refused [2]error // errors of the sleeper and of the waker
	sleeper := thread.Start(thread.Options{Name: "placed", CPU: thread.AnyCPU}, func(*thread.Thread) {
		for round := uint32(0); round < placementWakes; round++ {
			// The thread has run on the waker's CPU, and may run anywhere.
			refused[0] = errors.Join(refused[0], thread.Pin(home), thread.Unpin())
			for word.Load() == round {
				_ = futex.Wait(&word, round) // the loop checks the word, whatever the result
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
			_ = unix.Nanosleep(&pause, nil) // a signal only shortens the pause
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
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail
	return ts.Nano()
}
