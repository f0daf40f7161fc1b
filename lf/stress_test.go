package lf

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lflab/sync/gate"
	"lflab/sync/park"
)

// feed is a set of event sources that block. It sends numbered events in
// bursts, each after the burst before is handled, so that a pool is idle and
// busy in turn.
type feed struct {
	events  chan int64
	end     chan struct{}
	once    sync.Once
	leaders int // that may wait on each source
	sources []*fed
	handled []atomic.Int32
	done    atomic.Int64
	crowded atomic.Int64 // times that more than `leaders` threads waited on a source
}

// fed is one source of a feed.
type fed struct {
	*feed
	inside atomic.Int32
	waits  atomic.Int64
}

func newFeed(count, leaders, sources int) *feed {
	f := &feed{events: make(chan int64), end: make(chan struct{}), leaders: leaders, handled: make([]atomic.Int32, count)}
	for range sources {
		f.sources = append(f.sources, &fed{feed: f})
	}
	return f
}

func (s *fed) Wait(id int) (int64, error) {
	if s.inside.Add(1) > int32(s.leaders) {
		s.crowded.Add(1)
	}
	defer s.inside.Add(-1)
	if s.waits.Add(1)%11 == 0 {
		return 0, errSpurious
	}
	select {
	case n := <-s.events:
		return n, nil
	case <-s.end:
		return 0, ErrEnded
	}
}

func (s *fed) Interrupt() { s.once.Do(func() { close(s.end) }) }

// Owner is for bound events.
func (s *fed) Owner(n int64) int { return int(n) % s.owners() }

func (f *feed) owners() int { return 3 }

// Ready makes promotion adaptive give the leadership up at once now and then.
func (s *fed) Ready() int { return int(s.waits.Load() % 100) }

// unqueued is a source that does not report how much work is at hand.
type unqueued struct{ Source[int64] }

// handler handles events and gives the leadership up in all possible ways.
func (f *feed) handler(p **Pool[int64]) Handler[int64] {
	return func(id int, n int64) {
		switch {
		case n%3 == 0:
			(*p).Yield(id)
			(*p).Yield(id) // the second call does nothing
		case n%7 == 0:
			spin(2000)
		}
		if n%5 == 0 {
			runtime.Gosched()
		}
		f.handled[n].Add(1)
		f.done.Add(1)
	}
}

// send sends all events, waits until they are handled, and stops the pool.
func (f *feed) send(t *testing.T, p *Pool[int64]) {
	deadline := time.Now().Add(time.Minute)
	size := int64(1)
	for n := int64(0); n < int64(len(f.handled)); {
		for range min(size, int64(len(f.handled))-n) {
			select {
			case f.events <- n:
			case <-time.After(time.Until(deadline)):
				t.Fatalf("event %d was not received within a minute; stats %+v", n, p.Stats())
			}
			n++
		}
		size = size*5%17 + 1
		for f.done.Load() < n {
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d events handled within a minute; stats %+v", f.done.Load(), n, p.Stats())
			}
			runtime.Gosched()
		}
	}
	p.Stop()
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
}

// run runs a pool with these options over a feed, and checks the result.
func (f *feed) run(t *testing.T, opt Options) Stats {
	t.Helper()
	var p *Pool[int64]
	var sources []Source[int64]
	for _, s := range f.sources {
		sources = append(sources, s)
	}
	opt.Name = "stress"
	p, err := NewOver(sources, f.handler(&p), opt)
	if err != nil {
		t.Skip(err)
	}
	p.Start()
	f.send(t, p)
	f.check(t, p)
	return p.Stats()
}

