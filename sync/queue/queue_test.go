package queue

import (
	"runtime"
	"sync"
	"testing"

	"lflab/cas"
	"lflab/sync/park"
)

// TestReserveWaitsForAWorker checks that Reserve blocks while all workers are
// busy, and that the first worker that becomes idle ends the wait.
func TestReserveWaitsForAWorker(t *testing.T) {
	q, err := New[string](1, park.Kinds()[0], park.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if q.TryReserve() {
		t.Fatal("reserved a worker before there was one")
	}
	got := make(chan string)
	go func() {
		for q.Stats().ReserveWaits == 0 { // until the listener waits
			runtime.Gosched()
		}
		item, _, _ := q.Take(0)
		got <- item
	}()
	q.Reserve()
	q.Put("connection")
	q.Wake()
	if item := <-got; item != "connection" {
		t.Errorf("took %q", item)
	}
	q.Close()
	if _, _, ok := q.Take(0); ok {
		t.Error("took something from a closed queue")
	}
	if err := q.Free(); err != nil {
		t.Error(err)
	}
}

// told is a listener's parker that counts the calls of Unpark.
type told struct {
	park.Parker
	times int
}

func (p *told) Unpark() bool {
	p.times++
	return true
}

// TestWatch checks that after Watch the next worker that becomes idle wakes the
// listener, once, even if others were idle before. Idle counts them all.
func TestWatch(t *testing.T) {
	for name, idle := range map[string]order{"lifo": cas.NewIdle(4), "reserved": newFIFO(4)} {
		t.Run("form="+name, func(t *testing.T) {
			parker, err := park.Kinds()[0].New(park.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p := &told{Parker: parker}
			q, err := NewFor[int](p, 4, park.Kinds()[0], park.Options{})
			if err != nil {
				t.Fatal(err)
			}
			q.idle = idle
			var home sync.WaitGroup
			come := func(i, idle int) {
				t.Helper()
				home.Go(func() { q.Take(i) })
				until(t, "a worker to come home", func() bool { return q.Idle() == idle })
			}
			come(0, 1)
			if p.times != 0 {
				t.Error("woken without a Watch")
			}
			q.Watch()
			come(1, 2)
			until(t, "the listener to be woken", func() bool { return q.Stats().WakesIssued == 1 })
			come(2, 3)
			if p.times != 1 || !q.TryReserve() || q.Idle() != 3 {
				t.Errorf("woken %d times, %d idle; want 1, 3", p.times, q.Idle())
			}
			q.Watch()
			q.Dismiss() // removes one for good, which wakes no listener
			if q.Idle() != 2 {
				t.Errorf("%d idle, want 2", q.Idle())
			}
			q.Close()
			home.Wait()
			if q.Idle() != 0 {
				t.Errorf("%d idle, want 0", q.Idle())
			}
			if err := q.Free(); err != nil {
				t.Error(err)
			}
		})
	}
}
