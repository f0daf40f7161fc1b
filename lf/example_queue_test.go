package lf_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"lflab/lf"
)

// A task pool: four threads run what is submitted. Submit blocks while 16 tasks
// wait. Close lets the pool end when all have run.
func ExampleQueue() {
	queue := lf.NewQueue[func()](16)
	pool, err := lf.New(queue, func(_ int, task func()) { task() }, lf.Options{Name: "tasks", Threads: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	var sum atomic.Int64
	go func() {
		defer queue.Close()
		for n := range int64(101) {
			if err := queue.Submit(context.Background(), func() { sum.Add(n) }); err != nil {
				fmt.Println(err)
				return
			}
		}
	}()
	fmt.Println(pool.Run(context.Background()), sum.Load())
	// Output: <nil> 5050
}

// TrySubmit never waits. A handler that finds the queue full handles the event
// itself, so that the threads never all wait for room.
func ExampleQueue_TrySubmit() {
	queue := lf.NewQueue[int](1)
	var sum atomic.Int64
	var handle func(id, n int)
	handle = func(id, n int) { // a number above 1 is halved into two tasks
		if n <= 1 {
			if sum.Add(int64(n)) == 100 {
				queue.Close()
			}
			return
		}
		for _, half := range []int{n / 2, n - n/2} {
			if queue.TrySubmit(half) == lf.ErrFull {
				handle(id, half)
			}
		}
	}
	pool, err := lf.New(queue, handle, lf.Options{Name: "halves", Threads: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(queue.TrySubmit(100), pool.Run(context.Background()), sum.Load())
	// Output: <nil> <nil> 100
}
