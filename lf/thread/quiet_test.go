package thread

import (
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
	"lflab/sync/park"
)

// TestTheRuntimeStaysQuiet wakes a thread every 100 µs and counts the context
// switches of all threads that are not the test's, above all those of sysmon.
// With ordinary blocking system calls there are one or two for each wake-up,
// and a measurement measures the runtime.
//
// The test allows one for every five wake-ups and one for each 10 ms of its
// duration: that is how often an idle sysmon looks around, however long other
// programs keep our threads from the CPU.
func TestTheRuntimeStaysQuiet(t *testing.T) {
	if !block.Direct {
		t.Skip("built with -tags stdsyscall, which is what it is not quiet with")
	}
	alone(t, func(t *testing.T) {
		Reserve(2)
		const wakes = 2_000
		mine, err := park.New("futex", park.Options{})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := park.New("futex", park.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var turns atomic.Int64
		var others, looks int64
		worker := Start(Options{Name: "worker", CPU: AnyCPU}, func(*Thread) {
			for n := int64(1); n <= wakes; n++ {
				for turns.Load() < n {
					theirs.Park()
				}
			}
		})
		driver := Start(Options{Name: "driver", CPU: AnyCPU}, func(me *Thread) {
			before, begin := foreignSwitches(t, me.TID(), worker.TID()), now()
			for range wakes - 1 { // the last wake-up would end the worker and its count
				mine.ParkUntil(now() + int64(100*time.Microsecond))
				turns.Add(1)
				theirs.Unpark()
			}
			others = foreignSwitches(t, me.TID(), worker.TID()) - before
			looks = (now() - begin) / int64(10*time.Millisecond)
			turns.Add(1)
			theirs.Unpark()
		})
		if err := driver.Join(); err != nil {
			t.Fatal(err)
		}
		if err := worker.Join(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d switches of other threads in %d wake-ups and %d times 10 ms", others, wakes, looks)
		if most := wakes/5 + looks; others > most {
			t.Errorf("%d switches of other threads in %d wake-ups, want at most %d", others, wakes, most)
		}
	})
}

// foreignSwitches returns the voluntary switches of the process's other
// threads.
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
