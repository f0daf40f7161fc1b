package lf

import (
	"cmp"
	"fmt"
	"sync/atomic"

	"lflab/cas"
	"lflab/lf/flight"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// Options are a pool's parameters. The zero value is a pool of DefaultThreads
// threads that sleep on futexes.
type Options struct {
	Name    string    // the kernel shows thread ID as Name-ID; empty means "lf"
	Threads int       // the number of threads, leader included; 0 means DefaultThreads
	Parker  park.Kind // what followers sleep on; the zero value means the default, the futex
	Park    park.Options

	// Policy says who leads, and when.
	Policy

	// Gate, if set, replaces Parker: the leadership is a lock.
	Gate *gate.Kind

	// Log, if set, returns the flight log of a thread.
	Log func(id int) *flight.Log

	// Handoffs, if set, returns a counter for a thread. The thread adds 1
	// whenever it receives the leadership or a bound event from another thread.
	// No other thread writes to it.
	Handoffs func(id int) *atomic.Uint64

	// Enter and Leave, if set, are called on each thread: Enter before the
	// thread first joins the pool, Leave as the last thing that it does.
	Enter, Leave func(id int)
}

// DefaultThreads is the number of threads of a pool, and of lflab serve, if the
// options do not give one.
const DefaultThreads = 8

// Check returns an error if o contradicts itself. Only New finds out whether
// the parkers or the gate can be made.
func (o Options) Check() error {
	_, err := o.WithDefaults()
	return err
}

// WithDefaults returns o with the defaults filled in. It returns the error of
// Check.
func (o Options) WithDefaults() (Options, error) {
	_, err := o.resolve()
	return o, err
}

// resolve fills in defaults and translates o into rules. It returns an error
// that says why if o contradicts itself.
func (o *Options) resolve() (rules, error) {
	o.complete(o.Gate != nil)
	if err := cmp.Or(o.Order.check(), o.Promotion.check(), o.Association.check()); err != nil {
		return rules{}, err
	}
	if o.Name == "" {
		o.Name = "lf"
	}
	if o.Threads == 0 {
		o.Threads = DefaultThreads
	}
	p := promotions[o.Promotion-1]
	r := p.rules
	switch o.Order {
	case FIFO:
		r.order = cas.FIFO
	case Priority:
		r.order = cas.Priority
	}
	if o.Gate == nil {
		var err error
		if o.Parker, err = o.Parker.OrDefault(); err != nil {
			return r, err
		}
		if err := o.Parker.Usable(); err != nil {
			return r, fmt.Errorf("primitive %s does not work here: %w", o.Parker.Name, err)
		}
	}
	bound := o.Association == Bound
	switch {
	case o.Gate != nil && o.Gate.New == nil:
		return r, fmt.Errorf("gate %q has no New (use one of gate.Kinds, or set New)", o.Gate.Name)
	case o.Threads < 1 || o.Threads > cas.MaxFollowers:
		return r, fmt.Errorf("pool of %d threads (want 1 to %d)", o.Threads, cas.MaxFollowers)
	case o.Leaders < 1 || o.Leaders > cas.MaxLeaders:
		return r, fmt.Errorf("%d leaders (want 1 to %d)", o.Leaders, cas.MaxLeaders)
	case o.Leaders > o.Threads:
		return r, fmt.Errorf("%d leaders in a pool of %d threads (want a thread for each leader)", o.Leaders, o.Threads)
	case o.Hold < 0:
		return r, fmt.Errorf("hold %v (want more than 0, or 0 for the default of %v)", o.Hold, DefaultHold)
	case o.Order == Native && o.Gate == nil:
		return r, fmt.Errorf("order native is a gate's, and the primitive is a parker (use a gate, see lflab list, or another order)")
	case o.Order != Native && o.Gate != nil:
		return r, fmt.Errorf("order %s needs followers that can be told apart; gate %s itself chooses the next thread (use order native, or a parker)", o.Order, o.Gate.Name)
	case o.Gate != nil && !p.any:
		return r, fmt.Errorf("promotion %s needs individual followers; gate %s has none (use handoff, after-read or after)", o.Promotion, o.Gate.Name)
	case o.Gate != nil && o.Leaders > 1:
		return r, fmt.Errorf("gate %s lets in one leader, not %d (use 1 leader, or a parker)", o.Gate.Name, o.Leaders)
	case bound && (o.Gate != nil || r.order != cas.LIFO):
		return r, fmt.Errorf("bound events with order %s: only order lifo can pass over followers that handle bound events (use order lifo)", o.Order)
	case bound && (r.watched || r.spins):
		return r, fmt.Errorf("bound events with promotion %s: events could be bound to the thread that watches or spins (use handoff, open, after-read or after)", o.Promotion)
	case bound && o.Leaders > 1:
		return r, fmt.Errorf("bound events are handed out by one leader, not %d", o.Leaders)
	case r.order != cas.LIFO && !p.any:
		return r, fmt.Errorf("promotion %s with order %s: it needs the follower that came last (use order lifo)", o.Promotion, o.Order)
	}
	return r, nil
}
