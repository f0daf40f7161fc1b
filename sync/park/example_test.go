package park_test

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"lflab/sync/park"
)

// One thread sleeps until another has set a condition. The other writes the
// condition before the wake-up, and the sleeper reads it after each sleep.
func Example() {
	p, err := park.New("futex", park.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var ready atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		for !ready.Load() {
			p.Park()
		}
		fmt.Println("awake")
		if err := p.Close(); err != nil {
			fmt.Println(err)
		}
	}()
	ready.Store(true)
	p.Unpark()
	<-done
	// Output: awake
}
