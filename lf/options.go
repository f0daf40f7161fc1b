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
	Name    string    // of the threads, as the kernel shows them: Name-ID; empty means "lf"
	Threads int       // members, leader included; 0 means DefaultThreads
	Parker  park.Kind // what followers sleep on; the zero value means the default, the futex
	Park    park.Options

	// Policy is who leads, and when.
	Policy

	// Gate, when set, takes the place of Parker: the leadership is a lock.
	Gate *gate.Kind

	// Log, when set, gives the flight log of each thread.
	Log func(id int) *flight.Log

	// Handoffs, when set, gives a counter for each thread. It is added to
	// whenever the thread receives what another had: the leadership, or an
	// event that is bound to it. The thread is the only one to write there.
	Handoffs func(id int) *atomic.Uint64

	// Enter and Leave, when set, are called on each thread: before it joins
	// for the first time, and as the last thing it does.
	Enter, Leave func(id int)
}

// DefaultThreads is how many threads a pool has that says nothing of it: what
// lflab serve has.
const DefaultThreads = 8

// Check tells what of o does not go together; that Parker and Gate can be made
// only New finds out.
func (o Options) Check() error {
	_, err := o.WithDefaults()
	return err
}

// WithDefaults is o with a value for all that it leaves out. Its error is Check's.
func (o Options) WithDefaults() (Options, error) {
	_, err := o.resolve()
	return o, err
}

// resolve turns o into rules, and fills in defaults. It refuses what does not
// go together, and says why.
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
		return r, fmt.Errorf("gate %q has no New (take one of gate.Kinds, or give the function that makes a gate)", o.Gate.Name)
	case o.Threads < 1 || o.Threads > cas.MaxFollowers:
		return r, fmt.Errorf("pool of %d threads (want 1 to %d)", o.Threads, cas.MaxFollowers)
	case o.Leaders < 1 || o.Leaders > cas.MaxLeaders:
		return r, fmt.Errorf("%d leaders (want 1 to %d)", o.Leaders, cas.MaxLeaders)
	case o.Leaders > o.Threads:
		return r, fmt.Errorf("%d leaders in a pool of %d threads", o.Leaders, o.Threads)
	case o.Hold < 0:
		return r, fmt.Errorf("hold %v (want more than 0, or 0 for the default of %v)", o.Hold, DefaultHold)
	case o.Order == Native && o.Gate == nil:
		return r, fmt.Errorf("order native is a gate's, and the primitive is a parker: choose a gate (see lflab list) or another order")
	case o.Order != Native && o.Gate != nil:
		return r, fmt.Errorf("order %s needs followers that can be told apart; gate %s lets in whom it likes: order native, or a parker", o.Order, o.Gate.Name)
	case o.Gate != nil && !p.any:
		return r, fmt.Errorf("promotion %s needs individual followers; gate %s has none (use handoff, after-read or after)", o.Promotion, o.Gate.Name)
	case o.Gate != nil && o.Leaders > 1:
		return r, fmt.Errorf("gate %s lets in one leader, not %d", o.Gate.Name, o.Leaders)
	case bound && (o.Gate != nil || r.order != cas.LIFO):
		return r, fmt.Errorf("bound events with order %s: followers that handle an event of their own are passed over, which only order lifo can do", o.Order)
	case bound && (r.watched || r.spins):
		return r, fmt.Errorf("bound events with promotion %s: the thread that watches or spins could be bound to an event itself; handoff, open, after-read or after", o.Promotion)
	case bound && o.Leaders > 1:
		return r, fmt.Errorf("bound events are handed out by one leader, not %d", o.Leaders)
	case r.order != cas.LIFO && !p.any:
		return r, fmt.Errorf("promotion %s with order %s: whom it calls, spins or watches is the follower that came last; order lifo", o.Promotion, o.Order)
	}
	return r, nil
}