func (f *feed) check(t *testing.T, p *Pool[int64]) {
	t.Helper()
	for n := range f.handled {
		if times := f.handled[n].Load(); times != 1 {
			t.Fatalf("event %d was handled %d times", n, times)
		}
	}
	if n := f.crowded.Load(); n != 0 {
		t.Errorf("more than %d threads waited for events of one source, %d times", f.leaders, n)
	}
	st, threads, slots := p.Stats(), uint64(p.opt.Threads), uint64(len(f.sources)*f.leaders)
	if st.Events != uint64(len(f.handled)) || st.Panics != 0 {
		t.Errorf("stats %+v, want %d events and no panic", st, len(f.handled))
	}
	led := st.Promotions + st.DirectReleads + st.Taken
	if p.rules.early && led < st.Events-st.Bound {
		t.Errorf("led %d times for %d events, each of which gives the leadership up", led, st.Events)
	}
	if p.rules.never && p.gate == nil && led > slots {
		t.Errorf("led %d times in %d slots, with a promotion that never gives the leadership up", led, slots)
	}
	if p.gate != nil {
		return
	}
	// Each thread is woken for its own events, and once more at the end.
	most := threads + st.Bound
	switch p.opt.Promotion {
	case Handoff, Heir, AfterRead:
		most += st.Promotions
	case Open:
		most += st.Events
	case Lazy, Adaptive: // for an event: its beginning, a yield, a call by the thread that takes it, and one at the join
		most += 3*st.Events + st.Taken
	}
	if st.WakesIssued > most {
		t.Errorf("%d wake-ups, want %d at most; stats %+v", st.WakesIssued, most, st)
	}
}

// combinations calls do for each promotion with each order that followers on
// parkers can have.
func combinations(do func(Promotion, Order)) {
	for p := Handoff; int(p) <= len(promotions); p++ {
		do(p, LIFO)
		if promotions[p-1].any {
			do(p, FIFO)
			do(p, Priority)
		}
	}
}

// TestEveryPromotion runs every promotion in every order with several leaders
// and sources.
func TestEveryPromotion(t *testing.T) { everyPromotion(t, "futex", 100) }

func everyPromotion(t *testing.T, parker string, events int) {
	kind, err := park.Lookup(parker)
	if err != nil {
		t.Fatal(err)
	}
	combinations(func(promotion Promotion, order Order) {
		for _, slots := range []struct{ leaders, sources int }{{1, 1}, {2, 1}, {4, 1}, {1, 2}, {2, 2}} {
			t.Run(fmt.Sprintf("promotion=%s/order=%s/primitive=%s/leaders=%d/sources=%d", promotion, order, parker, slots.leaders, slots.sources), func(t *testing.T) {
				newFeed(events, slots.leaders, slots.sources).run(t,
					Options{Threads: 5, Parker: kind, Policy: Policy{Promotion: promotion, Order: order, Leaders: slots.leaders}})
			})
		}
	})
}

// TestEveryParker runs every promotion in every order on every parker.
func TestEveryParker(t *testing.T) {
	const events = 60
	for _, kind := range park.Kinds() {
		combinations(func(promotion Promotion, order Order) {
			t.Run(fmt.Sprintf("promotion=%s/order=%s/primitive=%s", promotion, order, kind.Name), func(t *testing.T) {
				newFeed(events, 1, 1).run(t, Options{Threads: 3, Parker: kind, Policy: Policy{Promotion: promotion, Order: order}})
			})
		})
	}
}

// TestEveryGate runs the promotions that work with a gate on every gate.
func TestEveryGate(t *testing.T) {
	for _, kind := range gate.Kinds() {
		for _, promotion := range []Promotion{Handoff, AfterRead, After} {
			t.Run(fmt.Sprintf("promotion=%s/primitive=%s", promotion, kind.Name), func(t *testing.T) {
				newFeed(60, 1, 1).run(t, Options{Threads: 3, Gate: &kind, Policy: Policy{Promotion: promotion}})
			})
		}
	}
}

