package lf_test

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"lflab/lf"
)

// countdown is an event source: it yields the numbers below n and then ends.
// Only the leader waits on it, so it needs no lock, except for Interrupt, which
// any thread may call.
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
	var sum atomic.Int64
	pool, err := lf.New(&countdown{n: 101}, func(id int, event int) {
		sum.Add(int64(event)) // runs on the thread that received the event, while another one waits
	}, lf.Options{Name: "example", Threads: 4})
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

// The zero Options make a pool of eight threads that sleep on futexes. The pool
// raises GOMAXPROCS while it runs and restores it afterwards.
func ExampleNew() {
	before := runtime.GOMAXPROCS(0)
	var sum atomic.Int64
	pool, err := lf.New(&countdown{n: 101}, func(id int, event int) { sum.Add(int64(event)) }, lf.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	pool.Start()
	if err := pool.Wait(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sum.Load(), runtime.GOMAXPROCS(0) == before)
	// Output: 5050 true
}
