package queue

import (
	"fmt"
	"strings"

	"lflab/sync/park"
)

// Handoff hands items of type T from one listener to many workers, which are
// numbered from 0. Only the listener may call Reserve, TryReserve, Put, Wake
// and Close.
type Handoff[T any] interface {
	// Reserve blocks until a worker can take the next item. Forms that reserve
	// no worker return at once.
	Reserve()

	// TryReserve is Reserve, but returns false instead of blocking.
	TryReserve() bool

	// Put hands over the item. A worker that is awake may begin with it at
	// once. Call Reserve before and Wake after it.
	Put(item T)

	// Wake wakes a worker for the item if necessary.
	Wake()

	// Take makes worker i idle and blocks until there is an item for it. ok is
	// false if the queue is closed and has no more items. slept tells whether
	// the worker had to sleep.
	Take(i int) (item T, slept, ok bool)

	// Close makes Take return false for workers that are idle or become idle.
	// Items that were put are still taken.
	Close()

	// Stats returns the counts. Any thread may call it.
	Stats() Stats

	// Free closes the parkers. No thread may be using the queue.
	Free() error
}

// Stats holds counts since the queue was made.
type Stats struct {
	WakesIssued  uint64 // wake-ups that found a sleeping thread
	WakesWasted  uint64 // sleeps after which the worker found no item
	ReserveWaits uint64 // times the listener slept because all workers were busy
}

// Form is one kind of queue.
type Form struct {
	Name, Doc string

	refuse func(park.Kind) error // nil if the form works with every parker
}

// Suits returns an error if the form must not be used with workers that sleep
// on such a parker.
func (f Form) Suits(kind park.Kind) error {
	if f.refuse == nil {
		return nil
	}
	return f.refuse(kind)
}

type made[T any] struct {
	Form
	make func(workers int, kind park.Kind, opt park.Options) (Handoff[T], error)
}

// forms is the registry. A new form needs a file and a line here. The first is
// the default.
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

// Forms returns the known forms, the default first.
func Forms() (all []Form) {
	for _, f := range forms[struct{}]() {
		all = append(all, f.Form)
	}
	return all
}

// Make makes a queue of the named form for workers 0 to workers-1. All workers
// are busy at first. The listener sleeps on a parker of the same kind. An empty
// form and the zero kind select the defaults.
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
