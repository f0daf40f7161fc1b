package lf

import (
	"fmt"

	"lflab/cas"
)

// rules are what a promotion means to a member.
type rules struct {
	order   cas.Order
	way     cas.Way
	early   bool // the leadership is given up before the event is processed
	never   bool // nor while it is, whatever the handler says
	watched bool // there is a sentinel
	leased  bool // it may take the leadership from a leader that processes
	spins   bool // the follower on top of the stack spins
}

// promotion is a moment at which the leadership is given up.
type promotion struct {
	Named
	rules rules
	any   bool // any order and any gate will do
}

var promotions = []promotion{
	{Named{"handoff", "before the event is handled, to a named follower; exactly one wake-up"},
		rules{early: true}, true},
	{Named{"open", "before the event is handled, to whoever comes first: a follower is called, a returning thread may be quicker"},
		rules{early: true, way: cas.Open}, false},
	{Named{"after-read", "to a named follower, once the handler has read what it was woken for or is about to block; no wake-up when it does neither"},
		rules{}, true},
	{Named{"after", "never: the event is handled and the leader leads on, as a Reactor does"},
		rules{never: true}, true},
	{Named{"lazy", "before the event is handled, to nobody: a returning thread takes it, or after a while (hold) the sentinel"},
		rules{early: true, way: cas.Silent, watched: true}, false},
	{Named{"heir", "as handoff, and the follower that is next spins for the budget (spin) before it sleeps: no wake-up when it is hit"},
		rules{early: true, spins: true}, false},
	{Named{"adaptive", "not at all while events are short: a leader leads on after handling; one that blocks or takes long gives the leadership up or has it taken by the sentinel (hold)"},
		rules{watched: true, leased: true}, false},
}

// Promotions are the known moments at which leadership is given up.
func Promotions() []Named {
	var all []Named
	for _, p := range promotions {
		all = append(all, p.Named)
	}
	return all
}

var orders = []Named{
	{"lifo", "the follower that parked last: its caches are warmest"},
	{"fifo", "the follower that has waited longest: work is spread evenly"},
	{"priority", "the follower of the highest rank: the lowest numbered thread that waits"},
	{"native", "whom the gate lets in: the leadership is a lock"},
}

// Orders are the known orders in which followers are promoted.
func Orders() []Named { return orders }

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

// resolve turns the names of o into rules, and fills in defaults. It refuses
// what does not go together, and says why.
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
		return r, fmt.Errorf("gate %q has no New (take one of gate.Kinds, or give the function that makes a gate)", o.Gate.Name)
	case o.Threads < 1 || o.Threads > cas.MaxFollowers:
		return r, fmt.Errorf("pool of %d threads (want 1 to %d)", o.Threads, cas.MaxFollowers)
	case o.Leaders < 1 || o.Leaders > cas.MaxLeaders:
		return r, fmt.Errorf("%d leaders (want 1 to %d)", o.Leaders, cas.MaxLeaders)
	case o.Leaders > o.Threads:
		return r, fmt.Errorf("%d leaders in a pool of %d threads", o.Leaders, o.Threads)
	case o.Hold < 0:
		return r, fmt.Errorf("hold %v (want more than 0, or 0 for the default of %v)", o.Hold, DefaultHold)
	case o.Order == "native" && o.Gate == nil:
		return r, fmt.Errorf("order native is a gate's, and the primitive is a parker: choose a gate (see lflab list) or another order")
	case o.Order != "native" && o.Gate != nil:
		return r, fmt.Errorf("order %s needs followers that can be told apart; gate %s lets in whom it likes: order native, or a parker", o.Order, o.Gate.Name)
	case o.Gate != nil && !p.any:
		return r, fmt.Errorf("promotion %s needs individual followers; gate %s has none (use handoff, after-read or after)", o.Promotion, o.Gate.Name)
	case o.Gate != nil && o.Leaders > 1:
		return r, fmt.Errorf("gate %s lets in one leader, not %d", o.Gate.Name, o.Leaders)
	case o.Bound && (o.Gate != nil || r.order != cas.LIFO):
		return r, fmt.Errorf("bound events with order %s: followers that handle an event of their own are passed over, which only order lifo can do", o.Order)
	case o.Bound && (r.watched || r.spins):
		return r, fmt.Errorf("bound events with promotion %s: the thread that watches or spins could be bound to an event itself; handoff, open, after-read or after", o.Promotion)
	case o.Bound && o.Leaders > 1:
		return r, fmt.Errorf("bound events are handed out by one leader, not %d", o.Leaders)
	case r.order != cas.LIFO && !p.any:
		return r, fmt.Errorf("promotion %s with order %s: whom it calls, spins or watches is the follower that came last; order lifo", o.Promotion, o.Order)
	}
	return r, nil
}
