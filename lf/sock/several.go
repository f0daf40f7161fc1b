package sock

import (
	"fmt"
	"math/bits"
	"sync/atomic"
)

// MostListeners is the largest number of listeners of one acceptor.
const MostListeners = 64

// Turns chooses round robin among several listeners that are ready at the same
// time. Any thread may use it. Two threads that ask at once may get the same
// listener.
type Turns struct{ next atomic.Uint32 }

// Next returns the number of the next listener in ready, a set of bits that
// must not be empty. The turn then moves on.
func (t *Turns) Next(ready uint64) int {
	turn := int(t.next.Load())
	i := (bits.TrailingZeros64(bits.RotateLeft64(ready, -turn)) + turn) % MostListeners
	t.next.Store(uint32(i+1) % MostListeners)
	return i
}

// several holds the listeners of an acceptor.
type several struct {
	all []*Listener
	Turns
}

// next returns the ready listener whose turn it is.
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

// only returns the listener of an acceptor that supports only one.
func only(mode string, ls []*Listener) (*Listener, error) {
	if len(ls) > 1 {
		return nil, fmt.Errorf("accept mode %s supports one listener, not %d (use poll or epoll)", mode, len(ls))
	}
	return ls[0], nil
}
