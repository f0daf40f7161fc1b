package thread

import (
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
	"lflab/sync/park"
)

// TestTheRuntimeStaysQuiet wakes a thread every 100 us and counts the context
// switches of threads that are not ours: sysmon's above all. With ordinary
// blocking system calls there are one or two for each wake-up, and what is
// measured is the runtime.
func TestTheRuntimeStaysQuiet(t *testing.T) {
	if !block.Direct {
		t.Skip("built with -tags stdsyscall, which is what it is not quiet with")
	}
	alone(t, func(t *testing.T) {
		Reserve(2)
		const wakes = 5_000
		mine, err := park.New("futex", park.Options{})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := park.New("futex", park.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var turns atomic.Int64
		var others int64
		worker := Start(Options{Name: "worker", CPU: AnyCPU}, func(*Thread) {
			for n := int64(1); n <= wakes; n++ {
				for turns.Load() < n {
					theirs.Park()
				}
			}
		})
		driver := Start(Options{Name: "driver", CPU: AnyCPU}, func(me *Thread) {
			before := foreignSwitches(t, me.TID(), worker.TID())
			for range wakes - 1 { // the last one would end the worker, and its count
				mine.ParkUntil(now() + int64(100*time.Microsecond))
				turns.Add(1)
				theirs.Unpark()
			}
			others = foreignSwitches(t, me.TID(), worker.TID()) - before
			turns.Add(1)
			theirs.Unpark()
		})
		if err := driver.Join(); err != nil {
			t.Fatal(err)
		}
		if err := worker.Join(); err != nil {
			t.Fatal(err)
		}
		rate := float64(others) / wakes
		t.Logf("%.3f switches of other threads per wake-up", rate)
		if rate > 0.2 {
			t.Errorf("%.3f switches of other threads per wake-up, want at most 0.2", rate)
		}
	})
}

// foreignSwitches are the voluntary switches of the process's other threads.
func foreignSwitches(t *testing.T, tids ...int) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Error(err)
	}
	for _, tid := range tids {
		v, _, err := Switches(tid)
		if err != nil {
			t.Error(err)
		}
		u.Nvcsw -= int64(v)
	}
	return u.Nvcsw
}

func now() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail for this clock
	return ts.Nano()
}
