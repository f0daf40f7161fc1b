package lf

import (
	"fmt"

	"lflab/cas"
	"lflab/lf/thread"
)

// Resize sets the number of threads, from one for each leader to Options.Most.
// Before Start it only sets how many threads Start starts. It does not wait for
// threads that work.
//
// New threads run when it returns. Threads with the numbers from n on leave,
// each at the latest after the event that it waits for or processes; one that
// sleeps leaves when it is promoted, without an event. So for a while more than
// n threads may exist, and each thread over n that leads or processes may end
// one more event. Options.Leave runs on each thread that leaves, and
// Options.Enter on each new one.
//
// GOMAXPROCS rises with the pool and is not lowered before Wait. Resize returns
// an error, and changes nothing, if n is out of range, if events are bound to
// threads, or if the pool has ended (ErrEnded). Any goroutine may call it, and a
// handler, too; but raising GOMAXPROCS stops the world for a moment.
func (p *Pool[E]) Resize(n int) error {
	least := p.opt.Leaders * len(p.sources)
	switch {
	case p.opt.Association == Bound:
		return fmt.Errorf("resize a pool whose events are bound to threads (use unbound events)")
	case n < least || n > len(p.members):
		return fmt.Errorf("resize pool to %d threads (want %d to %d; Options.Most sets the limit)", n, least, len(p.members))
	}
	p.resizing.Lock()
	defer p.resizing.Unlock()
	if p.over {
		return fmt.Errorf("resize pool to %d threads: %w", n, ErrEnded)
	}
	p.size.Store(int64(n))
	if p.procs == nil {
		return nil // Start launches them
	}
	p.reserve(n)
	for id := range n {
		if s := &p.members[id]; !s.running {
			p.launch(s)
		}
	}
	return nil
}

// Threads returns the number of threads that run: after Resize to fewer it
// falls as threads leave.
func (p *Pool[E]) Threads() (n int) {
	p.resizing.Lock()
	defer p.resizing.Unlock()
	for i := range p.members {
		if p.members[i].running {
			n++
		}
	}
	return n
}

// reserve makes sure that GOMAXPROCS suffices for n threads. The new
// reservation is made before the old one is released, so that GOMAXPROCS does
// not fall in between.
func (p *Pool[E]) reserve(n int) {
	if n <= p.reserved {
		return
	}
	release := thread.Reserve(n)
	if p.procs != nil {
		p.procs()
	}
	p.procs, p.reserved = release, n
}

// launch starts the thread of a seat. The caller holds p.resizing, and the pool
// is not over. So ended cannot reach zero meanwhile: the last thread takes
// p.resizing before it calls Done.
func (p *Pool[E]) launch(s *seat[E]) {
	s.running = true
	p.ended.Add(1)
	p.begin(s)
}

func (p *Pool[E]) begin(s *seat[E]) {
	thread.Start(thread.Options{
		Name: fmt.Sprintf("%s-%d", p.opt.Name, s.id), CPU: thread.AnyCPU,
		Unlocked: p.gate == nil && p.opt.Parker.Unlocked,
	}, func(*thread.Thread) { p.live(s) })
}

// live is the life of a thread. If its handler ends it with runtime.Goexit,
// another thread takes its seat and goes on after that event.
func (p *Pool[E]) live(s *seat[E]) {
	inside := false
	defer func() {
		if r := recover(); r != nil {
			panic(r) // of the source, or of a function of the options: the process ends
		}
		if inside && p.gate != nil && s.holds {
			s.holds = false
			p.gate.Release(s.id) // some gates belong to the thread
		}
		if inside || p.returns(s) {
			p.begin(s)
			return
		}
		p.ended.Done()
	}()
	if p.opt.Leave != nil {
		defer p.opt.Leave(s.id)
	}
	if p.opt.Enter != nil {
		p.opt.Enter(s.id)
	}
	inside = true
	switch {
	case p.gate != nil:
		p.runGated(s)
	default:
		if s.m.pc == processing { // the thread before this one ended in the handler
			p.processed(s)
		}
		p.run(s)
	}
	inside = false
}

// surplus reports whether the seat is over the size of the pool.
func (p *Pool[E]) surplus(s *seat[E]) bool { return int64(s.id) >= p.size.Load() }

// canLeave reports whether the thread is outside the protocol: it has not begun
// to join. A thread that leaves here is one that takes very long to join, and a
// later thread of this seat goes on where it stopped.
func (m *member) canLeave() bool { return m.pc == joining && m.join.PC == cas.JoinLoad }

// returns is called when a thread has left. It reports whether another one must
// take the seat at once, because Resize has made the pool larger again.
func (p *Pool[E]) returns(s *seat[E]) bool {
	p.resizing.Lock()
	defer p.resizing.Unlock()
	s.running = !p.over && !p.surplus(s)
	return s.running
}

// finish records that the pool has ended, so that no more threads are started.
func (p *Pool[E]) finish() {
	p.resizing.Lock()
	p.over = true
	p.resizing.Unlock()
}
