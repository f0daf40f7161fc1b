package lf_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"lflab/lf"
	"lflab/sync/gate"
)

func TestRunEndsWithItsSource(t *testing.T) {
	queue, pool := tasks(t, 4, lf.Options{Name: "run", Threads: 2})
	var ran atomic.Int64
	for range 4 {
		if err := queue.TrySubmit(func() { ran.Add(1) }); err != nil {
			t.Fatal(err)
		}
	}
	queue.Close()
	if err := pool.Run(t.Context()); err != nil || ran.Load() != 4 {
		t.Errorf("Run returned %v after %d of 4 tasks", err, ran.Load())
	}
	if err := pool.Wait(); err != nil {
		t.Errorf("a second Wait: %v", err)
	}
}

// lent is a source that must not be used once Run has returned.
type lent struct {
	*lf.Queue[func()]
	returned atomic.Bool
	late     atomic.Int64
}

func (s *lent) Interrupt() {
	runtime.Gosched()
	if s.returned.Load() {
		s.late.Add(1)
	}
	s.Queue.Interrupt()
}

// TestRunEndsWithItsContext cancels from a task, often at the moment at which
// the source ends, too.
func TestRunEndsWithItsContext(t *testing.T) {
	causes := 0
	for round := range 100 {
		ctx, cancel := context.WithCancelCause(t.Context())
		source := &lent{Queue: lf.NewQueue[func()](1)}
		pool, err := lf.New(source, func(_ int, task func()) { task() }, lf.Options{Name: "context", Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := source.TrySubmit(func() {
			if round%2 == 0 {
				source.Close()
			}
			cancel(errCause)
		}); err != nil {
			t.Fatal(err)
		}
		err = pool.Run(ctx)
		source.returned.Store(true)
		switch {
		case err == errCause || errors.Is(err, errCause):
			causes++
		case err != nil || round%2 != 0:
			t.Fatalf("Run returned %v", err)
		}
		if n := source.late.Load(); n != 0 {
			t.Fatalf("the source was interrupted %d times after Run", n)
		}
		cancel(nil)
	}
	if causes < 50 {
		t.Errorf("Run returned the cause %d times, want 50 or more", causes)
	}
}

func TestRunWithAContextThatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errCause)
	queue, pool := tasks(t, 1, lf.Options{Name: "done", Threads: 2, Enter: func(int) { t.Error("a thread started") }})
	if err := queue.TrySubmit(func() { t.Error("a task ran") }); err != nil {
		t.Fatal(err)
	}
	if err := pool.Run(ctx); !errors.Is(err, errCause) {
		t.Errorf("Run returned %v", err)
	}
	if n := len(queue.Rest()); n != 1 {
		t.Errorf("%d tasks rest, want 1", n)
	}
	defer func() {
		if recover() == nil {
			t.Error("Start after Wait did not panic")
		}
	}()
	pool.Start()
}

// TestPanicPolicy lets handlers panic and call Goexit, with each promotion and
// a gate. Every task runs once, every failure is reported once, and the pool
// ends.
func TestPanicPolicy(t *testing.T) {
	options := []lf.Options{}
	for promotion := lf.Handoff; promotion <= lf.Adaptive; promotion++ {
		options = append(options, lf.Options{Policy: lf.Policy{Promotion: promotion}})
	}
	for _, name := range []string{"pi", "robust", "mcs"} {
		kind, err := gate.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		options = append(options, lf.Options{Gate: &kind}, lf.Options{Gate: &kind, Policy: lf.Policy{Promotion: lf.After}})
	}
	for _, opt := range options {
		name := opt.Promotion.String()
		if opt.Gate != nil {
			name += "/" + opt.Gate.Name
		}
		t.Run(name, func(t *testing.T) {
			var panics, exits, entered, left, ran atomic.Int64
			opt.Name, opt.Threads = "panic", 3
			opt.Enter = func(int) { entered.Add(1) }
			opt.Leave = func(int) { left.Add(1) }
			opt.Panicked = func(_ int, value any, stack []byte) {
				switch {
				case len(stack) == 0:
					t.Error("no stack")
				case value == lf.ErrGoexit:
					exits.Add(1)
				case value == errCause:
					panics.Add(1)
				}
			}
			queue, pool := tasks(t, 300, opt)
			for n := range 300 {
				if err := queue.TrySubmit(func() {
					ran.Add(1)
					switch n % 10 {
					case 3:
						panic(errCause)
					case 7:
						runtime.Goexit()
					}
				}); err != nil {
					t.Fatal(err)
				}
			}
			queue.Close()
			if err := pool.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			st := pool.Stats()
			if ran.Load() != 300 || st.Events != 300 || panics.Load() != 30 || exits.Load() != 30 || st.Panics != 60 {
				t.Errorf("%d ran, %d panics, %d exits, stats %+v", ran.Load(), panics.Load(), exits.Load(), st)
			}
			if entered.Load() != 33 || left.Load() != 33 {
				t.Errorf("%d threads entered and %d left, want 3, and 30 in place of those that exited", entered.Load(), left.Load())
			}
		})
	}
}
