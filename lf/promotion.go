package lf

import "lflab/cas"

// Promotion is the moment at which the leadership is given up.
type Promotion = Word[promotionNames]

// The promotions; see promotions for what each means.
const (
	Handoff Promotion = iota + 1
	Open
	AfterRead
	After
	Lazy
	Heir
	Adaptive
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

type promotionNames struct{}

func (promotionNames) option() string { return "promotion" }

func (promotionNames) known() (all []Named) {
	for _, p := range promotions {
		all = append(all, p.Named)
	}
	return all
}
