package lf

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"lflab/sync/park"
)

// counted is a source of a fixed number of events, numbered from 0. It checks
// that one thread at a time waits on it.
type counted struct {
	left    atomic.Int64
	inside  atomic.Int32
	doubled atomic.Int64 // times that two threads waited at once
	ended   atomic.Bool
	errs    bool // every seventh wait returns an error
	delay   func(id int)
}

var errSpurious = errors.New("nothing this time")

func (s *counted) Wait(id int) (int64, error) {
	if s.inside.Add(1) != 1 {
		s.doubled.Add(1)
	}
	if s.delay != nil {
		s.delay(id)
	}
	defer s.inside.Add(-1)
	if s.ended.Load() {
		return 0, ErrEnded
	}
	n := s.left.Add(-1)
	if n < 0 {
		return 0, ErrEnded
	}
	if s.errs && n%7 == 0 && n > 0 {
		return 0, errSpurious
	}
	return n, nil
}

func (s *counted) Interrupt() { s.ended.Store(true) }

// xorshift generates random numbers for one thread, without a lock.
type xorshift struct {
	_ [128]byte
	x uint64
}

func (r *xorshift) next() uint64 {
	r.x ^= r.x << 13
	r.x ^= r.x >> 7
	r.x ^= r.x << 17
	return r.x
}

func spin(n uint64) {
	for range n {
		runtime.KeepAlive(n)
	}
}

// TestStress passes the leadership some 100,000 times under random delays. It
// checks that there is one leader at any time, that no event is lost or handled
// twice, and that the pool ends.
func TestStress(t *testing.T) { stress(t, 50_000) }

func stress(t *testing.T, want int64) {
	kind, err := park.Lookup("spinfutex")
	if err != nil {
		t.Fatal(err)
	}
	const threads = 4
	rng := make([]xorshift, threads)
	for i := range rng {
		rng[i].x = uint64(i + 1)
	}
	delay := func(id int) {
		switch r := rng[id].next(); {
		case r%4096 == 0:
			runtime.Gosched() // two thread switches
		case r%64 == 0:
			spin(r >> 8 % 4096)
		case r%2 == 0:
			spin(r >> 8 % 64)
		}
	}
	var promotions, events, direct uint64
	for round := 0; promotions < uint64(want); round++ {
		src := &counted{delay: delay}
		const batch = 1_000_000
		src.left.Store(min(batch, want))
		handled := make([]uint8, min(batch, want))
		p, err := New(src, func(id int, n int64) {
			handled[n]++ // a data race only if an event is handled twice
			delay(id)
		}, Options{Name: "stress", Threads: threads, Parker: kind})
		if err != nil {
			t.Fatal(err)
		}
		p.Start()
		if err := p.Wait(); err != nil {
			t.Fatal(err)
		}
		if n := src.doubled.Load(); n != 0 {
			t.Fatalf("two threads waited for events at once, %d times", n)
		}
		for n, times := range handled {
			if times != 1 {
				t.Fatalf("event %d was handled %d times", n, times)
			}
		}
		st := p.Stats()
		promotions += st.Promotions
		direct += st.DirectReleads
		events += st.Events
		if st.WakesIssued > st.Promotions+threads {
			t.Errorf("%d wake-ups for %d promotions", st.WakesIssued, st.Promotions)
		}
		if round > 100 {
			t.Fatalf("%d promotions in %d rounds of %d events", promotions, round, batch)
		}
	}
	t.Logf("%d promotions, %d direct re-leads, %d events", promotions, direct, events)
}

// TestEveryPrimitive runs the pool over each parker. The source returns an
// error now and then, after which the leader stays leader.
func TestEveryPrimitive(t *testing.T) {
	for _, kind := range park.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			src := &counted{errs: true}
			src.left.Store(20_000)
			var handled atomic.Int64
			p, err := New(src, func(int, int64) { handled.Add(1) }, Options{Name: "every", Threads: 3, Parker: kind})
			if err != nil {
				t.Fatal(err)
			}
			p.Start()
			if err := p.Wait(); err != nil {
				t.Fatal(err)
			}
			st := p.Stats()
			if src.doubled.Load() != 0 || st.Events != uint64(handled.Load()) {
				t.Errorf("%d times two leaders, %d events, %d handled", src.doubled.Load(), st.Events, handled.Load())
			}
			// Of 20,000 numbers every seventh but 0 was an error.
			if want := int64(20_000 - 19_999/7); handled.Load() != want {
				t.Errorf("%d events handled, want %d", handled.Load(), want)
			}
			if st.Promotions+st.DirectReleads < st.Events {
				t.Errorf("led %d+%d times for %d events", st.Promotions, st.DirectReleads, st.Events)
			}
		})
	}
}

// blocking is a source that blocks until it is interrupted.
type blocking struct{ end chan struct{} }

func (s *blocking) Wait(int) (int, error) { <-s.end; return 0, ErrEnded }
func (s *blocking) Interrupt()            { close(s.end) }

func TestStopWhileTheLeaderWaits(t *testing.T) {
	src := &blocking{make(chan struct{})}
	p, err := New(src, func(int, int) {}, Options{Name: "stop", Threads: 5, Parker: park.Kinds()[0]})
	if err != nil {
		t.Fatal(err)
	}
	p.Start()
	p.Stop()
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestHandlerThatPanics(t *testing.T) {
	src := &counted{}
	src.left.Store(100)
	var handled atomic.Int64
	p, err := New(src, func(_ int, n int64) {
		if n%10 == 0 {
			panic("as the test wants it")
		}
		handled.Add(1)
	}, Options{Name: "panic", Threads: 2, Parker: park.Kinds()[0]})
	if err != nil {
		t.Fatal(err)
	}
	p.Start()
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if st := p.Stats(); handled.Load() != 90 || st.Panics != 10 || st.Events != 100 {
		t.Errorf("%d handled, stats %+v", handled.Load(), st)
	}
}
