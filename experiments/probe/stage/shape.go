package stage

import (
	"fmt"
	"slices"
	"strings"
)

// Shape is the kind of architecture that a process's hand-offs match. Its name
// is that of an MPM.
type Shape string

// The shapes. A shape decides which hand-off H is and which gap G is.
const (
	Leader  Shape = "leader"  // the leadership is handed over, the connection is not
	Worker  Shape = "worker"  // a listener accepts and hands connections over
	Event   Shape = "event"   // a listener holds connections in its epoll set and hands over what is ready
	Prefork Shape = "prefork" // many processes accept, nothing is handed over
	Kernel  Shape = "kernel"  // many threads accept, nothing is handed over
	Percore Shape = "percore" // threads wait with epoll at once and serve what they accept
	Reactor Shape = "reactor" // one thread at a time waits with epoll for all connections, and serves what it gets
	Loops   Shape = "loops"   // each connection is given once to a thread that waits with epoll and serves it from then on
	Unknown Shape = "unknown"
)

// Shapes returns the shapes that a user can ask for.
func Shapes() []Shape {
	return []Shape{Leader, Worker, Event, Prefork, Kernel, Percore, Reactor, Loops}
}

// ParseShape parses a shape's name. Empty means Unknown, which makes the probe
// recognise the shape.
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
	return Unknown, fmt.Errorf("unknown shape %q (known: %s)", name, strings.Join(names, ", "))
}
