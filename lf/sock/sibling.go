package sock

import (
	"errors"
	"slices"
	"sync"
)

// Sibling opens another listener with the same address and options. This
// listener must have been opened with ReusePort. The kernel divides new
// connections among all siblings by a hash of the peer's address. Each has its
// own accept queue, whose connections are lost when that listener is shut down.
// The caller must close the sibling before this listener.
func (l *Listener) Sibling() (*Listener, error) {
	if !l.opt.ReusePort {
		return nil, errors.New("listen again on the same address: the first listener does not share it (set Options.ReusePort)")
	}
	opt := l.opt
	opt.Address = l.addr.String()
	s, err := Listen(opt)
	if err != nil {
		return nil, err
	}
	if l.Stamping() {
		if err := s.Stamp(true); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.first = l
	l.siblings.add(s)
	return s, nil
}

// eldest returns the listener that this one is a sibling of, or itself.
func (l *Listener) eldest() *Listener {
	if l.first != nil {
		return l.first
	}
	return l
}

// siblings holds a listener's open siblings.
type siblings struct {
	mu   sync.Mutex
	open []*Listener
}

func (s *siblings) add(l *Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, l)
}

func (s *siblings) remove(l *Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.open, l); i >= 0 {
		s.open = slices.Delete(s.open, i, i+1)
	}
}

// each calls do for all open siblings. They stay open meanwhile. It stops at
// the first error.
func (s *siblings) each(do func(*Listener) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.open {
		if err := do(l); err != nil {
			return err
		}
	}
	return nil
}
