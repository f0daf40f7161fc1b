package lf

import (
	"fmt"

	"lflab/cas"
)

// rules are the properties of a promotion and an order.
type rules struct {
	order   cas.Order
	way     cas.Way
	early   bool // the leadership is given up before the event is processed
	never   bool // the leadership is never given up, even if the handler yields
	watched bool // there is a sentinel
	leased  bool // the sentinel may take the leadership from a leader that processes
	spins   bool // the follower on top of the stack spins
}

// promotion says when the leadership is given up.
type promotion struct {
	Named
	rules rules
	any   bool // works with any order and any gate
}

var promotions = []promotion{
	{Named{"handoff", "before the event is handled, to one chosen follower; exactly one wake-up"},
		rules{early: true}, true},
	{Named{"open", "before the event is handled, to the thread that comes first: a follower is called, but a returning thread may be quicker"},
		rules{early: true, way: cas.Open}, false},
	{Named{"after-read", "to one chosen follower, once the handler has read what it was woken for or is about to block; no wake-up when it does neither"},
		rules{}, true},
	{Named{"after", "never: the leader handles the event and leads on, as a Reactor does"},
		rules{never: true}, true},
	{Named{"lazy", "before the event is handled, to no thread: a returning thread takes it, or the sentinel after a while (hold)"},
		rules{early: true, way: cas.Silent, watched: true}, false},
	{Named{"heir", "as handoff, but the next follower spins for the budget (spin) before it sleeps: no wake-up if it is promoted while it spins"},
		rules{early: true, spins: true}, false},
	{Named{"adaptive", "not while events are short: the leader handles its event and leads on; one that blocks or takes long gives up the leadership, or the sentinel takes it (hold)"},
		rules{watched: true, leased: true}, false},
}

// Promotions returns the known promotions, the default first.
func Promotions() []Named {
	var all []Named
	for _, p := range promotions {
		all = append(all, p.Named)
	}
	return all
}

var orders = []Named{
	{"lifo", "the follower that parked last: its caches are warmest"},
	{"fifo", "the follower that has waited longest: spreads work evenly"},
	{"priority", "the waiting thread with the lowest number"},
	{"native", "the gate decides: the leadership is a lock"},
}

// Orders returns the known orders, the default first.
func Orders() []Named { return orders }

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

// resolve fills in defaults and translates the names in o into rules. It
// returns an error that says why if o contradicts itself.
func (o *Options) resolve() (rules, error) {
	if o.Gate != nil && o.Order == "" {
		o.Order = "native"
	}
	var err error
	if o.Order, err = Choose("order", o.Order, Orders()); err != nil {
		return rules{}, err
	}
	if o.Promotion, err = Choose("promotion", o.Promotion, Promotions()); err != nil {
		return rules{}, err
	}
	if o.Name == "" {
		o.Name = "lf"
	}
	if o.Threads == 0 {
		o.Threads = DefaultThreads
	}
	if o.Leaders == 0 {
		o.Leaders = 1
	}
	if o.Hold == 0 {
		o.Hold = DefaultHold
	}
	var p promotion
	for _, p = range promotions {
		if p.Name == o.Promotion {
			break
		}
	}
	r := p.rules
	switch o.Order {
	case "fifo":
		r.order = cas.FIFO
	case "priority":
		r.order = cas.Priority
	}
	if o.Gate == nil {
		if o.Parker, err = o.Parker.OrDefault(); err != nil {
			return r, err
		}
		if err := o.Parker.Usable(); err != nil {
			return r, fmt.Errorf("primitive %s does not work here: %w", o.Parker.Name, err)
		}
	}
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
	case o.Order == "native" && o.Gate == nil:
		return r, fmt.Errorf("order native is a gate's, and the primitive is a parker (use a gate, see lflab list, or another order)")
	case o.Order != "native" && o.Gate != nil:
		return r, fmt.Errorf("order %s needs followers that can be told apart; gate %s itself chooses the next thread (use order native, or a parker)", o.Order, o.Gate.Name)
	case o.Gate != nil && !p.any:
		return r, fmt.Errorf("promotion %s needs individual followers; gate %s has none (use handoff, after-read or after)", o.Promotion, o.Gate.Name)
	case o.Gate != nil && o.Leaders > 1:
		return r, fmt.Errorf("gate %s lets in one leader, not %d (use 1 leader, or a parker)", o.Gate.Name, o.Leaders)
	case o.Bound && (o.Gate != nil || r.order != cas.LIFO):
		return r, fmt.Errorf("bound events with order %s: only order lifo can pass over followers that handle bound events (use order lifo)", o.Order)
	case o.Bound && (r.watched || r.spins):
		return r, fmt.Errorf("bound events with promotion %s: events could be bound to the thread that watches or spins (use handoff, open, after-read or after)", o.Promotion)
	case o.Bound && o.Leaders > 1:
		return r, fmt.Errorf("bound events are handed out by one leader, not %d", o.Leaders)
	case r.order != cas.LIFO && !p.any:
		return r, fmt.Errorf("promotion %s with order %s: it needs the follower that came last (use order lifo)", o.Promotion, o.Order)
	}
	return r, nil
}
