package lf_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"lflab/lf"
	"lflab/sync/gate"
)

// crowd counts how many handlers run at once.
type crowd struct {
	inside atomic.Int64
	most   atomic.Int64
}

func (c *crowd) enter() {
	n := c.inside.Add(1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
}

func (c *crowd) leave() { c.inside.Add(-1) }

// resizable are the options with which threads that are too many leave after
// a few events, because each event promotes a thread.
func resizable(t *testing.T) map[string]lf.Options {
	all := map[string]lf.Options{}
	for _, promotion := range []lf.Promotion{lf.Handoff, lf.Open, lf.AfterRead, lf.Heir} {
		all[promotion.String()] = lf.Options{Policy: lf.Policy{Promotion: promotion}}
	}
	for _, order := range []lf.Order{lf.FIFO, lf.Priority} {
		all[order.String()] = lf.Options{Policy: lf.Policy{Order: order}}
	}
	for _, name := range []string{"pi", "mcs"} {
		kind, err := gate.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		all["gate "+name] = lf.Options{Gate: &kind}
	}
	return all
}

// TestResize makes a pool larger, smaller and larger again. As many handlers as
// it has threads run at once, and no more when the others have left.
func TestResize(t *testing.T) {
	for name, opt := range resizable(t) {
		t.Run(name, func(t *testing.T) {
			opt.Name, opt.Threads, opt.Most = "resize", 2, 5
			var entered, left atomic.Int64
			opt.Enter = func(int) { entered.Add(1) }
			opt.Leave = func(int) { left.Add(1) }
			queue := lf.NewQueue[func()](64)
			var pool *lf.Pool[func()]
			pool, err := lf.New(queue, func(id int, task func()) {
				pool.Yield(id)
				task()
			}, opt)
			if err != nil {
				t.Fatal(err)
			}
			pool.Start()
			submit := func(task func()) {
				if err := queue.Submit(t.Context(), task); err != nil {
					t.Fatal(err)
				}
			}
			resize := func(n int) {
				if err := pool.Resize(n); err != nil {
					t.Fatal(err)
				}
			}
			meet := func(n int) { // ends only if n handlers run at once
				var all, done sync.WaitGroup
				all.Add(n)
				done.Add(n)
				for range n {
					submit(func() {
						all.Done()
						all.Wait()
						done.Done()
					})
				}
				done.Wait()
			}
			meet(2)
			resize(5)
			if n := pool.Threads(); n != 5 {
				t.Errorf("%d threads run, want 5", n)
			}
			meet(5)
			resize(1)
			for pool.Threads() > 1 {
				done := make(chan struct{})
				submit(func() { close(done) })
				<-done
				runtime.Gosched()
			}
			var c crowd
			var done sync.WaitGroup
			for range 50 {
				done.Add(1)
				submit(func() {
					c.enter()
					runtime.Gosched()
					c.leave()
					done.Done()
				})
			}
			done.Wait()
			if n := c.most.Load(); n != 1 {
				t.Errorf("%d handlers ran at once in a pool of 1 thread", n)
			}
			resize(3)
			meet(3)
			queue.Close()
			wait(t, pool)
			if pool.Threads() != 0 || entered.Load() != left.Load() || entered.Load() < 7 {
				t.Errorf("%d threads run; %d entered, want 7 or more, and %d left", pool.Threads(), entered.Load(), left.Load())
			}
			if err := pool.Resize(2); !errors.Is(err, lf.ErrEnded) {
				t.Errorf("Resize of a pool that has ended: %v", err)
			}
		})
	}
}

func TestResizeRefuses(t *testing.T) {
	_, pool := tasks(t, 1, lf.Options{Threads: 2, Most: 4, Policy: lf.Policy{Leaders: 2}})
	for _, n := range []int{-1, 0, 1, 5} {
		if pool.Resize(n) == nil {
			t.Errorf("resized to %d threads", n)
		}
	}
	if err := pool.Resize(4); err != nil || pool.Threads() != 0 {
		t.Errorf("Resize before Start: %v, %d threads", err, pool.Threads())
	}
	wait(t, pool)
	bound, err := lf.New(newParcels(1, 2), func(int, int64) {}, lf.Options{Threads: 2, Policy: lf.Policy{Association: lf.Bound}})
	if err != nil {
		t.Fatal(err)
	}
	if bound.Resize(2) == nil {
		t.Error("resized a pool with bound events")
	}
	wait(t, bound)
	for _, opt := range []lf.Options{{Threads: 3, Most: 2}, {Threads: 3, Most: 1 << 20}, {Threads: 3, Most: -1}} {
		if opt.Check() == nil {
			t.Errorf("accepted %d threads and at most %d", opt.Threads, opt.Most)
		}
	}
}

// job is a task of a random schedule.
type job struct {
	number int
	kind   string
}

// TestRandomSchedules lets goroutines submit, resize, close and stop in random
// orders, and handlers return, panic, exit, submit and resize. Every accepted
// job is handled once or rests once, and the pool ends.
func TestRandomSchedules(t *testing.T) {
	policies := []lf.Policy{{Order: lf.FIFO}, {Leaders: 2}}
	for promotion := lf.Handoff; promotion <= lf.Adaptive; promotion++ {
		policies = append(policies, lf.Policy{Promotion: promotion})
	}
	steps := rapid.SliceOfN(rapid.SampledFrom([]string{
		"return", "return", "return", "panic", "exit", "submit", "resize in a job", // jobs
		"try", "resize", "resize", "breathe",
	}), 0, 30)
	ends := rapid.SampledFrom([]string{"close", "stop", "close early", "stop early"})
	rapid.Check(t, func(t *rapid.T) {
		const most = 4
		s := &schedule{
			sizes: rapid.SliceOfN(rapid.IntRange(2, most), 8, 8).Draw(t, "sizes"),
			queue: lf.NewQueue[job](rapid.IntRange(1, 6).Draw(t, "room")),
		}
		var err error
		s.pool, err = lf.New(s.queue, s.handle, lf.Options{
			Name: "random", Threads: rapid.IntRange(2, most).Draw(t, "threads"), Most: most,
			Policy:   rapid.SampledFrom(policies).Draw(t, "policy"),
			Panicked: func(int, any, []byte) { s.failed.Add(1) },
		})
		if err != nil {
			t.Fatal(err)
		}
		var actors sync.WaitGroup
		for _, name := range []string{"first", "second"} {
			todo := steps.Draw(t, name)
			actors.Go(func() { s.act(todo) })
		}
		end := ends.Draw(t, "end")
		s.pool.Start()
		if end == "close" || end == "stop" {
			actors.Wait()
		}
		if end == "close" || end == "close early" {
			s.queue.Close()
		} else {
			s.pool.Stop()
		}
		actors.Wait()
		if err := s.pool.Wait(); err != nil {
			t.Fatal(err)
		}
		s.check(t)
	})
}

// schedule is one random schedule.
type schedule struct {
	pool     *lf.Pool[job]
	queue    *lf.Queue[job]
	sizes    []int
	resized  atomic.Int64
	numbers  atomic.Int64
	failed   atomic.Int64
	accepted [256]atomic.Int32
	handled  [256]atomic.Int32
	odd      atomic.Pointer[error] // an error that no method may return here
}

func (s *schedule) resize() {
	n := s.sizes[int(s.resized.Add(1))%len(s.sizes)]
	if err := s.pool.Resize(n); err != nil && !errors.Is(err, lf.ErrEnded) {
		s.odd.Store(&err)
	}
}

func (s *schedule) submit(kind string, try bool) {
	j := job{int(s.numbers.Add(1)) - 1, kind}
	var err error
	if try {
		err = s.queue.TrySubmit(j)
	} else {
		err = s.queue.Submit(context.Background(), j)
	}
	switch err {
	case nil:
		s.accepted[j.number].Add(1)
	case lf.ErrClosed, lf.ErrFull:
	default:
		s.odd.Store(&err)
	}
}

func (s *schedule) act(todo []string) {
	for _, step := range todo {
		switch step {
		case "breathe":
			runtime.Gosched()
		case "resize":
			s.resize()
		case "try":
			s.submit("return", true)
		default:
			s.submit(step, false)
		}
	}
}

func (s *schedule) handle(id int, j job) {
	s.handled[j.number].Add(1)
	switch j.kind {
	case "panic":
		panic(errCause)
	case "exit":
		runtime.Goexit()
	case "submit":
		s.submit("return", true)
	case "resize in a job":
		s.resize()
	default:
		s.pool.Yield(id)
	}
}

func (s *schedule) check(t *rapid.T) {
	if err := s.odd.Load(); err != nil {
		t.Error(*err)
	}
	for _, j := range s.queue.Rest() {
		s.handled[j.number].Add(1)
	}
	for n := range s.numbers.Load() {
		if a, h := s.accepted[n].Load(), s.handled[n].Load(); a != h {
			t.Errorf("job %d was accepted %d times, and handled or left over %d times", n, a, h)
		}
	}
	st := s.pool.Stats()
	if failures := s.failed.Load(); uint64(failures) != st.Panics {
		t.Errorf("%d failures reported, %d counted", failures, st.Panics)
	}
	if n := s.pool.Threads(); n != 0 {
		t.Errorf("%d threads run after Wait", n)
	}
}
