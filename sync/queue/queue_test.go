package queue

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lflab/sync/park"
)

// TestEachItemOnce hands numbered items to workers over every primitive and
// counts: each item is taken once, and no more wake-ups are issued than there
// are items and waits of the listener.
func TestEachItemOnce(t *testing.T) {
	const workers, items = 3, 5_000
	for _, kind := range park.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			q, err := New[int](workers, kind, park.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var taken [items]atomic.Int32
			var wg sync.WaitGroup
			for i := range workers {
				wg.Add(1)
				go func() {
					defer wg.Done()
					for {
						item, _, ok := q.Take(i)
						if !ok {
							return
						}
						taken[item].Add(1)
					}
				}()
			}
			for n := range items {
				q.Reserve()
				q.Put(n)
				q.Wake()
			}
			q.Close()
			wg.Wait()
			for n := range taken {
				if c := taken[n].Load(); c != 1 {
					t.Fatalf("item %d was taken %d times", n, c)
				}
			}
			if st := q.Stats(); st.WakesIssued > items+st.ReserveWaits {
				t.Errorf("%d wake-ups for %d items and %d waits", st.WakesIssued, items, st.ReserveWaits)
			}
			if err := q.Free(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReserveWaitsForAWorker: with all workers busy nothing is reserved, and
// the first worker that comes home ends the wait.
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

func TestLastInFirstOut(t *testing.T) {
	q, err := New[int](2, park.Kinds()[0], park.Options{})
	if err != nil {
		t.Fatal(err)
	}
	took := make(chan int)
	home := func(i int) {
		before := q.idleWorkers()
		go func() {
			if _, _, ok := q.Take(i); ok {
				took <- i
			}
		}()
		for q.idleWorkers() == before {
			runtime.Gosched()
		}
	}
	home(0)
	home(1)
	q.Reserve()
	q.Put(0)
	q.Wake()
	if i := <-took; i != 1 {
		t.Errorf("worker %d was taken, want 1, which came home last", i)
	}
	q.Close()
}

// idleWorkers counts the stack: pops all and pushes them back in order.
func (q *Queue[T]) idleWorkers() (n int) {
	var popped []uint16
	for {
		i, ok := q.idle.Pop(false)
		if !ok {
			break
		}
		popped = append(popped, i)
	}
	for i := len(popped) - 1; i >= 0; i-- {
		q.idle.Push(popped[i])
	}
	return len(popped)
}

func TestNoAllocation(t *testing.T) {
	q, err := New[[2]int](1, park.Kinds()[0], park.Options{})
	if err != nil {
		t.Fatal(err)
	}
	back := make(chan struct{}, 1)
	go func() {
		for {
			if _, _, ok := q.Take(0); !ok {
				close(back)
				return
			}
			back <- struct{}{}
		}
	}()
	if n := testing.AllocsPerRun(2_000, func() {
		q.Reserve()
		q.Put([2]int{1, 2})
		q.Wake()
		<-back
	}); n != 0 {
		t.Errorf("%v allocations per item", n)
	}
	q.Close()
	<-back
}

func TestBadNumberOfWorkers(t *testing.T) {
	for _, n := range []int{0, -1, 1 << 16} {
		if _, err := New[int](n, park.Kinds()[0], park.Options{}); err == nil || !strings.Contains(err.Error(), "workers (want 1 to") {
			t.Errorf("%d workers: error %v", n, err)
		}
	}
}

func BenchmarkHandOver(b *testing.B) {
	for _, kind := range park.Kinds() {
		b.Run("primitive="+kind.Name, func(b *testing.B) {
			q, err := New[int](1, kind, park.Options{})
			if err != nil {
				b.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				runtime.LockOSThread()
				defer close(done)
				for {
					if _, _, ok := q.Take(0); !ok {
						return
					}
				}
			}()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			for b.Loop() {
				q.Reserve()
				q.Put(1)
				q.Wake()
			}
			q.Close()
			<-done
			if err := q.Free(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
