package lf_test

import (
	"fmt"
	"sync/atomic"

	"lflab/lf"
	"lflab/sync/park"
)

// countdown is an event source: it yields the numbers below n, and then ends.
// Only the leader waits on it, so it needs no lock of its own, but for
// Interrupt, which anybody may call.
type countdown struct {
	n     int
	ended atomic.Bool
}

func (s *countdown) Wait(int) (int, error) {
	if s.ended.Load() || s.n == 0 {
		return 0, lf.ErrEnded
	}
	s.n--
	return s.n, nil
}

func (s *countdown) Interrupt() { s.ended.Store(true) }

// A pool of operating-system threads that take turns waiting for events.
func ExamplePool() {
	futex, err := park.Lookup("futex")
	if err != nil {
		fmt.Println(err)
		return
	}
	var sum atomic.Int64
	pool, err := lf.New(&countdown{n: 101}, func(id int, event int) {
		sum.Add(int64(event)) // on the thread that received the event, while another one waits
	}, lf.Options{Name: "example", Threads: 4, Parker: futex})
	if err != nil {
		fmt.Println(err)
		return
	}
	pool.Start()
	if err := pool.Wait(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sum.Load(), pool.Stats().Events)
	// Output: 5050 101
}
