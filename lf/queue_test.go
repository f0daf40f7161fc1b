package lf_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"lflab/lf"
)

// errCause is the cause of contexts that tests cancel.
var errCause = errors.New("the test is over")

// tasks makes a queue and a pool that runs what is submitted to it.
func tasks(t *testing.T, room int, opt lf.Options) (*lf.Queue[func()], *lf.Pool[func()]) {
	t.Helper()
	queue := lf.NewQueue[func()](room)
	pool, err := lf.New(queue, func(_ int, task func()) { task() }, opt)
	if err != nil {
		t.Fatal(err)
	}
	return queue, pool
}

func wait[E any](t *testing.T, p *lf.Pool[E]) {
	t.Helper()
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestQueueWithoutPool checks order, room and the errors of each method.
func TestQueueWithoutPool(t *testing.T) {
	q := lf.NewQueue[int](2)
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := errors.Join(q.Submit(ctx, 1), q.TrySubmit(2)); err != nil {
		t.Fatal(err)
	}
	if err := q.TrySubmit(3); err != lf.ErrFull {
		t.Errorf("TrySubmit to a full queue: %v", err)
	}
	if e, err := q.Wait(0); e != 1 || err != nil || q.Len() != 1 {
		t.Errorf("got %d, %v; %d left", e, err, q.Len())
	}
	cancel(errCause)
	if err := q.Submit(ctx, 3); err != errCause {
		t.Errorf("Submit with a context that is done: %v", err)
	}
	q.Close()
	q.Close()
	if err := errors.Join(q.Submit(t.Context(), 4)); !errors.Is(err, lf.ErrClosed) {
		t.Errorf("Submit to a closed queue: %v", err)
	}
	if err := q.TrySubmit(4); err != lf.ErrClosed {
		t.Errorf("TrySubmit to a closed queue: %v", err)
	}
	if e, err := q.Wait(0); e != 2 || err != nil {
		t.Errorf("a closed queue yielded %d, %v, want what it had accepted", e, err)
	}
	if _, err := q.Wait(0); err != lf.ErrEnded {
		t.Errorf("a closed and empty queue: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a queue without room was made")
		}
	}()
	lf.NewQueue[int](0)
}

// blockers starts submitters that block because the queue is full, one after
// the other. It returns what each Submit returns.
func blockers(ctx context.Context, q *lf.Queue[int], events ...int) []chan error {
	var all []chan error
	for i, e := range events {
		result := make(chan error, 1)
		all = append(all, result)
		go func() { result <- q.Submit(ctx, e) }()
		for lf.Offers(q) <= i {
			runtime.Gosched()
		}
	}
	return all
}

// TestBlockedSubmitters checks that those who wait for room are served in their
// order, that one who gives up takes nobody's turn, and that Close refuses the
// others.
func TestBlockedSubmitters(t *testing.T) {
	q := lf.NewQueue[int](1)
	if err := q.TrySubmit(0); err != nil {
		t.Fatal(err)
	}
	first := blockers(t.Context(), q, 1)
	ctx, cancel := context.WithCancelCause(t.Context())
	second := make(chan error, 1)
	go func() { second <- q.Submit(ctx, 2) }()
	for lf.Offers(q) < 2 {
		runtime.Gosched()
	}
	third := make(chan error, 1)
	go func() { third <- q.Submit(t.Context(), 3) }()
	for lf.Offers(q) < 3 {
		runtime.Gosched()
	}
	cancel(errCause)
	if err := <-second; err != errCause {
		t.Errorf("the submitter that gave up got %v", err)
	}
	for want := range 2 {
		if e, err := q.Wait(0); e != want || err != nil {
			t.Errorf("got %d, %v, want %d", e, err, want)
		}
	}
	if err := errors.Join(<-first[0], <-third); err != nil {
		t.Errorf("submitters that got room: %v", err)
	}
	fourth := blockers(t.Context(), q, 4)
	q.Close()
	if err := <-fourth[0]; err != lf.ErrClosed {
		t.Errorf("a submitter that waited at Close got %v", err)
	}
	if rest := q.Rest(); !slices.Equal(rest, []int{3}) {
		t.Errorf("rest %v, want what was accepted and not yielded", rest)
	}
}

