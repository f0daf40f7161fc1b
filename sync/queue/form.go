package queue

import (
	"fmt"
	"strings"

	"lflab/sync/park"
)

// Handoff hands items of type T from one listener to many workers, which are
// numbered from 0. Reserve, TryReserve, Put, Wake and Close are the listener's
// alone.
type Handoff[T any] interface {
	// Reserve blocks until there is somebody to take the next item. In a form
	// that reserves nobody it returns at once.
	Reserve()

	// TryReserve is Reserve without waiting.
	TryReserve() bool

	// Put gives the item away; a worker may begin with it at once if it is
	// awake. Reserve comes before, and Wake must follow.
	Put(item T)

	// Wake wakes a worker for it, if it has to be.
	Wake()

	// Take makes worker i idle and blocks until there is an item for it; false
	// means that the queue is closed and nothing is left. slept tells whether
	// the worker had to sleep.
	Take(i int) (item T, slept, ok bool)

	// Close sends idle workers away, and those that come later. What has been
	// put is still taken.
	Close()

	// Stats returns the counts. Any thread may call it.
	Stats() Stats

	// Free gives back what the parkers hold. No thread may be using the queue.
	Free() error
}

// Stats counts since the start.
type Stats struct {
	WakesIssued  uint64 // wake-ups that went to a sleeping thread
	WakesWasted  uint64 // sleeps of workers that ended with nothing
	ReserveWaits uint64 // times the listener slept because all workers were busy
}

// Form is one way to hand over, known by its name.
type Form struct {
	Name, Doc string

	refuse func(park.Kind) error // nil: it works with every parker
}

// Suits tells what speaks against this form with workers that sleep on that
// parker.
func (f Form) Suits(kind park.Kind) error {
	if f.refuse == nil {
		return nil
	}
	return f.refuse(kind)
}

// made is a form with its constructor.
type made[T any] struct {
	Form
	make func(workers int, kind park.Kind, opt park.Options) (Handoff[T], error)
}

// forms is the registry: a new form is a file and a line here. The first is the
// default.
func forms[T any]() []made[T] {
	return []made[T]{
		{lifoForm, newLIFO[T]},
		{reservedForm, newReserved[T]},
		{ringForm, newRing[T]},
		{pileForm, newPile[T]},
		{naiveForm, newNaive[T]},
		{spinForm, newSpin[T]},
	}
}

// Forms are the known forms, the default first.
func Forms() (all []Form) {
	for _, f := range forms[struct{}]() {
		all = append(all, f.Form)
	}
	return all
}

// Make makes a queue of the form of that name, for workers 0 to workers-1, all
// of them busy at first. The listener sleeps on a parker of the same kind. An
// empty form and the zero kind mean the default.
func Make[T any](form string, workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	kind, err := kind.OrDefault()
	if err != nil {
		return nil, err
	}
	var known []string
	for _, f := range forms[T]() {
		if f.Name == form || form == "" {
			if err := f.Suits(kind); err != nil {
				return nil, err
			}
			return f.make(workers, kind, opt)
		}
		known = append(known, f.Name)
	}
	return nil, fmt.Errorf("unknown form of a queue %q (known: %s)", form, strings.Join(known, ", "))
}
