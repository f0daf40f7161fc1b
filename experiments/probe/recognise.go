package probe

import (
	"fmt"

	"lflab/experiments/probe/stage"
)

// behaviour is what a process's threads did with connections. The shape is
// recognised from it alone, never from names.
type behaviour struct {
	connections uint64 // accepted
	requests    uint64
	handed      uint64 // requests read by another thread than the one that had the event
	moves       uint64 // a connection was read by another thread than before
	polls       uint64 // waits for events that returned some
	leads       uint64 // hand-offs of the leadership
	gaps        uint64 // times in which no thread waited for events
	processes   uint64
}

func (r *Result) behaviour() behaviour {
	c := &r.counts
	b := behaviour{
		connections: c.Connections, requests: c.Requests, handed: c.RequestsPassed + c.RequestsQueued,
		moves: c.Moves, polls: c.Polls, leads: c.HandoffsLead, processes: r.Processes,
	}
	b.gaps = all(r.sum("total", stage.Passed, stage.Retook, stage.Joined)).Count
	return b
}

// A share counts as most from half on, and as few up to a fifth. In between the
// behaviour fits two shapes, and none is named: a server near one threshold
// would otherwise have another shape in each run.
const (
	most = 0.5
	few  = 0.2
)

// enough is the least number of connections, or of requests, that show a shape.
const enough = 20

// share is a count per event of another kind.
type share float64

func ratio(n, of uint64) share { return share(float64(n) / float64(max(of, 1))) }

func (s share) most() bool { return s >= most }
func (s share) few() bool  { return s <= few }

// shape returns the shape that b fits. For Unknown, why says what is missing or
// what contradicts; otherwise why is empty.
func (b behaviour) shape() (s stage.Shape, why string) {
	if b.requests < enough {
		return stage.Unknown, fmt.Sprintf("%d requests were read; a shape shows from %d on", b.requests, enough)
	}
	if b.connections < enough {
		return b.kept()
	}
	switch handed := ratio(max(b.handed, b.moves), b.connections); {
	case handed.most():
		return b.passing()
	case !handed.few():
		return stage.Unknown, fmt.Sprintf("%d requests of %d connections were read by another thread than the one that accepted: too many for one shape, too few for another", b.handed, b.connections)
	}
	return b.keeping()
}

// kept recognises a shape from connections that were accepted before the probe
// began.
func (b behaviour) kept() (stage.Shape, string) {
	handed, moved, polls := ratio(b.handed, b.requests), ratio(b.moves, b.requests), ratio(b.polls, b.requests)
	switch {
	case handed.most():
		return stage.Event, ""
	case moved >= 0.1 && handed.few() && polls.most():
		return stage.Reactor, ""
	case polls.most():
		return stage.Unknown, fmt.Sprintf("%d connections were accepted while the probe ran: event loops show who gave them their connections from %d on", b.connections, enough)
	}
	return stage.Unknown, fmt.Sprintf("%d connections were accepted while the probe ran: threads that serve kept connections show their shape from %d on", b.connections, enough)
}

// passing recognises a shape whose threads pass connections on.
func (b behaviour) passing() (stage.Shape, string) {
	polls := ratio(b.polls, b.connections)
	if b.requests < 2*b.connections {
		// Later requests are too few. A set that returned more often than
		// connections came held the connections themselves.
		if polls >= 1.5 {
			return stage.Event, ""
		}
		return stage.Worker, ""
	}
	later := b.requests - b.connections
	handed := ratio(b.handed-min(b.handed, b.connections), later)
	polls = ratio(b.polls-min(b.polls, b.connections), later)
	switch {
	case handed.most():
		return stage.Event, ""
	case handed.few() && polls.most():
		return stage.Loops, ""
	case handed.few() && polls.few():
		return stage.Worker, ""
	}
	return stage.Unknown, fmt.Sprintf("of %d later requests, %d were handed over and %d followed a wait for events: that fits more than one shape", later, b.handed-min(b.handed, b.connections), b.polls-min(b.polls, b.connections))
}

// keeping recognises a shape whose threads read the connections that they
// accept.
func (b behaviour) keeping() (stage.Shape, string) {
	events := max(b.connections, b.requests)
	leads, polls, gaps := ratio(b.leads, b.connections), ratio(b.polls, events), ratio(b.gaps, b.connections)
	switch {
	case polls.most() && gaps.most():
		// A leader may wait in poll or epoll for connections alone, and then
		// read in a call that blocks. It returns once for each, and each hands
		// the leadership over.
		if further := ratio(b.polls-min(b.polls, b.connections), events); leads.most() && further.few() {
			return stage.Leader, ""
		}
		return stage.Reactor, ""
	case polls.most() && gaps.few():
		return stage.Percore, ""
	case polls.most():
		return stage.Unknown, fmt.Sprintf("nobody waited for events %d times for %d connections: too often for percore, too seldom for reactor", b.gaps, b.connections)
	case !polls.few():
		return stage.Unknown, fmt.Sprintf("%d waits for events returned for %d connections and %d requests: too many for threads that block in accept, too few for threads that wait in epoll", b.polls, b.connections, b.requests)
	case b.processes > 2: // a parent and more than one child
		return stage.Prefork, ""
	case leads.most():
		return stage.Leader, ""
	case !leads.few():
		return stage.Unknown, fmt.Sprintf("the leadership was handed over %d times for %d connections: too often for kernel, too seldom for leader", b.leads, b.connections)
	}
	return stage.Kernel, ""
}

// handoff returns the group of the shape's hand-offs. A process that serves
// nothing, for example a benchmark of a primitive, has only bare ones.
func (r *Result) handoff() stage.Group {
	switch {
	case r.Shape == stage.Leader || r.Shape == stage.Reactor:
		return stage.Lead
	case r.counts.Connections+r.counts.Requests+r.counts.HandoffsItem+r.counts.HandoffsLead == 0:
		return stage.Bare
	}
	return stage.Item
}

// gaps returns the groups of the shape's gaps: those in which a thread was
// available to wait again, and those in which none was. Shapes whose threads
// all wait at once have no gaps.
func gaps(s stage.Shape) (present, none []stage.Group) {
	switch s {
	case stage.Leader, stage.Reactor:
		return []stage.Group{stage.Passed}, []stage.Group{stage.Retook, stage.Joined}
	case stage.Worker, stage.Event:
		return []stage.Group{stage.Retook}, []stage.Group{stage.Passed, stage.Joined}
	}
	return nil, nil
}
