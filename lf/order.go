package lf

// Order says which follower is promoted.
type Order = Word[orders]

// The orders. Native needs a gate.
const (
	LIFO Order = iota + 1
	FIFO
	Priority
	Native
)

type orders struct{}

func (orders) option() string { return "order" }

func (orders) known() []Named {
	return []Named{
		{"lifo", "the follower that parked last: its caches are warmest"},
		{"fifo", "the follower that has waited longest: spreads work evenly"},
		{"priority", "the waiting thread with the lowest number"},
		{"native", "the gate decides: the leadership is a lock"},
	}
}
