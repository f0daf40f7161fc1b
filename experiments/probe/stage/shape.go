package stage

import (
	"fmt"
	"slices"
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
