package sock

import (
	"fmt"
	"math/bits"
	"sync/atomic"
)

// MostListeners is how many listeners one acceptor can have.
const MostListeners = 64

// Turns says whose turn it is among several listeners that are ready at the
// same time, round robin. Any thread may ask: two that ask at once may be told
// the same.
type Turns struct{ next atomic.Uint32 }

// Next is the number of the first listener from the turn on that is in ready,
// bit by bit, and its turn is over then. There is at least one.
func (t *Turns) Next(ready uint64) int {
	turn := int(t.next.Load())
	i := (bits.TrailingZeros64(bits.RotateLeft64(ready, -turn)) + turn) % MostListeners
	t.next.Store(uint32(i+1) % MostListeners)
	return i
}

// several is the listeners of an acceptor.
type several struct {
	all []*Listener
	Turns
}

// next is the listener whose turn it is, of those that are ready.
func (s *several) next(ready uint64) *Listener { return s.all[s.Next(ready)] }

func (s *several) doNotWait() error {
	if n := len(s.all); n > MostListeners {
		return fmt.Errorf("accept from %d listeners (want at most %d)", n, MostListeners)
	}
	for _, l := range s.all {
		if err := l.DoNotWait(); err != nil {
			return err
		}
	}
	return nil
}

// only is the listener of an acceptor that can have but one.
func only(mode string, ls []*Listener) (*Listener, error) {
	if len(ls) > 1 {
		return nil, fmt.Errorf("accept %s is for one listener, and there are %d (poll and epoll work with several)", mode, len(ls))
	}
	return ls[0], nil
}