// TestCloseHandlesWhatWasAccepted closes the queue while many goroutines
// submit. Every task that was accepted runs once.
func TestCloseHandlesWhatWasAccepted(t *testing.T) {
	for _, promotion := range []lf.Promotion{lf.Handoff, lf.Open, lf.Lazy, lf.Adaptive} {
		t.Run(promotion.String(), func(t *testing.T) {
			queue, pool := tasks(t, 8, lf.Options{Name: "close", Threads: 3, Policy: lf.Policy{Promotion: promotion}})
			pool.Start()
			var ran, accepted atomic.Int64
			var submitters sync.WaitGroup
			for range 4 {
				submitters.Go(func() {
					for n := 0; ; n++ {
						err := queue.Submit(t.Context(), func() { ran.Add(1) })
						if err == lf.ErrClosed {
							return
						}
						if err != nil {
							t.Error(err)
							return
						}
						if accepted.Add(1) == 2000 {
							queue.Close()
						}
					}
				})
			}
			submitters.Wait()
			wait(t, pool)
			if ran.Load() != accepted.Load() || len(queue.Rest()) != 0 {
				t.Errorf("%d tasks ran of %d accepted", ran.Load(), accepted.Load())
			}
		})
	}
}

// TestStopLeavesTheRest stops a pool that has waiting tasks. Each task was
// handled or is in the rest.
func TestStopLeavesTheRest(t *testing.T) {
	queue, pool := tasks(t, 100, lf.Options{Name: "rest", Threads: 2})
	var ran atomic.Int64
	for range 100 {
		if err := queue.TrySubmit(func() {
			if ran.Add(1) == 10 {
				pool.Stop()
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	pool.Start()
	wait(t, pool)
	rest := len(queue.Rest())
	if ran.Load() < 10 || ran.Load()+int64(rest) != 100 || rest == 0 {
		t.Errorf("%d tasks ran and %d rest, of 100", ran.Load(), rest)
	}
	if err := queue.TrySubmit(func() {}); err != lf.ErrClosed {
		t.Errorf("TrySubmit after Stop: %v", err)
	}
}

// TestSubmitFromTasks lets every task submit another one to a full queue. A
// handler that handles what finds no room never waits for another one.
func TestSubmitFromTasks(t *testing.T) {
	queue, pool := tasks(t, 1, lf.Options{Name: "inside", Threads: 2})
	const deep = 12
	var ran atomic.Int64
	var task func(depth int)
	task = func(depth int) {
		defer func() {
			if ran.Add(1) == 1<<deep-1 {
				queue.Close()
			}
		}()
		if depth == 1 {
			return
		}
		for range 2 {
			if err := queue.TrySubmit(func() { task(depth - 1) }); err == lf.ErrFull {
				task(depth - 1)
			} else if err != nil {
				t.Error(err)
			}
		}
	}
	if err := queue.TrySubmit(func() { task(deep) }); err != nil {
		t.Fatal(err)
	}
	pool.Start()
	wait(t, pool)
	if n := ran.Load(); n != 1<<deep-1 {
		t.Errorf("%d tasks ran, want %d", n, 1<<deep-1)
	}
}

// TestStopFreesHandlersThatSubmit fills the queue of a pool whose only thread
// blocks in Submit. Stop ends that wait.
func TestStopFreesHandlersThatSubmit(t *testing.T) {
	queue, pool := tasks(t, 1, lf.Options{Name: "stuck", Threads: 1})
	result := make(chan error, 1)
	inside := make(chan struct{})
	if err := queue.TrySubmit(func() {
		queue.TrySubmit(func() {})
		close(inside)
		result <- queue.Submit(t.Context(), func() {})
	}); err != nil {
		t.Fatal(err)
	}
	pool.Start()
	<-inside
	for lf.Offers(queue) == 0 {
		runtime.Gosched()
	}
	pool.Stop()
	wait(t, pool)
	if err := <-result; err != lf.ErrClosed {
		t.Errorf("Submit in the handler returned %v", err)
	}
}
