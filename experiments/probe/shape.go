package probe

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Shape is the architecture that a process's hand-offs speak of, by the name of
// the MPM that has it.
type Shape string

// The shapes. Each says whose hand-off H is and which gap G is.
const (
	Leader  Shape = "leader"  // the leadership is handed over, the connection is not
	Worker  Shape = "worker"  // a listener accepts and hands connections over
	Event   Shape = "event"   // a listener waits with epoll and hands over what is ready
	Prefork Shape = "prefork" // many processes accept, nothing is handed over
	Kernel  Shape = "kernel"  // many threads accept, nothing is handed over
	Percore Shape = "percore" // threads wait with epoll and serve what they get
	Unknown Shape = "unknown"
)

// Shapes are those that can be asked for.
func Shapes() []Shape { return []Shape{Leader, Worker, Event, Prefork, Kernel, Percore} }

// ParseShape reads a shape's name; empty is Unknown, for the probe to find out.
func ParseShape(name string) (Shape, error) {
	if name == "" {
		return Unknown, nil
	}
	if s := Shape(name); slices.Contains(Shapes(), s) {
		return s, nil
	}
	var names []string
	for _, s := range Shapes() {
		names = append(names, string(s))
	}
	return Unknown, fmt.Errorf("shape %q is not known (allowed: %s)", name, strings.Join(names, ", "))
}

// ownShape recognises this project's servers, which name their threads after
// the architecture.
func ownShape(pid int) Shape {
	votes := map[Shape]int{}
	files, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "comm"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		name, number, ok := strings.Cut(strings.TrimSpace(string(text)), "-")
		if _, err := strconv.Atoi(number); ok && err == nil && slices.Contains(Shapes(), Shape(name)) {
			votes[Shape(name)]++
		}
	}
	best := Unknown
	for s, n := range votes {
		if n > votes[best] && n*2 > len(files)/2 {
			best = s
		}
	}
	return best
}

// recognise tells the shape from what threads did with connections.
func (r *Result) recognise() Shape {
	c := &r.counts
	served := float64(c.Requests)
	if served == 0 || c.Connections == 0 && c.Moves == 0 && c.Polls == 0 {
		return Unknown // connections that were kept are served without a hand-off in many architectures
	}
	moved := float64(c.RequestsPassed+c.RequestsQueued) / served
	events := float64(max(c.Connections, c.Requests))
	polls := float64(c.Polls) >= 0.2*events
	leads := float64(c.HandoffsLead) >= 0.2*float64(max(c.Connections, 1))
	switch {
	case moved >= 0.5 && polls:
		return Event
	case moved >= 0.5:
		return Worker
	case leads && polls: // a runtime's own scheduler, say
		return Unknown
	case leads:
		return Leader
	case polls:
		return Percore
	case r.Processes > 2: // a parent and more than one child
		return Prefork
	}
	return Kernel
}

// handoff is the group of the shape's own hand-offs. A process that serves
// nothing, a benchmark of a primitive say, has bare ones only.
func (r *Result) handoff() Group {
	switch {
	case r.Shape == Leader:
		return Lead
	case r.counts.Connections+r.counts.Requests+r.counts.HandoffsItem+r.counts.HandoffsLead == 0:
		return Bare
	}
	return Item
}

// gaps are the groups of the shape's gaps: those in which a thread was there to
// wait again, and those in which none was. Shapes whose threads all wait at
// once have none.
func (s Shape) gaps() (present, none []Group) {
	switch s {
	case Leader:
		return []Group{Passed}, []Group{Retook, Joined}
	case Worker, Event:
		return []Group{Retook}, []Group{Passed, Joined}
	}
	return nil, nil
}
