package lf

// Association says which thread handles an event.
type Association = Word[associations]

// The associations of events and threads. The default is Unbound.
const (
	Unbound Association = iota + 1
	Bound
)

type associations struct{}

func (associations) option() string { return "association" }

func (associations) known() []Named {
	return []Named{
		{"unbound", "the leader that received it"},
		{"bound", "always the same: the leader hands an event to the thread that owns the connection, and leads on"},
	}
}