// TestHandlersThatBlock has handlers that return only after the next event has
// been received: an event does not wait for them while a thread is idle. With
// promotion adaptive the sentinel takes the leadership, unless the handler says
// that it blocks.
func TestHandlersThatBlock(t *testing.T) {
	const events = 400
	for _, c := range []struct {
		promotion Promotion
		yields    bool
	}{{Handoff, false}, {Open, false}, {Heir, false}, {Lazy, false}, {Adaptive, false}, {Adaptive, true}, {AfterRead, true}} {
		for leaders := 1; leaders <= 2; leaders++ {
			t.Run(fmt.Sprintf("promotion=%s/yields=%v/leaders=%d", c.promotion, c.yields, leaders), func(t *testing.T) {
				var p *Pool[int64]
				received := make([]chan struct{}, events+1)
				for n := range received {
					received[n] = make(chan struct{})
				}
				var handled atomic.Int64
				source := newFeed(0, leaders, 1).sources[0]
				p, err := New(Source[int64](unqueued{source}), func(id int, n int64) {
					close(received[n])
					if c.yields {
						p.Yield(id)
					}
					<-received[n+1]
					handled.Add(1)
				}, Options{Name: "block", Threads: leaders + 2, Parker: park.Kinds()[0], Policy: Policy{Leaders: leaders, Promotion: c.promotion, Hold: 10 * time.Microsecond}})
				if err != nil {
					t.Fatal(err)
				}
				p.Start()
				deadline := time.After(time.Minute)
				for n := range int64(events) {
					select {
					case source.events <- n:
					case <-deadline:
						t.Fatalf("event %d is not received within a minute, though a thread is idle; stats %+v", n, p.Stats())
					}
				}
				close(received[events])
				p.Stop()
				if err := p.Wait(); err != nil {
					t.Fatal(err)
				}
				if handled.Load() != events {
					t.Errorf("%d events handled, want %d", handled.Load(), events)
				}
				if st := p.Stats(); c.promotion == Adaptive && !c.yields && leaders == 1 && st.Taken < events-1 {
					t.Errorf("leadership was taken %d times from %d handlers that block", st.Taken, events)
				}
			})
		}
	}
}

// TestStopAtAnyTime stops pools that wait, and pools at work.
func TestStopAtAnyTime(t *testing.T) {
	kind := park.Kinds()[0]
	combinations(func(promotion Promotion, order Order) {
		for _, sources := range []int{1, 2} {
			for round := range 6 {
				f := newFeed(1000, 1, sources)
				var all []Source[int64]
				for _, s := range f.sources {
					all = append(all, s)
				}
				var p *Pool[int64]
				p, err := NewOver(all, f.handler(&p), Options{Name: "stop", Threads: 4, Parker: kind, Policy: Policy{Promotion: promotion, Order: order}})
				if err != nil {
					t.Fatal(err)
				}
				p.Start()
				for n := range int64(round) {
					f.events <- n
				}
				p.Stop()
				ended := make(chan error, 1)
				go func() { ended <- p.Wait() }()
				select {
				case err := <-ended:
					if err != nil {
						t.Fatal(err)
					}
				case <-time.After(time.Minute):
					t.Fatalf("promotion %s, order %s, %d sources: not ended a minute after Stop", promotion, order, sources)
				}
				if f.done.Load() != int64(round) {
					t.Errorf("promotion %s, order %s: %d events handled, %d received", promotion, order, f.done.Load(), round)
				}
			}
		}
	})
}

// TestOneSourceEnds shows that a pool ends with the first of its sources.
func TestOneSourceEnds(t *testing.T) {
	a, b := newFeed(0, 1, 1).sources[0], newFeed(0, 1, 1).sources[0]
	p, err := NewOver([]Source[int64]{a, b}, func(int, int64) {}, Options{Name: "ends", Threads: 3, Parker: park.Kinds()[0]})
	if err != nil {
		t.Fatal(err)
	}
	p.Start()
	a.Interrupt()
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Error("the pool goes on waiting for the other source")
		b.Interrupt()
	}
}
