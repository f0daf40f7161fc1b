package queue

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lflab/cas"
	"lflab/sync/park"
)

const patience = time.Minute

// until polls until cond returns true. Other threads make it so.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// everyForm runs a test over every form with every parker that suits it.
func everyForm(t *testing.T, test func(t *testing.T, form string, kind park.Kind)) {
	for _, form := range Forms() {
		for _, kind := range park.Kinds() {
			t.Run("form="+form.Name+"/primitive="+kind.Name, func(t *testing.T) {
				if err := kind.Usable(); err != nil {
					t.Skip(err)
				}
				if err := form.Suits(kind); err != nil {
					t.Skip(err)
				}
				test(t, form.Name, kind)
			})
		}
	}
}

// everyRound is true during a long test.
var everyRound bool

// scaled returns the number of rounds: quick in ordinary runs, many in long
// tests.
func scaled(quick, many int) int {
	switch {
	case everyRound:
		return many
	case testing.Short():
		return quick / 4
	}
	return quick
}

func newQueue[T any](t testing.TB, form string, workers int, kind park.Kind, opt park.Options) Handoff[T] {
	t.Helper()
	q, err := Make[T](form, workers, kind, opt)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func give[T any](q Handoff[T], item T) {
	q.Reserve()
	q.Put(item)
	q.Wake()
}

// TestEachItemOnce hands numbered items to workers in bursts, and pauses after
// each until all are taken, so that workers fall asleep. Each item is taken
// once, and none is left after the last burst. There are at most as many
// wake-ups as items, waits of the listener, and workers to be sent away
// together.
func TestEachItemOnce(t *testing.T) {
	items := scaled(200, 10_000)
	everyForm(t, func(t *testing.T, form string, kind park.Kind) {
		for _, workers := range []int{1, 3, 8} {
			q := newQueue[int](t, form, workers, kind, park.Options{})
			taken := make([]atomic.Int32, items)
			var total atomic.Int64
			var ended sync.WaitGroup
			for i := range workers {
				ended.Go(func() {
					for {
						item, _, ok := q.Take(i)
						if !ok {
							return
						}
						taken[item].Add(1)
						total.Add(1)
						if item%7 == 0 {
							runtime.Gosched()
						}
					}
				})
			}
			for n := range items {
				give(q, n)
				if n%50 == 49 {
					until(t, "a burst to be taken", func() bool { return total.Load() == int64(n+1) })
				}
			}
			st := q.Stats()
			q.Close()
			ended.Wait()
			for n := range taken {
				if c := taken[n].Load(); c != 1 {
					t.Fatalf("%d workers: item %d was taken %d times", workers, n, c)
				}
			}
			if st.WakesIssued > uint64(items)+st.ReserveWaits {
				t.Errorf("%d workers: %d wake-ups for %d items and %d waits", workers, st.WakesIssued, items, st.ReserveWaits)
			}
			if err := q.Free(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestCloseDrains closes directly after a last burst. All items are taken, and
// every worker is sent away, also one that comes later.
func TestCloseDrains(t *testing.T) {
	everyForm(t, func(t *testing.T, form string, kind park.Kind) {
		for round := range scaled(8, 200) {
			const workers = 3
			q := newQueue[int](t, form, workers, kind, park.Options{})
			var taken atomic.Int64
			var ended sync.WaitGroup
			for i := range workers {
				ended.Go(func() {
					for {
						if _, _, ok := q.Take(i); !ok {
							return
						}
						taken.Add(1)
					}
				})
			}
			put := round % 5
			for n := range put {
				give(q, n)
			}
			q.Close()
			ended.Wait()
			if n := taken.Load(); n != int64(put) {
				t.Fatalf("%d of %d items were taken", n, put)
			}
			for i := range workers {
				if _, _, ok := q.Take(i); ok {
					t.Error("took something from a closed queue")
				}
			}
			if err := q.Free(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestReservesNobodyBusy checks that a form that reserves accepts no item
// without an idle worker. The naive form accepts all, and workers find them
// later.
func TestReservesNobodyBusy(t *testing.T) {
	for _, form := range Forms() {
		t.Run("form="+form.Name, func(t *testing.T) {
			q := newQueue[int](t, form.Name, 1, park.Kinds()[0], park.Options{})
			reserves := form.Name != "naive"
			if got := q.TryReserve(); got == reserves {
				t.Fatalf("reserved %v with all workers busy", got)
			}
			const items = 5
			if !reserves {
				for n := range items {
					give(q, n)
				}
				for n := range items {
					if item, slept, ok := q.Take(0); item != n || slept || !ok {
						t.Errorf("took %d, slept %v, ok %v; want %d", item, slept, ok, n)
					}
				}
			}
			q.Close()
			if _, _, ok := q.Take(0); ok {
				t.Error("took something from a closed queue")
			}
			if err := q.Free(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWhoIsTaken: of workers that became idle one after the other, lifo and
// spin take the last first, the other forms the first.
func TestWhoIsTaken(t *testing.T) {
	want := map[string][]int{"lifo": {2, 1, 0}, "spin": {2, 1, 0}, "reserved": {0, 1, 2}, "ring": {0, 1, 2}, "pile": {0, 1, 2}, "naive": {0, 1, 2}}
	for _, form := range Forms() {
		t.Run("form="+form.Name, func(t *testing.T) {
			const workers = 3
			q := newQueue[int](t, form.Name, workers, park.Kinds()[0], park.Options{})
			home := homeOf(q)
			took := make(chan int)
			for i := range workers {
				go func() {
					if _, _, ok := q.Take(i); ok {
						took <- i
					}
				}()
				until(t, fmt.Sprintf("worker %d to come home", i), func() bool { return home() == i+1 })
			}
			for _, w := range want[form.Name] {
				give(q, 0)
				if i := <-took; i != w {
					t.Errorf("worker %d was taken, want %d", i, w)
				}
			}
		})
	}
}

// counting counts the pushes of idle workers.
type counting struct {
	order
	home atomic.Int64
}

func (c *counting) Push(i uint16) cas.PushResult {
	defer c.home.Add(1)
	return c.order.Push(i)
}

// homeOf returns a function that counts the idle workers.
func homeOf(q Handoff[int]) func() int {
	if q, ok := q.(*Queue[int]); ok {
		c := &counting{order: q.idle}
		q.idle = c
		return func() int { return int(c.home.Load()) }
	}
	var weak *sleepers
	switch q := q.(type) {
	case *naive[int]:
		weak = &q.sleepers
	case *counted[int]:
		weak = &q.sleepers
	}
	return func() (n int) {
		weak.mutex.Acquire(weak.listener())
		defer weak.mutex.Release(weak.listener())
		for i := weak.longest; i != none; i = weak.workers[i].next {
			n++
		}
		return n
	}
}

// TestSpinNeedsNoWakeUp checks that an item that comes within the spin budget
// finds the worker awake.
func TestSpinNeedsNoWakeUp(t *testing.T) {
	for _, kind := range park.Kinds() {
		t.Run("primitive="+kind.Name, func(t *testing.T) {
			if err := kind.Usable(); err != nil {
				t.Skip(err)
			}
			if err := spinForm.Suits(kind); err != nil {
				t.Skip(err)
			}
			const items = 50
			q := newQueue[int](t, "spin", 1, kind, park.Options{Spin: time.Hour})
			var sleeps atomic.Int64
			var ended sync.WaitGroup
			ended.Go(func() {
				for {
					_, slept, ok := q.Take(0)
					if !ok {
						return
					}
					if slept {
						sleeps.Add(1)
					}
				}
			})
			for n := range items {
				for !q.TryReserve() { // the listener does not sleep either
					runtime.Gosched()
				}
				q.Put(n)
				q.Wake()
			}
			q.Close()
			ended.Wait()
			if st := q.Stats(); st.WakesIssued != 0 || sleeps.Load() != 0 {
				t.Errorf("%d wake-ups, %d sleeps for items within the budget", st.WakesIssued, sleeps.Load())
			}
			if err := q.Free(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	futex, err := park.Lookup("futex")
	if err != nil {
		t.Fatal(err)
	}
	spinning, err := park.Lookup("spinfutex")
	if err != nil {
		t.Fatal(err)
	}
	broken := park.Kind{Name: "broken", New: func(park.Options) (park.Parker, error) { return nil, errBroken }}
	tests := []struct {
		form    string
		workers int
		kind    park.Kind
		spin    time.Duration
		want    string
	}{
		{"fifo", 1, futex, 0, `unknown form of a queue "fifo" (known: lifo, `},
		{"spin", 1, spinning, 0, "twice"},
		{"spin", 1, futex, -1, "spin budget -1ns"},
	}
	for _, f := range Forms() {
		if f.Name == "" || f.Doc == "" {
			t.Errorf("%+v", f)
		}
		for _, n := range []int{0, -1, 1 << 16} {
			tests = append(tests, struct {
				form    string
				workers int
				kind    park.Kind
				spin    time.Duration
				want    string
			}{f.Name, n, futex, 0, "workers (want 1 to"})
		}
		tests = append(tests, struct {
			form    string
			workers int
			kind    park.Kind
			spin    time.Duration
			want    string
		}{f.Name, 2, broken, 0, "no parkers"})
	}
	for _, test := range tests {
		_, err := Make[int](test.form, test.workers, test.kind, park.Options{Spin: test.spin})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("form %s, %d workers, parker %s: error %v, want %q in it", test.form, test.workers, test.kind.Name, err, test.want)
		}
	}
}

type brokenParker struct{}

func (brokenParker) Error() string { return "no parkers" }

var errBroken = brokenParker{}

// TestAllocations checks that naive allocates a node for each item, and the
// other forms nothing.
func TestAllocations(t *testing.T) {
	for _, form := range Forms() {
		t.Run("form="+form.Name, func(t *testing.T) {
			q := newQueue[[2]int](t, form.Name, 1, park.Kinds()[0], park.Options{})
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
			want := 0.0
			if form.Name == "naive" {
				want = 1
			}
			if n := testing.AllocsPerRun(300, func() {
				give(q, [2]int{1, 2})
				<-back
			}); n != want {
				t.Errorf("%v allocations per item, want %v", n, want)
			}
			q.Close()
			<-back
		})
	}
}

// BenchmarkHandOver lets one listener hand items to one worker as fast as the
// worker takes them.
func BenchmarkHandOver(b *testing.B) {
	for _, form := range Forms() {
		for _, kind := range park.Kinds() {
			if kind.Usable() != nil || form.Suits(kind) != nil {
				continue
			}
			b.Run("form="+form.Name+"/primitive="+kind.Name, func(b *testing.B) {
				q := newQueue[int](b, form.Name, 1, kind, park.Options{})
				done := make(chan struct{})
				go func() {
					defer close(done)
					runtime.LockOSThread() // without Unlock: the thread ends with the goroutine
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
					give(q, 1)
				}
				q.Close()
				<-done
				if err := q.Free(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
