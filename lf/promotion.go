package lf

import "lflab/cas"

// Promotion is the moment at which the leadership is given up.
type Promotion = Word[promotionNames]

// The promotions.
const (
	Handoff Promotion = iota + 1
	Open
	AfterRead
	After
	Lazy
	Heir
	Adaptive
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

type promotionNames struct{}

func (promotionNames) option() string { return "promotion" }

func (promotionNames) known() (all []Named) {
	for _, p := range promotions {
		all = append(all, p.Named)
	}
	return all
}
